"""What real Airflows print is read as what they export, and the answers of their REST API as what they hold."""

from __future__ import annotations

import json
import subprocess
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from airconn.errors import InputError
from airconn.formats import detect, get_format
from airconn.formats.base import ReadOptions
from airconn.model import REDACTED, AirflowVersion, Bundle, Connection
from airconn.sandbox import Sandbox
from tests.integration.airflow_command import Command, WarmSandbox
from tests.integration.in_airflow import wipe

CONNECTIONS = {
    "typed": {
        "conn_type": "http",
        "host": "HOST.example.com",
        "login": "a@b",
        "password": "p%40:/?#[] é'\"\\",
        "port": 8443,
        "extra": '{"timeout": 5, "verify": false, "ratio": 1.50, "none": null, "deep": {"list": [1, "2"]}}',
    },
    "texts": {"conn_type": "google_cloud_platform", "extra": '{"a": "1", "b": "x y?&"}'},
    "bare": {"conn_type": "fs", "description": '50% "it\'s"\nsecond line'},
    "empty": {"conn_type": "generic", "host": "", "login": "", "schema": "", "extra": "{}"},
    "scheme": {"conn_type": "spark", "host": "https://h.example.com/x?y", "schema": "s/?"},
}
VARIABLES = {"zone": "eu-west-1", "number": "0123", "odd": "50% 'of' \"it\"\n", "document": '{"rows": 1.50}'}
POOLS = {"heavy": {"slots": 4, "description": "it's\n50%", "include_deferred": True}}


def read(text: str, name: str, version: str) -> Bundle:
    found = detect(name, text)
    assert found == "output"
    return get_format(found).parse(text, name, ReadOptions(AirflowVersion.parse(version))).bundle


def exported(path: Path, version: str) -> Bundle:
    return get_format("json").parse(path.read_text(), path.name, ReadOptions(AirflowVersion.parse(version))).bundle


@dataclass(frozen=True)
class Filled:
    """An Airflow with objects in it, and its command, which needs no time to start."""

    box: Sandbox
    command: Command

    @property
    def version(self) -> str:
        return self.box.version

    def airflow(self, *args: object) -> str:
        """What the command prints."""
        command = [self.command.path, "airflow", *map(str, args)]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.fixture
def filled(every_sandbox: WarmSandbox, tmp_path: Path) -> Filled:
    wipe(every_sandbox.home)
    found = Filled(every_sandbox, Command(tmp_path, every_sandbox, first=every_sandbox.warm))
    for kind, held in (("connections", CONNECTIONS), ("variables", VARIABLES), ("pools", POOLS)):
        path = tmp_path / f"{kind}.json"
        path.write_text(json.dumps(held))
        found.airflow(kind, "import", path)
    return found


def test_the_lists_that_airflow_prints_are_read_as_what_it_exports(filled: Filled, tmp_path: Path) -> None:
    version = filled.version
    shows = ["--show-values"] if AirflowVersion.parse(version) >= AirflowVersion(3, 2) else []
    for kind in ("connections", "pools"):
        filled.airflow(kind, "export", tmp_path / f"{kind}-exported.json")
    wanted = exported(tmp_path / "connections-exported.json", version)
    for form in ("json", "yaml"):
        text = filled.airflow("connections", "list", "-o", form, *shows)
        assert read(text, f"list.{form}", version).connections == wanted.connections
    text = filled.airflow("pools", "list", "-o", "json")
    pools = exported(tmp_path / "pools-exported.json", version).pools
    assert {name: pool.slots for name, pool in read(text, "list.json", version).pools.items()} == {
        name: pool.slots for name, pool in pools.items()
    }
    text = filled.airflow("variables", "list", "-o", "json", *shows)
    if shows:
        variables = read(text, "list.json", version).variables
        assert {key: variable.value.text for key, variable in variables.items()} == VARIABLES  # type: ignore[union-attr]
    else:
        with pytest.raises(InputError, match="has no values, only keys"):
            read(text, "list.json", version)


def test_the_answers_of_the_rest_api_are_read_as_what_it_holds(filled: Filled) -> None:
    version = AirflowVersion.parse(filled.version)
    assert set(read(answer(filled, "variables"), "answer.json", filled.version).variables) == set(VARIABLES)
    assert read(answer(filled, "pools/heavy"), "answer.json", filled.version).pools["heavy"].include_deferred
    connections = read(answer(filled, "connections"), "answer.json", filled.version).connections
    assert set(connections) == set(CONNECTIONS)
    assert connections["typed"].password is REDACTED
    one: Any = read(answer(filled, "connections/typed"), "answer.json", filled.version).connections["typed"]
    assert isinstance(one, Connection)
    extra: Any = one.extra
    assert json.loads(extra.text) == json.loads(str(CONNECTIONS["typed"]["extra"]))
    if version < AirflowVersion(3, 0):
        assert connections["typed"].extra is REDACTED


def answer(filled: Filled, path: str) -> str:
    """What curl would save."""
    box = filled.box
    is_new = AirflowVersion.parse(box.version) >= AirflowVersion(3, 0)
    if is_new:
        body = json.dumps({"username": box.username, "password": box.password}).encode()
        request = urllib.request.Request(f"{box.url}/auth/token", body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request) as reply:
            header = f"Bearer {json.load(reply)['access_token']}"
    else:
        import base64

        header = "Basic " + base64.b64encode(f"{box.username}:{box.password}".encode()).decode()
    url = f"{box.url}/api/{'v2' if is_new else 'v1'}/{path}"
    with urllib.request.urlopen(urllib.request.Request(url, headers={"Authorization": header})) as reply:
        return str(reply.read().decode())
