"""YAML is read as Airflow's PyYAML reads it, with a warning for each value that isn't its text."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from airconn.errors import InputError, InputErrors
from airconn.formats import get_format
from airconn.formats.base import ReadOptions
from airconn.formats.dotenv.lines import entries
from airconn.model import Bundle, Connection, Kind, Text, Variable
from tests.formats import strategies as some
from tests.formats.options import writing

# fmt: off
PIECES = [
    *"0123456789", *"+-._:~=xbo eE", "0x", "0b", "0o", "1_0",
    "yes", "No", "ON", "off", "true", "False", "null", "Null",
    "y", "n", ".inf", ".NaN", "-", "2024-01-01", "2024-13-45", "T10:00:00Z", " 10:00:00", "12:30", ":30", "<<", "e+5",
    "1.50", "08", "0123", "a",
]
# fmt: on
scalars = st.lists(st.sampled_from(PIECES), min_size=1, max_size=4).map("".join)


def node_of(text: str) -> Any:
    try:
        found = yaml.compose(f"a: {text}", Loader=yaml.SafeLoader).value[0][1]
    except (yaml.YAMLError, AttributeError, IndexError):
        return None
    return found if isinstance(found, yaml.ScalarNode) and found.style is None and found.value == text else None


def by_airflow(text: str) -> Any:
    """The JSON text that Airflow stores. None if it fails."""
    try:
        return json.dumps(yaml.safe_load(f"a: {text}")["a"])
    except Exception:  # noqa: BLE001 - whatever it is, Airflow fails
        return None


def read(text: str, name: str) -> Any:
    try:
        return get_format("yaml").parse(text, name, ReadOptions()).bundle
    except (InputError, InputErrors):
        return None


def rules(obj: Any) -> list[tuple[str, str, int | None, int | None]]:
    return [(found.rule, found.field, found.line, found.column) for found in obj.ambiguities]


@settings(max_examples=400, deadline=None)
@given(scalars)
@example("0123")
@example("yes")
@example("12:30:00")
@example("1_000")
@example("2024-01-01")
@example("1e5")
@example("-0")
@example(".inf")
@example("=")
def test_a_value_without_quotes_is_what_it_is_to_airflow_and_each_other_one_is_said(text: str) -> None:
    if node_of(text) is None:
        return
    expected = by_airflow(text)
    extra = read(f"c:\n  conn_type: http\n  extra:\n    a: {text}\n", "connections.yaml")
    variable = read(f"k: {text}\n", "variables.yaml")
    if expected is None:
        assert extra is None
        assert variable is None
        return
    connection, value = extra.connections["c"], variable.variables["k"]
    assert isinstance(connection.extra, Text)
    assert connection.extra.text == f'{{"a": {expected}}}'
    stored = json.loads(expected) if expected.startswith('"') else expected
    assert value.value.text == stored
    assert rules(value) == ([] if stored == text else [("AC421", "value", 1, 4)])
    is_same = expected.startswith('"') or expected == "null" or expected == text or (expected == text.lower())
    said = [each for each in rules(connection) if each[0] == "AC421"]
    assert said == ([] if is_same else [("AC421", "extra.a", 4, 8)])


@settings(max_examples=60, deadline=None)
@given(some.everything, st.sampled_from([None, *Kind]))
def test_what_is_written_is_the_same_to_pyyaml_and_to_airconn(bundle: Bundle, kind: Kind | None) -> None:
    options = writing(kinds=frozenset([kind])) if kind else writing()
    rendered = get_format("yaml").render(bundle, options)
    as_json = get_format("json").render(bundle, options)
    assert yaml.safe_load(rendered.text) == json.loads(as_json.text)
    again = get_format("yaml").read(rendered.text, "x.yaml", ReadOptions(kind=kind))
    assert [found for obj in again.found for found in obj.ambiguities if found.rule in ("AC421", "AC422")] == []


def test_merged_keys_come_first_and_the_first_of_a_list_wins() -> None:
    text = (
        "a: &a {conn_type: http, extra: &x {p: 1, q: 2}}\n"
        "b: &b {conn_type: ftp, extra: {<<: *x, q: 3, r: 4}}\n"
        "c: {<<: [*b, *a], extra: {first: 0, <<: [{first: 1, second: 2}, {second: 3, third: 4}]}}\n"
    )
    found = read(text, "connections.yaml").connections
    assert {id_: (obj.conn_type, obj.extra.text) for id_, obj in found.items()} == {
        "a": ("http", '{"p": 1, "q": 2}'),
        "b": ("ftp", '{"p": 1, "q": 3, "r": 4}'),
        "c": ("ftp", '{"second": 2, "third": 4, "first": 0}'),  # as PyYAML up to 6.0.3, which Airflow has
    }
    once = "".join(text.splitlines(keepends=True)[:2])
    theirs = {id_: json.dumps(fields["extra"]) for id_, fields in yaml.safe_load(once).items()}
    assert {id_: obj.extra.text for id_, obj in found.items() if id_ in theirs} == theirs


@pytest.mark.parametrize(
    "text",
    ["a: {on: 1}", "a: {1: x, yes: y, 2.50: z, ~: w}", "a: [{off: [0x1F]}]", "a: !!omap [08: 1, on: 2]"],
)
def test_a_key_without_quotes_is_what_json_makes_of_it(text: str) -> None:
    expected = json.dumps(yaml.safe_load(text)["a"], indent=2)
    found = read(text.replace("1: x, yes: y", "1: y"), "variables.yaml")
    assert found.variables["a"].value.text == expected


def test_the_warning_is_one_line_with_the_fields_and_the_way_out(airconn: Any, tmp_path: Path) -> None:
    (tmp_path / "connections.yaml").write_text(
        "a:\n  conn_type: sftp\n  login: 0123\n  extra: {x: yes, hunter2 Secret: on, 'no': 'off'}\n"
        "b: {conn_type: sftp, port: 022}\nc: {conn_type: sftp, port: 22, login: 'on'}\n"
    )
    for command in (["convert", "--format", "json"], ["convert", "--format", "env"]):
        result = airconn(command[0], tmp_path / "connections.yaml", *command[1:])
        assert result.code == 0
        (warning,) = [line for line in result.err.splitlines() if line.startswith("warning: ")]
        assert "connections.yaml:3: Airflow reads this as another value (YAML 1.1" in warning
        assert "connections/a (line 3: login, extra.x, extra.…) and connections/b (line 5: port)" in warning
        assert "put a value in quotes" in warning
        assert "hunter2" not in result.err
    values = {entry.name: entry.value for entry in entries(result.out)}
    assert json.loads(values["AIRFLOW_CONN_A"])["login"] == "83"  # type: ignore[arg-type]
    assert json.loads(values["AIRFLOW_CONN_B"])["port"] == 18  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "text", "place", "what"),
    [
        ("connections.yaml", "a: {conn_type: http, password: 240117}", "1:22", "'password' is a number"),
        ("connections.yaml", "a: {conn_type: http, password: yes}", "1:22", "'password' is true or false"),
        ("connections.yaml", "a: {conn_type: http, login: [x]}", "1:22", "'login' is an object or a list"),
        ("connections.yaml", "a: {conn_type: http, host: on}", "1:22", "'host' is true or false"),
        ("connections.yaml", "a: {conn_type: 5}", "1:5", "'conn_type' is a number"),
        ("connections.yaml", "a: {conn_type: http, extra: {d: 2024-01-01}}", "1:33", "a date"),
        ("connections.yaml", "a: {conn_type: http, extra: [1]}", "1:1", "not a JSON object"),
        ("connections.yaml", "a: {conn_type: http, extra: no}", "1:1", "neither an object nor a text"),
        ("connections.yaml", "a: {conn_type: http, port: abc}", "1:1", "'port' is not a whole number"),
        ("connections.yaml", "a: {conn_type: http, bogus: 1}", "1:1", "'bogus' is no"),
        ("connections.yaml", "123: {conn_type: http}", "1:1", "conn_id is a number"),
        ("variables.yaml", "a: 2024-01-01", "1:4", "a date"),
        ("variables.yaml", "on: x", "1:1", "key is true or false"),
        ("connections.json", '{"a": {"conn_type": "http", "password": 5}}', "1:2", "'password' is a number"),
        ("connections.json", '{"a": {"conn_type": "http", "password": false}}', "1:2", "'password' is true or false"),
        ("connections.json", '{"a": {"conn_type": "http", "schema": {}}}', "1:2", "'schema' is an object or a list"),
        (".env", 'AIRFLOW_CONN_A={"conn_type": "http", "login": 5}', "1", "'login' is a number"),
        (".env", 'AIRFLOW_CONN_A={"conn_type": "http", "host": 1.5}', "1", "'host' is a number"),
        (".env", 'AIRFLOW_CONN_A={"conn_type": "http", "schema": 5}', "1", "'schema' is a number"),
        (".env", 'AIRFLOW_CONN_A={"conn_type": "http", "password": 0}', "1", "'password' is a number"),
        (".env", 'AIRFLOW_CONN_A={"conn_type": "http", "extra": [1]}', "1", "not a JSON object"),
        (".env", 'AIRFLOW_CONN_A={"conn_type": "http", "port": "abc"}', "1", "'port' is not a whole number"),
    ],
)  # fmt: skip
def test_what_airflow_refuses_is_an_error_with_its_place_in_check_and_in_other_commands(
    airconn: Any, tmp_path: Path, name: str, text: str, place: str, what: str
) -> None:
    (tmp_path / name).write_text(text + "\n")
    checked = airconn("check", tmp_path / name)
    converted = airconn("convert", tmp_path / name, "--format", "uri" if "variables" not in name else "json")
    assert (checked.code, converted.code, converted.out) == (3, 3, "")
    for said in (checked.out, converted.err):
        assert f"{name}:{place}" in said
        assert what in said


@pytest.mark.parametrize("name", ["connections.json", "connections.yaml", "all.json"])
def test_a_file_for_airflow_without_a_type_is_an_error_of_check_and_a_loss_where_it_is_written(
    airconn: Any, tmp_path: Path, name: str
) -> None:
    text = '{"a": {"host": "h"}}'
    (tmp_path / name).write_text(text if "connections" in name else f'{{"connections": {text}}}')
    checked = airconn("check", tmp_path / name)
    assert checked.code == 3
    assert "error AC313 connections/a: conn_type is missing; 'airflow connections import'" in checked.out
    written = airconn("convert", tmp_path / name, "--connections", "-o", tmp_path / "connections.out.json")
    assert written.code == 0
    assert "conn_type isn't known, and airflow connections import needs it (1: a)" in written.err
    (tmp_path / ".env").write_text('AIRFLOW_CONN_A={"host": "h"}\n')
    assert airconn("check", tmp_path / ".env").code == 0


def test_a_list_as_extra_is_refused_for_airflow_3_and_read_for_airflow_2(airconn: Any, tmp_path: Path) -> None:
    (tmp_path / "connections.json").write_text('{"a": {"conn_type": "http", "extra": [1]}}')
    assert airconn("convert", tmp_path / "connections.json", "--format", "env").code == 3
    result = airconn("convert", tmp_path / "connections.json", "--format", "env", "--airflow", "2.11")
    assert result.code == 0
    assert "[1]" in result.out


@pytest.mark.parametrize("name", ["connections.json", "connections.yaml"])
def test_a_number_as_login_in_a_file_is_its_digits_with_a_warning(airconn: Any, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text('{"a": {"conn_type": "http", "login": 240117, "port": 22}}')
    result = airconn("convert", tmp_path / name, "--format", "uri")
    assert (result.code, result.out) == (0, "a=http://240117@:22\n") or "240117" in result.out
    assert "connections/a (login) (put it in quotes)" in result.err
    assert "240117" not in result.err


def test_a_settings_file_keeps_its_texts_and_says_which_ones_the_astro_cli_changes(
    airconn: Any, tmp_path: Path
) -> None:
    (tmp_path / "airflow_settings.yaml").write_text(
        "airflow:\n  connections:\n    - conn_id: a\n      conn_type: http\n      conn_login: 0123\n"
        "      conn_port: 80\n"
        "      conn_password: true\n      conn_host: no\n      conn_extra: {x: yes, y: true, z: 5, w: 1.50}\n"
        "  variables:\n    - {variable_name: v, variable_value: 12:30}\n    - {variable_name: w, variable_value: 7}\n"
    )
    result = airconn("convert", tmp_path / "airflow_settings.yaml", "--format", "json")
    connection = json.loads(result.out)["connections"]["a"]
    assert (connection["login"], connection["password"], connection["host"]) == ("0123", "true", "no")
    assert connection["extra"] == '{"x": "yes", "y": true, "z": 5, "w": 1.50}'
    (warning,) = [line for line in result.err.splitlines() if line.startswith("warning: ")]
    assert "connections/a (conn_login, conn_password, conn_extra.x, conn_extra.w)" in warning


@pytest.mark.parametrize(
    ("shape", "value"), [("plain", '{\n  "value": 3\n}'), ("wrapped", "3")], ids=["plain", "wrapped"]
)
@pytest.mark.parametrize("name", ["variables.json", "variables.yaml"])
@pytest.mark.parametrize("airflow", ["2.11", "3.3"])
def test_an_option_says_whether_an_object_with_value_is_one(
    airconn: Any, tmp_path: Path, name: str, airflow: str, shape: str, value: str
) -> None:
    (tmp_path / name).write_text('{"k": {"value": 3}}')
    more = ("--format", "env", "--airflow", airflow)
    said = airconn("convert", tmp_path / name, *more, "--from-variables-shape", shape)
    assert (said.code, "--from-variables-shape" in said.err) == (0, False)
    assert {entry.name: entry.value for entry in entries(said.out)}["AIRFLOW_VAR_K"] == value
    unsaid = airconn("convert", tmp_path / name, *more)
    assert "--from-variables-shape" in unsaid.err
    assert unsaid.code == (3 if airflow == "3.3" else 0)


def test_texts_are_not_named_in_a_warning_for_well_formed_yaml() -> None:
    text = (
        "a:\n  conn_type: postgres\n  description:\n  host: db.example.com\n  login: etl\n  password: 'x'\n"
        "  port: 5432\n  schema: null\n"
        "  extra:\n    sslmode: require\n    verify: True\n    n: 3\n    f: 0.5\n    v: v1.50\n    none: ~\n"
    )
    connection = read(text, "connections.yaml").connections["a"]
    assert connection.ambiguities == ()
    assert isinstance(connection, Connection)
    variables = read("a: x\nb: 5\nc: true\nd: 'yes'\ne: {f: [1, null]}\n", "variables.yaml").variables
    assert [each.ambiguities for each in variables.values() if isinstance(each, Variable)] == [()] * 5
