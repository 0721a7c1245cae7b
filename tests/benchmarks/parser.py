"""`python -m tests.benchmarks.parser [NUMBER]` measures airconn on a JSON file of variables beside `json.load`.

It prints processor time and peak memory of each command, and how many times that of `json.load` they are. The goal is
3 times; it is a measurement and no test, because times depend on the machine.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

NUMBER = 200_000


def main(argv: Sequence[str]) -> None:
    number = int(argv[0]) if argv else NUMBER
    with tempfile.TemporaryDirectory(prefix="airconn-benchmarks-") as name:
        path, out = Path(name, "variables.json"), Path(name, "out.json")
        path.write_text(
            json.dumps({f"team_{i % 50}_var_{i}": f"value {i} eu-west-1" for i in range(number)}, indent=2)
        )
        least = _measured("-c", f"import json; json.load(open({str(path)!r}))")
        print(f"{number:,} variables, {path.stat().st_size / 1e6:.0f} MB")
        print(f"{'json.load':12} {least[0]:7.2f} s {least[1]:6.0f} MB")
        for command in (["check", str(path)], ["convert", str(path), "-o", str(out), "--variables"]):
            seconds, memory = _measured("-m", "airconn", *command)
            ratios = f"{seconds / least[0]:5.1f} x time {memory / least[1]:5.1f} x memory"
            print(f"{command[0]:12} {seconds:7.2f} s {memory:6.0f} MB {ratios}")


def _measured(*args: str) -> tuple[float, float]:
    """Processor time in seconds and peak memory in megabytes of a Python that is run with these arguments."""
    process = subprocess.Popen([sys.executable, *args], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{args[:3]} failed with {os.waitstatus_to_exitcode(status)}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


if __name__ == "__main__":
    main(sys.argv[1:])
