"""A connection whose source doesn't say its conn_type: one that is there keeps its own, a new one is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

HELD = {"warehouse": {"conn_type": "postgres", "host": "old", "login": "etl", "password": "pw"}}
PARTIAL = {
    "partial.yaml": "connections:\n  warehouse: {host: new}\n",
    "connections.yaml": "warehouse:\n  conn_type: null\n  host: new\n",
    "connections.json": '{"warehouse": {"host": "new"}}',
    "partial.json": '{"connections": {"warehouse": {"host": "new"}}}',
    "partial.env": 'AIRFLOW_CONN_WAREHOUSE=\'{"host": "new"}\'\n',
    "uri.env": "AIRFLOW_CONN_WAREHOUSE=//new\n",
    "partial.uri": "warehouse=//new\n",
    "secret.yaml": (
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: x\nstringData:\n"
        '  AIRFLOW_CONN_WAREHOUSE: \'{"host": "new"}\'\n'
    ),
}
TARGETS = ["held.json", "held.yaml", "held.env", "airflow_settings.yaml"]


@pytest.fixture
def target(tmp_path: Path, airconn, request: pytest.FixtureRequest) -> Path:
    (tmp_path / "connections.json").write_text(json.dumps(HELD))
    path = tmp_path / "target" / request.param
    path.parent.mkdir()
    assert airconn("convert", tmp_path / "connections.json", "-o", path, "--connections").code == 0
    return path


@pytest.mark.parametrize("name", PARTIAL)
@pytest.mark.parametrize("target", TARGETS, indirect=True)
@pytest.mark.parametrize("option", [(), ("--merge",)])
def test_a_connection_keeps_its_type_where_the_source_says_none(
    airconn, tmp_path: Path, name: str, target: Path, option: tuple[str, ...]
) -> None:
    (tmp_path / name).write_text(PARTIAL[name])
    result = airconn("import", tmp_path / name, "--to", target, "--connections", "--yes", *option)
    assert result.code == 0, result.err
    shown = json.loads(airconn("convert", target, "--format", "json", "--connections").out)["warehouse"]
    assert (shown["conn_type"], shown["host"]) == ("postgres", "new")
    assert bool(shown["password"]) == bool(option)


@pytest.mark.parametrize("name", PARTIAL)
@pytest.mark.parametrize("target", TARGETS, indirect=True)
def test_a_conversion_onto_a_file_keeps_the_type(airconn, tmp_path: Path, name: str, target: Path) -> None:
    (tmp_path / name).write_text(PARTIAL[name])
    result = airconn("convert", tmp_path / name, "-o", target, "--connections")
    assert result.code == 0, result.err
    assert json.loads(airconn("convert", target, "--format", "json", "--connections").out)["warehouse"][
        "conn_type"
    ] == ("postgres")


@pytest.mark.parametrize("name", PARTIAL)
@pytest.mark.parametrize("option", [(), ("--merge",), ("--dry-run",)])
def test_a_new_connection_without_a_type_is_an_error_at_its_place(
    airconn, tmp_path: Path, name: str, option: tuple[str, ...]
) -> None:
    (tmp_path / name).write_text(PARTIAL[name])
    target = tmp_path / "target.json"
    target.write_text('{"other": {"conn_type": "http"}}')
    before = target.read_bytes()
    result = airconn("import", tmp_path / name, "--to", target, "--connections", "--yes", *option)
    assert (result.code, target.read_bytes()) == (3, before)
    assert f"{name}:" in result.err
    assert "connections/warehouse has no conn_type" in result.err
    assert "add the conn_type" in result.err


def test_a_type_from_an_option_is_one(airconn, tmp_path: Path) -> None:
    (tmp_path / "connections.json").write_text('{"warehouse": {"host": "new"}}')
    target = tmp_path / "target.json"
    target.write_text('{"other": {"conn_type": "http"}}')
    options = ("--connections", "--yes", "--set", "connections/warehouse.conn_type=postgres")
    assert airconn("import", tmp_path / "connections.json", "--to", target, *options).code == 0
    assert json.loads(target.read_text())["warehouse"]["conn_type"] == "postgres"


def test_an_empty_type_that_a_file_says_is_written_as_it_is(airconn, tmp_path: Path) -> None:
    (tmp_path / "connections.json").write_text('{"warehouse": {"conn_type": "", "host": "new"}}')
    target = tmp_path / "target.json"
    target.write_text(json.dumps(HELD))
    assert airconn("import", tmp_path / "connections.json", "--to", target, "--connections", "--yes").code == 0
    assert json.loads(target.read_text())["warehouse"]["conn_type"] == ""


@pytest.mark.parametrize("form", ["json", "yaml", "env"])
def test_what_is_not_said_is_not_said_of_a_new_file_either(airconn, tmp_path: Path, form: str) -> None:
    (tmp_path / "connections.json").write_text('{"warehouse": {"host": "new"}}')
    text = airconn("convert", tmp_path / "connections.json", "--format", form, "--connections").out
    assert "new" in text
    assert "conn_type" not in text


def test_a_type_that_is_not_said_is_no_difference(airconn, tmp_path: Path) -> None:
    (tmp_path / "connections.json").write_text('{"warehouse": {"host": "old", "login": "etl", "password": "pw"}}')
    (tmp_path / "held.json").write_text(json.dumps(HELD))
    result = airconn("diff", tmp_path / "connections.json", tmp_path / "held.json", "--connections", "--exit-code")
    assert result.code == 0, result.out
