"""What is sent again, and after which pause."""

from __future__ import annotations

import time
from email.utils import formatdate

import pytest

from airconn.stores.http.retries import Backoff, is_passing, retry_after


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
