"""When a place that doesn't answer is given up."""

from __future__ import annotations

from airconn.stores.silence import Silence


def test_requests_in_a_row_without_an_answer_are_enough_and_others_are_not() -> None:
    silence = Silence()
    silence.unheard()
    silence.heard()
    silence.unheard()
    assert not silence.is_long
    silence.unheard()
    assert silence.is_long


def test_the_answer_to_a_request_on_its_way_ends_the_silence() -> None:
    silence = Silence(3)
    silence.give_up()
    assert silence.is_long
    silence.heard()
    assert not silence.is_long
