"""The deadline of a run: how long a request may take, and whether another one is begun."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from airconn.config import Settings
from airconn.stores.http.faults import OutOfTime

_NEARLY = 0.05
"""A time-out so many seconds before the deadline is by the deadline."""


class RunDeadline:
    """When everything has to be over, if ever. Threads may share it."""

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
        """Whether the deadline will have passed after a pause, so that no more is begun."""
        left = self._settings.seconds_left()
        return left is not None and left <= pause

    def seconds(self, most: float, *, maybe_done: bool = False) -> float:
        """How long something may take that deserves `most` seconds. Raises `OutOfTime` where no time is left."""
        left = self._settings.seconds_left()
        if left is None or self._finishing:
            return most
        if left <= 0:
            raise OutOfTime("the deadline has passed", where=self._where, maybe_done=maybe_done)
        return min(most, left)

    def cut_off(self) -> bool:
        """Whether a time-out of just now is by the deadline."""
        return not self._finishing and self.has_passed(_NEARLY)

    def forbids(self, pause: float) -> bool:
        """Whether a request isn't sent again after a pause, although what was begun is being finished."""
        return self._finishing and self.has_passed(pause)

    def end_of(self, seconds: float, *, late: bool) -> float | None:
        """When the answer to a request that is sent now has to be whole, on the clock of `time.monotonic`."""
        ends = self._settings.deadline
        if ends is None or not (self._finishing or late):
            return ends
        return max(ends, time.monotonic() + seconds)
