"""The tables of README.md are those of the code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from airconn import formats
from airconn.cli import COMMANDS
from airconn.errors import ExitCode
from airconn.formats.dotenv import marks
from tests.formats import keeps_table
from tests.stores import stores_table

README = (Path(__file__).parent.parent / "README.md").read_text()


def table(heading: str) -> list[list[str]]:
    """The cells of the first table under a heading, without its head."""
    section = re.split(r"^#+ ", README.split(f"# {heading}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]
    rows = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row.strip("|").split(" | ")] for row in rows[2:]]


def test_every_format_is_in_the_table_with_the_names_that_it_is_detected_by() -> None:
    found = {row[0].strip("`"): row[2] for row in table("Formats")}
    by_name = {name: ", ".join(f"`{p}`" for p in entry.patterns) for name, entry in formats.FORMATS.items()}
    assert found == {name: patterns or "its content" for name, patterns in by_name.items()}


def test_the_table_says_which_formats_are_only_read() -> None:
    only_read = {row[0].strip("`") for row in table("Formats") if row[1].endswith("(only read)")}
    assert only_read == set(formats.names()) - set(formats.writable_names())


def test_every_option_of_a_format_is_in_a_table() -> None:
    for option in formats.options():
        owners = ", ".join(f"`{name}`" for name in formats.names() if option in formats.FORMATS[name].options)
        flag = option.flag if option.help or option.said else option.flag_of_sources
        text = option.help or option.help_of_sources
        assert f"| `{flag}` | {owners} | {text.rstrip('.')} |\n" in README


def test_the_table_of_what_a_format_keeps_is_what_the_formats_do() -> None:
    assert keeps_table.table() in README


def test_the_table_of_what_a_place_can_do_is_what_the_places_say() -> None:
    assert stores_table.table() in README


def test_every_env_dialect_is_in_the_table() -> None:
    assert [row[0].strip("`") for row in table("Files for one reader")] == list(marks.NAMES)


def test_every_exit_code_is_in_the_table() -> None:
    assert {int(row[0]) for row in table("Exit codes")} == {int(code) for code in ExitCode}


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_command_is_in_the_table(name: str) -> None:
    assert any(row[0].strip("`").startswith(f"airconn {name}") for row in table("Commands"))


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_option_of_a_command_is_explained(name: str, airconn, capsys) -> None:
    airconn(name, "--help-all")
    text = capsys.readouterr().out
    options = "".join(re.split(r"^\w+:$", text, flags=re.MULTILINE)[1:])
    for entry in re.findall(r"^  (-.*?)(?:  +(\S.*))?$", options, re.MULTILINE):
        assert entry[1] or re.search(re.escape(entry[0]) + r"\n +\S", options), entry
