"""`airconn show` and `airconn delete` with globs over ids, --include and --exclude."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

Airconn = Callable[..., Any]
OBJECTS: dict[str, dict[str, Any]] = {
    "connections": {
        "aws_a": {"conn_type": "aws"},
        "aws_b": {"conn_type": "aws", "password": "canary"},
        "db": {"conn_type": "postgres"},
    },
    "variables": {"tmp_1": "1", "tmp_2": "2", "db": "d"},
    "pools": {"default_pool": {"slots": 128}, "p": {"slots": 1}},
}
ALL = {f"{kind}/{id_}" for kind, objects in OBJECTS.items() for id_ in objects}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    path = tmp_path / "objects.yaml"
    path.write_text(yaml.safe_dump(OBJECTS))
    return path


def held(path: Path) -> set[str]:
    return {f"{kind}/{id_}" for kind, objects in yaml.safe_load(path.read_text()).items() for id_ in objects}


def shown(airconn: Airconn, place: Path, *args: str) -> list[str]:
    result = airconn("show", *args, "--from", place)
    assert result.code == 0, result
    return [line.split()[0] for line in result.out.splitlines() if not line.startswith(" ")]


@pytest.mark.parametrize(
    ("args", "chosen"),
    [
        (["aws_*"], "connections/aws_a connections/aws_b"),
        (["connections/*_?"], "connections/aws_a connections/aws_b"),
        (["*"], " ".join(sorted(ALL))),
        (["d*"], "connections/db pools/default_pool variables/db"),
        (["d*", "--variables"], "variables/db"),
        (["variables/tmp_[2-9]", "p"], "pools/p variables/tmp_2"),
        (["aws_*", "--exclude", "*_b"], "connections/aws_a"),
        (["--include", "aws_*", "--include", "pools/p"], "connections/aws_a connections/aws_b pools/p"),
        (["tmp_1", "--include", "aws_a"], "connections/aws_a variables/tmp_1"),
        (["connections/db", "*b"], "connections/aws_b connections/db variables/db"),
        (["--pools"], "pools/default_pool pools/p"),
        (["--exclude", "*_*"], "connections/db pools/p variables/db"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_globs_and_options_choose_what_is_shown(airconn: Airconn, place: Path, args: list[str], chosen: str) -> None:
    found = shown(airconn, place, *args)
    assert sorted(found) == chosen.split()


def test_what_is_named_comes_first_and_nothing_comes_twice(airconn: Airconn, place: Path) -> None:
    assert shown(airconn, place, "*s_b", "tmp_2", "aws_b", "tmp*") == [
        "variables/tmp_2",
        "connections/aws_b",
        "variables/tmp_1",
    ]


@pytest.mark.parametrize("command", ["show", "delete"])
@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["zzz*"], "'zzz*' matches nothing"),
        (["tmp_*", "aws?"], "'aws?' matches nothing"),
        (["aws_*", "--include", "tpm_*"], "--include 'tpm_*' matches nothing"),
        (["aws_*", "--variables"], "'aws_*' matches nothing"),
        (["tmp_*", "nope"], "nope doesn't exist"),
        (["aws_*", "connections/nope"], "connections/nope doesn't exist"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_matches_nothing_is_an_error_and_nothing_is_done(
    airconn: Airconn, place: Path, command: str, args: list[str], message: str
) -> None:
    result = airconn(command, *args, "--from", place, *(["--yes"] if command == "delete" else []))
    assert (result.code, result.out) == (3, "")
    assert result.err.startswith(f"error: {place}: {message}\nhint: ")
    assert held(place) == ALL


def test_a_kind_in_the_singular_or_in_a_word_of_its_own_is_told_the_glob_that_is_meant(
    airconn: Airconn, place: Path
) -> None:
    singular = airconn("show", "connection/aws_*", "--from", place)
    assert (singular.code, "hint:  did you mean 'connections/aws_*'? " in singular.err) == (3, True)
    apart = airconn("delete", "connections", "aws_*", "db", "--from", place, "--yes")
    assert (apart.code, "hint:  airconn delete 'connections/aws_*' connections/db; " in apart.err) == (2, True)
    assert held(place) == ALL


def test_an_empty_choice_can_be_allowed(airconn: Airconn, place: Path) -> None:
    assert airconn("show", "zzz*", "--allow-empty", "--from", place).code == 0
    result = airconn("delete", "zzz*", "--allow-empty", "--from", place, "--yes")
    assert (result.code, result.err) == (0, "warning: nothing to delete\n")
    assert held(place) == ALL


@pytest.mark.parametrize("args", [["show"], ["delete"], ["delete", "--variables"], ["delete", "--exclude", "x"]])
def test_a_command_line_that_chooses_nothing_is_refused(airconn: Airconn, place: Path, args: list[str]) -> None:
    result = airconn(*args, "--from", place, *(["--yes"] if args[0] == "delete" else []))
    assert result.code == 2
    assert result.err.startswith("error: missing argument 'ID...'\nhint:  ")
    assert "--include GLOB" in result.err
    assert held(place) == ALL


def test_what_globs_match_is_deleted_and_nothing_else(airconn: Airconn, place: Path) -> None:
    result = airconn("delete", "variables/tmp_*", "aws_*", "--exclude", "aws_b", "--from", place, "--yes")
    assert result.code == 0
    assert held(place) == ALL - {"variables/tmp_1", "variables/tmp_2", "connections/aws_a"}
    assert "3 deleted" in result.out


def test_a_dry_run_of_a_deletion_shows_the_plan(airconn: Airconn, place: Path) -> None:
    result = airconn("delete", "tmp_*", "--from", place, "--dry-run")
    assert result.code == 0
    assert [line.split() for line in result.out.splitlines()[:2]] == [
        ["-", "variables/tmp_1"],
        ["-", "variables/tmp_2"],
    ]
    assert held(place) == ALL


def test_globs_delete_only_after_a_question(airconn: Airconn, place: Path) -> None:
    result = airconn("delete", "tmp_*", "--from", place)
    assert result.code == 4
    assert "error: 2 objects would be deleted, and it isn't confirmed\nhint:  add --yes" in result.err
    assert "  - variables/tmp_1\n" in result.out
    assert held(place) == ALL


def test_globs_delete_no_more_than_allowed(airconn: Airconn, place: Path) -> None:
    many = {"variables": {f"v{number:02}": "x" for number in range(12)}}
    place.write_text(yaml.safe_dump(many))
    for options in (["--yes"], ["--dry-run"]):
        result = airconn("delete", "v*", "--from", place, *options)
        assert result.code == 4
        assert "error: 12 objects would be deleted, and --max-delete allows 10\n" in result.err
        assert len(held(place)) == 12
    assert airconn("delete", "v*", "--from", place, "--yes", "--max-delete", "12").code == 0
    assert "variables" not in place.read_text() or not held(place)


def test_what_is_named_one_by_one_is_deleted_however_much_it_is(airconn: Airconn, place: Path) -> None:
    many = {f"v{number:02}": "x" for number in range(12)}
    place.write_text(yaml.safe_dump({"variables": many | {"keep": "y"}}))
    assert airconn("delete", *many, "--from", place, "--yes").code == 0
    assert held(place) == {"variables/keep"}


def test_no_glob_deletes_the_default_pool(airconn: Airconn, place: Path) -> None:
    result = airconn("delete", "pools/*", "--from", place, "--yes")
    assert result.code == 0
    assert f"warning: {place}: pools/default_pool is kept, because no Airflow can be without it\n" in result.err
    assert held(place) == ALL - {"pools/p"}
    assert airconn("delete", "pools/default_pool", "--from", place, "--yes").code == 0
    assert "pools/default_pool" not in held(place)


def test_an_object_that_is_named_and_excluded_is_a_contradiction(airconn: Airconn, place: Path) -> None:
    result = airconn("delete", "connections/db", "aws_*", "--exclude", "d*", "--from", place, "--yes")
    assert result.code == 2
    assert result.err.startswith("error: connections/db is named, and --exclude leaves it out\n")
    assert held(place) == ALL


@pytest.mark.parametrize("id_", ["a*b", "a?b", "what?", "x[1]", "[a]"])
def test_an_id_with_the_characters_of_a_glob_can_be_named(airconn: Airconn, place: Path, id_: str) -> None:
    place.write_text(yaml.safe_dump({"variables": {id_: "1", "other": "2"}}))
    assert shown(airconn, place, id_) == [f"variables/{id_}"]
    assert airconn("delete", f"variables/{id_}", "--from", place, "--yes").code == 0
    assert held(place) == {"variables/other"}


def test_a_glob_that_is_also_an_id_is_refused_and_both_can_be_said(airconn: Airconn, place: Path) -> None:
    objects = {"variables": {"a*b": "1", "axb": "2", "c": "3"}}
    place.write_text(yaml.safe_dump(objects))
    result = airconn("delete", "a*b", "--from", place, "--yes")
    assert (result.code, result.out) == (2, "")
    assert "error: 'a*b' is the id of an object, and a glob that matches 1 other object\n" in result.err
    assert "hint:  'a[*]b' is only that object; --include 'a*b' is all of them\n" in result.err
    assert shown(airconn, place, "a[*]b") == ["variables/a*b"]
    assert shown(airconn, place, "--include", "a*b") == ["variables/a*b", "variables/axb"]
    assert airconn("delete", "variables/a[*]b", "--from", place, "--yes").code == 0
    assert held(place) == {"variables/axb", "variables/c"}


def test_globs_show_no_secret(airconn: Airconn, place: Path) -> None:
    result = airconn("show", "*", "--from", place)
    assert (result.code, "canary" in result.out + result.err) == (0, False)
    assert "canary" in airconn("show", "aws_*", "--from", place, "--reveal").out


def test_a_dry_run_says_with_its_exit_code_whether_anything_would_be_deleted(airconn: Airconn, place: Path) -> None:
    before = place.read_text()
    for args, code in (
        (["tmp_*", "--dry-run", "--exit-code"], 6),
        (["tmp_*", "--dry-run"], 0),
        (["x*", "--allow-empty", "--dry-run", "--exit-code"], 0),
        (["db", "--variables", "--exit-code", "--yes"], 2),
    ):
        result = airconn("delete", *args, "--from", place)
        assert result.code == code, result
    assert "hint:  add --dry-run" in result.err
    assert place.read_text() == before
