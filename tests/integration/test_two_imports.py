"""Two imports at once into one Airflow: a connection has the fields of one of them, or a run says that it hasn't."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.integration.conftest import AIRFLOW_VERSIONS, on_worker_of
from tests.integration.program import Program
from tests.integration.target import Target

NUMBER = 60
SAME = range(20, 40)
"""Connections that have the host of both."""


def side(mark: str) -> dict[str, Any]:
    connections = {
        f"two{n:02}": {
            "conn_type": "http",
            "host": "same.example.com" if n in SAME else f"{mark}.example.com",
            "login": mark,
            "password": f"password-of-{mark}-{n}",
            "port": 1000 if mark == "a" else 2000,
        }
        for n in range(NUMBER)
    }
    return {"connections": connections, "variables": {}, "pools": {}}


@pytest.mark.parametrize(
    "version", [pytest.param(version, marks=on_worker_of(version)) for version in AIRFLOW_VERSIONS]
)
def test_two_imports_at_once_do_not_mix_a_connection_unsaid(
    version: str, shared_sandbox: Callable[[str], Any], airconn: Callable[..., Any], tmp_path: Path
) -> None:
    target = Target(shared_sandbox(version), airconn, tmp_path)
    target.wipe()
    program = Program(tmp_path / "run", target.environ)
    for mark in "ab":
        (tmp_path / f"{mark}.json").write_text(json.dumps(side(mark)))
    for _ in range(3):  # into nothing, and then twice into what the two have left
        runs = [
            program.start("import", tmp_path / f"{mark}.json", "--output", "json",
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            for mark in "ab"
        ]  # fmt: skip
        said: set[str] = set()
        for run in runs:
            out, err = run.communicate(timeout=300)
            failed = {item["id"] for item in json.loads(out)["objects"] if item.get("error")}
            assert run.returncode == (1 if failed else 0), err
            said |= failed
        held = target.database()["connections"]
        assert len(held) == NUMBER
        whole = [side(mark)["connections"] for mark in "ab"]
        mixed = {
            id_ for id_, found in held.items() if not any(wanted[id_].items() <= found.items() for wanted in whole)
        }
        assert mixed <= said
