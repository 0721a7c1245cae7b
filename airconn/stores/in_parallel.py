"""Runs several requests at a time, with their results in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

A = TypeVar("A")
R = TypeVar("R")


def in_order(function: Callable[[A], R], items: Iterable[A], workers: int) -> Iterator[R]:
    """`map` with up to `workers` calls at a time.

    An item is taken from `items` only when its call begins, so that ending the iterator of items ends the work
    after what has begun, and gives all results of that. Where a call raises, no other is begun.
    """
    if workers <= 1:
        yield from map(function, items)
        return
    pool = ThreadPoolExecutor(workers, thread_name_prefix="airconn")
    running: deque[Future[R]] = deque()
    try:
        for item in items:
            running.append(pool.submit(function, item))
            # The oldest first. Waits for it only if no other call can begin.
            while running and (len(running) >= workers or running[0].done()):
                yield running.popleft().result()
        while running:
            yield running.popleft().result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
