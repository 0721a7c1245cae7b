"""Reads a file with one secret in it, such as a token."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

from airconn.errors import UsageError

_LARGEST = 64 * 1024


def read(path: str, setting: str, warn: Callable[[str], None] | None = None) -> str:
    """The one line in a file, without the line break at its end.

    `setting` is what names the file. `warn` is called where others than its owner may read it. Raises `UsageError`,
    which has the path and nothing of the content.
    """
    file = Path(os.path.expanduser(path))  # noqa: PTH111 - pathlib's raises without a home
    content, mode = read_bytes(file, setting, _LARGEST)
    text = _text(content, setting, str(file))
    if warn and os.name == "posix" and stat.S_ISREG(mode) and mode & 0o077:
        warn(
            f"{file}: others can read this file, which holds a credential (mode {mode & 0o777:04o}): chmod 600 {file}"
        )
    return text


def read_bytes(file: Path, setting: str, largest: int) -> tuple[bytes, int]:
    """The content of a file and its mode. Raises `UsageError`, as for more than `largest` bytes."""
    try:
        with file.open("rb") as stream:
            mode = os.fstat(stream.fileno()).st_mode
            content = stream.read(largest + 1)
    except OSError as error:
        reason = "no such file" if isinstance(error, FileNotFoundError) else error.strerror or "unreadable"
        raise UsageError(f"{setting}: {reason}", where=str(file)) from None
    except ValueError:  # a NUL in the path
        raise UsageError(f"{setting} is not a file") from None
    if len(content) > largest:
        raise UsageError(f"{setting}: the file is larger than {largest // 1024} KiB", where=str(file))
    return content, mode


def _text(content: bytes, setting: str, where: str) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(f"{setting}: the file is not UTF-8", where=where) from None
    text = text.removesuffix("\n").removesuffix("\r")
    if not text.strip():
        raise UsageError(f"{setting}: the file is empty", where=where)
    if "\n" in text or "\r" in text:
        hint = "the file must hold only the secret, in one line"
        raise UsageError(f"{setting}: the file has more than one line", where=where, hint=hint)
    return text
