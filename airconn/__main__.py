"""`airconn` as a program."""

from __future__ import annotations

import sys


def main() -> None:
    """Runs the command line of this process and exits with its code."""
    from airconn.cli import run

    sys.exit(run())


if __name__ == "__main__":
    main()
