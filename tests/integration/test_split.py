"""A real Airflow as a directory for git, and from there into another place, exactly."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from airconn.config import Settings
from airconn.model import AirflowObject, Connection, Kind, Selection, Text, Variable
from airconn.sandbox import Sandbox
from airconn.stores import open_store
from airconn.stores.file import FileStore
from tests.integration.conftest import on_worker_of

EXTRA = {"token": "t0ken-extra", "nested": {"private_key": "-----BEGIN\nk3y\n", "n": 1.5}, "ü": ["a", {"b": None}]}
OBJECTS = {
    "connections": {
        "split_plain": {"conn_type": "http", "host": "h"},
        "split_Pg": {
            "conn_type": "postgres",
            "host": "db",
            "login": "u@x",
            "password": "p@ss/1é #\n",
            "port": 5432,
            "extra": json.dumps(EXTRA),
        },
        "split_compact": {"conn_type": "aws", "extra": '{"aws_secret_access_key":"s3cr3t-aws",  "region":"eu"}'},
        "split_dotted.a-b": {"conn_type": "ssh", "password": "ref:#connections/x"},
    },
    "variables": {
        "split_region": "eu\n\n",
        "split_api_key": "s3cr3t-key",
        "split_config": '{"a":   {"password": "s3cr3t-var", "b": 1.50}}',
        "split_con": "***x",
    },
    "pools": {"split_pool": {"slots": 3, "description": "d"}},
}
SECRETS = ("t0ken-extra", "k3y", "p@ss", "s3cr3t")


@pytest.mark.parametrize("version", [pytest.param(one, marks=on_worker_of(one)) for one in ("3.3.2", "2.11.2")])
def test_an_airflow_split_and_filled_from_its_database_is_exactly_what_it_was(
    shared_sandbox: Callable[[str], Sandbox], version: str, tmp_path: Path
) -> None:
    sandbox = shared_sandbox(version)
    environ = {**os.environ, **sandbox.environ(), "AIRCONN_STATE_DIR": str(tmp_path / "state")}
    selected = ("--include", "split_*")

    def airconn(*args: object) -> str:
        command = [sys.executable, "-m", "airconn", *map(str, args)]
        done = subprocess.run(command, env=environ, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, (args, done.stdout, done.stderr)
        return done.stdout + done.stderr

    (tmp_path / "source.json").write_text(json.dumps(OBJECTS))
    literal = ("--literal", "connections/split_dotted.a-b.password")
    airconn("import", "source.json", *literal)
    try:
        airconn("export", *selected, "--split", "objects")
        files = {path: path.read_bytes() for path in sorted((tmp_path / "objects").rglob("*.yaml"))}
        assert len(files) == 9
        assert not any(secret in text.decode() for text in files.values() for secret in SECRETS)
        assert "0 created, 0 changed, 0 deleted, 9 unchanged" in airconn("export", *selected, "--split", "objects")

        airconn("import", "objects", "--to", "other.json", "--fill", "metadb:", *literal)
        database = open_store("metadb:", Settings(environ=environ))
        there = database.read(Selection(include=("split_*",))).bundle
        back = FileStore(str(tmp_path / "other.json"), Settings()).read(Selection()).bundle
        assert [comparable(obj) for obj in back] == [comparable(obj) for obj in there]
        assert "would be 0 created, 0 updated, 9 unchanged" in airconn("import", "objects", "--dry-run")
    finally:
        airconn("delete", *selected, "--yes", "--max-delete", 20)


def comparable(obj: AirflowObject) -> object:
    """The object with all that Airflow keeps. A `***` in a file is a mask, and none of these values is one."""
    if isinstance(obj, Connection):
        return (obj.id, obj.conn_type, obj.host, obj.schema, obj.login, obj.password, obj.port, obj.extra)
    if isinstance(obj, Variable):
        assert isinstance(obj.value, Text)
        return (obj.id, obj.value.text)
    assert obj.kind is Kind.POOLS
    return (obj.id, obj.slots, obj.description)
