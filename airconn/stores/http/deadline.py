"""The deadline of a run: limits the time of requests, and says whether another one is begun."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from airconn.config import Settings
from airconn.stores.http.faults import OutOfTime

_NEARLY = 0.05
"""A time-out within so many seconds before the deadline counts as caused by the deadline."""


class RunDeadline:
    """The time at which a run has to end, if it has a deadline. Threads may share it."""

    def __init__(self, settings: Settings, where: str) -> None:
        """`where` names the server in messages."""
        self._settings = settings
        self._where = where
        self._finishing = False

    @contextmanager
    def finishing(self) -> Iterator[None]:
        """Within this block objects are written: what is begun is finished, and the deadline cuts off no request.

        It only keeps one from being sent again. Ask `has_passed` before sending another one.
        """
        self._finishing = True
        try:
            yield
        finally:
            self._finishing = False

    def has_passed(self, pause: float = 0.0) -> bool:
        """Whether the deadline will have passed after a pause, so that nothing else is begun."""
        left = self._settings.seconds_left()
        return left is not None and left <= pause

    def seconds(self, most: float, *, maybe_done: bool = False) -> float:
        """The seconds that something may take, up to `most`. Raises `OutOfTime` if no time is left."""
        left = self._settings.seconds_left()
        if left is None or self._finishing:
            return most
        if left <= 0:
            raise OutOfTime("the deadline has passed", where=self._where, maybe_done=maybe_done)
        return min(most, left)

    def cut_off(self) -> bool:
        """Whether the deadline has caused a time-out that just happened."""
        return not self._finishing and self.has_passed(_NEARLY)

    def forbids(self, pause: float) -> bool:
        """Whether a request can't be sent again after a pause, even while writes are being finished."""
        return self._finishing and self.has_passed(pause)

    def end_of(self, seconds: float, *, late: bool) -> float | None:
        """The time, on the clock of `time.monotonic`, by which the answer to a request sent now has to end."""
        ends = self._settings.deadline
        if ends is None or not (self._finishing or late):
            return ends
        return max(ends, time.monotonic() + seconds)
