"""What text from elsewhere looks like where it is shown."""

from __future__ import annotations

import json

import pytest

from airconn.cli.clean_output import cleaned, coloured
from airconn.quoting import clean, clean_lines, some_or_all, to_json, without_passwords

HOSTILE = ["\x1b[31mred", "a\x9b2Jb", "a\u202eb", "\x07", "\x7f", "\udc80", "a\u2028b", "\r", "\t", "\x00"]


@pytest.mark.parametrize("text", [*HOSTILE, "a\nb"])
def test_nothing_is_left_that_a_terminal_obeys(text: str) -> None:
    assert clean(text).isprintable()
    assert cleaned(text, is_one=True).isprintable()
    assert cleaned(text).replace("\n", "").isprintable()


@pytest.mark.parametrize("text", ["::error::x", "  ::add-mask::x", "a\n::stop-commands::x"])
def test_no_line_begins_with_a_command_to_github(text: str) -> None:
    for shown in (clean_lines(text), cleaned(text), cleaned(text, is_one=True)):
        assert not any(line.lstrip().startswith("::") for line in shown.splitlines())


@pytest.mark.parametrize("text", ["a ##[error]x", "##vso[task.setvariable]x", "##TeamCity[x]", "###[error]x"])
def test_no_text_has_a_command_to_other_runners(text: str) -> None:
    for shown in (clean(text), clean_lines(text), cleaned(text), to_json(text)):
        assert not any(mark in shown.lower() for mark in ("##[", "##vso[", "##teamcity["))
    assert json.loads(to_json(text)) == text


def test_what_is_harmless_stays_as_it_is() -> None:
    for text in ("variables/\u00fc\u65e5 = \U0001f600", "host: ::1", "## x", "a::b"):
        assert clean(text) == cleaned(text) == text
    assert clean("::1") == "::1"  # a part of a line


@pytest.mark.parametrize("text", [*HOSTILE, "a\nb", "\U000e0041", '"\\\\'])
def test_a_report_in_json_has_no_such_character_and_means_the_same(text: str) -> None:
    shown = to_json({text: [text]})
    assert shown.replace("\n", "").isprintable()
    assert json.loads(shown) == {text: [text]}


def test_our_own_colours_go_out_and_no_others() -> None:
    text = f"{coloured('error:', 'red')} \x1b[31mx\x1b[0m ::y\n::z"
    assert cleaned(text) == "\x1b[31m\x1b[1merror:\x1b[0m \\x1b[31mx\\x1b[0m ::y\n\\x3a:z"


@pytest.mark.parametrize(
    "text",
    [
        "https://example.com:8080/x",
        "user@example.com: a",
        "like postgresql://USER:PASSWORD@HOST/DB",
        "https://a and b: c@d",
        "connections/a: port 1 @ x",
    ],
)
def test_what_has_no_password_is_told_as_it_is(text: str) -> None:
    assert without_passwords(text) == text


def test_a_message_with_long_texts_is_cleared_quickly() -> None:
    for text in ("a://" * 20_000, "a://b:" * 20_000, "a" * 100_000, "a://" + ":" * 100_000):
        assert without_passwords(text) == text


@pytest.mark.parametrize(
    ("names", "text"),
    [("a", "a"), ("abc", "a, b, c"), ("abcd", "a, b, c, d"), ("abcde", "a, b, c and 2 more")],
)
def test_never_is_only_one_name_left_out(names: str, text: str) -> None:
    assert some_or_all(list(names)) == text
