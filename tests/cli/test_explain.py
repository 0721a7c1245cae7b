"""`airconn explain` at the prompt: files for the backend and the database, the environment between them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

CANARY = "s3cr3t-canary"


@pytest.fixture
def places(tmp_path: Path) -> dict[str, str]:
    """The options for a backend and a database that are files, and what is in the environment."""
    (tmp_path / "backend.json").write_text(
        json.dumps({"both": f"http://u:{CANARY}@h", "same": "http://same", "only": "http://only"})
    )
    (tmp_path / "database.json").write_text(
        json.dumps(
            {"connections": {"both": "http://other", "same": "http://same", "db": "http://db"}, "variables": {}}
        )
    )
    return {
        "AIRFLOW_HOME": str(tmp_path / "nothing"),
        "AIRFLOW_CONN_DB": f"http://u:{CANARY}@env",
        "AIRFLOW_CONN_BROKEN": f'{{"{CANARY}',
        "airflow_conn_small": "http://h",
    }


@pytest.fixture
def explain(airconn, tmp_path: Path, places: dict[str, str]):
    def call(*args: str, **env: str):
        backend, database = f"local:{tmp_path / 'backend.json'}", str(tmp_path / "database.json")
        result = airconn("explain", *args, "--backend", backend, "--database", database, env={**places, **env})
        assert CANARY not in result.out + result.err
        return result

    return call


def lines(out: str) -> list[str]:
    return [" ".join(line.split()) for line in out.splitlines()]


def test_the_first_place_wins_and_the_others_are_shadowed(explain, tmp_path: Path) -> None:
    result = explain("both", "--airflow", "2.11")
    assert result.code == 0
    assert lines(result.out) == [
        "connections/both",
        "what every process gets:",
        f"1 secrets backend wins {tmp_path}/backend.json:1:2",
        "2 environment absent",
        f"3 metadata database shadowed {tmp_path}/database.json:1:18 (differs in host, login, password)",
    ]


def test_airflow_3_has_a_chain_for_tasks_and_one_for_the_server(explain) -> None:
    result = explain("connections/db", "--airflow", "3.3")
    assert [line for line in lines(result.out) if line.startswith("what")] == [
        "what a task gets:",
        "what the API server, the scheduler, the airflow command gets:",
    ]
    assert "environment of the worker wins env:AIRFLOW_CONN_DB" in " ".join(lines(result.out))


def test_what_is_passed_over_has_a_reason(explain) -> None:
    result = explain("broken", "small", "--airflow", "2.11")
    assert "2 environment passed over env:AIRFLOW_CONN_BROKEN: broken: this is not JSON from character" in " ".join(
        lines(result.out)
    )
    assert (
        "passed over env:airflow_conn_small: Airflow never finds it, as it looks for AIRFLOW_CONN_SMALL"
        in " ".join(lines(result.out))
    )


def test_what_is_nowhere_is_an_error_that_says_where_was_looked(explain) -> None:
    result = explain("nope", "both", "--airflow", "2.11")
    assert (result.code, result.out) == (3, "")
    assert result.err == (
        "error: nope wasn't found in any source that could be read\n"
        "hint:  read: secrets backend, environment, metadata database\n"
    )


def test_all_shows_what_several_places_have_and_nothing_else(explain) -> None:
    result = explain("--all", "--airflow", "2.11")
    shown = [line for line in result.out.splitlines() if not line.startswith(" ")]
    assert shown == ["connections/both", "connections/db", "connections/same"]
    assert result.err == "3 objects are in more than one place, 2 of them with different values\n"
    assert "(the same)" in result.out
    assert explain("--all", "--exit-code").code == 6
    assert explain("same", "--exit-code").code == 0


def test_a_place_that_can_not_be_looked_into_leaves_a_doubt(airconn, places: dict[str, str], tmp_path: Path) -> None:
    database = str(tmp_path / "database.json")
    result = airconn("explain", "db", "--no-backend", "--astro", "--database", database, env=places)
    assert "Astro Environment Manager" in result.out
    assert "if it has this object, that one is used" in result.out


def test_json_has_every_place_and_no_value(explain) -> None:
    report = json.loads(explain("both", "--airflow", "2.11", "--output", "json").out)
    (entry,) = report["objects"]
    (chain,) = entry["chains"]
    assert report["schema_version"] == 1
    assert [place["state"] for place in chain["places"]] == ["wins", "absent", "shadowed"]
    assert chain["places"][2]["differs"] == ["host", "login", "password"]


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ((), "name the ID to explain, or use --all"),
        (("a", "--all"), "name the ID to explain, or use --all"),
        (("a", "--no-backend"), "--no-backend contradicts the address of a backend"),
        (("pools/x",), "pools are only in the metadata database"),
    ],
)
def test_what_makes_no_sense_is_told(explain, args: tuple[str, ...], message: str) -> None:
    result = explain(*args)
    assert result.code == 2
    assert message in result.err


def test_the_backend_of_airflows_own_configuration_is_a_place(airconn, tmp_path: Path) -> None:
    (tmp_path / "c.json").write_text(json.dumps({"c": "http://h"}))
    env = {
        "AIRFLOW_HOME": str(tmp_path),
        "AIRFLOW__SECRETS__BACKEND": "airflow.secrets.local_filesystem.LocalFilesystemBackend",
        "AIRFLOW__SECRETS__BACKEND_KWARGS": json.dumps({"connections_file_path": str(tmp_path / "c.json")}),
    }
    for option in (("--from-airflow-config",), ("--from", "airflow-config:"), ("--from", "airflow-config:workers")):
        assert airconn("export", *option, "--format", "uri", env=env).out == "c=http://h/\n"
    assert airconn("show", "c", "--from-airflow-config", env=env).code == 0
    explained = airconn("explain", "c", env={**env, "AIRFLOW__WORKERS__SECRETS_BACKEND": ""})
    assert "secrets backend" in explained.out


def test_a_configuration_without_a_backend_says_where_it_was_looked_for(airconn, tmp_path: Path) -> None:
    result = airconn("list", "--from-airflow-config", env={"AIRFLOW_HOME": str(tmp_path)})
    assert result.code == 2
    assert result.err.startswith("error: this Airflow has no secrets backend configured\nhint:  looked at AIRFLOW__")
    result = airconn("list", "--from", "airflow-config:x", env={"AIRFLOW_HOME": str(tmp_path)})
    assert "can only be followed by workers" in result.err


def test_a_backend_that_nobody_knows_is_told_with_its_place(airconn, tmp_path: Path) -> None:
    env = {"AIRFLOW_HOME": str(tmp_path), "AIRFLOW__SECRETS__BACKEND": "my.Backend"}
    result = airconn("list", "--from-airflow-config", env=env)
    assert result.code == 2
    assert "unknown secrets backend my.Backend" in result.err


@pytest.mark.parametrize(
    "environ",
    [
        {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "sqlite:////no/such/file.db"},
        {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "postgresql://127.0.0.1:1/airflow"},
    ],
    ids=str,
)
def test_that_all_is_well_is_not_said_of_what_can_not_be_looked_into(
    airconn, tmp_path: Path, environ: dict[str, str]
) -> None:
    environ = {"AIRFLOW_HOME": str(tmp_path), "AIRFLOW_VAR_A": "x", **environ}
    result = airconn("explain", "--all", "--exit-code", env=environ)
    assert (result.code, "warning: metadata database: can't be read: " in result.err) == (1, True)
    assert "error: not complete" in result.err
    single = airconn("explain", "a", env=environ)
    assert (single.code, "unknown" in single.out) == (0, True)


def test_a_place_that_can_not_be_looked_into_is_told_beside_what_is_wrong_with_another(
    airconn, tmp_path: Path
) -> None:
    (tmp_path / "backend.yaml").write_text("a: {conn_type: http, port: x}\nb: {conn_type: http, port: x}\n")
    environ = {"AIRFLOW_HOME": str(tmp_path), "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "sqlite:////no/such/file.db"}
    result = airconn("explain", "--all", "--backend", f"local:{tmp_path / 'backend.yaml'}", env=environ)
    first, *errors, last = result.err.splitlines()
    assert (result.code, first.partition("read: ")[0]) == (1, "warning: metadata database: can't be ")
    assert [line.rpartition("yaml:")[2][:6] for line in errors] == ["1:1: a", "2:1: b"]
    assert last == "error: not complete: what could not be read is missing"


def test_what_was_looked_into_is_told_from_what_could_not_be(airconn, tmp_path: Path) -> None:
    environ = {"AIRFLOW_HOME": str(tmp_path), "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "sqlite:////no/such/file.db"}
    result = airconn("explain", "gone", env=environ)
    assert result.code == 3
    assert "hint:  read: environment of the worker, environment; not read: the metadata database: " in result.err
