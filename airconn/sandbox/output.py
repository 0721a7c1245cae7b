"""The last lines of another program's output, without secrets."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from airconn.errors import SandboxError

_USERINFO = re.compile(r"(?<=://)[^/@\s]+(?=@)")
_ESCAPES = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


class ProgramFailed(SandboxError):
    """A program that the sandbox needs has failed. `said` are the last lines of its output."""

    def __init__(
        self, message: str, *, where: str | None = None, hint: str | None = None, said: Sequence[str] = ()
    ) -> None:
        super().__init__(message, where=where, hint=hint)
        self.said = tuple(said)
        # Python 3.11 and pytest show notes below a traceback.
        self.__notes__ = list(said)


def tail(log: Path, secrets: Iterable[str] = (), *, lines: int = 15) -> list[str]:
    """The last lines of `log`, with `secrets` and the credentials in URLs replaced by `***`."""
    try:
        text = log.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    for secret in secrets:
        text = text.replace(secret, "***")
    text = _ESCAPES.sub("", _USERINFO.sub("***", text))
    return [line.rstrip() for line in text.splitlines() if line.strip()][-lines:]
