"""Broken JSON inside of a value: where it breaks and why, without a part of the value."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from airconn.formats.json_breaks import break_of

BREAKS = {
    '{"a": 1, }': ("at line 1, column 1", "after an extra comma"),
    '{\n "a": [1,]}': ("at line 2, column ", "after an extra comma"),
    "{'a': 1}": ("at line 1, column 2, ", "at a single quote; JSON needs double quotes"),
    "{\u201ca\u201d: 1}": ("at line 1, column 2, ", "at a typographic quote; JSON needs double quotes"),
    '{"a": True}': (
        "at line 1, column 7, ",
        "at True, False or None of Python; in JSON: true, false and null",
    ),
    '{\n  "a": "x\ty"}': (
        "at line 2, column 10, ",
        "at a line break or tab inside of a text, which is written \\n or",
    ),
    '{"a": "\\d"}': ("at line 1, column 8, ", "at a backslash, which is written \\\\"),
    '{"a": 1, // c\n "b": 2}': ("at line 1, column 10, ", "at a comment, which JSON doesn't allow"),
    '{"a": 1': ("at line 1, column 8, ", "where it ends too early"),
    '{"a": "x': ("at line 1, column 7, ", "at the start of a text that isn't closed"),
    '{"a": 1}}': ("at line 1, column 9, ", "after its end, where more text follows"),
    '{"a": 1 "b": 2}': ("at line 1, column 9", ""),
}


@pytest.mark.parametrize("text", BREAKS)
def test_the_place_and_the_reason(text: str) -> None:
    place, reason = BREAKS[text]
    assert break_of(text).startswith(place)
    assert reason in break_of(text)


@pytest.mark.parametrize("text", ['{"a": 1}', "[1,]", "no", "", '{"a": ' + "1" * 5000 + "}", "{" * 10**5])
def test_what_does_not_break_or_is_no_object_has_no_place(text: str) -> None:
    assert break_of(text) == "" or text.startswith("{{")


@pytest.mark.parametrize("text", BREAKS)
@pytest.mark.parametrize(
    "name", ["connections.json", "connections.yaml", ".env", "airflow_settings.yaml", "nested.env", "x.uri"]
)
def test_every_reader_tells_where_an_extra_breaks(airconn, tmp_path: Path, name: str, text: str) -> None:
    from urllib.parse import quote

    fields = json.dumps({"conn_type": "http", "extra": text})
    content = {
        "connections.json": f'{{"a": {fields}}}',
        "connections.yaml": f"a: {fields}",
        ".env": f"AIRFLOW_CONN_A=http://h/?__extra__={quote(text, safe='')}\n",
        "nested.env": "AIRFLOW_CONN_A='{}'\n".format(fields.replace("\\", "\\\\").replace("'", "\\'")),
        "airflow_settings.yaml": "airflow:\n  connections:\n    - conn_id: a\n      conn_type: http\n      "
        f"conn_extra: {json.dumps(text)}\n",
        "x.uri": f"a=http://h/?__extra__={quote(text, safe='')}\n",
    }[name]
    path = tmp_path / name
    path.write_text(content)
    result = airconn("import", path, "--to", tmp_path / "o.json")
    assert result.code == 3
    assert f"accepts nothing else: its JSON breaks {break_of(text)}\n" in result.err
    found = airconn("check", path).out
    assert f"the extra is not a JSON object (it breaks {break_of(text)}), and Airflow 3 refuses" in found


def test_a_broken_connection_in_a_variable_has_the_reason_as_its_hint(airconn, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("""AIRFLOW_CONN_A="{'conn_type': 'http'}"\n""")
    result = airconn("convert", tmp_path / ".env")
    assert "a: this is not JSON from character 2 of the value onwards\n" in result.err
    assert "hint:  it breaks at a single quote; JSON needs double quotes\n" in result.err


@pytest.mark.parametrize(
    "uri", ["aws://AKIAXYZ:wJal/rX", "postgres://user:secret/db", "http://user:secret", "mysql://u:secret:3306/d"]
)
def test_a_uri_without_an_at_sign_says_that_it_is_missing(airconn, tmp_path: Path, uri: str) -> None:
    (tmp_path / ".env").write_text(f"AIRFLOW_CONN_A={uri}\n")
    err = airconn("import", tmp_path / ".env", "--to", tmp_path / "o.json").err
    assert "for a login and a password, the '@' is missing: LOGIN:PASSWORD@HOST (in a" in err
    assert "secret" not in err
    assert "AKIA" not in err


def test_a_backslash_that_another_program_takes_away_leads_to_the_dialects(airconn, tmp_path: Path) -> None:
    value = '{"conn_type": "http", "login": "x\\$y"}'
    (tmp_path / ".env").write_text(f"AIRFLOW_VAR_B=1\nAIRFLOW_CONN_A='{value}'\n")
    err = airconn("convert", tmp_path / ".env").err
    assert "hint:  it breaks at a backslash, which is written" in err
    assert "or name the program that wrote the file with --from-env-dialect NAME" in err
