"""Warnings: one line for one problem, and the list with `-v`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.stores.airflow_api.conftest import airflow
from tests.stores.site import Answer, Received, Site

NAMES = [f"db_{number:03}" for number in range(200)]


def connection(id_: str) -> dict[str, Any]:
    fields = {"connection_id": id_, "conn_type": "postgres", "host": "h", "password": "***", "description": "d"}
    return dict.fromkeys(("login", "port", "schema", "extra")) | fields


def answer(received: Received) -> Answer | None:
    shown = {
        "connections": [connection(id_) for id_ in NAMES],
        "variables": [{"key": "v", "value": "1", "description": None, "is_encrypted": True}],
        "pools": [],
    }
    kind = received.path.rpartition("/")[2]
    return Answer(body={kind: shown[kind], "total_entries": len(shown[kind])}) if kind in shown else None


def test_an_export_with_losses_and_hidden_values_warns_in_three_lines_and_says_where_the_values_are(airconn) -> None:
    with Site(airflow("3.0.6", answer)) as site:
        env = {"AIRCONN_TOKEN": "a-token", "AIRCONN_URL": site.url}
        short = airconn("export", "--format", "uri", env=env)
        verbose = airconn("export", "--format", "uri", "-v", env=env)
    assert short.code == 0
    assert short.err == (
        "warning: the uri format can't hold everything: skipped 1 variable; lost or changed: description of 200 "
        "connections (-v lists them)\n"
        "warning: hidden values of 200 objects (-v lists them) are written as ***. Importing this file keeps the "
        "values that the target has\n"
        "hint:  to get the real values: --from metadb: or --from 'airflow-cli:docker exec -i scheduler', or --fill "
        "ADDRESS (airconn help secrets)\n"
    )
    assert f"description has no field in a URI (200: {', '.join(NAMES)})" in verbose.err
    assert f"schema is not set, and comes back as an empty text (200: {', '.join(NAMES)})" in verbose.err
    assert verbose.err.count("\n  connections/db_") == 200


def test_the_same_problem_in_many_objects_is_one_line(airconn, tmp_path: Path) -> None:
    source, target = tmp_path / "s.json", tmp_path / "airflow_settings.yaml"
    source.write_text(json.dumps({"variables": {id_: {"value": "1", "description": "d"} for id_ in NAMES}}))
    short = airconn("import", source, "--to", target, "-n")
    assert short.err == ""
    short = airconn("import", source, "--to", target)
    assert short.err == (
        "warning: description has no field in a settings file (200: variables/db_000, variables/db_001, "
        "variables/db_002 and 197 more)\n"
    )
    target.unlink()
    verbose = airconn("import", source, "--to", target, "-v")
    assert verbose.err.count("description has no field in a settings file\n") == 200


def test_an_unset_text_that_a_secret_gives_back_as_empty_is_told_with_v_and_counts_for_strict(
    airconn, tmp_path: Path
) -> None:
    source = tmp_path / "s.json"
    source.write_text(json.dumps({"connections": {"a": {"conn_type": "http", "host": "h", "login": "l"}}}))
    assert airconn("convert", source, "--format", "uri").err == ""
    assert "a: schema is not set, and comes back as an empty text" not in airconn("convert", source).err
    strict = airconn("convert", source, "--format", "uri", "--strict")
    assert (strict.code, "connections/a: schema is not set, and comes back as an empty text" in strict.err) == (
        3,
        True,
    )


def test_kinds_that_a_place_can_not_hold_are_not_counted(airconn, examples: Path) -> None:
    assert airconn("list", "--from", examples / ".env").err.endswith(".env: 4 connections, 4 variables\n")
    assert airconn("list", "--from", examples / "pools.yaml").err.endswith("pools.yaml: 3 pools\n")
    assert airconn("list", "--from", examples / "objects.json").err.endswith("6 variables, 3 pools\n")


def test_the_default_pool_that_each_airflow_has_is_missed_with_v_alone(airconn, tmp_path: Path) -> None:
    own = {"slots": 128, "description": "Default pool", "include_deferred": False}
    source, env = tmp_path / "s.json", tmp_path / ".env"
    for pool, is_told in ((own, False), (own | {"slots": 64}, True)):
        source.write_text(json.dumps({"variables": {"a": "1"}, "pools": {"default_pool": pool}}))
        env.unlink(missing_ok=True)
        assert ("pools" in airconn("export", "--from", source, "-o", env).err) is is_told
        assert "left out: the env format holds no pools" in airconn("export", "--from", source, "-o", env, "-v").err
        assert ("pool" in airconn("diff", source, env).err) is is_told
        env.unlink()
        assert ("pool" in airconn("import", source, "--to", env).err) is is_told
        chosen = airconn("export", "--from", source, "--format", "env", "--variables", "--pools")
        assert "left out: the env format holds no pools (1: default_pool)" in chosen.err
