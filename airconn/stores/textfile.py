"""The text of a file or of standard input. A version of it is read once, and only that version is written over."""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from airconn.errors import BlockedError, InputError, UsageError
from airconn.quoting import shown_address
from airconn.stores import saving

Version = tuple[int, int, int]
"""The number of a file, the time of its last change, and its size."""

_NO_FILE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.EBADF, errno.ELOOP})
"""The errors of a path that leads to no file, as `Path.is_file` has them."""


@dataclass(frozen=True, slots=True, eq=False)
class Content:
    """The text of a file, and its version."""

    text: str
    """The text, with its byte order mark."""
    version: Version | None
    """None if a write has nothing to respect: standard input, a pipe, an empty file."""


class TextFile:
    """A file, or standard input without a `path`."""

    def __init__(self, address: str, path: Path | None, stdin: BinaryIO | None) -> None:
        self.path = path
        self._address = address
        self._stdin = stdin
        self._is_open = path is not None and saving.is_open_for_writing(path)
        self._content: Content | None = None

    def version(self) -> Version | None:
        """The present version. None if a write has nothing to respect.

        Raises `InputError` if the system doesn't say whether there is a file: it may have secrets.
        """
        if self.path is None or self._is_open:
            return None
        try:
            return self._version_of(os.stat(self.path))  # noqa: PTH116 - asked for each object: faster than Path.stat
        except ValueError:  # a name that no file can have
            return None
        except OSError as error:
            if error.errno in _NO_FILE:
                return None
            raise self._unreadable(error) from None

    def _version_of(self, status: os.stat_result) -> Version | None:
        if self._is_open or not stat.S_ISREG(status.st_mode) or not status.st_size:
            return None
        return status.st_ino, status.st_mtime_ns, status.st_size

    def content(self) -> Content:
        """The text of the file, with its version. Raises `InputError`."""
        return self._content_of(self.version())

    def content_to_respect(self) -> Content | None:
        """The same, or None if a write has nothing to respect."""
        version = self.version()
        return None if version is None else self._content_of(version)

    def _content_of(self, version: Version | None) -> Content:
        if self._content is None or self._content.version != version:
            data, read = self._bytes()
            self._content = Content(self._decoded(data), read)
        return self._content

    def _bytes(self) -> tuple[bytes, Version | None]:
        if self.path is None:
            if self._stdin is None:
                raise UsageError("standard input is closed")
            return self._stdin.read(), None
        try:
            with self.path.open("rb") as file:
                version = self._version_of(os.fstat(file.fileno()))
                return file.read(), version
        except OSError as error:
            raise self._unreadable(error) from None

    def _unreadable(self, error: OSError) -> InputError:
        reason = {
            FileNotFoundError: "no such file",
            IsADirectoryError: "this is a directory",
            PermissionError: "you may not read this file",
        }.get(type(error), "this file can't be read")
        return InputError(reason, where=shown_address(self._address))

    def _decoded(self, data: bytes) -> str:
        try:
            text = data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8")
            if "\0" in text[:2000]:
                raise UnicodeDecodeError("utf-8", data, data.find(b"\0"), data.find(b"\0") + 1, "NUL")
            return text
        except UnicodeDecodeError as error:
            from airconn.formats import foreign_texts

            if known := foreign_texts.of_bytes(data):
                raise InputError(known[0], where=self._address, hint=known[1]) from None
            line = data.count(b"\n", 0, error.start) + 1
            if error.reason == "NUL" and _is_utf_8(data):
                column = len(data[data.rfind(b"\n", 0, error.start) + 1 : error.start].decode()) + 1
                raise InputError(
                    "a NUL character (U+0000) is in this file",
                    where=f"{self._address}:{line}:{column}",
                    hint="delete it, or type the text again; save a UTF-16 file as UTF-8",
                ) from None
            raise InputError(
                "this is not UTF-8 text", where=f"{self._address}:{line}", hint="save the file as UTF-8"
            ) from None

    def save(self, text: str, version: object, *, afresh: bool = False) -> None:
        """Writes the file as `FileStore.save` says."""
        if self.path is None:
            raise UsageError("standard input can't be written to", hint="name a file")
        with saving.alone_with(self.path):
            if not afresh:
                self.refuse_changed(version)
            saving.write_atomically(self.path, text, keep_mode=not afresh)

    def refuse_changed(self, version: object) -> None:
        """Raises `BlockedError` if the file isn't the `version` any more that was read."""
        if self.version() != version:
            raise BlockedError(
                "another program has changed this file in the meantime", where=self._address, hint="run it again"
            )


def _is_utf_8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
