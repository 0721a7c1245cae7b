"""The judge of secrets backends is a real Airflow, asked the right thing: else its word is worth nothing."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.integration.backends import environment, judge

every_version = pytest.mark.parametrize("version", judge.EVERY_VERSION)

NOTHING = dict.fromkeys(("conn_type", "description", "host", "login", "password", "schema", "port", "extra"))
WAREHOUSE = {
    "conn_type": "postgres",
    "description": "Lager für „alles“",
    "host": "db.example.com",
    "login": "lager",
    "password": "p@ss/wörd %20 🔑",
    "schema": "main",
    "port": 5432,
    "extra": '{"sslmode":  "require", "token": "t-123456"}',
}


def models_of(version: str) -> tuple[judge.Model, ...]:
    return ("core", "sdk") if version.startswith("3.") else ("core",)


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    """The arguments of a LocalFilesystemBackend with a few objects."""
    connections, variables = tmp_path / "connections.json", tmp_path / "variables.json"
    connections.write_text(json.dumps({"warehouse": WAREHOUSE, "bare": {"conn_type": "http"}}))
    variables.write_text(json.dumps({"region": " eu-west-1\n", "empty": "", "number": "1.50"}))
    return {"connections_file_path": str(connections), "variables_file_path": str(variables)}


@every_version
@pytest.mark.parametrize("via", ["class", "search"])
def test_it_finds_exactly_what_is_in_the_files(version: str, via: judge.Via, files: dict[str, str]) -> None:
    for model in models_of(version):
        answer = judge.ask(
            version,
            judge.LOCAL_FILES,
            files,
            connections=["warehouse", "bare", "missing"],
            variables=["region", "empty", "number", "missing"],
            via=via,
            model=model,
        )
        assert answer.connections == {
            "warehouse": WAREHOUSE,
            "bare": NOTHING | {"conn_type": "http"},
            "missing": None,
        }
        assert answer.variables == {"region": " eu-west-1\n", "empty": "", "number": "1.50", "missing": None}


@every_version
def test_the_commands_of_airflow_find_the_same(version: str, files: dict[str, str]) -> None:
    def said(*args: str) -> str:
        done = judge.airflow_cli(version, judge.LOCAL_FILES, files, args)
        assert done.returncode == 0, done.stderr
        return done.stdout

    (found,) = json.loads(said("connections", "get", "warehouse", "-o", "json"))
    assert {name: found[name] for name in ("host", "login", "password", "schema")} == {
        name: WAREHOUSE[name] for name in ("host", "login", "password", "schema")
    }
    assert said("variables", "get", "region") == " eu-west-1\n\n"
    assert judge.airflow_cli(version, judge.LOCAL_FILES, files, ["variables", "get", "missing"]).returncode == 1


@every_version
def test_every_backend_of_the_providers_is_there(version: str, tmp_path: Path) -> None:
    script = """
import importlib, sys
from airflow.secrets import BaseSecretsBackend
for path in sys.argv[1:]:
    module, _, name = path.rpartition(".")
    assert issubclass(getattr(importlib.import_module(module), name), BaseSecretsBackend), path
import psycopg2
"""
    done = subprocess.run(
        [environment.provide(version), "-I", "-c", script, *judge.OF_PROVIDERS],
        env={"AIRFLOW_HOME": str(tmp_path), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@every_version
def test_the_first_place_that_has_it_wins(version: str, tmp_path: Path) -> None:
    places = ("file", "environment", "database")
    # Each id is called after the places that have it.
    ids = ["_".join(place for at, place in enumerate(places) if number >> at & 1) or "nowhere" for number in range(8)]
    within = {place: [id_ for id_ in ids if place in id_] for place in places}
    connections, variables = tmp_path / "connections.json", tmp_path / "variables.json"
    connections.write_text(json.dumps({id_: {"conn_type": "http", "host": "file"} for id_ in within["file"]}))
    variables.write_text(json.dumps(dict.fromkeys(within["file"], "file")))
    environ = {f"AIRFLOW_CONN_{id_.upper()}": "http://environment" for id_ in within["environment"]}
    environ |= {f"AIRFLOW_VAR_{id_.upper()}": "environment" for id_ in within["environment"]}
    database: dict[str, dict[str, object]] = {
        "connections": {id_: {"conn_type": "http", "host": "database"} for id_ in within["database"]},
        "variables": dict.fromkeys(within["database"], "database"),
    }
    for model in models_of(version):
        answer = judge.ask(
            version,
            judge.LOCAL_FILES,
            {"connections_file_path": str(connections), "variables_file_path": str(variables)},
            connections=ids,
            variables=ids,
            via="search",
            model=model,
            environ=environ,
            database=database,
        )
        # A worker has the database only through the server, and there is none here.
        seen = places if model == "core" else places[:2]
        winners = {id_: next((place for place in seen if place in id_), None) for id_ in ids}
        assert {id_: found and found["host"] for id_, found in answer.connections.items()} == winners
        assert answer.variables == winners


@judge.on_worker_of("3.3.2")
@pytest.mark.parametrize("via", ["class", "search"])
def test_a_worker_has_the_connections_of_the_task_sdk(via: judge.Via) -> None:
    environ = {"AIRFLOW_CONN_EMPTY": '{"conn_type": "http", "password": ""}'}
    passwords = {}
    for model in models_of("3.3.2"):
        answer = judge.ask(
            "3.3.2",
            judge.ENVIRONMENT,
            connections=["empty"],
            via=via,
            model=model,
            environ=environ,
        )
        passwords[model] = answer.connections["empty"] and answer.connections["empty"]["password"]
    assert passwords == {"core": None, "sdk": ""}


@judge.on_worker_of("3.3.2")
def test_a_worker_may_have_a_backend_of_its_own(files: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "of_workers.json").write_text('{"region": "of the workers"}')
    environ = {
        "AIRFLOW__WORKERS__SECRETS_BACKEND": judge.LOCAL_FILES,
        "AIRFLOW__WORKERS__SECRETS_BACKEND_KWARGS": json.dumps(
            {"variables_file_path": str(tmp_path / "of_workers.json")}
        ),
    }
    found = {
        model: judge.ask(
            "3.3.2",
            judge.LOCAL_FILES,
            files,
            variables=["region"],
            via="search",
            model=model,
            environ=environ,
        ).variables["region"]
        for model in models_of("3.3.2")
    }
    assert found == {"core": " eu-west-1\n", "sdk": "of the workers"}


@every_version
def test_what_airflow_fails_at_is_no_miss_to_the_class_and_one_to_the_search(version: str) -> None:
    environ = {"AIRFLOW_CONN_BROKEN": '{"port": "eighty"}'}
    alone = judge.ask(version, judge.ENVIRONMENT, connections=["broken", "missing"], environ=environ)
    assert alone.connections["missing"] is None
    assert alone.connections["broken"] is not None
    assert "port" in alone.connections["broken"]["error"]
    database = {"connections": {"broken": {"conn_type": "http", "host": "database"}}}
    search = judge.ask(version, None, connections=["broken"], environ=environ, via="search", database=database)
    assert search.connections["broken"] == NOTHING | {"conn_type": "http", "host": "database"}


@every_version
def test_a_backend_that_cannot_be_made_is_told(version: str) -> None:
    with pytest.raises(AssertionError, match=r"unexpected keyword argument .connections_file"):
        judge.ask(version, judge.LOCAL_FILES, {"connections_file": "connections.json"}, connections=["a"])


@every_version
def test_the_environment_of_the_tests_is_not_seen(version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_VAR_MINE", "of the tests")
    assert judge.ask(version, judge.ENVIRONMENT, variables=["mine"]).variables == {"mine": None}
    assert judge.airflow_cli(version, None, None, ["variables", "get", "mine"]).returncode == 1


@every_version
def test_a_prelude_runs_in_the_same_process_first(version: str, tmp_path: Path) -> None:
    prelude = tmp_path / "prelude.py"
    prelude.write_text(
        'import os, sys\nassert "airflow" not in sys.modules\nos.environ["AIRFLOW_VAR_MINE"] = "prelude"\n'
    )
    assert judge.ask(version, judge.ENVIRONMENT, variables=["mine"], prelude=prelude).variables == {"mine": "prelude"}
    done = judge.airflow_cli(version, None, None, ["variables", "get", "mine"], prelude=prelude)
    assert done.stdout == "prelude\n"


@every_version
def test_a_home_that_is_given_is_kept(version: str, tmp_path: Path) -> None:
    home = judge.make_home(version, tmp_path)
    judge.ask(version, None, via="search", database={"connections": {"kept": WAREHOUSE}}, home=home)
    assert judge.ask(version, judge.METASTORE, connections=["kept"], home=home).connections == {"kept": WAREHOUSE}
