"""The script that runs beside every sandbox, and ends its processes and removes its files when airconn has died.

It reads its standard input, a pipe whose other end only airconn holds, and which the system closes when airconn dies.
A line is `group ID`, for processes to be killed at once; `process ID`, for one that is asked to end first; or
`forget ID`. It uses the standard library alone, so that it starts at once.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
from collections.abc import Callable

TERM_SECONDS = 5.0
REMOVE_SECONDS = 30.0


def main() -> None:
    directory = sys.argv[1]
    groups: set[int] = set()
    processes: set[int] = set()
    for line in sys.stdin:
        verb, _, number = line.partition(" ")
        if verb == "group":
            groups.add(int(number))
        elif verb == "process":
            processes.add(int(number))
        else:
            groups.discard(int(number))
            processes.discard(int(number))
    for group in groups:
        _sent(os.killpg, group, signal.SIGKILL)
    remove(directory)
    for process in processes:
        _sent(os.kill, process, signal.SIGTERM)
    end = time.monotonic() + TERM_SECONDS
    while any(_sent(os.kill, process, 0) for process in processes) and time.monotonic() < end:
        time.sleep(0.02)
    for process in processes:
        _sent(os.kill, process, signal.SIGKILL)


def _sent(send: Callable[[int, int], None], target: int, number: int) -> bool:
    try:
        send(target, number)
    except OSError:
        return False
    return True


def remove(directory: str) -> None:
    """Removes `directory` and its content, also while a dying process still writes there."""
    end = time.monotonic() + REMOVE_SECONDS
    while os.path.lexists(directory):
        shutil.rmtree(directory, ignore_errors=True)
        if time.monotonic() > end:
            break
        time.sleep(0.02)


if __name__ == "__main__":
    main()
