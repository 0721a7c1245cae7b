"""Work on several targets at a time."""

from __future__ import annotations

import threading

import pytest

from airconn.transfer.side_by_side import Inbox, server_at, side_by_side


def test_items_of_one_server_wait_for_each_other_in_their_order() -> None:
    at_work: list[str] = []
    together: list[int] = []

    def work(item: str) -> str:
        at_work.append(item)
        together.append(sum(other[0] == item[0] for other in at_work))
        at_work.remove(item)
        return item.upper()

    items = ["a1", "a2", "b1", "a3", "b2"]
    found = list(side_by_side(work, items, lambda item: item[0], 4))
    assert sorted(found) == sorted((item, item.upper()) for item in items)
    assert [item for item, _ in found if item[0] == "a"] == ["a1", "a2", "a3"]
    assert max(together) == 1


def test_no_more_than_allowed_are_worked_on() -> None:
    running, most, lock = 0, 0, threading.Lock()

    def work(item: int) -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        threading.Event().wait(0.005)
        with lock:
            running -= 1

    assert len(list(side_by_side(work, range(20), lambda item: item, 3))) == 20
    assert most == 3


def test_an_error_is_raised_when_those_that_run_have_ended_and_no_other_begins() -> None:
    begun: list[int] = []

    def work(item: int) -> int:
        begun.append(item)
        if item == 1:
            raise ValueError("one")
        return item

    found: list[int] = []
    with pytest.raises(ValueError, match="one"):
        found.extend(item for item, _ in side_by_side(work, range(9), lambda item: item, 1))
    assert (begun, found) == ([0, 1], [0])


def test_threads_ask_the_thread_of_the_run() -> None:
    inbox, here = Inbox(), threading.current_thread()
    results = side_by_side(
        lambda item: inbox.ask(threading.current_thread), range(3), lambda item: item, 3, inbox=inbox
    )
    assert [thread for _, thread in results] == [here] * 3


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://a.example.com/x", "https://A.example.com:443/y/", True),
        ("https://a.example.com", "https://b.example.com", False),
        ("vault://v.example.com/a?x=1", "vault://user@V.example.com/b", True),
        ("mwaa://eu-west-1/a", "mwaa://eu-west-1/b", False),
        ("x.json", "./x.json", True),
        ("x.json", "y.json", False),
    ],
)
def test_the_server_of_an_address(one: str, other: str, same: bool) -> None:
    assert (server_at(one) == server_at(other)) is same
