"""Which Airflow a text names, and what it takes to install that one."""

from __future__ import annotations

import pytest

from airconn.errors import UsageError
from airconn.model import NEWEST
from airconn.sandbox.versions import resolve


@pytest.mark.parametrize(
    ("text", "version"),
    [
        (None, "3.3.2"),
        ("3.3.2", "3.3.2"),
        ("2.7.3", "2.7.3"),
        ("3.3", "3.3.2"),
        ("2.7", "2.7.3"),
        ("2", "2.11.2"),
        ("3", "3.3.2"),
        ("3.0", "3.0.6"),
        ("2.10", "2.10.5"),
        ("3.3.9", "3.3.9"),
        ("2.11.7", "2.11.7"),
        ("3.4.0", "3.4.0"),
        ("4.0.0", "4.0.0"),
    ],
)
def test_a_version_a_prefix_or_a_newer_release_is_taken(text: str | None, version: str) -> None:
    assert str(resolve(text)) == version


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("2.6.3", "too old"),
        ("1.10", "too old"),
        ("1", "too old"),
        ("3.0.5", "unknown Airflow 3.0.5"),
        ("3.1.4", "unknown Airflow 3.1.4"),
        ("2.12", "unknown Airflow 2.12"),
        ("2.12.0", "unknown Airflow 2.12.0"),
        ("3.4", "such as 3.4.0"),
        ("4", "such as 4.0.0"),
        ("", "is not a version"),
        ("latest", "is not a version"),
        ("3.3.2rc1", "is not a version"),
        ("3.3.2.1", "is not a version"),
        ("2.7.3; rm -rf", "is not a version"),
        ("--help", "is not a version"),
        (" 3.3.2", "is not a version"),
    ],
)
def test_anything_else_is_refused_with_the_list_of_what_there_is(text: str, problem: str) -> None:
    with pytest.raises(UsageError, match=problem) as caught:
        resolve(text)
    assert caught.value.where == "--airflow"
    assert caught.value.hint is not None
    assert "2.7.0 to 2.7.3" in caught.value.hint
    assert f"to {NEWEST}" in caught.value.hint


def test_a_known_release_is_installed_as_it_was_at_the_end_of_the_day_it_came_out() -> None:
    assert resolve("2.7.3").cutoff == "2023-11-07T00:00:00Z"


def test_a_release_newer_than_the_table_is_installed_without_a_cutoff() -> None:
    assert resolve("3.3.9").cutoff is None


@pytest.mark.parametrize(
    ("text", "newest", "oldest"),
    [("2.7.3", 11, 8), ("2.11", 12, 10), ("3.0", 12, 9), ("3.3", 14, 10), ("3.4.0", 14, 10)],
)
def test_the_newest_python_of_a_release_comes_first(text: str, newest: int, oldest: int) -> None:
    pythons = resolve(text).pythons
    assert (pythons[0], pythons[-1]) == (newest, oldest)
    assert list(pythons) == sorted(pythons, reverse=True)
