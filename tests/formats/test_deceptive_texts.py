"""Characters that can't be seen or look like others, and keys of an extra that occur twice."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from airconn.formats.deceptive_texts import shown

ODD = {
    "\u200b": "U+200B zero width space",
    "\xa0": "U+00A0 no-break space",
    "\u201c": "U+201C left double quotation mark",
}
MESSAGE = "it has a character that you can't see, or that looks like another"


@pytest.mark.parametrize("char", ODD)
def test_the_character_and_its_place_are_told(airconn, tmp_path: Path, char: str) -> None:
    path = tmp_path / "connections.json"
    path.write_text(f'{{"a": {{"conn_type": "http"}},\n "b": {{"conn_type": "http", "host": "h{char}"}}}}')
    result = airconn("convert", path)
    assert f"warning: {path}:2: {MESSAGE}: connections/b ({ODD[char]} in host, column 39) (" in result.err
    assert f"{path}:2:39: warning AC331 connections/b: {MESSAGE}: {ODD[char]} in host\n" in airconn("check", path).out


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("connections.json", '{"a": {"conn_type": "http", "host": "h\\u0000"}}'),
        ("connections.yaml", 'a:\n  conn_type: http\n  host: "h\\0"\n'),
        ("x.uri", "a=http://h%00/\n"),
        (".env", 'AIRFLOW_CONN_A=\'{"conn_type": "http", "host": "h\\u0000"}\'\n'),
    ],
)
def test_a_nul_is_told_however_it_is_written(airconn, tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    assert "connections/a (U+0000 NUL in host)" in airconn("convert", tmp_path / name, "--format", "json").err


@pytest.mark.parametrize("field", ["conn_type", "host", "schema", "login", "password"])
def test_every_field_that_is_no_prose_is_looked_at(airconn, tmp_path: Path, field: str) -> None:
    (tmp_path / "connections.json").write_text(json.dumps({"a": {"conn_type": "http", field: "x\u200by"}}))
    assert f"(U+200B zero width space in {field})" in airconn("convert", tmp_path / "connections.json").err


def test_ids_and_secrets_are_looked_at_and_prose_is_not(airconn, tmp_path: Path) -> None:
    prose = "It\u2019s\u00a0\U0001f469\u200d\U0001f4bb \u201cnice\u201d"
    objects = {
        "connections": {"c": {"conn_type": "http", "description": prose, "extra": json.dumps({"note": prose})}},
        "variables": {"text": prose, "json": json.dumps({"a": prose}, ensure_ascii=False)},
        "pools": {"p": {"slots": 1, "description": prose}},
    }
    path = tmp_path / "in.json"
    path.write_text(json.dumps(objects, ensure_ascii=False))
    assert airconn("convert", path).err == ""
    odd = {
        "connections": {"c": {"conn_type": "http", "extra": '{"api_key": "k\u200b"}'}},
        "variables": {"v\u200b": "1", "db_password": "k\u200b", "quoted": "\u201cx\u201d"},
        "pools": {"p\u200b": {"slots": 1}},
    }
    path.write_text(json.dumps(odd, ensure_ascii=False))
    err = airconn("convert", path).err
    for place in ("in extra", "in key", "in value", "in pool"):
        assert place in err
    assert "k" not in err.split(MESSAGE)[1].split("U+")[1][:4]


def test_a_name_behind_such_a_character_is_an_error_and_not_passed_over(airconn, tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("A=1\n\u200bAIRFLOW_VAR_X=1\nexport \ufeffAIRFLOW_CONN_X=http://h\n\u200bOTHER=1\n")
    result = airconn("import", path, "--to", tmp_path / "o.json")
    assert result.code == 3
    assert result.err == (
        f"error: {path}:2: U+200B zero width space is in front of this AIRFLOW_VAR_*, so Airflow doesn't "
        "find it\n"
        "hint:  delete that character, or type the name again\n"
        f"error: {path}:3: U+FEFF byte order mark is in front of this AIRFLOW_CONN_*, so Airflow doesn't "
        "find it\n"
        "nothing was written\n"
    )


def test_a_key_twice_in_an_extra_is_told_and_airflow_takes_the_last(airconn, tmp_path: Path) -> None:
    path = tmp_path / "connections.json"
    path.write_text(json.dumps({"a": {"conn_type": "http", "extra": '{"k": "secret", "k": 2}'}}))
    err = airconn("convert", path).err
    assert "the extra has a key twice: Airflow takes the last one: connections/a ('k') (keep one of the two)" in err
    assert "secret" not in err


@pytest.mark.parametrize(
    "extra", ['{"k": {"k": 1}}', '{"a": "\\"k\\": 1, \\"k\\": 2"}', '{"k": 1', "no", '[{"k": 1}, {"k": 1}]']
)
def test_keys_in_different_objects_are_not_twice(airconn, tmp_path: Path, extra: str) -> None:
    path = tmp_path / "connections.json"
    path.write_text(json.dumps({"a": {"conn_type": "http", "extra": extra}}))
    assert "twice" not in airconn("convert", path, "--airflow", "2.11").err


def test_a_character_without_a_name_has_its_code() -> None:
    assert shown("\x01") == "U+0001 control character"
