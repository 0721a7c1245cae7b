"""Several real Airflows and files read by one command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from airconn.sandbox import Sandbox
from tests.integration.conftest import on_worker_of

SECRET = "s3cret-1"
OBJECTS: dict[str, Any] = {
    "connections": {"many_db": {"conn_type": "postgres", "host": "h", "password": SECRET, "extra": {"a": 1.5}}},
    "variables": {"many_region": "eu"},
}


@pytest.fixture
def call(
    shared_sandbox: Callable[[str], Sandbox], tmp_path: Path
) -> Iterator[Callable[..., subprocess.CompletedProcess[str]]]:
    """Runs a command where `@old` and `@new` are Airflows, of 2 and of 3, and `@file` and `@drift` are files."""
    text, environ = "", {**os.environ, "AIRCONN_CONFIG": str(tmp_path / "config.toml")}
    for name, version in (("new", "3.3.2"), ("old", "2.11.2")):
        own = shared_sandbox(version).environ()
        for key in ("USERNAME", "PASSWORD"):
            environ[f"{name.upper()}_{key}"] = own[f"AIRCONN_{key}"]
        text += f'[targets.{name}]\naddress = "{own["AIRCONN_URL"]}"\n'
        text += f'username_env = "{name.upper()}_USERNAME"\npassword_env = "{name.upper()}_PASSWORD"\n'
    for name, variables in (("file", {}), ("drift", {"many_region": "us"})):
        content = {**OBJECTS, "variables": {**OBJECTS["variables"], **variables}}
        (tmp_path / f"{name}.json").write_text(json.dumps(content))
        text += f'[targets.{name}]\naddress = "{tmp_path}/{name}.json"\n'
    (tmp_path / "config.toml").write_text(text)
    for name in ("AIRCONN_URL", "AIRCONN_USERNAME", "AIRCONN_PASSWORD", "AIRCONN_TOKEN"):
        environ.pop(name, None)

    def run(*args: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "airconn", *map(str, args)]
        return subprocess.run(
            command, env=environ, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=180
        )

    names = ["connections/many_db", "variables/many_region"]
    for target in ("@new", "@old"):
        made = run("import", "file.json", "--to", target)
        assert made.returncode == 0, made
    yield run
    for target in ("@new", "@old"):
        run("delete", *names, "--to", target, "--yes")


@on_worker_of("3.3.2")
def test_airflows_of_two_releases_and_files_are_listed_exported_and_compared(
    call: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    only = ("--include", "many_*")
    listed = call("list", "--from", "@all", *only, "--output", "json")
    assert listed.returncode == 0, listed
    sections = {one["name"]: one for one in json.loads(listed.stdout)["targets"]}
    assert {name: len(one["objects"]) for name, one in sections.items()} == dict.fromkeys(
        ("@new", "@old", "@file", "@drift"), 2
    )
    exported = call("export", "--from", "@all", "-o", "of-{target}.json", *only)
    assert exported.returncode == 0, exported
    hosts = {json.loads(path.read_text())["connections"]["many_db"]["host"] for path in tmp_path.glob("of-*.json")}
    assert (hosts, len(list(tmp_path.glob("of-*.json"))), SECRET in exported.stderr) == ({"h"}, 4, False)
    compared = call("diff", "@file", "@new", "@old", "@drift", *only, "--exit-code")
    assert (compared.returncode, compared.stderr) == (6, ""), compared
    assert compared.stdout.splitlines()[0] == "  ~ variables/many_region  value: @drift differs"
    assert compared.stdout.splitlines()[-1] == "4 targets: 1 different, 1 can't be known, 0 equal"
    agreeing = call("diff", "@file", "@new", "@old", *only, "--exit-code")
    assert agreeing.returncode == 0, agreeing
    assert "(-v lists them)" in agreeing.stdout
    tested = call("test", "many_db", "--source", "file.json", "--from", "@new", "--from", "@old")
    assert (tested.returncode, tested.stdout.count("tests are switched off")) == (4, 2), tested
