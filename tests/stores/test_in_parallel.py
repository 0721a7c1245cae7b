"""Several calls at a time: in order, no more begun than asked for, and none after one that failed."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from airconn.stores.in_parallel import in_order


@pytest.mark.parametrize("workers", [1, 4])
def test_results_come_in_the_order_of_their_items(workers: int) -> None:
    def slow(number: int) -> int:
        time.sleep(0.002 * (5 - number % 5))
        return number * 2

    assert list(in_order(slow, range(40), workers)) == [number * 2 for number in range(40)]


def test_as_many_run_at_a_time_as_are_allowed() -> None:
    lock = threading.Lock()
    running, most = 0, 0

    def counted(_: int) -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.01)
        with lock:
            running -= 1

    list(in_order(counted, range(30), 3))
    assert most == 3


def test_what_ends_the_items_ends_the_work_and_gets_all_that_had_begun() -> None:
    begun: list[int] = []
    ended: list[int] = []

    def items() -> Iterator[int]:
        for number in range(100):
            if len(ended) >= 5:
                return
            begun.append(number)
            yield number

    for number in in_order(lambda number: number, items(), 4):
        ended.append(number)
    assert ended == begun
    assert len(begun) < 20


def test_after_a_call_that_raises_no_other_is_begun() -> None:
    called: list[int] = []

    def fail(number: int) -> int:
        called.append(number)
        if number == 2:
            raise ValueError
        return number

    with pytest.raises(ValueError):  # noqa: PT011 - it is our own
        list(in_order(fail, range(100), 2))
    time.sleep(0.05)
    assert max(called) < 8
