"""The exit code of a run on several targets."""

from __future__ import annotations

from collections.abc import Iterable

from airconn.errors import ExitCode

_WORST_FIRST = (
    ExitCode.INTERRUPTED,
    ExitCode.USAGE,
    ExitCode.INPUT,
    ExitCode.BLOCKED,
    ExitCode.TARGET,
    ExitCode.SOME_FAILED,
    ExitCode.DIFFERENT,
    ExitCode.OK,
)


def worst(codes: Iterable[ExitCode]) -> ExitCode:
    """The exit code that needs attention first. Without any, 0."""
    return min(codes, key=_WORST_FIRST.index, default=ExitCode.OK)
