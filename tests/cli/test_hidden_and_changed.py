"""An export onto a file whose objects have changed, where the source hides secrets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

FILE = {
    "db": {
        "conn_type": "postgres",
        "host": "old.example.com",
        "login": "u",
        "password": "old-secret",
        "port": 1,
        "schema": "s",
        "extra": {"token": "old-token", "region": "eu"},
    }
}
HIDDEN = {**FILE["db"], "password": "***", "extra": {"token": "***", "region": "eu"}}


def exported(airconn, tmp_path: Path, name: str, fields: dict[str, Any], *options: str) -> tuple[Any, str]:
    (tmp_path / "file").mkdir(exist_ok=True)
    (tmp_path / "file" / "connections.json").write_text(json.dumps(FILE))
    out = tmp_path / name
    if not out.exists():
        assert airconn("convert", tmp_path / "file" / "connections.json", "-o", out).code == 0
    (tmp_path / "connections.json").write_text(json.dumps({"db": {**HIDDEN, **fields}}))
    result = airconn("export", "--from", tmp_path / "connections.json", "-o", out, *options)
    return result, out.read_text()


NAMES = [".env", "airflow_settings.yaml", "x.k8s.yaml", "x.json", "x.yaml", "x.uri"]
NEW = [
    {"conn_type": "mysql"},
    {"host": "new.example.com"},
    {"login": "other"},
    {"port": 2},
    {"schema": "other"},
    {"extra": {"token": "***", "region": "us"}},
]


@pytest.mark.parametrize("fields", NEW, ids=[next(iter(fields)) for fields in NEW])
@pytest.mark.parametrize("name", NAMES)
def test_no_old_secret_is_joined_with_what_is_new(airconn, tmp_path: Path, name: str, fields: dict[str, Any]) -> None:
    result, text = exported(airconn, tmp_path, name, fields)
    assert result.code == 0, result.err
    assert "old-secret" not in text
    assert "old-token" not in text
    said = [line for line in result.err.splitlines() if "the visible values of connections/db have changed" in line]
    assert len(said) == 1
    assert "--fill" in said[0]
    assert "old-secret" not in result.out + result.err
    again = airconn("export", "--from", tmp_path / "connections.json", "-o", tmp_path / name)
    assert (again.code, "has changed" in again.err) == (0, False)


@pytest.mark.parametrize("fields", [{}, {"description": "new"}])
@pytest.mark.parametrize("name", NAMES)
def test_what_the_file_knows_stays_while_nothing_else_changes(
    airconn, tmp_path: Path, name: str, fields: dict[str, Any]
) -> None:
    result, text = exported(airconn, tmp_path, name, fields)
    assert result.code == 0
    assert "old-secret" in airconn("convert", tmp_path / name, "--format", "json").out
    assert "***" not in text
    assert "has changed" not in result.err


def test_fill_says_what_is_right(airconn, tmp_path: Path) -> None:
    (tmp_path / "new.json").write_text(json.dumps({"connections": {"db": {**FILE["db"], "password": "new-secret"}}}))
    fields = {"host": "new.example.com"}
    result, text = exported(airconn, tmp_path, "x.json", fields, "--fill", str(tmp_path / "new.json"))
    assert (result.code, "new-secret" in text, "old-secret" in text) == (0, True, False)
    assert "has changed" not in result.err


def test_a_hidden_password_that_the_file_has_not_is_no_change(airconn, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text(json.dumps({"connections": {"db": {**FILE["db"], "password": None}}}))
    result, text = exported(airconn, tmp_path, "x.json", {})
    assert (result.code, "old-token" in text) == (0, True)


def test_a_variable_with_another_leaf(airconn, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text('AIRFLOW_VAR_V=\'{"password": "old", "host": "old.example.com"}\'\n')
    (tmp_path / "variables.json").write_text('{"v": {"password": "***", "host": "new.example.com"}}')
    result = airconn("convert", tmp_path / "variables.json", "-o", tmp_path / ".env")
    assert (result.code, '"***"' in (tmp_path / ".env").read_text()) == (0, True)
    assert "variables/v have changed" in result.err


def test_an_omitted_variable_whose_old_value_stays_is_named(airconn, tmp_path: Path) -> None:
    text = 'AIRFLOW_VAR_V=\'{"password": "old", "host": "old.example.com"}\'\n'
    (tmp_path / ".env").write_text(text)
    (tmp_path / "variables.json").write_text('{"v": {"password": "***", "host": "new.example.com"}, "w": "1"}')
    result = airconn("convert", tmp_path / "variables.json", "-o", tmp_path / ".env", "--redacted", "omit")
    mark = "# airconn: omits variables that the source hides\n"
    assert (result.code, (tmp_path / ".env").read_text()) == (0, f"{mark}{text}AIRFLOW_VAR_W=1\n")
    assert "variables/v have changed, so the hidden values in this file may be old and stay there" in result.err


def test_fail_writes_nothing(airconn, tmp_path: Path) -> None:
    result, text = exported(airconn, tmp_path, "x.json", {"host": "new"}, "--redacted", "fail")
    assert (result.code, "old-secret" in text) == (4, True)
