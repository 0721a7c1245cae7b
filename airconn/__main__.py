"""`airconn` as a program."""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import sys
import threading
from typing import TextIO


def main() -> None:
    """Runs the command line of this process and exits with its code."""
    # A process that is told to end puts its things away first, such as a temporary file with secrets in it. What the
    # caller has us ignore, as nohup does, stays ignored.
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name) and signal.getsignal(getattr(signal, name)) is not signal.SIG_IGN:
            signal.signal(getattr(signal, name), lambda number, _: sys.exit(128 + number))
    sys.unraisablehook = _raise_later
    if sys.stdout is None:
        sys.stdout = _closed()
    # What a run makes, it keeps: looking for garbage among ten thousand objects only takes time.
    gc.set_threshold(50_000, 20, 100)
    try:
        from airconn.cli import run

        code = run()
    except KeyboardInterrupt:
        code = 130
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    _end(code)


def _closed() -> TextIO:
    """Takes the place of a closed standard output: writing to it fails, as losing output silently isn't a success.

    It has the number that the next file would get otherwise, and isn't there for a program that takes our place.
    """
    return open(os.open(os.devnull, os.O_RDONLY), "w", encoding="utf-8")  # noqa: PTH123 - of os, and no path of a user


def _end(code: int) -> None:
    """Ends the process. A thread that waits for a server whose answer isn't needed any more isn't waited for."""
    others = [thread for thread in threading.enumerate() if thread is not threading.main_thread()]
    if all(thread.daemon for thread in others):
        sys.exit(code)
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            stream.flush()
    os._exit(code)


def _raise_later(dropped: sys.UnraisableHookArgs) -> None:
    """Lets no Ctrl-C get lost: Python drops what is raised in the callback of a weak reference, and an import of a
    module has many. Of other exceptions nothing is shown: their texts could hold secrets."""
    error = dropped.exc_value
    if isinstance(error, KeyboardInterrupt | SystemExit) and hasattr(signal, "setitimer"):

        def again(number: int, frame: object) -> None:
            raise error

        signal.signal(signal.SIGALRM, again)
        signal.setitimer(signal.ITIMER_REAL, 0.01)


if __name__ == "__main__":
    main()
