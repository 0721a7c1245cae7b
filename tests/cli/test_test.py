"""`airconn test`, at the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.stores.airflow_api.conftest import airflow
from tests.stores.airflow_api.testing_airflow import TestingDoor
from tests.stores.site import Answer, Received, Site

SECRET = "canary-1"
VERSIONS = ["2.7.3", "2.11.2", "3.0.6", "3.3.2"]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    known = {
        "db": {"conn_type": "postgres", "host": "db.example.com", "login": "anna", "password": SECRET, "port": 5433},
        "api": {"conn_type": "http", "host": "h", "extra": {"token": SECRET}},
        "masked": {"conn_type": "http", "password": "***"},
        "untyped": {"host": "h"},
        "reference": {"conn_type": "http", "password": "op://prod/db/pw"},
    }
    path = tmp_path / "connections.json"
    path.write_text(json.dumps({"connections": known, "variables": {"region": "eu"}}))
    return path


def run(airconn: Any, door: TestingDoor, version: str, *args: object) -> Any:
    with Site(airflow(version, door)) as site:
        result = airconn("test", *args, env={"AIRCONN_URL": site.url, "AIRCONN_TOKEN": "a-token"})
        assert site.sent("PATCH") == []
        assert [sent for sent in site.sent("POST") if not sent.path.endswith("/connections/test")] == []
    assert SECRET not in result.out + result.err
    return result


@pytest.mark.parametrize("version", VERSIONS)
def test_a_connection_that_works_is_tested_with_the_values_of_the_file(
    airconn: Any, source: Path, version: str
) -> None:
    door = TestingDoor(version)
    result = run(airconn, door, version, "db", "--source", source)
    assert (result.code, result.err) == (0, "")
    assert result.out == "  connections/db  postgres  works: Connection successfully tested\n"
    (body,) = door.bodies
    sent = {name: value for name, value in body.items() if name != "connection_id"}
    assert sent == {
        "conn_type": "postgres",
        "host": "db.example.com",
        "login": "anna",
        "password": SECRET,
        "port": 5433,
    }
    assert body["connection_id"] != "db"  # or the server would fill in what it has stored


@pytest.mark.parametrize("version", VERSIONS)
def test_a_connection_that_fails_comes_with_the_words_of_the_server(airconn: Any, source: Path, version: str) -> None:
    door = TestingDoor(version, lambda _: (False, 'connection to "db.example.com" failed: wrong password for "anna"'))
    result = run(airconn, door, version, "db", "--source", source)
    assert (result.code, result.err) == (1, "")
    assert result.out == '  connections/db  postgres  fails: connection to "***" failed: wrong password for "***"\n'


@pytest.mark.parametrize("version", VERSIONS)
def test_a_server_that_tests_nothing_is_told_how_to(airconn: Any, source: Path, version: str) -> None:
    result = run(airconn, TestingDoor(version, enabled=False), version, "db", "api", "--source", source)
    assert (result.code, result.out) == (4, "  connections/db  postgres  tests are switched off\n")
    server = "webserver" if version.startswith("2") else "API server"
    assert result.err == (f"hint:  set AIRFLOW__CORE__TEST_CONNECTION=Enabled for its {server}, and restart it\n")


@pytest.mark.parametrize("version", VERSIONS)
def test_credentials_that_may_not_test_are_another_matter(airconn: Any, source: Path, version: str) -> None:
    result = run(airconn, TestingDoor(version, allowed=False), version, "db", "--source", source)
    assert (result.code, "test connections" in result.err) == (5, True)


@pytest.mark.parametrize(
    ("message", "said", "hint"),
    [
        ('Unknown hook type "http"', "provider not installed", "install apache-airflow-providers-http in that"),
        ("No module named 'psycopg2'", "provider not installed", "install apache-airflow-providers-http in that"),
        (
            "Hook KafkaHook doesn't implement or inherit test_connection method",
            "can't be tested",
            "a task that uses it",
        ),
    ],
)
def test_what_can_not_be_tested_there_is_not_a_failure(
    airconn: Any, source: Path, message: str, said: str, hint: str
) -> None:
    result = run(airconn, TestingDoor("3.3.2", lambda _: (False, message)), "3.3.2", "api", "--source", source)
    assert (result.code, result.out) == (4, f"  connections/api  http  {said}\n")
    assert result.err.startswith(f"hint:  {hint}")


@pytest.mark.parametrize(("name", "said"), [("masked", "password is hidden (***)"), ("reference", "password is a ")])
def test_what_is_not_the_value_is_never_sent(airconn: Any, source: Path, name: str, said: str) -> None:
    door = TestingDoor("3.3.2")
    result = run(airconn, door, "3.3.2", "db", name, "--source", source)
    assert (result.code, result.out, door.bodies) == (4, "", [])
    assert f"error: connections/{name}: {said}" in result.err


def test_hidden_values_of_the_airflow_are_filled_from_a_file(airconn: Any, source: Path) -> None:
    shown = {"connection_id": "db", "conn_type": "postgres", "host": "db.example.com", "password": "***"}

    class Door(TestingDoor):
        def __call__(self, received: Received) -> Answer | None:
            if received.method == "GET" and received.path.endswith("/connections"):
                return Answer(body={"connections": [shown], "total_entries": 1})
            is_it = received.method == "GET" and received.path.endswith("/connections/db")
            return Answer(body=shown) if is_it else super().__call__(received)

    door = Door("3.3.2")
    blocked = run(airconn, door, "3.3.2", "db")
    assert (blocked.code, door.bodies) == (4, [])
    assert "connections/db: password is hidden (***)\nhint:  an Airflow hides its secrets: add --" in blocked.err
    assert "; prompt: asks for one (--set connections/ID.password=prompt:)\n" in blocked.err
    filled = run(airconn, door, "3.3.2", "db", "--fill", source, "--set", "connections/db.host=replica")
    assert (filled.code, door.bodies[0]["password"], door.bodies[0]["host"]) == (0, SECRET, "replica")


def test_the_worst_result_of_several_is_the_exit_code_and_scripts_get_json(airconn: Any, source: Path) -> None:
    door = TestingDoor("3.3.2", lambda body: (body["conn_type"] == "http", "no"))
    result = run(airconn, door, "3.3.2", "api", "db", "--source", source, "--output", "json")
    assert result.code == 1
    told = json.loads(result.out)
    assert told["schema_version"] == 1
    assert [(each["id"], each["result"], each["message"]) for each in told["connections"]] == [
        ("api", "works", "no"),
        ("db", "fails", "no"),
    ]


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (["dbx"], 3, "connections/dbx doesn't exist\nhint:  did you mean connections/db?"),
        (["untyped"], 3, "connections/untyped has no conn_type\nhint:  add the conn_type"),
        (["variables/region"], 2, "variables/region is not a connection, and can't be tested"),
        (["connections", "db"], 2, "connections/db"),
    ],
)
def test_what_is_named_wrongly_is_told(airconn: Any, source: Path, args: list[str], code: int, said: str) -> None:
    result = run(airconn, TestingDoor("3.3.2"), "3.3.2", *args, "--source", source)
    assert (result.code, said in result.err) == (code, True), result.err


@pytest.mark.parametrize(
    ("args", "extra"),
    [
        (("--to", "@eu"), {"x": 1}),
        (("--to", "@all"), {"x": 1}),
        ((), {"x": 1}),
        (("--to", "@eu", "--airflow", "3.1"), {"x": "1"}),
    ],
)
def test_the_airflow_of_a_target_alone_counts_as_for_several(
    airconn: Any, tmp_path: Path, args: tuple[str, ...], extra: dict[str, object]
) -> None:
    source = tmp_path / "uri.env"
    source.write_text("AIRFLOW_CONN_DB='http://h?x=1'\n")
    door = TestingDoor("3.0.6")
    with Site(airflow("3.0.6", door)) as site:
        user = tmp_path.parent / f"{tmp_path.name}-user.toml"
        user.write_text(f'[targets.eu]\naddress = "{site.url}"\nairflow = "3.3"\n')
        env = {"AIRCONN_URL": "@eu", "AIRCONN_TOKEN": "a-token"}
        result = airconn("test", "db", "--source", source, *args, env=env)
    assert result.code == 0, result.err
    assert json.loads(door.bodies[0]["extra"]) == extra


def test_only_an_airflow_tests(airconn: Any, source: Path) -> None:
    result = airconn("test", "db", "--source", source, "--to", source)
    assert (result.code, "only an Airflow can test connections" in result.err) == (2, True)


def test_a_refusal_does_not_quote_what_was_sent(airconn: Any, source: Path) -> None:
    def refuse(received: Received) -> Answer | None:
        if received.method != "POST":
            return None
        return Answer(400, {"title": "Bad Request", "detail": f"{{'password': ['{SECRET}']}}"})

    with Site(airflow("2.11.2", refuse)) as site:
        env = {"AIRCONN_URL": site.url, "AIRCONN_TOKEN": "a-token"}
        result = airconn("test", "db", "--source", source, env=env)
    assert (result.code, SECRET in result.err) == (5, False)
    assert "it refuses to test the connection, with status 400: Bad Request" in result.err
