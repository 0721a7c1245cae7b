"""A check without a command line: what it finds and mends, and the exit code that goes with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from airconn.check import CheckRequest, run_check
from airconn.config import Config
from airconn.errors import ExitCode, InputErrors, UsageError
from airconn.model import Kind, Selection
from airconn.transfer.places import Places
from airconn.transfer.request_parts import Network


@pytest.fixture
def places() -> Places:
    return Places(Config({}), Network(), lambda place: "")


def test_an_error_has_an_exit_code_and_a_warning_has_one_where_it_is_strict(places: Places, tmp_path: Path) -> None:
    file, bad = tmp_path / ".env", tmp_path / "bad.json"
    file.write_text("AIRFLOW_CONN_A=\n")
    bad.write_text("{")
    found = run_check(CheckRequest((str(file),)), places)
    assert ([finding.code for finding in found.findings], found.exit_code) == (["AC405"], ExitCode.OK)
    assert run_check(CheckRequest((str(file),), strict=True), places).exit_code == ExitCode.INPUT
    assert run_check(CheckRequest((str(file),), strict=True, ignore=("ac405",)), places).exit_code == ExitCode.OK
    assert run_check(CheckRequest((str(bad),)), places).exit_code == ExitCode.INPUT


def test_what_is_mended_is_told_once_for_a_file_that_is_named_twice(places: Places, tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("AIRFLOW_CONN_A='postgres://u:hunter2@h'\n")
    file.chmod(0o644)
    result = run_check(CheckRequest((str(file), str(file)), fix=True), places)
    assert [(repair.file, repair.done) for repair in result.repairs] == [
        (str(file), ("now only its owner can read it",))
    ]
    assert file.stat().st_mode & 0o777 == 0o600
    assert "AC512" not in [finding.code for finding in result.findings]


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (CheckRequest(("-",), fix=True), "can't change standard input"),
        (CheckRequest(("env:",)), "is not a file"),
        (CheckRequest((".env",), ignore=("AC999",)), "is not the code of a rule"),
        (CheckRequest(("-", "-")), "more than once"),
    ],
)
def test_what_can_not_be_checked_is_refused(places: Places, request_: CheckRequest, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        run_check(request_, places)


def test_a_glob_that_matches_nothing_is_refused_unless_that_is_allowed(places: Places, tmp_path: Path) -> None:
    file = tmp_path / "in.json"
    file.write_text('{"variables": {"region": "eu"}}')
    nothing = Selection(frozenset(Kind), ("nope",))
    with pytest.raises(InputErrors, match="--include 'nope' matches nothing"):
        run_check(CheckRequest((str(file),), selection=nothing), places)
    assert run_check(CheckRequest((str(file),), selection=nothing, allow_empty=True), places).exit_code == ExitCode.OK
