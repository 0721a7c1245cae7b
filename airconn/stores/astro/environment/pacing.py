"""Keeps to the request rates that Astro documents for a token: 10 POST, 5 DELETE and 25 GET a second."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

WINDOW = 1.02
"""The seconds in which so many requests may be sent: a little more than one, because they overtake one another."""


class Pace:
    """Lets at most `number` calls through in each second, and the first of them at once. Threads share it."""

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
            now = self._clock()
            due = self._sent[0] + WINDOW if len(self._sent) == self._number else now
            self._sent.append(max(due, now))
        if due > now:
            self._sleep(due - now)


class Paces:
    """The rates of one token."""

    def __init__(self) -> None:
        self.gets = Pace(25)
        self.posts = Pace(10)
        self.deletes = Pace(5)
