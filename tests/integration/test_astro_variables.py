"""A real Airflow with the environment of an Astro Deployment finds all that was imported there."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from airconn.sandbox import Sandbox
from tests.integration.conftest import on_worker_of
from tests.integration.managed_rounds import EXAMPLES, generated, with_examples
from tests.integration.program import Program
from tests.stores.astro.fake_astro import running

FINDER = Path(__file__).parent / "find_in_airflow.py"
TARGET = "astro-vars://Data Platform/production"


def wanted_objects() -> dict[str, Any]:
    """The examples and 150 generated objects, under keys that can be the name of an environment variable."""
    made = generated(75, 17)
    made["variables"] = {f"gen_{number}": fields for number, fields in enumerate(made["variables"].values())}
    return {**made, "pools": {}}


@pytest.mark.parametrize("version", [pytest.param(one, marks=on_worker_of(one)) for one in ("3.3.2", "2.11.2")])
def test_a_real_airflow_finds_what_was_imported(
    shared_sandbox: Callable[[str], Sandbox], tmp_path: Path, version: str
) -> None:
    source = tmp_path / "generated.json"
    made = wanted_objects()
    source.write_text(json.dumps(made))
    wanted = with_examples(made)
    with running() as astro:
        held = astro.deployments[astro.deployment]
        held.put("AIRFLOW__CORE__PARALLELISM", "12")
        held.put("DBT_TOKEN", "theirs", secret=True)
        airconn = Program(tmp_path / "work", astro.environ())
        args = ("import", str(EXAMPLES), str(source), "--to", TARGET, "--connections", "--variables")
        ran = airconn.run(*args, "--yes", "-q")
        assert ran.code == 0, ran.err
        assert (held.restarts, held.changed_fields()) == (1, {})
        found = found_by(shared_sandbox(version), tmp_path, held.values(), wanted)
        for by in found.values():
            assert by["variables"] == {key: fields["value"] for key, fields in wanted["variables"].items()}
            for id_, fields in wanted["connections"].items():
                assert shape(by["connections"][id_]) == shape(fields), id_
        again = airconn.run(*args, "--assume-unchanged", "hidden")
        assert (again.code, held.restarts) == (0, 1), again.err
        assert "0 created, 0 updated" in again.out
        assert held.values()["DBT_TOKEN"] == "theirs"


def found_by(box: Sandbox, directory: Path, values: dict[str, str], wanted: dict[str, Any]) -> dict[str, Any]:
    """What an Airflow with these environment variables finds."""
    ids = {kind: sorted(wanted[kind]) for kind in ("connections", "variables")}
    command = [str(box.python), str(FINDER), json.dumps(ids)]
    ran = subprocess.run(
        command, cwd=directory, env={**box.environ(), **values}, capture_output=True, text=True, check=True
    )
    found: dict[str, Any] = json.loads(ran.stdout)
    return found


def shape(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields of a connection, with its extra as JSON, and None for what is empty."""
    extra = fields.get("extra")
    if isinstance(extra, str) and extra:
        extra = json.loads(extra)
    return {name: fields.get(name) or None for name in ("conn_type", "host", "schema", "login", "password")} | {
        "description": fields.get("description") or None,
        "port": fields.get("port") or None,
        "extra": extra or None,
    }
