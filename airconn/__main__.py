"""`airconn` as a program."""

from __future__ import annotations

import signal
import sys


def main() -> None:
    """Runs the command line of this process and exits with its code."""
    # A process that is told to end puts its things away first, such as a temporary file with secrets in it.
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), lambda number, _: sys.exit(128 + number))
    try:
        from airconn.cli import run

        sys.exit(run())
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
