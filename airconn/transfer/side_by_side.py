"""Runs the same work on several targets at a time, but never two at one server."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def side_by_side(
    work: Callable[[T], R],
    items: Sequence[T],
    server_of: Callable[[T], Hashable],
    parallel: int,
    goes_on: Callable[[], bool] = lambda: True,
) -> Iterator[tuple[T, R]]:
    """Each item with the result of `work`, in the order in which they end, with up to `parallel` at a time.

    Items of one server wait for each other, in their order. `goes_on` is asked before each item begins: where it says
    no, the items that haven't begun are skipped. Where `work` raises, no other is begun, and the error is raised when
    those that run have ended.
    """
    waiting = list(items)
    running: dict[Future[R], T] = {}
    with ThreadPoolExecutor(max(1, parallel), thread_name_prefix="airconn-target") as pool:
        while True:
            busy = {server_of(item) for item in running.values()}
            for item in list(waiting):
                if len(running) >= parallel or not goes_on():
                    break
                if (server := server_of(item)) not in busy:
                    busy.add(server)
                    waiting.remove(item)
                    running[pool.submit(work, item)] = item
            if not running:
                return
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                yield running.pop(future), future.result()
