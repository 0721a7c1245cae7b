"""Runs a command in the foreground, as a shell would, and turns signals into an orderly end.

Signal handlers belong to the whole process, so this is for the command line and not for :class:`Sandbox` itself.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import FrameType

from airconn.sandbox.box import Sandbox

# The exit codes of a shell for a command that doesn't exist, or can't be run.
NOT_FOUND = 127
NOT_EXECUTABLE = 126

_TERM_SECONDS = 10.0
# Airflow doesn't run on a system without SIGHUP, but this module must be importable there to say so.
_ENDING = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))


class Ended(BaseException):
    """A signal told this process to end. Like KeyboardInterrupt it is not for `except Exception`."""

    def __init__(self, signum: int) -> None:
        super().__init__(signum)
        self.exit_code = 128 + signum


@contextlib.contextmanager
def ending_signals() -> Iterator[None]:
    """Within this block SIGTERM and SIGHUP raise :class:`Ended`, so that what is open is closed."""

    told: list[int] = []

    def end(signum: int, _: FrameType | None) -> None:
        told.append(signum)
        if len(told) == 1:  # a second one would interrupt the cleanup of the first
            raise Ended(signum)

    with _handlers(dict.fromkeys(_ENDING, end)):
        yield


def run_command(command: Sequence[str], box: Sandbox) -> int:
    """Runs `command` in the foreground and gives its exit code as a shell does: 128 + N after signal N.

    If SIGTERM or SIGHUP came while it ran, raises :class:`Ended` after the command has ended.
    """
    told: list[int] = []
    early: list[int] = []
    timers: list[threading.Timer] = []
    child: subprocess.Popen[bytes] | None = None

    def pass_on(signum: int, _: FrameType | None) -> None:
        if child is None:
            early.append(signum)
            return
        # A terminal sends a Ctrl-C to the command as well, which decides what it means. Without a terminal, the
        # signal was sent to airconn alone.
        if signum != signal.SIGINT or not _in_the_foreground_of_a_terminal():
            child.send_signal(signum)
        if signum != signal.SIGINT:
            told.append(signum)
            if len(told) == 1:
                killer = threading.Timer(_TERM_SECONDS, child.kill)
                killer.daemon = True
                killer.start()
                timers.append(killer)

    with _handlers(dict.fromkeys((*_ENDING, signal.SIGINT), pass_on)):
        child = _start(command, box)
        with box.guard.watching(child):
            for signum in early:
                pass_on(signum, None)
            code = child.wait()
    for timer in timers:
        timer.cancel()
    if told:
        raise Ended(told[0])
    return 128 - code if code < 0 else code


def _start(command: Sequence[str], box: Sandbox) -> subprocess.Popen[bytes]:
    """Starts `command` as a process that registers with the watchdog before it does anything else."""
    environ = box.environ()
    try:
        return subprocess.Popen(command, env=environ, preexec_fn=box.guard.announcing())  # noqa: S603 - it is asked for
    except subprocess.SubprocessError:
        # The new process ended before it became the command. The watchdog gets to know the next one from airconn.
        return subprocess.Popen(command, env=environ)  # noqa: S603


@contextlib.contextmanager
def _handlers(handlers: Mapping[signal.Signals, Callable[[int, FrameType | None], None]]) -> Iterator[None]:
    """Installs `handlers`, except for signals that the caller has airconn ignore, as nohup does."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread can have handlers, and gets the signals
        return
    previous = {}
    for number, handler in handlers.items():
        if signal.getsignal(number) is not signal.SIG_IGN:
            previous[number] = signal.signal(number, handler)
    try:
        yield
    finally:
        for number, old in previous.items():
            signal.signal(number, old)


def _in_the_foreground_of_a_terminal() -> bool:
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)
