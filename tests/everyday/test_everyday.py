"""What people have at hand and try first: nothing of it is misread, and nothing is stored that isn't the value.

`AIRCONN_UPDATE_CASES=1 pytest tests/everyday` writes what `check` finds into the expectations, for you to look at.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.everyday.expectation import BESIDE, CASES, FILES, Case, Run, comparable

RUNS = [(case, number) for case in map(Case.of, FILES) for number in range(len(case.runs))]
UPDATE = bool(os.environ.get("AIRCONN_UPDATE_CASES"))
ABOUT_THE_DISK = {"AC511", "AC512"}


def ids(value: object) -> str:
    return value.path.name if isinstance(value, Case) else str(value)


def test_there_are_15_and_more_than_40_of_our_own() -> None:
    assert len(FILES) > 15 + 40
    assert sorted(path.name + BESIDE for path in FILES) == sorted(path.name for path in CASES.glob(f"*{BESIDE}"))


@pytest.fixture
def path(airconn, tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A copy of the file of a case, in a directory of its own."""
    case: Case = request.getfixturevalue("case")
    copy = tmp_path / case.path.name
    copy.write_bytes(case.path.read_bytes())
    copy.chmod(0o600)
    return copy


def run_of(case: Case, number: int) -> Run:
    return case.runs[number]


@pytest.mark.parametrize(("case", "number"), RUNS, ids=ids)
def test_an_import_takes_it_or_says_why_not(airconn, path: Path, case: Case, number: int) -> None:
    run = run_of(case, number)
    result = airconn("import", path, *run.options, "--to", path.parent / "target.yaml", "--dry-run", env=run.env)
    assert result.code == run.code, result.out + result.err
    assert [text for text in run.says if text not in result.err] == [], result.err
    if run.code == 0 and not run.says:
        assert result.err == ""


@pytest.mark.parametrize(("case", "number"), RUNS, ids=ids)
def test_a_conversion_gives_what_is_right(airconn, path: Path, case: Case, number: int) -> None:
    run = run_of(case, number)
    result = airconn("convert", path, *run.options, "--format", "json", env=run.env)
    if run.code == 3:
        assert (result.code, result.out) == (3, ""), result.err
    elif run.objects is not None:
        assert result.code == 0, result.err
        assert comparable(json.loads(result.out)) == comparable(run.objects)


@pytest.mark.parametrize(("case", "number"), RUNS, ids=ids)
def test_check_finds_what_there_is(airconn, path: Path, case: Case, number: int) -> None:
    run = run_of(case, number)
    result = airconn("check", path, *run.options, "--output", "json", env=run.env)
    found = sorted({finding["code"] for finding in json.loads(result.out)["findings"]} - ABOUT_THE_DISK)
    if UPDATE:
        beside = case.path.with_name(case.path.name + BESIDE)
        expected = json.loads(beside.read_text())
        expected["runs"][number]["check"] = found
        beside.write_text(json.dumps(expected, indent=2, ensure_ascii=False) + "\n")
    else:
        assert found == list(run.check or ()), result.out
