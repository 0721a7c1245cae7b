"""Undo in real Airflows, which hide what they hold."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.integration.conftest import on_worker_of
from tests.integration.program import Program, WatchedProxy
from tests.integration.target import Target

FIELDS = {"conn_type": "http", "description": "d", "host": "h", "login": "l", "port": 1, "schema": "s"}
HELD: dict[str, Any] = {
    "connections": {
        "changed": {**FIELDS, "password": "pw-1", "extra": '{"token": "t-1", "n": 1.50}'},
        "deleted": {**FIELDS, "password": "pw-2", "extra": None},
        "same": {**FIELDS, "password": None, "extra": '{"a": 1}'},
    },
    "variables": {
        "api_key": {"value": "k-1", "description": None},
        "plain": {"value": " a b ", "description": "d"},
        "dag": {"value": "{{ ds }}", "description": None},
    },
    "pools": {"p": {"slots": 3, "description": "d", "include_deferred": False}},
}
NEW = {
    "connections": {
        "changed": {**FIELDS, "host": "h2", "password": "pw-new", "extra": {"token": "t-new", "n": 2}},
        "same": {**FIELDS, "extra": {"a": 1}},
        "created": {**FIELDS, "password": "pw-3"},
    },
    "variables": {"plain": "2", "dag": "x"},
    "pools": {"p": {"slots": 5}, "q": {"slots": 1}},
}


@pytest.mark.parametrize(
    "version", [pytest.param(version, marks=on_worker_of(version)) for version in ("3.3.2", "2.11.2")]
)
def test_an_import_with_deletions_is_undone_as_far_as_the_airflow_had_shown_it(
    version: str, shared_sandbox: Callable[[str], Any], airconn: Callable[..., Any], tmp_path: Path
) -> None:
    target = Target(shared_sandbox(version), airconn, tmp_path)
    program = Program(tmp_path / "work", target.environ)
    target.seed(HELD)
    held = target.database()
    (program.directory / "new.json").write_text(json.dumps(NEW))
    (program.directory / "old.json").write_text(json.dumps(HELD))
    assert program.run("import", "new.json", "--prune", "--yes").code == 0
    changed = target.database()
    assert changed["connections"].keys() == {"changed", "same", "created"}

    without = program.run("undo", "--yes", "--verify")
    # An Airflow 3 hides a sensitive variable as a whole.
    is_hidden = version.startswith("3")
    assert without.code == (1 if is_hidden else 0), without.err
    there = target.database()
    assert there["connections"]["deleted"] == {**held["connections"]["deleted"], "password": None}
    assert there["connections"]["changed"] == {**changed["connections"]["changed"], "host": "h"}
    assert there["variables"].keys() == {"plain", "dag", *([] if is_hidden else ["api_key"])}
    assert {key: there["variables"][key] for key in ("plain", "dag")} == {
        key: held["variables"][key] for key in ("plain", "dag")
    }
    assert there["pools"] == held["pools"]
    assert "connections/changed.password, connections/changed.extra" in without.err
    assert "and will be missing: connections/deleted.password" in without.err
    assert ("variables/api_key" in without.err) is is_hidden

    (undo, run) = (line.split()[0] for line in program.run("undo", "--list").out.splitlines())
    assert program.run("undo", undo, "--yes").code == 0
    assert target.database()["variables"] == changed["variables"]
    # The first undo deleted a connection with a hidden password, which an Airflow 3 shows as a change.
    filled = program.run("undo", run, "--yes", "--force", "--fill", "old.json", "--verify")
    assert filled.code == 0, filled.err
    there = target.database()
    for fields in (there["connections"]["changed"], held["connections"]["changed"]):
        fields["extra"] = json.loads(fields["extra"])
    assert there == held
    assert "0 created, 0 updated, " in program.run("undo", run, "--yes").out


def test_what_was_deleted_and_could_not_be_created_again_comes_back(
    shared_sandbox: Callable[[str], Any], airconn: Callable[..., Any], tmp_path: Path
) -> None:
    target = Target(shared_sandbox("3.3.2"), airconn, tmp_path)
    program = Program(tmp_path / "work", target.environ)
    held = {"connections": {"c": {**FIELDS, "password": "pw", "extra": None}}, "variables": {}, "pools": {}}
    target.seed(held)
    (program.directory / "bare.json").write_text(json.dumps({"connections": {"c": FIELDS}}))

    def forbidden(number: int, request: str) -> str:
        return "403" if request.startswith("POST ") and request.endswith("/connections") else ""

    with WatchedProxy(target.box.url, forbidden) as proxy:
        ran = program.run("import", "bare.json", "--exact", env={"AIRCONN_URL": proxy.url})
        assert (ran.code, target.database()["connections"]) == (1, {})
        elsewhere = program.run("undo", "--yes", "--to", target.box.url)
        assert elsewhere.code == 4
        proxy.on_write = lambda number, request: ""
        assert program.run("undo", "--yes").code == 0
    assert target.database()["connections"] == {"c": {**held["connections"]["c"], "password": None}}
