"""A real Airflow under `airconn run` finds the connections and variables, in whichever way it looks for them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.integration.program import Program
from tests.integration.target import Target

FINDER = Path(__file__).parent / "find_in_airflow.py"
NOTHING = dict.fromkeys(["description", "host", "schema", "login", "password", "port", "extra"])
# What is in examples/.env. A URI says of every host and schema that it isn't there.
KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmU=\n-----END OPENSSH PRIVATE KEY-----\n"
CONNECTIONS: dict[str, dict[str, Any]] = {
    "warehouse": {
        **NOTHING,
        "conn_type": "postgres",
        "host": "db.example.com",
        "schema": "sales",
        "login": "etl@corp",
        "password": "p@ss/w:rd#1",
        "port": 5432,
        "extra": '{"sslmode": "require"}',
    },
    "billing_api": {
        **NOTHING,
        "conn_type": "http",
        "description": "Owned by the billing team",
        "host": "https://billing.example.com/v2",
        "login": "svc",
        "password": "Correct-Horse~9",
        "port": 8443,
    },
    "aws_default": {
        **NOTHING,
        "conn_type": "aws",
        "host": "",
        "schema": "",
        "login": "AKIAIOSFODNN7EXAMPLE",
        "password": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "extra": '{"region_name": "eu-west-1"}',
    },
    "Bastion-Host": {
        **NOTHING,
        "conn_type": "ssh",
        "host": "Bastion.Example.com",
        "login": "deploy",
        "extra": json.dumps({"private_key": KEY, "no_host_key_check": "true"}),
    },
}
VARIABLES = {
    "region": "eu-west-1",
    "feature_flags": "",
    "etl_config": '{"batch_size": 500, "ratio": 1.50, "tables": ["orders", "customers"]}',
    "greeting": 'She said "it\'s #1" for $5\nand left',
}


def under_run(box: Any, examples: Path, *command: object, options: tuple[str, ...] = ()) -> str:
    """What a command of this Airflow prints under `airconn run`."""
    done = subprocess.run(
        [sys.executable, "-m", "airconn", "run", "--from", examples / ".env", *options, "--", *map(str, command)],
        env=box.environ(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("form", ["json", "uri"])
def test_airflow_finds_every_field_wherever_it_looks_from(sandbox: Any, examples: Path, form: str) -> None:
    options = ("--connection-format", form)
    ids = json.dumps({"connections": list(CONNECTIONS), "variables": list(VARIABLES)})
    found = json.loads(under_run(sandbox, examples, sandbox.python, FINDER, ids, options=options))
    assert found.keys() == ({"core"} if sandbox.version.startswith("2.") else {"core", "task sdk"})
    for whose, objects in found.items():
        assert objects["variables"] == VARIABLES, whose
        expected = {id_: as_uri(fields) if form == "uri" else fields for id_, fields in CONNECTIONS.items()}
        assert objects["connections"] == expected, whose


def as_uri(fields: Mapping[str, Any]) -> dict[str, Any]:
    """What a URI can say of a connection, as airconn warns."""
    return {**fields, "description": None, "host": fields["host"] or "", "schema": fields["schema"] or ""}


def test_the_command_line_of_airflow_shows_them(sandbox: Any, examples: Path) -> None:
    (found,) = json.loads(under_run(sandbox, examples, "airflow", "connections", "get", "Bastion-Host", "-o", "json"))
    fields = CONNECTIONS["Bastion-Host"]
    assert {
        name: found[name] for name in ("conn_id", "conn_type", "host", "login", "password", "schema", "port")
    } == {
        "conn_id": "Bastion-Host",
        **{name: fields[name] for name in ("conn_type", "host", "login", "password", "schema", "port")},
    }
    assert found["extra_dejson"] == json.loads(fields["extra"])
    assert under_run(sandbox, examples, "airflow", "variables", "get", "greeting") == f"{VARIABLES['greeting']}\n"


def test_what_an_airflow_hides_is_filled_in_or_nothing_is_run(
    sandbox: Any, airconn: Callable[..., Any], tmp_path: Path
) -> None:
    target = Target(sandbox, airconn, tmp_path)
    secret = {"conn_type": "http", "login": "l", "password": "hunter2canary"}
    target.seed({"connections": {"api": secret}, "variables": {"region": {"value": "eu"}}})
    program = Program(tmp_path / "work", sandbox.credentials())
    showing = [sys.executable, "-c", "import json, os; print(json.dumps(dict(os.environ)))"]
    try:
        ran = program.run("run", "--", *showing)
        assert (ran.code, ran.out) == (4, "")
        assert "hidden by the source: connections/api password\n" in ran.err
        (program.directory / "secrets.json").write_text(json.dumps({"connections": {"api": secret}}))
        ran = program.run("run", "--fill", "secrets.json", "--", *showing)
    finally:
        target.wipe()
    found = json.loads(ran.out)
    assert (ran.code, ran.err) == (0, "")  # the pool that every Airflow has is nothing to warn of
    assert json.loads(found["AIRFLOW_CONN_API"]) == secret
    assert found["AIRFLOW_VAR_REGION"] == "eu"
    assert not found.keys() & {"AIRCONN_USERNAME", "AIRCONN_PASSWORD"}
