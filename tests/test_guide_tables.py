"""The tables of the guide are those of the code."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from airconn import formats
from airconn.formats.dotenv import marks
from tests import guide_tables
from tests.help_pages import HELP, ROOT

GUIDE = {path.name: path.read_text() for path in HELP.glob("*.md")}


def rows(page: str, heading: str) -> list[list[str]]:
    """The cells of the first table under a heading of a page, without its head."""
    section = re.split(r"^##+ ", GUIDE[page].split(f"# {heading}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[2:]]


@pytest.mark.parametrize(
    ("page", "table"), guide_tables.TABLES, ids=[f"{page}-{table.__name__}" for page, table in guide_tables.TABLES]
)
def test_a_table_is_what_the_code_says(page: str, table: Callable[[], str]) -> None:
    assert f"\n\n{table()}\n" in GUIDE[page], "python -m tests.guide_tables --write"


def test_every_format_is_in_the_table() -> None:
    assert set(guide_tables.FORMATS) == set(formats.names())


def test_every_env_dialect_is_in_the_table() -> None:
    assert [row[0].strip("`") for row in rows("dotenv.md", "Write a .env for one program")] == list(marks.NAMES)


def test_every_dialect_says_what_it_fills_in() -> None:
    found = [name for row in rows("dotenv.md", "Fill in ${NAME}") for name in re.findall(r"`([^`]+)`", row[0])]
    assert sorted(found) == sorted(marks.NAMES)


def test_every_variable_of_airconn_is_in_the_guide() -> None:
    sources = "".join(path.read_text() for path in sorted(Path(ROOT / "airconn").rglob("*.py")))
    names = set(re.findall(r"AIRCONN_[A-Z_]*[A-Z]\b", sources)) - {"AIRCONN_COMPLETE", "AIRCONN_HEADER"}
    text = "".join(GUIDE.values())
    assert {name for name in names if f"`{name}`" not in text and f"{name}=" not in text} == set()
