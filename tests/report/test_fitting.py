"""Lines that fit the width of a terminal."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airconn.report.fitting import fit, fit_message

ROW = (
    "  ~ connections/billing_api     http        examples/.env:9       password (hidden by the target: written again)"
)


def test_what_is_no_terminal_gets_whole_lines() -> None:
    assert fit(ROW, None) == ROW


def test_columns_move_together_before_a_line_is_broken() -> None:
    assert fit(ROW, 100) == re.sub("(?<=[a-z0-9]) {3,}", "  ", ROW)


def test_a_line_is_broken_between_words() -> None:
    assert fit(ROW, 60) == (
        "  ~ connections/billing_api  http  examples/.env:9  password\n      (hidden by the target: written again)"
    )


def test_a_word_that_is_wider_than_the_terminal_loses_its_middle() -> None:
    line = fit(f"  + connections/{'x' * 100}end  http", 40)
    assert [len(part) for part in line.split("\n")] == [40, 10]
    assert "…" in line
    assert "end\n" in line


def test_colours_take_no_room() -> None:
    coloured = ROW.replace("~", "\x1b[33m\x1b[1m~\x1b[0m")
    assert fit(coloured, len(ROW)) == coloured
    assert fit(coloured, 60).replace("\x1b[33m\x1b[1m~\x1b[0m", "~") == fit(ROW, 60)


def test_an_indentation_wider_than_the_terminal_leaves_words_whole() -> None:
    assert fit(f"{' ' * 90}word more", 80).split() == ["word", "more"]


def test_wide_characters_take_two_columns() -> None:
    assert fit("  = variables/" + "連接" * 6 + " " + "変" * 5, 40).count("\n") == 1


def test_a_message_is_broken_below_its_first_word() -> None:
    message = "error: the file holds what no Airflow reads, and nothing of it was written anywhere"
    assert fit_message(message, 50) == (
        "error: the file holds what no Airflow reads, and\n       nothing of it was written anywhere"
    )


@pytest.mark.parametrize("path", ["/a/long/path/" + "x" * 90, "https://airflow.example.com/" + "y" * 90])
def test_a_message_keeps_its_words_whole(path: str) -> None:
    assert path in fit_message(f"error: {path}: not found", 40)


def test_a_command_in_a_message_stays_in_one_line() -> None:
    command = "  airconn import /home/someone/.local/state/airconn/recovery.json --exact --to https://a.example.com"
    assert fit_message(f"objects are in a file\n{command}", 40) == f"objects are in a file\n{command}"


def test_a_command_within_a_message_is_broken_nowhere() -> None:
    hint = "hint:  to get the real values: --from 'airflow-cli:docker exec -i s' or a file (airconn help secrets)"
    assert fit_message(hint, 60).split("\n") == [
        "hint:  to get the real values: --from",
        "       'airflow-cli:docker exec -i s' or a file",
        "       (airconn help secrets)",
    ]
    other = "hint:  it can't be undone: airconn import old.json --to @prod and others aren't"
    assert fit_message(other, 40).split("\n") == [
        "hint:  it can't be undone:",
        "       airconn import old.json --to @prod",
        "       and others aren't",
    ]


def test_rows_are_aligned_and_what_has_no_room_is_below() -> None:
    from airconn.report.rows import RowLayout

    rows = [("connections/a", "http", ".env:1"), ("connections/long_name", "", ".env:22")]
    wide, narrow = RowLayout(rows, None), RowLayout(rows, 44)
    assert [layout.row("  +", rows[0], "the remark") for layout in (wide, narrow)] == [
        "  + connections/a          http  .env:1   the remark",
        "  + connections/a          http  .env:1\n      the remark",
    ]
    assert narrow.row("  +", rows[1], "") == "  + connections/long_name        .env:22"
    assert narrow.row("  +", rows[1], "short") == "  + connections/long_name        .env:22\n      short"
    assert RowLayout(rows, 32).row("  +", rows[0], "x") == "  + connections/a          http\n      .env:1  x"
    assert RowLayout([], 80).row("  +", ("a", "", ""), "b") == "  + a  b"


@given(st.lists(st.text("ab連/", min_size=1, max_size=60), min_size=1, max_size=12), st.integers(20, 120))
def test_no_line_is_wider_than_the_terminal_and_no_short_word_is_lost(words: list[str], columns: int) -> None:
    from rich.cells import cell_len

    shown = fit("  " + "  ".join(words), columns)
    assert all(cell_len(line) <= columns for line in shown.split("\n"))
    if all(cell_len(word) <= columns - 8 for word in words):
        assert shown.split() == words
