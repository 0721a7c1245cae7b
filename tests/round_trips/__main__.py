"""Goes through all pairs: `python -m tests.round_trips [--write]`."""

from __future__ import annotations

import contextlib
import sys
import tempfile
from pathlib import Path

from airconn.sandbox import Sandbox
from tests.round_trips import matrix, servers, table


def main(*, writes: bool) -> int:
    """The exit code: 1 if anything was lost in silence."""
    results: matrix.Results = {}
    with contextlib.ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="airconn-")))
        boxes = [stack.enter_context(Sandbox(version)) for version in servers.VERSIONS]
        mover, sources, targets = stack.enter_context(matrix.worlds(directory, boxes, real=True))
        first = matrix.the_hundred(directory)
        for source in sources:
            matrix.fill(mover, source, first, targets)
            for name, verdict, _ in matrix.row(mover, source, targets):
                results[source.name, name] = verdict
                print(
                    f"{source.name} -> {name}: {table.cell(verdict)} of {verdict.given}", *verdict.silent, sep="\n  "
                )
    if writes:
        table.write(sources, results)
    silent = sum(len(verdict.silent) for verdict in results.values())
    print(f"{len(results)} pairs, {silent} losses in silence")
    return 1 if silent else 0


if __name__ == "__main__":
    sys.exit(main(writes="--write" in sys.argv[1:]))
