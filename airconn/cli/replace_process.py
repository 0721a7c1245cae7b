"""Replaces this process by another program.

The program has the process id, the terminal and the streams that the caller gave, so that signals reach it and its
exit code goes to the caller directly. Nothing of airconn stays in memory, secrets included.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import NoReturn

_OURS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
"""The signals that airconn may handle."""
_PYTHONS = tuple(getattr(signal, name) for name in ("SIGPIPE", "SIGXFSZ") if hasattr(signal, name))
"""The signals that Python ignores, and that a program started by it would ignore as well."""


def hand_over(command: Sequence[str], environ: Mapping[str, str]) -> NoReturn:
    """Becomes `command`, which is looked for on the PATH of `environ`. Raises `OSError` if that fails.

    On Windows, where no process becomes another one, it runs beside this one, which ends with its exit code.
    """
    if os.name == "nt":
        sys.exit(wait_for(command, environ))
    with _as_at_the_start():
        os.execvpe(command[0], list(command), environ)  # noqa: S606 - running it is what is asked for


def wait_for(command: Sequence[str], environ: Mapping[str, str]) -> int:
    """Runs `command` and returns its exit code. A Ctrl-C also reaches the command, which decides what it means."""
    import subprocess

    with subprocess.Popen(command, env=environ) as child:  # noqa: S603 - running it is what is asked for
        while True:
            with contextlib.suppress(KeyboardInterrupt):
                return child.wait()


@contextlib.contextmanager
def _as_at_the_start() -> Iterator[None]:
    """Within this block signals have the actions that they had when this process was started.

    Our handlers would be gone with the hand-over anyway, but a signal that comes just before it would be with them:
    noted, and never acted upon. What the caller has us ignore stays ignored.
    """
    masked = signal.pthread_sigmask(signal.SIG_BLOCK, _OURS)
    held = {number: signal.getsignal(number) for number in (*_OURS, *_PYTHONS)}
    try:
        for number in _OURS:
            if held[number] is not signal.SIG_IGN:
                signal.signal(number, signal.SIG_DFL)
        for number in _PYTHONS:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, masked)
        yield
    finally:
        for number, handler in held.items():
            signal.signal(number, handler)
        signal.pthread_sigmask(signal.SIG_SETMASK, masked)
