"""Runs a shell through a command that leads to where `airflow` is, such as `docker exec -i sched`.

The script goes to the shell's standard input, not into its arguments, which every user of the machine can list.
"""

from __future__ import annotations

import contextlib
import os
import queue
import shlex
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import IO

from airconn.errors import AirconnError, TargetError, UsageError

SCHEME = "airflow-cli:"
_SHELL = ("sh", "-s")
_TAIL = 4096
"""The last bytes of standard error that are kept."""
GLANCE = 0.5
"""The seconds between two looks for a Ctrl-C."""
GRACE = 5.0
"""The seconds that a command has to end by itself after it was told to, so that the shell can remove its files."""


class Silent(AirconnError):
    """The command printed nothing for too long, and was ended."""


@dataclass(frozen=True, slots=True)
class Ran:
    """The output of a shell."""

    out: bytes
    last_words: str
    """The last line of standard error."""
    code: int


@dataclass(frozen=True, slots=True)
class Prefix:
    """The words of a command that runs the words after it where `airflow` is. Without words it is this machine."""

    words: tuple[str, ...] = ()
    address: str = SCHEME

    @classmethod
    def of(cls, address: str) -> Prefix:
        """The prefix that an address names, taken apart as a shell does, without one. Raises `UsageError`."""
        try:
            words = tuple(shlex.split(address[len(SCHEME) :]))
        except ValueError:
            raise UsageError(f"the command behind {SCHEME} has a quote that isn't closed") from None
        if any("\0" in word for word in words):
            raise UsageError("the command has a character that isn't allowed in a command", where=repr(address))
        if words and words[-1].rpartition("/")[2] == "airflow":
            raise UsageError(
                f"{address} ends with the airflow command",
                hint=f"write only the part before it: {SCHEME}{shlex.join(words[:-1])}",
            )
        return cls(words, address)

    def by_hand(self, *command: str) -> str:
        """A command as a user would type it."""
        return shlex.join((*self.words, *command))

    def run(self, script: str, environ: Mapping[str, str], patience: float) -> Ran:
        """Runs a script of the shell to its end.

        Raises `TargetError` where the command can't be started, and `Silent` if it says nothing for so many seconds.
        """
        process = self.start(environ)
        words: list[bytes] = []
        chunks: queue.Queue[bytes] = queue.Queue()
        threads: list[threading.Thread] = []
        try:
            threads.append(in_thread(pump, process.stdout, chunks))
            threads.append(in_thread(remember, process.stderr, words))
            threads.append(in_thread(_feed_all, process.stdin, script.encode()))
            out = b"".join(_until_the_end(chunks, patience))
            code = process.wait(timeout=patience)
        except (queue.Empty, subprocess.TimeoutExpired):
            raise Silent(f"it printed nothing for {patience:g} s") from None
        finally:
            end(process, threads)
        return Ran(out, last_line(b"".join(words)), code)

    def start(self, environ: Mapping[str, str]) -> subprocess.Popen[bytes]:
        """A shell there, with pipes for its streams. Raises `TargetError` where the command can't be started."""
        name = self.words[0] if self.words else _SHELL[0]
        try:
            # In a group of its own, so that a Ctrl-C at the terminal doesn't end it between two writes.
            return subprocess.Popen(  # noqa: S603 - the user's own command, run without a shell
                (*self.words, *_SHELL),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=dict(environ),
                start_new_session=True,
            )
        except FileNotFoundError:
            raise TargetError(
                f"no such command: {name}", where=self.address, hint="check that it is installed and in PATH"
            ) from None
        except OSError as error:
            reason = error.strerror or "the system refuses"
            raise TargetError(
                f"{name} can't be run: {reason}", where=self.address, hint=f"check {name} is there"
            ) from None


def in_thread(function: object, *args: object) -> threading.Thread:
    """Runs a function in a thread that doesn't outlive the process."""
    thread = threading.Thread(target=function, args=args, daemon=True)  # type: ignore[arg-type]
    thread.start()
    return thread


def feed(pipe: IO[bytes], data: bytes) -> None:
    """Writes into a pipe that may break: if a command ends early, or passes nothing on, its answer shows it."""
    with contextlib.suppress(OSError, ValueError):
        pipe.write(data)
        pipe.flush()


def _feed_all(pipe: IO[bytes], data: bytes) -> None:
    feed(pipe, data)
    with contextlib.suppress(OSError):
        pipe.close()


def pump(pipe: IO[bytes], chunks: queue.Queue[bytes]) -> None:
    """Passes on what comes out of a pipe, and an empty chunk at its end."""
    with contextlib.suppress(OSError, ValueError):
        while chunk := os.read(pipe.fileno(), 65536):
            chunks.put(chunk)
    chunks.put(b"")


def remember(pipe: IO[bytes], words: list[bytes]) -> None:
    """Keeps the end of what comes out of a pipe."""
    with contextlib.suppress(OSError, ValueError):
        while chunk := os.read(pipe.fileno(), 65536):
            words[:] = [(b"".join(words) + chunk)[-_TAIL:]]


def _until_the_end(chunks: queue.Queue[bytes], patience: float) -> Iterator[bytes]:
    """The chunks up to the empty one. Raises `queue.Empty` after so many seconds of silence."""
    quiet_since = time.monotonic()
    while True:
        try:
            # Waits only for a moment, so that a Ctrl-C that another thread has got is noticed.
            chunk = chunks.get(timeout=min(GLANCE, patience))
        except queue.Empty:
            if time.monotonic() - quiet_since >= patience:
                raise
            continue
        if not chunk:
            return
        yield chunk
        quiet_since = time.monotonic()


def last_line(said: bytes) -> str:
    """The last line of a text that isn't blank."""
    lines = said.decode(errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "")


def end(process: subprocess.Popen[bytes], threads: Sequence[threading.Thread]) -> None:
    """Ends a command and what it has started on this machine, and then the threads that read and write its pipes."""
    for number in (signal.SIGTERM, getattr(signal, "SIGKILL", signal.SIGTERM)):
        if process.poll() is not None:
            break
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, number) if hasattr(os, "killpg") else process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=GRACE)
    for thread in threads:
        thread.join(timeout=GRACE)
    if any(thread.is_alive() for thread in threads):
        # The number of a pipe that is closed under a thread may be that of the next command's, which it would read.
        return
    for pipe in (process.stdin, process.stdout, process.stderr):
        with contextlib.suppress(OSError):
            if pipe is not None:
                pipe.close()
