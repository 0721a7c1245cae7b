"""A run of airconn on a terminal of its own, whose questions a test answers."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

LONGEST = 30.0
CTRL_C, CTRL_D = "\x03", "\x04"


class AtTerminal:
    """airconn on a terminal. `shown` is all that the terminal has shown so far."""

    def __init__(
        self, directory: Path, *args: object, environ: Mapping[str, str], columns: int = 0, **streams: int
    ) -> None:
        """`streams` are those that aren't the terminal, such as `stdin`. Without `columns`, its width isn't known."""
        self.shown = ""
        self._leader, there = pty.openpty()
        if columns:
            fcntl.ioctl(there, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        # A session of its own has no other terminal than its standard input.
        self.process = subprocess.Popen(
            [sys.executable, "-m", "airconn", *map(str, args)],
            cwd=directory,
            env={**os.environ, "TERM": "dumb", "CI": "", **environ},
            start_new_session=True,
            **{"stdin": there, "stdout": there, "stderr": there, **streams},
        )
        os.close(there)

    def until(self, text: str) -> None:
        """Waits until the terminal shows a text that it hasn't shown before the last answer."""
        deadline = time.monotonic() + LONGEST
        while text not in self.shown[self._answered :]:
            assert time.monotonic() < deadline, self.shown
            if not self._read():
                pytest.fail(f"it ended without {text!r}: {self.shown}")

    _answered = 0

    def answer(self, prompt: str, line: str) -> None:
        """Types a line, or Ctrl-C or Ctrl-D, once a prompt is shown."""
        self.until(prompt)
        self._answered = len(self.shown)
        # getpass flushes what was typed before it switched the echo off, a moment after its prompt.
        time.sleep(0.05)
        if line == CTRL_C:  # the terminal isn't the one of a session, which alone makes a signal of it
            self.process.send_signal(signal.SIGINT)
            return
        self.write(line if line == CTRL_D else f"{line}\n")

    def write(self, text: str) -> None:
        """Types a text, whatever is shown."""
        os.write(self._leader, text.encode())

    def end(self) -> int:
        """The exit code, once the run has ended."""
        while self._read():
            pass
        os.close(self._leader)
        return self.process.wait(LONGEST)

    def _read(self) -> bool:
        more = b""
        if not select.select([self._leader], [], [], LONGEST)[0]:
            self.process.kill()
            self.process.wait()
            pytest.fail(f"it waits: {self.shown}")
        with contextlib.suppress(OSError):  # a terminal whose other end has gone
            more = os.read(self._leader, 4096)
        self.shown += more.decode(errors="replace").replace("\r\n", "\n")
        return bool(more)
