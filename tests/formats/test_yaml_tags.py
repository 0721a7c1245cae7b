"""YAML tags: one that `safe_load` refuses is an error, and a standard one is decoded as it does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from airconn.errors import InputError
from airconn.formats import yaml_tree
from airconn.model import jsontext

SECRET = "hunter2Secret"


@pytest.mark.parametrize(
    "text",
    [
        "!!binary aHVudGVyMg==",
        "!!binary |\n    aHVu\n    dGVyMg==",
        "!!int 0x1F",
        "!!int '017'",
        "!!int 1_000",
        "!!float '.5'",
        "!!float 1",
        "!!bool yes",
        "!!bool 'off'",
        "!!null x",
        "!!str 5",
        "!!map {b: 1}",
        "!!seq [1]",
        "!!omap [b: 1, c: x]",
        "!!pairs [b: 1, b: 2]",
        "!<tag:yaml.org,2002:int> 5",
    ],
)
def test_a_standard_tag_is_decoded_as_airflow_does(text: str) -> None:
    expected = yaml.safe_load(f"a: {text}")["a"]
    expected = expected.decode() if isinstance(expected, bytes) else expected
    found: Any = json.loads(jsontext.dumps(yaml_tree.load(f"a: {text}", "f.yaml")))["a"]
    assert found == json.loads(json.dumps(expected))
    assert type(found) is type(json.loads(json.dumps(expected)))


def test_a_date_with_its_tag_stays_the_text_that_it_is() -> None:
    assert yaml_tree.load("a: !!timestamp 2024-01-01", "f.yaml") == {"a": "2024-01-01"}


@pytest.mark.parametrize(
    "text",
    [
        f"!vault {SECRET}",
        f"!vault |\n    $ANSIBLE_VAULT;1.1;AES256\n    {SECRET}",
        f"!ENV ${{{SECRET}}}",
        f"!{SECRET}",
        f"!{SECRET} 'x'",
        f"!Sub [{SECRET}]",
        f"!Ref {{{SECRET}: x}}",
        f"!binary {SECRET}",
        f"!!python/object:x.{SECRET} y",
        f"!<tag:example.com,2000:{SECRET}> x",
        f"!!bool {SECRET}",
        f"!!int {SECRET}",
        f"!!float {SECRET}",
        "!!float .inf",
        f"!!binary '{SECRET}\\xff'",
        "!!binary /w==",
        f"!!timestamp {SECRET}",
        f"!!map {SECRET}",
        f"!!seq {SECRET}",
        f"!!str {{a: {SECRET}}}",
        f"!!omap [{SECRET}]",
        f"!!set {{{SECRET}}}",
    ],
)
@pytest.mark.parametrize("before", ["k: ", "k:\n- ", "? "])
def test_any_other_tag_is_an_error_at_its_place_that_quotes_nothing(text: str, before: str) -> None:
    with pytest.raises(InputError) as caught:
        yaml_tree.load(f"a: 1\n{before}{text}", "f.yaml")
    error = caught.value
    line = 2 + before.count("\n")
    assert str(error).startswith(f"f.yaml:{line}:{len(before.rpartition(chr(10))[2]) + 1}: ")
    assert SECRET not in f"{error} {error.hint}"
    assert error.hint or "pairs" in str(error) or before == "? "


FILES = {
    "connections.yaml": "db:\n  conn_type: postgres\n  password: {}\n",
    "all.yaml": "connections:\n  db:\n    conn_type: postgres\n    password: {}\n",
    "variables.yaml": "db: {}\n",
    "airflow_settings.yaml": (
        "airflow:\n  connections:\n    - conn_id: db\n      conn_type: http\n      conn_password: {}\n"
    ),
    "secret.yaml": (
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: x\nstringData:\n  A: b\n  AIRFLOW_VAR_DB: {}\n"
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_no_yaml_file_makes_a_value_of_a_tag(airconn, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(FILES[name].format(f"!vault {SECRET}"))
    result = airconn("convert", tmp_path / name, "--format", "json")
    line = FILES[name].count("\n")
    column = len(FILES[name].splitlines()[-1]) - 1
    assert (result.code, result.out) == (3, "")
    assert f"{name}:{line}:{column}: this value has a YAML tag" in result.err
    assert SECRET not in result.err


@pytest.mark.parametrize("name", ["airflow_settings.yaml", "secret.yaml"])
def test_bytes_are_text_to_the_other_readers_of_yaml(airconn, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(FILES[name].format("!!binary aHVudGVyMg=="))
    result = airconn("convert", tmp_path / name, "--format", "json")
    assert result.code == 0
    assert '"hunter2"' in result.out


@pytest.mark.parametrize("name", ["connections.yaml", "all.yaml", "variables.yaml"])
def test_bytes_are_an_error_as_they_are_to_airflow(airconn, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(FILES[name].format("!!binary aHVudGVyMg=="))
    result = airconn("convert", tmp_path / name, "--format", "json")
    assert (result.code, result.out) == (3, "")
    assert f"{name}:{FILES[name].count(chr(10))}:" in result.err
    assert "binary data" in result.err
    assert "hunter2" not in result.err


def test_an_overlay_and_a_check_refuse_a_tag_too(airconn, tmp_path: Path) -> None:
    (tmp_path / "variables.yaml").write_text("db: x\n")
    (tmp_path / "prod.yaml").write_text(f"variables:\n  db: !ENV {SECRET}\n")
    result = airconn("convert", tmp_path / "variables.yaml", "--overlay", tmp_path / "prod.yaml", "--format", "json")
    assert (result.code, result.out) == (3, "")
    assert "prod.yaml:2:7: this value has a YAML tag" in result.err
    (tmp_path / "variables.yaml").write_text(f"db: !ENV {SECRET}\n")
    result = airconn("check", tmp_path / "variables.yaml")
    assert result.code != 0
    assert "variables.yaml:1:5" in result.out + result.err
    assert SECRET not in result.out + result.err


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (f"{{a: '1', db_password:{SECRET}}}", "1:10"),
        (f"{{a: '1', db_password={SECRET}}}", "1:10"),
        (f"a: '1'\nb: {{c: 1, db_password:{SECRET}, d: 2}}\n", "2:11"),
        (f"a: '1'\n? db_password:{SECRET}\n", "2:3"),
        (f"a: '1'\ndb_password:{SECRET}:\n", "2:1"),
    ],
)
@pytest.mark.parametrize("command", ["convert", "check"])
def test_a_key_that_has_swallowed_its_value_is_an_error_that_quotes_nothing(
    airconn, tmp_path: Path, text: str, place: str, command: str
) -> None:
    (tmp_path / "variables.yaml").write_text(text)
    result = airconn(command, tmp_path / "variables.yaml", *(["--format", "json"] if command == "convert" else []))
    assert result.code != 0
    assert f"variables.yaml:{place}" in result.out + result.err
    assert "':'" in result.out + result.err
    assert SECRET not in result.out + result.err


@pytest.mark.parametrize("text", ["{'a:b': }", '{"a:b"}', "a:b: 1", "a:b: null", "a:b: ''", "a:b: &x\n"])
def test_a_key_with_a_colon_that_is_meant_so_is_one(text: str) -> None:
    assert list(yaml_tree.load(text, "f.yaml")) == ["a:b"]
