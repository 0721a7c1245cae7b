"""Single objects of real Airflows: values that are read and set, and connections that are tested."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from airconn.cli import run
from airconn.cli.app import App
from airconn.sandbox import Sandbox
from tests.cli.test_edit import TypedInput
from tests.conftest import Terminal
from tests.integration.conftest import on_worker_of
from tests.integration.postgres import Postgres

WRONG = "wr0ng/pass-word"


def airconn(box: Sandbox, *args: object, stdin: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "airconn", *map(str, args)]
    return subprocess.run(
        command, env=box.environ(), input=stdin, capture_output=True, text=True, check=False, timeout=120
    )


def test_single_values_are_set_and_got(sandbox: Sandbox) -> None:
    new = ["connections/one.conn_type=http", "connections/one.host=a", "connections/one.password=-"]
    created = airconn(sandbox, "set", *new, "connections/one.extra.a.b=x", "variables/one.value=1", stdin="s3cret-1")
    assert (created.returncode, "2 created" in created.stdout) == (0, True), created
    try:
        changed = airconn(sandbox, "set", "connections/one.host=b")
        assert (changed.returncode, "1 updated" in changed.stdout) == (0, True), changed
        got = {name: airconn(sandbox, "get", f"connections/one.{name}") for name in ("host", "extra.a.b", "password")}
        assert (got["host"].stdout, got["extra.a.b"].stdout) == ("b", "x")
        assert (got["password"].returncode, got["password"].stdout) == (4, "")
        assert airconn(sandbox, "get", "variables/one").stdout == "1"
        assert airconn(sandbox, "get", "variables/onf").returncode == 3
        stored = sandbox.run(
            ["airflow", "connections", "get", "one", "-o", "json"], check=True, capture_output=True, text=True
        )
        (connection,) = json.loads(stored.stdout[stored.stdout.index("[") :])
        assert (connection["host"], connection["password"]) == ("b", "s3cret-1")
    finally:
        airconn(sandbox, "delete", "connections/one", "variables/one", "--yes")


def test_tests_are_switched_off_by_default(sandbox: Sandbox, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("AIRFLOW_CONN_ONE=http://u:s3cret-1@127.0.0.1:1\n")
    result = airconn(sandbox, "test", "one", "--source", tmp_path / ".env")
    assert (result.returncode, "tests are switched off" in result.stdout) == (4, True), result
    assert "set AIRFLOW__CORE__TEST_CONNECTION=Enabled" in result.stderr


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    with Postgres() as server:
        yield server


@pytest.mark.parametrize(
    "version", [pytest.param(version, marks=on_worker_of(version)) for version in ("3.3.2", "2.11.2")]
)
def test_a_real_postgres_works_and_a_wrong_password_fails(version: str, postgres: Postgres, tmp_path: Path) -> None:
    fields: dict[str, Any] = {
        "conn_type": "postgres",
        "host": "127.0.0.1",
        "port": postgres.port,
        "schema": "postgres",
        "login": "postgres",
    }
    connections = {
        "good": {**fields, "password": postgres.password},
        "bad": {**fields, "password": WRONG},
        "generic": {"conn_type": "generic"},
        "mysql": {"conn_type": "mysql", "host": "127.0.0.1"},
    }
    path = tmp_path / "connections.json"
    path.write_text(json.dumps({"connections": connections}))
    script = 'for id in good bad generic mysql; do "$0" -m airconn test $id --source "$1"; echo "= $?"; done'
    command = [sys.executable, "-m", "airconn", "sandbox", "--airflow", version, "--test-connections"]
    command += ["--install", "apache-airflow-providers-postgres", "--", "sh", "-c", script, sys.executable, str(path)]
    done = subprocess.run(command, env=dict(os.environ), capture_output=True, text=True, check=False, timeout=500)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "  connections/good  postgres  works: Connection successfully tested"
    assert lines[2].startswith("  connections/bad  postgres  fails: ")
    assert "password authentication failed for user" in lines[2]
    assert lines[4] == "  connections/generic  generic  can't be tested"
    assert lines[6] == "  connections/mysql  mysql  provider not installed"
    assert lines[1::2] == ["= 0", "= 1", "= 4", "= 4"]
    assert not any(secret in done.stdout + done.stderr for secret in (WRONG, postgres.password))


def test_an_edited_connection_keeps_the_secrets_that_are_hidden(sandbox: Sandbox, tmp_path: Path) -> None:
    fields = {"conn_type": "http", "host": "a", "password": "s3cret-1", "extra": {"token": "s3cret-2", "x": 1}}
    (tmp_path / "c.json").write_text(json.dumps({"connections": {"edited": fields}}))
    assert airconn(sandbox, "import", tmp_path / "c.json").returncode == 0
    editor = tmp_path / "editor.py"
    editor.write_text(
        "import pathlib, sys\n"
        "path = pathlib.Path(sys.argv[1])\n"
        "text = path.read_text()\n"
        "assert 's3cret' not in text and '***' in text\n"
        "path.write_text(text.replace('host: a', 'host: b'))\n"
    )
    environ = {**sandbox.environ(), "EDITOR": f"{sys.executable} {editor}", "VISUAL": "", "CI": ""}
    out, err = io.StringIO(), Terminal()
    app = App(TypedInput(b"y\n"), out, err, environ, tmp_path)
    try:
        assert run(["edit", "connections/edited"], app) == 0, err.getvalue()
        assert "~ connections/edited" in out.getvalue()
        stored = sandbox.run(
            ["airflow", "connections", "get", "edited", "-o", "json"], check=True, capture_output=True, text=True
        )
        (connection,) = json.loads(stored.stdout[stored.stdout.index("[") :])
        assert (connection["host"], connection["password"]) == ("b", "s3cret-1")
        assert "s3cret-2" in json.dumps(connection["extra_dejson"])
    finally:
        airconn(sandbox, "delete", "connections/edited", "--yes")
