"""What `--exact` deletes in a real Airflow where nothing can be created any more."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.integration.conftest import on_worker_of
from tests.integration.program import Program, WatchedProxy
from tests.integration.target import Target

FIELDS = {"conn_type": "http", "description": "d", "host": "h", "login": "l", "port": 1, "schema": "s", "extra": None}
IDS = [f"c{number}" for number in range(6)]
HELD = {"connections": {id_: {**FIELDS, "password": f"pw-{id_}"} for id_ in IDS}, "variables": {}, "pools": {}}


@pytest.mark.parametrize(
    "version", [pytest.param(version, marks=on_worker_of(version)) for version in ("3.3.2", "2.11.2")]
)
def test_where_nothing_can_be_created_one_connection_is_gone_and_can_be_put_back(
    version: str, shared_sandbox: Callable[[str], Any], airconn: Callable[..., Any], tmp_path: Path
) -> None:
    target = Target(shared_sandbox(version), airconn, tmp_path)
    program = Program(tmp_path / "work", target.environ)
    target.seed(HELD)
    (program.directory / "bare.json").write_text(json.dumps({"connections": dict.fromkeys(IDS, FIELDS)}))

    def forbidden(number: int, request: str) -> str:
        return "403" if request.startswith("POST ") and request.endswith("/connections") else ""

    with WatchedProxy(target.box.url, forbidden) as proxy:
        ran = program.run("import", "bare.json", "--exact", env={"AIRCONN_URL": proxy.url})
        deleted = [request for request in proxy.written if request.startswith("DELETE ")]
    assert ran.code == 1
    assert len(deleted) == 1
    there = target.database()["connections"]
    assert there == {id_: HELD["connections"][id_] for id_ in IDS[1:]}
    assert ran.out.count("not tried: it would be deleted first, and connections/c0 could not be created again") == 5
    (file,) = program.state.glob("recovery-*")
    assert json.loads(file.read_text())["connections"].keys() == {"c0"}
    again = program.run("import", file, "--exact")
    assert again.code == 0, again.err
    assert target.database()["connections"] == {**there, "c0": {**FIELDS, "password": None}}


@pytest.mark.parametrize(
    "version", [pytest.param(version, marks=on_worker_of(version)) for version in ("3.3.2", "2.11.2")]
)
def test_where_nothing_can_be_deleted_all_is_there_and_no_file_of_secrets_is_left(
    version: str, shared_sandbox: Callable[[str], Any], airconn: Callable[..., Any], tmp_path: Path
) -> None:
    target = Target(shared_sandbox(version), airconn, tmp_path)
    program = Program(tmp_path / "work", target.environ)
    target.seed(HELD)
    (program.directory / "bare.json").write_text(json.dumps({"connections": dict.fromkeys(IDS, FIELDS)}))
    with WatchedProxy(target.box.url, lambda _, request: "403" if request.startswith("DELETE ") else "") as proxy:
        ran = program.run("import", "bare.json", "--exact", env={"AIRCONN_URL": proxy.url})
    assert ran.code == 1
    assert ran.out.count("these credentials may not delete connections") == len(IDS)
    assert target.database()["connections"] == HELD["connections"]
    assert not program.state.exists() or list(program.state.rglob("*.json*")) == []
    assert "recovery" not in ran.err
