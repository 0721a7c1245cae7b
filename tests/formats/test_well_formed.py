"""Well-formed files of every format give no warning, whatever their values look like."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.formats import well_formed
from tests.formats.well_formed import MAKERS, NUMBER, WellFormed

FILES = list(well_formed.files())


def alarms(airconn, directory: Path, file: WellFormed) -> list[str]:
    """What `check`, `convert` and the plan of an import say about a file."""
    path = directory / file.name
    path.write_text(file.text, encoding="utf-8", newline="")
    path.chmod(0o600)
    checked = airconn("check", path, *file.options, "--output", "json")
    found = json.loads(checked.out)["findings"] if checked.out else []
    said = [f"check: {each['code']} {each['line']} {each['message']}" for each in found if each["severity"] != "note"]
    said += [f"check: {checked.err}"] * (checked.code != 0 and not said)
    for command in (
        ("convert", path, "--format", "json"),
        ("import", path, "--to", directory / "t.json", "--dry-run"),
    ):
        result = airconn(*command, *file.options)
        said += [f"{command[0]}: {line}" for line in result.err.splitlines() if line.startswith(("warning", "error"))]
        said += [f"{command[0]}: code {result.code}"] * (result.code != 0)
    return said


@pytest.mark.parametrize(
    "number", range(NUMBER), ids=lambda number: f"{number}-{MAKERS[number % len(MAKERS)].__name__}"
)
def test_a_well_formed_file_gives_no_warning(airconn, tmp_path: Path, number: int) -> None:
    assert alarms(airconn, tmp_path, FILES[number]) == []
