"""README.md is short, its tables are those of the code, and its links lead somewhere."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from airconn.cli import COMMANDS
from airconn.errors import ExitCode
from tests import help_pages, readme_tables
from tests.integration import terminal_picture

try:
    import tomllib
except ImportError:
    import tomli as tomllib  # type: ignore[no-redef]

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def test_the_readme_is_read_in_two_minutes() -> None:
    assert len(README.splitlines()) <= 250


@pytest.mark.parametrize("make", readme_tables.TABLES, ids=lambda make: make.__name__)
def test_a_table_is_what_the_code_says(make: Callable[[], str]) -> None:
    assert f"\n\n{make()}\n" in README, "python -m tests.readme_tables"


def test_every_link_leads_somewhere() -> None:
    targets = re.findall(r"\]\(([^)#]+)\)", README) + re.findall(r'(?:src|srcset)="([^"]+)"', README)
    assert len(targets) > len(help_pages.pages())
    assert [target for target in targets if "://" not in target and not (ROOT / target).exists()] == []


def test_every_page_is_linked() -> None:
    assert f"\n{readme_tables.pages()}\n" in README, "python -m tests.readme_tables"


def test_every_extra_is_named() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    section = README.split("\n## Install\n")[1].split("\n## ")[0]
    assert {name for name in extras if f"`{name}`" not in section} == {"test"}


def test_every_exit_code_is_in_the_guide() -> None:
    codes = re.findall(r"^\| (\d+) \|", (help_pages.HELP / "exit-codes.md").read_text(), re.MULTILINE)
    assert {int(code) for code in codes} == {int(code) for code in ExitCode}


def test_both_pictures_show_the_same_and_no_secret() -> None:
    dark, light = (
        terminal_picture.shown_by((ROOT / "examples" / name).read_text()) for name in terminal_picture.PICTURES
    )
    assert dark == light
    assert [line[2:] for line in dark.splitlines() if line.startswith("$ ")] == list(terminal_picture.COMMANDS)
    assert "pa/ss" not in dark


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_option_of_a_command_is_explained(name: str, airconn, capsys) -> None:
    airconn(name, "--help-all")
    text = capsys.readouterr().out
    options = "".join(re.split(r"^\w+:$", text, flags=re.MULTILINE)[1:])
    for entry in re.findall(r"^  (-.*?)(?:  +(\S.*))?$", options, re.MULTILINE):
        assert entry[1] or re.search(re.escape(entry[0]) + r"\n +\S", options), entry
