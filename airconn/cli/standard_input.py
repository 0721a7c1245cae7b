"""Standard input as a place: it can be read once, and not again by another run."""

from __future__ import annotations

from collections.abc import Sequence

from airconn.errors import UsageError

STDIN = "-"


def refuse_second_use(*places: Sequence[str], planned: bool = False) -> None:
    """Raises `UsageError` where the sources, fills and overlays of a command name standard input more than once.

    Whoever reads it second would find nothing, and take that for an empty file. `planned`: they are for a plan, which
    can't refer to it at all.
    """
    times = sum(list(some).count(STDIN) for some in places)
    if planned and times:
        raise UsageError("a plan can't refer to standard input", hint="name a file")
    if times > 1:
        raise UsageError("standard input (-) is named more than once", hint="it can be read once only: name a file")
