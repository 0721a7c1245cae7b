"""An import into many targets, on fakes that answer as slowly as real servers: its time, and its memory.

    python -m tests.benchmarks.many [TARGETS] [SECONDS]

Each fake holds 100 variables, of which an import changes 20, and takes SECONDS for its reads and writes together. The
slowest one takes twice that. Prints how long the run takes with several at a time, beside what the slowest one takes
alone, and the memory that a target more needs.
"""

from __future__ import annotations

import io
import json
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Iterable, Iterator, Mapping
from contextlib import redirect_stdout
from pathlib import Path
from unittest import mock

from airconn.cli import run
from airconn.cli.app import App
from airconn.config import Settings
from airconn.model import Outcome, Selection, Step, Text, Variable
from airconn.model.reading import Reading
from airconn.stores import open_store
from airconn.stores.base import DEFAULT_CONTEXT, Context, Store
from tests.memory import Memory

OBJECTS, CHANGED, PARALLEL = 100, 20, (1, 4, 16, 32, 512)
NUMBER, SECONDS, PATIENCE = 500, 5.0, 100
FEW, PARALLEL_BY_DEFAULT = 50, 32


class SlowPlace(Memory):
    """A place that needs half of its seconds for a read, and half for the writes."""

    def __init__(self, address: str, seconds: float) -> None:
        super().__init__(
            *(
                Variable(key=f"v{number:03}", value=Text("old" if number < CHANGED else "value of a variable"))
                for number in range(OBJECTS)
            )
        )
        self._address = address
        self._seconds = seconds

    def read(self, selection: Selection, context: Context = DEFAULT_CONTEXT) -> Reading:
        time.sleep(self._seconds / 2)
        return super().read(selection, context)

    def apply(self, steps: Iterable[Step], context: Context = DEFAULT_CONTEXT) -> Iterator[Outcome]:
        time.sleep(self._seconds / 2)
        yield from super().apply(steps, context)


def fakes(number: int, seconds: float) -> dict[str, SlowPlace]:
    """So many places, by their addresses."""
    return {
        f"http://t{n}.test": SlowPlace(f"http://t{n}.test", seconds * (2 if n == 0 else 1)) for n in range(number)
    }


def imported(directory: Path, places: Mapping[str, SlowPlace], parallel: int) -> float:
    """The seconds of one import into these places."""
    number = len(places)

    def opened(address: str, settings: Settings) -> Store:
        return places[address] if address in places else open_store(address, settings)

    source = directory / "in.json"
    source.write_text(json.dumps({"variables": {f"v{n:03}": "value of a variable" for n in range(OBJECTS)}}))
    environ = {"AIRCONN_CONFIG": str(directory / "user.toml"), "AIRCONN_STATE_DIR": str(directory / "state")}
    (directory / "user.toml").touch()
    out = io.StringIO()
    app = App(io.BytesIO(), out, io.StringIO(), environ, directory)
    args = ["import", str(source), "--parallel", str(parallel)]
    for address in places:
        args += ["--to", address]
    began = time.perf_counter()
    with mock.patch("airconn.transfer.places.open_store", opened), redirect_stdout(out):
        code = run(args, app)
    took = time.perf_counter() - began
    if code or (f"{number} targets: {number} done" not in out.getvalue() and number > 1):
        raise SystemExit(f"the import failed with {code}: {app.stderr.getvalue()}")  # type: ignore[attr-defined]
    return took


def peak(directory: Path, number: int) -> float:
    """The most memory of an import, in bytes, without the objects that the fakes begin with."""
    places = fakes(number, 0)
    tracemalloc.start()
    imported(directory, places, PARALLEL_BY_DEFAULT)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most


def main() -> None:
    number = int(sys.argv[1]) if len(sys.argv) > 1 else NUMBER
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else SECONDS
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        alone = imported(directory, fakes(1, seconds), 1)
        print(f"{number} targets, {OBJECTS} objects each, {CHANGED} changed; the slowest alone takes {alone:.1f} s")
        for parallel in PARALLEL:
            if number * seconds / parallel > PATIENCE:
                print(f"  --parallel {parallel:<4} not measured")
                continue
            took = imported(directory, fakes(number, seconds), parallel)
            print(f"  --parallel {parallel:<4} {took:6.1f} s  {took / alone:.2f}x of the slowest alone")
        few, many = peak(directory, FEW), peak(directory, number)
        more = (many - few) / (number - FEW) / 1024
        print(f"  memory: {few / 2**20:.1f} MiB with {FEW} targets, {many / 2**20:.1f} MiB with {number}")
        print(f"          {more:.0f} KiB for a target more")


if __name__ == "__main__":
    main()
