"""`python -m tests.long_runs`, by hand: what takes too long for each change. `tests/README.md` has the results."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.long_runs import fuzz, kills, writers


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.long_runs", description=__doc__)
    parser.add_argument("what", choices=("kills", "fuzz", "writers"))
    parser.add_argument("number", type=int, help="imports, inputs of each reader, or writers")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="airconn-long-run-") as name:
        if options.what == "kills":
            counted = kills.run(options.number, Path(name), options.seed)
        elif options.what == "fuzz":
            counted = fuzz.run(options.number, options.seed)
        else:
            counted = writers.run(options.number, Path(name))
    print(f"{options.what} {options.number:,}: {dict(sorted(counted.items()))}, {time.monotonic() - started:.0f} s")
    sys.exit(bool(counted["FAILED"]))


if __name__ == "__main__":
    main()
