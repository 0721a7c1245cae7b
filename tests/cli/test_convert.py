"""`airconn convert`."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

pytestmark = pytest.mark.usefixtures("tmp_path")
EXAMPLES = sorted(
    path.name
    for path in (Path(__file__).parents[2] / "examples").iterdir()
    if path.is_file() and path.suffix != ".svg"
)


@pytest.mark.parametrize("name", EXAMPLES)
@pytest.mark.parametrize("format_name", ["env", "uri", "json", "yaml", "settings"])
def test_every_example_is_written_in_every_format(airconn, examples, name: str, format_name: str) -> None:
    result = airconn("convert", examples / name, "--format", format_name, "-q")
    if name == "pools.yaml" and format_name in ("env", "uri"):
        assert (result.code, result.out) == (3, "")
        assert result.err.startswith(f"error: the {format_name} format can't hold anything\n")
        return
    assert (result.code, result.err) == (0, "")


def test_a_file_of_its_name_is_written_for_its_owner_alone(airconn, examples, tmp_path: Path) -> None:
    result = airconn("convert", examples / ".env", "-o", tmp_path / "airflow_settings.yaml")
    assert result.code == 0
    assert (tmp_path / "airflow_settings.yaml").read_text().startswith("airflow:\n  connections:\n")
    assert stat.S_IMODE((tmp_path / "airflow_settings.yaml").stat().st_mode) == 0o600
    assert result.err.endswith("airflow_settings.yaml: 4 connections, 4 variables, 0 pools\n")


def test_one_kind_is_written_as_airflow_imports_it(airconn, examples) -> None:
    found = json.loads(airconn("convert", examples / "objects.json", "--pools").out)
    assert found["sensors"] == {"slots": 64, "description": "Waiting tasks", "include_deferred": True}


def test_the_shape_follows_the_options_and_not_what_is_there(airconn) -> None:
    found = json.loads(airconn("convert", "-", "--from-format", "env", stdin="AIRFLOW_VAR_A=1\n").out)
    assert found == {"connections": {}, "variables": {"a": "1"}, "pools": {}}


def test_two_exports_of_the_same_are_the_same_bytes(airconn, examples, tmp_path: Path) -> None:
    text = json.loads((examples / "objects.json").read_text())
    backwards = {kind: dict(reversed(list(items.items()))) for kind, items in reversed(list(text.items()))}
    (tmp_path / "b.json").write_text(json.dumps(backwards))
    assert airconn("convert", examples / "objects.json").out == airconn("convert", tmp_path / "b.json").out


def test_what_a_format_can_not_hold_is_said_and_strict_makes_it_an_error(airconn, examples, tmp_path: Path) -> None:
    result = airconn("convert", examples / "objects.json", "--format", "uri")
    assert result.code == 0
    assert result.err == (
        "warning: the uri format can't hold everything: skipped 6 variables, 3 pools; lost or changed: description "
        "of connections/billing_api (-v lists them)\n"
    )
    verbose = airconn("convert", examples / "objects.json", "--format", "uri", "-v")
    assert "warning: pools: left out: the uri format holds no pools (3: etl, reports, sensors)" in verbose.err
    assert "warning: connections: description has no field in a URI (1: billing_api)" in verbose.err
    assert "warning: connections: schema is not set, and comes back as an empty text (4: Bastion-" in verbose.err
    strict = airconn("convert", examples / "objects.json", "-o", tmp_path / "x.uri", "--strict")
    assert strict.code == 3
    assert strict.err.endswith("nothing was written\n")
    assert not (tmp_path / "x.uri").exists()


def test_globs_choose_by_id_and_by_kind(airconn, examples) -> None:
    found = airconn(
        "list", "--from", examples / "objects.json", "--include", "*e*", "--exclude", "pools/*", "--output", "json"
    )
    ids = [(obj["kind"], obj["id"]) for obj in json.loads(found.out)["objects"]]
    assert ("variables", "region") in ids
    assert all(kind != "pools" and "e" in id_ for kind, id_ in ids)


@pytest.mark.parametrize("policy", ["mask", "omit", "fail"])
def test_hidden_fields_are_written_as_told(airconn, tmp_path: Path, policy: str) -> None:
    source = {
        "connections": {
            "c": {"conn_type": "http", "password": "***", "extra": '{"token": "***", "a": 1}'},
            "d": {"conn_type": "http"},
        },
        "variables": {"v": "***"},
    }
    (tmp_path / "s.json").write_text(json.dumps(source))
    result = airconn("convert", tmp_path / "s.json", "--redacted", policy, "-v")
    if policy == "fail":
        assert result.code == 4
        assert "connections/c password, extra.token; variables/v value" in result.err
        return
    assert result.code == 0
    assert "  connections/c  password, extra.token\n  variables/v  value\n" in result.err
    short = airconn("convert", tmp_path / "s.json", "--redacted", policy)
    assert short.err.splitlines()[-1] == "hint:  to get the real values: --fill ADDRESS (airconn help secrets)"
    assert short.err.splitlines()[-2].startswith("warning: hidden values of 2 objects (-v lists them) are ")
    found = json.loads(result.out)
    if policy == "mask":
        assert (found["connections"]["c"]["password"], found["variables"]) == ("***", {"v": "***"})
    else:
        assert found["variables"] == {}
        assert (found["connections"]["c"]["password"], found["connections"]["c"]["extra"]) == (None, '{"a": 1}')


def test_a_place_on_a_network_is_refused(airconn) -> None:
    result = airconn("convert", "http://localhost:8080")
    assert (result.code, "is not a file" in result.err) == (2, True)


def test_connections_in_a_env_file_are_json_or_uris(airconn) -> None:
    text = '{"connections": {"a": {"conn_type": "http", "host": "h", "password": "p w"}}}'
    as_uri = airconn("convert", "-", "--format", "env", "--connection-format", "uri", stdin=text)
    assert as_uri.out == "AIRFLOW_CONN_A=http://:p%20w@h/\n"
    assert airconn("convert", "-", "--format", "env", stdin=text).out.startswith("AIRFLOW_CONN_A='{")


def test_sections_are_told_from_objects_whatever_is_in_them(airconn) -> None:
    sections = {"connections": {}, "variables": {"conn_type": "x"}, "pools": {}}
    found = json.loads(airconn("convert", "-", stdin=json.dumps(sections)).out)
    assert found == sections
