"""`python -m tests.benchmarks` measures airconn beside others and prints the table."""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import airconn
from airconn.errors import AirconnError
from airconn.sandbox.versions import resolve
from tests.benchmarks import rows, table
from tests.benchmarks.measure import Meter
from tests.benchmarks.peers import AIRFLOWCTL, Peers
from tests.benchmarks.servers import Servers

VERSIONS = ("3.3.2", "2.11.2")
SHOW = {"text": table.as_text, "json": table.as_json, "markdown": table.as_markdown}


def main(argv: Sequence[str]) -> int:
    options = _options(argv)
    started = time.monotonic()

    def progress(line: str) -> None:
        print(f"{time.monotonic() - started:6.0f} s  {line}", file=sys.stderr)

    with tempfile.TemporaryDirectory(prefix="airconn-benchmarks-") as name, Servers(progress) as servers:
        directory = Path(name)
        plan = rows.Plan(Peers(directory), servers, directory, options.all)
        meter = Meter(directory, options.limit, progress, servers.close)
        measured: dict[table.Row, dict[str, table.Cell]] = {}
        try:
            for tiny, groups, runs in _sections(plan, options):
                for group in tiny:
                    meter.warm_up(group)
                for group in groups:
                    if not all(task.is_skipped for task in group):
                        measured |= meter.measure(group, runs)
        except KeyboardInterrupt:
            progress("interrupted: this is what there is so far")
    versions = f"airconn {airconn.__version__}, Python {platform.python_version()}, airflowctl {AIRFLOWCTL}"
    report = table.Report(time.strftime("%Y-%m-%d"), _machine(), versions, measured)
    sys.stdout.write(SHOW[options.output](report))
    return 1 if any(table.failures(measured)) else 0


def _sections(plan: rows.Plan, options: argparse.Namespace) -> Iterator[tuple[rows.Groups, rows.Groups, int]]:
    """Of each section, tasks that are too small to be measured, those to be measured, and how often."""
    if "start-up" in options.only:
        yield plan.start_up(options.airflow), plan.start_up(options.airflow), 5 * options.runs
    if "files" in options.only:
        yield plan.files([rows.TINY[0].size]), plan.files(options.sizes or rows.FILE_SIZES), options.runs
    every = rows.data_of(options.sizes or rows.SIZES)
    for version in options.airflow:
        for name, section in (("push", plan.push), ("pull", plan.pull)):
            if name in options.only:
                yield section(version, rows.TINY), section(version, every), options.runs


def _options(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--only", type=_names, default=rows.SECTIONS, help=", ".join(rows.SECTIONS))
    parser.add_argument("--airflow", type=_releases, default=VERSIONS, help=f"which servers [{','.join(VERSIONS)}]")
    parser.add_argument("--sizes", type=_sizes, help="how many objects, such as 100,1000 [depends on the section]")
    parser.add_argument("--runs", type=int, default=3, help="of what takes less than 20 s [%(default)s]")
    parser.add_argument("--limit", type=float, default=300, help="seconds for each process [%(default)s]")
    parser.add_argument("--all", action="store_true", help="also what takes minutes: up to two hours in all")
    parser.add_argument("--output", choices=SHOW, default="text")
    return parser.parse_args(argv)


def _names(text: str) -> list[str]:
    names = text.split(",")
    if wrong := [name for name in names if name not in rows.SECTIONS]:
        raise argparse.ArgumentTypeError(f"there is no {wrong[0]}, but {', '.join(rows.SECTIONS)}")
    return names


def _releases(text: str) -> list[str]:
    try:
        return [str(resolve(name)) for name in text.split(",")]
    except AirconnError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _sizes(text: str) -> list[int]:
    try:
        sizes = sorted(int(number) for number in text.split(","))
    except ValueError:
        sizes = [0]
    if sizes[0] < 1:
        raise argparse.ArgumentTypeError("it takes numbers of objects, such as 100,1000")
    return sizes


def _machine() -> str:
    model = platform.machine()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
    return f"{os.cpu_count()} cores ({model}), {memory:.0f} GiB, {platform.system()}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
