"""Standard input as a source: it can only be read once, and not by another run."""

from __future__ import annotations

import os
from collections.abc import Sequence

from airconn.errors import UsageError
from airconn.patterns import pattern

STDIN = "-"
_OTHER_NAMES = pattern(r"/dev/stdin|/(?:dev|proc/self)/fd/0")


def one_name(address: str) -> str:
    """`-` for each name of standard input. Other addresses are given back unchanged."""
    return STDIN if _OTHER_NAMES.fullmatch(os.path.normpath(address)) else address


def refuse_second_use(*places: Sequence[str], planned: bool = False) -> None:
    """Raises `UsageError` if the sources, fills and overlays of a command name standard input more than once.

    The second read would find an empty file. `planned`: they are for a plan, which can't use standard input at all.
    """
    times = sum(one_name(address) == STDIN for some in places for address in some)
    if planned and times:
        raise UsageError("a plan can't refer to standard input", hint="name a file")
    if times > 1:
        raise UsageError("standard input (-) is named more than once", hint="it can be read once only: name a file")
