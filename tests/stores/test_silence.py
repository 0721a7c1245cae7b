"""When a place that doesn't answer is given up."""

from __future__ import annotations

import pytest

from airconn.stores.silence import Silence


@pytest.mark.parametrize("patience", [1, 2, 6])
def test_so_many_requests_in_a_row_without_an_answer_are_enough(patience: int) -> None:
    silence = Silence(patience)
    for _ in range(3):
        for _ in range(patience - 1):
            silence.unheard()
        assert not silence.is_long
        silence.heard()
    for _ in range(patience):
        silence.unheard()
    assert silence.is_long


def test_an_answer_that_was_on_its_way_ends_it() -> None:
    silence = Silence(2)
    silence.unheard()
    silence.unheard()
    silence.heard()
    assert not silence.is_long


def test_where_nothing_more_is_to_be_expected_it_is_long_at_once() -> None:
    silence = Silence(6)
    silence.give_up()
    assert silence.is_long
