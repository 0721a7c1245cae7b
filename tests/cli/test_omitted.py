"""`--redacted omit`, and `--prune` of what it leaves out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

OBJECTS = {
    "connections": {"db": {"conn_type": "http", "host": "h"}},
    "variables": {"token": "***", "region": "eu"},
    "pools": {},
}
SHOWN = {**OBJECTS, "variables": {"token": "HUNTER2", "region": "eu"}}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source.json"
    path.write_text(json.dumps(OBJECTS))
    return path


@pytest.fixture
def target(tmp_path: Path) -> Path:
    path = tmp_path / "target.json"
    path.write_text(json.dumps(SHOWN))
    return path


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("out.json", []),
        ("out.yaml", []),
        (".env", []),
        (".env", ["--env-dialect", "sh"]),
        ("airflow_settings.yaml", []),
        ("out.yaml", ["--format", "k8s"]),
        ("variables.yaml", ["--variables"]),
    ],
)
@pytest.mark.parametrize("shown", [False, True], ids=["hidden", "masked"])
def test_what_an_export_left_out_is_not_pruned(
    airconn, source: Path, target: Path, tmp_path: Path, name: str, options: list[str], shown: bool
) -> None:
    out = tmp_path / name
    if shown:
        source.write_text(json.dumps(SHOWN))
        options = [*options, "--mask-secrets"]
    assert airconn("export", "--from", source, "--redacted", "omit", "-o", out, *options).code == 0
    assert "token" not in out.read_text()
    before = target.read_text()
    pruned = airconn("import", out, "--to", target, "--prune", "--yes", "--merge")
    assert (pruned.code, target.read_text()) == (4, before)
    assert f"{out}: variables that its source hid are not in this file, and --prune would" in pruned.err
    plain = airconn("import", out, "--to", target, "--merge")
    assert plain.code == 0, plain.err
    assert "HUNTER2" in target.read_text()
    if "--variables" not in options:
        assert airconn("import", out, "--to", target, "--prune", "--yes", "--merge", "--connections").code == 0


def test_the_mark_goes_with_the_reason(airconn, source: Path, target: Path, tmp_path: Path) -> None:
    for name in ("out.json", "out.yaml", ".env", "airflow_settings.yaml"):
        out = tmp_path / name
        assert airconn("export", "--from", source, "--redacted", "omit", "-o", out).code == 0
        assert airconn("export", "--from", target, "-o", out).code == 0
        assert "omits" not in out.read_text()
        assert "HUNTER2" in out.read_text()
        assert airconn("import", out, "--to", target, "--prune", "--yes", "--merge").code == 0


@pytest.mark.parametrize("name", ["out.json", "out.yaml", ".env"])
def test_an_import_onto_such_a_file_keeps_its_mark(
    airconn, source: Path, target: Path, tmp_path: Path, name: str
) -> None:
    out, more = tmp_path / name, tmp_path / "more.env"
    assert airconn("export", "--from", source, "--redacted", "omit", "-o", out).code == 0
    more.write_text("AIRFLOW_VAR_ZONE=a\n")
    assert airconn("import", more, "--to", out).code == 0
    assert "zone" in out.read_text().lower()
    assert airconn("import", out, "--to", target, "--prune", "--yes", "--merge").code == 4


@pytest.mark.parametrize("name", ["new.yaml", "new.json", "new.env", "airflow_settings.yaml"])
def test_a_conversion_of_such_a_file_keeps_its_mark(
    airconn, source: Path, target: Path, tmp_path: Path, name: str
) -> None:
    out, new = tmp_path / "out.json", tmp_path / name
    assert airconn("export", "--from", source, "--redacted", "omit", "-o", out).code == 0
    for _ in range(2):  # afresh, and in place
        assert airconn("convert", out, "-o", new).code == 0
        assert new.read_text().count("omits") == 1
        pruned = airconn("import", new, "--to", target, "--prune", "--yes", "--merge")
        assert (pruned.code, "HUNTER2" in target.read_text()) == (4, True)
    assert airconn("convert", out, "--variables", "-o", tmp_path / "variables.json").code == 0
    assert "omits" not in airconn("convert", out, "--connections", "--format", "yaml", "--allow-empty").out


def test_the_mark_in_json_outlives_another_layout(airconn, source: Path, target: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    assert airconn("export", "--from", source, "--redacted", "omit", "-o", out).code == 0
    out.write_text(json.dumps(json.loads(out.read_text()), separators=(",", ":"), sort_keys=True))
    assert airconn("import", out, "--to", target, "--prune", "--yes", "--merge").code == 4
    assert airconn("import", out, "--to", target, "--merge").code == 0


def test_a_file_that_cannot_say_so_is_warned_of(airconn, source: Path, tmp_path: Path) -> None:
    out = tmp_path / "variables.json"
    result = airconn("export", "--from", source, "--variables", "--redacted", "omit", "-o", out)
    assert (result.code, json.loads(out.read_text())) == (0, {"region": "eu"})
    assert "an import with --prune of this file would delete them" in result.err


def test_what_leaves_no_variable_out_has_no_mark(airconn, source: Path, tmp_path: Path) -> None:
    for options in (["--redacted", "mask"], ["--redacted", "omit", "--exclude", "token"]):
        assert "omits" not in airconn("export", "--from", source, *options).out
