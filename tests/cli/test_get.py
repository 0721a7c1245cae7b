"""`airconn get`, at the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.stores.airflow_api.conftest import airflow
from tests.stores.site import Answer, Received, Site

SECRET = "canary-1"
OBJECTS = {
    "connections": {
        "db.main": {
            "conn_type": "postgres",
            "host": "h",
            "login": "",
            "password": SECRET,
            "extra": '{"a.b": 1, "n": 1.50, "list": [true, null, {"x": "\\u00e9"}], "token": "***"}',
        },
        "masked": {"conn_type": "http", "password": "***"},
        "region": {"conn_type": "aws"},
    },
    "variables": {
        "region": "eu \n",
        "config": '{"a":1.50}',
        "hidden": "***",
        "odd.value": "v",
        "odd": '{"value": 1}',
    },
    "pools": {"small": {"slots": 3, "include_deferred": True}},
}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    path = tmp_path / "objects.json"
    path.write_text(json.dumps(OBJECTS))
    return path


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("connections/db.main.host", "h"),
        ("db.main.host", "h"),
        ("db.main.login", ""),
        ("db.main.password", SECRET),
        ("db.main.extra.n", "1.50"),
        ('db.main.extra["a.b"]', "1"),
        ("db.main.extra.a.b", "1"),
        ("db.main.extra.list[0]", "true"),
        ("db.main.extra.list[1]", "null"),
        ("db.main.extra.list[2]", r'{"x": "\u00e9"}'),
        ("db.main.extra.list[2].x", "é"),
        ("variables/region", "eu \n"),
        ("region", "eu \n"),
        ("region.conn_type", "aws"),
        ("config", '{"a":1.50}'),
        ("variables/config.value.a", "1.50"),
        ("odd.value", None),
        ("pools/small.slots", "3"),
        ("small.include_deferred", "true"),
    ],
)
def test_the_value_is_printed_character_for_character(airconn, place: Path, name: str, value: str | None) -> None:
    result = airconn("get", name, "--from", place)
    if value is None:
        assert (result.code, result.out) == (2, "")
        assert "is ambiguous" in result.err
    else:
        assert (result.code, result.out, result.err) == (0, value, "")


@pytest.mark.parametrize(
    ("name", "code", "said"),
    [
        ("masked.password", 4, "hides the value of connections/masked.password"),
        ("variables/hidden", 4, "hides the value of variables/hidden.value"),
        ("db.main.extra.token", 4, "hides the value of connections/db.main.extra.token"),
        ("db.main.extra", 4, "hides the value of connections/db.main.extra"),
        ("connections/db.man.host", 3, "connections/db.man doesn't exist\nhint:  did you mean connections/db.main?"),
        ("regoin", 3, "did you mean variables/region?"),
        ("db.main.port", 3, "connections/db.main.port is not set"),
        ("db.main.extra.nope", 3, "connections/db.main.extra.nope is not set"),
        ("db.main.extra.list[7]", 3, "connections/db.main.extra.list[7] is not set"),
        ("db.main.hots", 2, "did you mean 'host'?"),
        ("connections/db.main", 2, "the fields of a connection are"),
        ("region.value.a", 2, "variables/region.value.a: the value is not a JSON object or list"),
        ("odd.value", 2, "write one of: variables/odd or variables/odd.value.value"),
    ],
)
def test_what_can_not_be_printed_has_an_exit_code_and_a_hint(
    airconn, place: Path, name: str, code: int, said: str
) -> None:
    result = airconn("get", name, "--from", place)
    assert (result.code, result.out, said in result.err) == (code, "", True), result.err
    assert SECRET not in result.err
    assert "hint:" in result.err or code == 2


def test_a_terminal_gets_a_line(airconn, place: Path) -> None:
    assert airconn("get", "region", "--from", place, terminal=True).out == "eu \n\n"


@pytest.mark.parametrize("version", ["2.11.2", "3.3.2"])
def test_an_airflow_is_asked_for_one_value_and_hides_its_password(airconn, version: str) -> None:
    held = {"connection_id": "db", "conn_type": "postgres", "host": "h", "password": "***"}

    def respond(received: Received) -> Answer | None:
        if received.path.endswith("/connections"):
            return Answer(body={"connections": [held], "total_entries": 1})
        return Answer(body=held) if received.path.endswith("/connections/db") else None

    with Site(airflow(version, respond)) as site:
        env = {"AIRCONN_URL": site.url, "AIRCONN_TOKEN": "a-token"}
        assert airconn("get", "connections/db.host", env=env).out == "h"
        hidden = airconn("get", "connections/db.password", env=env)
    assert (hidden.code, hidden.out) == (4, "")
    assert f"error: {site.url} hides the value of connections/db.password" in hidden.err
