"""Keeps to the request rates that Astro documents for a token: 10 POST, 5 DELETE and 25 GET a second."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

WINDOW = 1.05
"""The seconds in which so many requests may be sent: a little more than one, because they overtake one another."""


class Pace:
    """Lets at most `number` calls through in each second. Threads share it.

    The first of them come at once, and all others evenly: a part of a burst would come late, and with the next one
    exceed the rate.
    """

    def __init__(
        self, number: int, clock: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._sent: deque[float] = deque(maxlen=number)
        self._number = number
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Waits until the next call may be sent."""
        with self._lock:
            now = due = self._clock()
            if len(self._sent) == self._number:
                due = max(now, self._sent[0] + WINDOW, self._sent[-1] + WINDOW / self._number)
            self._sent.append(due)
        if due > now:
            self._sleep(due - now)


class Paces:
    """The rates of one token."""

    def __init__(self) -> None:
        self.gets = Pace(25)
        self.posts = Pace(10)
        self.deletes = Pace(5)
