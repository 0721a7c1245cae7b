"""Edits to a text change what they name, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airconn.errors import BlockedError
from airconn.formats.text_edits import TextEdits
from airconn.formats.yaml_edit import YamlEdits


def edited(text: str, *edits: tuple[int, int, str]) -> str:
    collected = TextEdits(text)
    for start, end, new in edits:
        collected.replace(start, end, new)
    return collected.edited()


def test_edits_are_carried_out_where_they_are_named_in_whichever_order_they_come() -> None:
    assert edited("abcdef", (4, 5, "E"), (0, 1, ""), (2, 2, "+")) == "b+cdEf"
    assert edited("abc", (3, 3, "x"), (0, 0, "y")) == "yabcx"
    assert edited("") == ""
    assert edited("", (0, 0, "x")) == "x"


def test_several_at_one_empty_place_keep_their_order() -> None:
    assert edited("ab", (1, 1, "2"), (1, 1, "1")) == "a21b"
    assert edited("ab", (1, 2, "B"), (1, 1, "+")) == "a+B"


@pytest.mark.parametrize("other", [(1, 4, "y"), (0, 2, "y"), (2, 2, "y"), (1, 3, "x")])
def test_two_edits_that_overlap_are_refused(other: tuple[int, int, str]) -> None:
    with pytest.raises(BlockedError):
        edited("abcdef", (1, 3, "x"), other)


def test_nothing_is_to_be_changed_before_the_first_edit() -> None:
    collected = TextEdits("abc")
    assert not collected
    collected.replace(1, 1, "")
    assert collected
    assert collected.edited() == "abc"


@pytest.mark.parametrize(
    ("text", "place", "bounds"),
    [
        ("a\nbc\nd", 3, (2, 4, 5)),
        ("a\nbc\nd", 2, (2, 4, 5)),
        ("a\nbc\nd", 4, (2, 4, 5)),
        ("a\r\nbc\r\nd", 3, (3, 5, 7)),
        ("a\r\nbc\r\nd", 7, (7, 8, 8)),
        ("abc", 1, (0, 3, 3)),
        ("\n", 0, (0, 0, 1)),
        ("", 0, (0, 0, 0)),
    ],
)
def test_a_line_is_found_around_a_place(text: str, place: int, bounds: tuple[int, int, int]) -> None:
    edits = TextEdits(text)
    assert (edits.line_start(place), edits.line_end(place), edits.next_line(place)) == bounds


@given(pieces=st.lists(st.tuples(st.text(max_size=4), st.text(max_size=4), st.booleans())), seed=st.randoms())
def test_what_is_not_edited_stays_as_it_is(pieces: list[tuple[str, str, bool]], seed: object) -> None:
    """Each piece of a text is kept or replaced by another."""
    text = "".join(old for old, _, _ in pieces)
    edits: list[tuple[int, int, str]] = []
    place = 0
    for old, new, is_changed in pieces:
        if is_changed and old:
            edits.append((place, place + len(old), new))
        place += len(old)
    seed.shuffle(edits)  # type: ignore[attr-defined]
    assert edited(text, *edits) == "".join(new if is_changed and old else old for old, new, is_changed in pieces)


def test_new_lines_in_yaml_get_the_line_ends_that_it_has() -> None:
    for text, new in (("a: 1\r\nb: 2\r\n", "c: 3\r\nd: 4\r\n"), ("a: 1\nb: 2\n", "c: 3\nd: 4\n")):
        edits = YamlEdits(text)
        edits.replace(len(text), len(text), "c: 3\nd: 4\n")
        assert edits.edited() == text + new
