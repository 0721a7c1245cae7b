"""The tables of README.md are those of the code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from airconn.cli import COMMANDS
from airconn.errors import ExitCode

README = (Path(__file__).parent.parent / "README.md").read_text()


def table(heading: str) -> list[list[str]]:
    """The cells of the first table under a heading, without its head."""
    section = re.split(r"^#+ ", README.split(f"# {heading}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]
    rows = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row.strip("|").split(" | ")] for row in rows[2:]]


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
