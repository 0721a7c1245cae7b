"""`airconn list` and `airconn test` of several targets."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.fleet import LOCKED, TOKEN, fleet
from tests.stores.airflow_api.conftest import airflow
from tests.stores.airflow_api.testing_airflow import TestingDoor
from tests.stores.site import Site

TWO = {"eu": {"db": "eu.example.com", "api": "h"}, "us": {"db": "us.example.com"}}


@pytest.fixture(autouse=True)
def _in_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_each_target_has_a_section_in_the_order_in_which_it_is_named(airconn, tmp_path: Path) -> None:
    with fleet(tmp_path, TWO) as running:
        result = airconn("list", "--from", "@us", "--from", "@eu", "--connections", env=TOKEN)
        eu, us = (running.sites[name].url for name in ("eu", "us"))
    assert (result.code, result.err) == (0, "@us: 1 connection\n@eu: 2 connections\n")
    assert result.out == (
        f"@us: airflow 3.0.6 at {us}\n"
        "KIND         ID  WHAT  HIDDEN\n"
        "connections  db  http  password\n"
        "\n"
        f"@eu: airflow 3.0.6 at {eu}\n"
        "KIND         ID   WHAT  HIDDEN\n"
        "connections  api  http  password\n"
        "connections  db   http  password\n"
    )


def test_scripts_get_a_section_a_target_also_for_one_that_fails(airconn, tmp_path: Path) -> None:
    with fleet(tmp_path, TWO) as running:
        running.sites["eu"].__exit__(None, None, None)
        result = airconn("list", "--from", "@all", "--output", "json", "--retries", "0", env=TOKEN)
        running.sites.clear()
    us, eu = json.loads(result.out)["targets"]
    assert (result.code, us["name"], us["exit_code"], [one["id"] for one in us["objects"]]) == (5, "@us", 0, ["db"])
    assert (eu["name"], eu["exit_code"], eu["error"].startswith("@eu, http://")) == ("@eu", 5, True)


def test_many_targets_that_fail_alike_are_one_error(airconn, tmp_path: Path) -> None:
    names = [f"no{number}.env" for number in range(12)]
    sources = [word for name in names for word in ("--from", name)]
    result = airconn("list", *sources)
    assert (result.code, result.out) == (3, "")
    assert result.err == "error: 12 targets (no0.env, no1.env, no2.env and 9 more): no such file\n"
    verbose = airconn("list", *sources, "-v")
    assert verbose.err.count("error: ") == 12


def test_the_same_note_of_many_targets_is_one_line(airconn, tmp_path: Path) -> None:
    for name in ("a.env", "b.env", "c.env"):
        (tmp_path / name).write_text("AIRFLOW_VAR_X='a\\\\b'\n")
    one = airconn("export", "--from", "a.env", "-o", "one.json")
    sources = [word for name in ("a.env", "b.env", "c.env") for word in ("--from", name)]
    result = airconn("export", *sources, "-o", "{target}.json")
    assert (result.code, one.err.count("warning: "), result.err.count("warning: ")) == (0, 1, 1)
    assert "warning: 3 targets (a.env, b.env, c.env): " in result.err


def test_a_group_is_no_single_address(airconn, tmp_path: Path) -> None:
    user = tmp_path.parent / f"{tmp_path.name}-user.toml"
    user.write_text('[targets.a]\naddress = "a.env"\n[targets.b]\naddress = "b.env"\n[groups]\nprod = ["@a", "@b"]\n')
    for command in (["show", "x"], ["get", "connections/x.host"]):
        result = airconn(*command, "--from", "@prod")
        assert (result.code, "@prod is a group, and this takes one address" in result.err) == (2, True)


def test_a_login_that_is_refused_is_the_error_of_its_target_alone(airconn, tmp_path: Path) -> None:
    with fleet(tmp_path, {"eu": {"db": "h"}, "us": {LOCKED: ""}}):
        result = airconn("list", "--from", "@all", env=TOKEN)
    assert (result.code, "@eu: airflow 3.0.6" in result.out, "@us" in result.out) == (5, True, False)
    assert "error: @us, http://" in result.err


def run_test(airconn, doors: dict[str, TestingDoor], tmp_path: Path, *args: str):
    sites = {name: Site(airflow("3.0.6", door)) for name, door in doors.items()}
    text = "".join(f'[targets.{name}]\naddress = "{site.url}"\n' for name, site in sites.items())
    (tmp_path.parent / f"{tmp_path.name}-user.toml").write_text(text)
    for site in sites.values():
        site.__enter__()
    try:
        return airconn("test", *args, env=TOKEN)
    finally:
        for site in sites.values():
            site.__exit__(None, None, None)


def test_each_airflow_of_a_group_tests_the_connection(airconn, tmp_path: Path) -> None:
    (tmp_path / "v.json").write_text(
        '{"connections": {"db": {"conn_type": "http", "host": "h", "password": "canary"}}}'
    )
    doors = {
        "eu": TestingDoor("3.0.6"),
        "us": TestingDoor("3.0.6", lambda _: (False, "no route to host")),
        "ap": TestingDoor("3.0.6", enabled=False),
    }
    result = run_test(airconn, doors, tmp_path, "db", "--source", "v.json", "--from", "@all")
    assert (result.code, "canary" in result.out + result.err) == (4, False)
    rows = [line for line in result.out.splitlines() if line.startswith("  ")]
    assert rows == [
        "  connections/db  http  works: Connection successfully tested",
        "  connections/db  http  fails: no route to host",
        "  connections/db  http  tests are switched off",
    ]
    assert [line.split(":")[0] for line in result.out.splitlines() if line.startswith("@")] == ["@eu", "@us", "@ap"]
    scripts = run_test(airconn, doors, tmp_path, "db", "--source", "v.json", "--to", "@all", "--output", "json")
    sections = json.loads(scripts.out)["targets"]
    assert [(one["name"], one["exit_code"]) for one in sections] == [("@eu", 0), ("@us", 1), ("@ap", 4)]


def test_what_is_no_airflow_is_refused_before_any_test(airconn, tmp_path: Path) -> None:
    door = TestingDoor("3.0.6")
    result = run_test(airconn, {"eu": door}, tmp_path, "db", "--to", "@eu", "--to", "a.env")
    assert (result.code, door.bodies) == (2, [])
    assert "a.env: only an Airflow can test connections" in result.err
