"""What is sent again, and after which pause."""

from __future__ import annotations

import socket
import time
from email.utils import formatdate

import pytest
import urllib3

from airconn.stores.http.retries import Backoff, driver_retry, is_passing, retry_after
from tests.stores.site import Answer, Site


def test_pauses_grow_up_to_the_longest_and_differ_by_chance() -> None:
    backoff = Backoff(first=1, longest=8)
    for number, longest in ((1, 1), (2, 2), (3, 4), (4, 8), (5, 8), (99, 8)):
        pauses = {backoff.pause(number, None) for _ in range(50)}
        assert len(pauses) > 1
        assert all(pause is not None and longest / 2 <= pause <= longest for pause in pauses)


def test_a_server_that_asks_for_a_pause_gets_it_and_a_little_more() -> None:
    for number in (1, 9):
        pause = Backoff(first=1).pause(number, 20.0)
        assert pause is not None
        assert 20 < pause <= 21
    assert Backoff(first=0).pause(1, 0.0) == 0


def test_a_server_that_wants_to_be_left_alone_for_long_is() -> None:
    assert Backoff(longest_asked=60).pause(1, 60.5) is None


@pytest.mark.parametrize(
    ("status", "asked", "once", "twice"),
    [
        (200, None, False, False),
        (408, None, True, True),
        (429, None, True, True),
        (429, 1.0, True, True),
        (502, None, False, True),
        (503, None, False, True),
        (503, 1.0, True, True),
        (504, 1.0, False, True),
        (500, 1.0, False, True),
        (500, None, False, True),
        (501, None, False, False),
        (404, None, False, False),
    ],
)
def test_what_may_be_sent_again(status: int, asked: float | None, once: bool, twice: bool) -> None:
    assert is_passing(status, asked, repeatable=False) is once
    assert is_passing(status, asked, repeatable=True) is twice


def test_retry_after_in_seconds() -> None:
    assert [retry_after(text) for text in ("0", " 17 ", "9" * 400)] == [0, 17, 1e6]


def test_retry_after_as_a_date() -> None:
    seconds = retry_after(formatdate(time.time() + 3600, usegmt=True))
    assert seconds is not None
    assert 3000 < seconds <= 3600
    for past in ("Wed, 21 Oct 2015 07:28:00 GMT", "Wed, 21 Oct 2015 07:28:00 -0000"):
        assert retry_after(past) == 0
    assert retry_after("Fri, 31 Dec 9999 23:59:59 -1200") == 1e6


@pytest.mark.parametrize("text", [None, "", "soon", "1.5", "-1", "²", "Wed, 21 Oct 2015 25:28:00 GMT"])
def test_a_retry_after_that_says_nothing(text: str | None) -> None:
    assert retry_after(text) is None


def asked_of_a_driver(answers: list[Answer], retries: int = 2, backoff: Backoff | None = None) -> tuple[int, int]:
    """The status that a driver ends with, and the number of requests that it sent."""
    left = iter(answers)
    with Site(lambda _: next(left)) as site, urllib3.PoolManager() as pool:
        policy = driver_retry(retries, (429, 503), backoff=backoff or Backoff(first=0))
        return pool.request("POST", site.url, body="{}", retries=policy).status, len(site.log)


BUSY = Answer(503, "busy")


def test_a_driver_repeats_by_the_same_policy() -> None:
    assert asked_of_a_driver([BUSY, Answer(429, "busy", {"Retry-After": "0"}), Answer(200, "done")]) == (200, 3)
    assert asked_of_a_driver([BUSY] * 3) == (503, 3)
    assert asked_of_a_driver([Answer(500, "no")]) == (500, 1)


def test_a_driver_waits_as_long_as_the_server_asks_unless_that_is_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("airconn.stores.http.retries.time.sleep", pauses.append)
    answers = [Answer(429, "", {"Retry-After": "17"}), BUSY, Answer(429, "", {"Retry-After": "86400"})]
    assert asked_of_a_driver(answers, 9, Backoff()) == (429, 3)
    assert 17 <= pauses[0] <= 17.3
    assert 0.3 <= pauses[1] <= 0.6


@pytest.mark.parametrize(("connects", "pauses"), [(0, 0), (2, 2), (None, 5)])
def test_a_driver_tries_to_connect_as_often_as_it_is_told(
    connects: int | None, pauses: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []
    monkeypatch.setattr("airconn.stores.http.retries.time.sleep", waited.append)
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
    policy = driver_retry(5, (), connects=connects)
    with urllib3.PoolManager() as pool, pytest.raises(urllib3.exceptions.MaxRetryError):
        pool.request("GET", url, retries=policy)
    assert len(waited) == pauses


def test_who_waits_alone_waits_twice_as_long_each_time_up_to_a_limit() -> None:
    backoff = Backoff(first=0.25, longest=5.0)
    assert [backoff.steady(number) for number in (1, 2, 3, 5, 6, 10_000)] == [0.25, 0.5, 1.0, 4.0, 5.0, 5.0]
