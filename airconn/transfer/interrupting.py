"""Ends a run in an orderly way: the first Ctrl-C lets the present writes be finished, the second stops at once."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


class StopFlag:
    """A flag that says whether a run must not begin another step. It is asked before each step."""

    def __init__(self) -> None:
        self._is_set = False

    @property
    def is_set(self) -> bool:
        return self._is_set

    def set(self) -> None:
        self._is_set = True


@contextmanager
def orderly_end(stop: StopFlag, on_stop: Callable[[], None]) -> Iterator[None]:
    """Within this block the first Ctrl-C sets the flag and calls `on_stop`; the next raises `KeyboardInterrupt`."""

    def handle(number: int, frame: Any) -> None:
        if stop.is_set:
            raise KeyboardInterrupt
        stop.set()
        on_stop()

    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread can have handlers, and gets the signals
        return
    old = signal.signal(signal.SIGINT, handle)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, old)
