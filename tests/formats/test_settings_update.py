"""Changing an `airflow_settings.yaml` in place."""

from __future__ import annotations

from dataclasses import replace

import pytest

from airconn.errors import BlockedError
from airconn.formats import get_format
from airconn.formats.base import ReadOptions, WriteOptions
from airconn.formats.settings import update as settings_update
from airconn.model import AirflowObject, Bundle, Connection, Kind, Pool, Text, Variable

TEXT = """\
# the project's objects
airflow:
  connections:   # all of them
    - conn_id: warehouse
      conn_type: postgres
      conn_host: "db.example.com"   # moved in May
      conn_password: 'old'
      conn_port:
      conn_extra:
        sslmode: require
        nested: {a: 1}
        keys:
          - one   # first
          - two

    # the lake
    - conn_id: lake
      conn_uri: s3://user:old@minio/raw
    - conn_id:
      conn_type:
  pools:
    - pool_name: etl
      pool_slot: 8   # slots
  variables: []
# the end
"""


def read(text: str) -> Bundle:
    return get_format("settings").parse(text, "", ReadOptions()).bundle


def changed(text: str, *objects: AirflowObject, gone: tuple[tuple[Kind, str], ...] = ()) -> str:
    changes: dict[tuple[Kind, str], AirflowObject | None] = {(obj.kind, obj.id): obj for obj in objects}
    return settings_update.update(text, {**changes, **dict.fromkeys(gone)}, WriteOptions(), lambda a, b: a == b).text


def difference(before: str, after: str) -> tuple[list[str], list[str]]:
    """The lines that went and those that came."""
    old, new = before.splitlines(), after.splitlines()
    return [line for line in old if line not in new], [line for line in new if line not in old]


def warehouse() -> Connection:
    return read(TEXT).connections["warehouse"]


def test_one_password_is_one_line() -> None:
    after = changed(TEXT, replace(warehouse(), password="it's new"))
    assert difference(TEXT, after) == (["      conn_password: 'old'"], ["      conn_password: 'it''s new'"])
    assert read(after).connections["warehouse"].password == "it's new"


def test_what_is_the_same_changes_nothing() -> None:
    assert changed(TEXT, *read(TEXT)) == TEXT


def test_a_value_keeps_its_quotes_and_its_comment() -> None:
    after = changed(TEXT, replace(warehouse(), host='x"y'))
    assert difference(TEXT, after)[1] == ['      conn_host: "x\\"y"   # moved in May']


def test_an_empty_field_is_filled_and_a_missing_one_comes_behind_the_others() -> None:
    after = changed(TEXT, replace(warehouse(), port=5432, schema="sales"))
    assert difference(TEXT, after) == (
        ["      conn_port:"],
        ["      conn_port: 5432", "      conn_schema: sales"],
    )


def test_a_field_that_goes_leaves_its_key_empty() -> None:
    after = changed(TEXT, replace(warehouse(), password=None))
    assert read(after).connections["warehouse"] == replace(warehouse(), password=None)


def test_one_leaf_of_an_extra_is_one_line() -> None:
    value = '{"sslmode": "disable", "nested": {"a": 2}, "keys": ["one", "2"]}'
    after = changed(TEXT, replace(warehouse(), extra=Text(value)))
    assert difference(TEXT, after)[1] == ["        sslmode: disable", "        nested: {a: 2}", "          - '2'"]
    assert read(after).connections["warehouse"].extra == Text(value)


def test_an_extra_with_other_keys_becomes_json() -> None:
    after = changed(TEXT, replace(warehouse(), extra=Text('{"a": [1, "x"], "b": null}')))
    assert read(after).connections["warehouse"].extra == Text('{"a": [1, "x"], "b": null}')
    assert "# the lake" in after


def test_a_uri_stays_one_where_it_can() -> None:
    lake = read(TEXT).connections["lake"]
    after = changed(TEXT, replace(lake, password="n/ew"))
    assert difference(TEXT, after)[1] == ["      conn_uri: 's3://user:n%2Few@minio/raw'"]


def test_new_entries_come_behind_those_of_their_kind() -> None:
    new = [
        Connection(conn_id="new", conn_type="ssh", extra=Text('{"key": "a\\nb"}')),
        Pool(name="reports", slots=2),
        Variable(key="v", value=Text("two\nlines\n")),
        Variable(key="w", value=Text("0123")),
    ]
    after = changed(TEXT, *new)
    assert difference(TEXT, after)[0] == ["  variables: []"]
    found = read(after)
    assert [found.get(obj.kind, obj.id) for obj in new] == new
    assert after.endswith("# the end\n")


@pytest.mark.parametrize(
    "text", ["airflow:\n  pools: []\n", "airflow:\n  pools:\n", "airflow:\n  pools:\n  variables:\n"]
)
def test_a_section_that_is_missing_or_empty_is_made(text: str) -> None:
    new = [Variable(key="v", value=Text("x")), Pool(name="p", slots=1)]
    assert list(read(changed(text, *new))) == new


def test_an_entry_is_taken_out_and_its_neighbours_stay() -> None:
    after = changed(TEXT, gone=((Kind.CONNECTIONS, "lake"),))
    assert sorted(read(after).connections) == ["warehouse"]
    assert difference(TEXT, after) == (["    - conn_id: lake", "      conn_uri: s3://user:old@minio/raw"], [])


def test_block_texts_are_replaced_as_a_whole() -> None:
    text = """\
airflow:
  variables:
    - variable_name: key
      variable_value: |
        one
        two
    - variable_name: x
      variable_value: 1
"""
    after = changed(text, Variable(key="key", value=Text("three\nfour\n")))
    assert read(after).variables["key"].value == Text("three\nfour\n")
    assert read(after).variables["x"].value == Text("1")
    assert read(changed(text, Variable(key="key", value=Text("short")))).variables["key"].value == Text("short")


def test_line_ends_and_a_byte_order_mark_stay() -> None:
    text = "\ufeff" + TEXT.replace("\n", "\r\n")
    after = changed(text, replace(warehouse(), password="new", schema="s"), Variable(key="v", value=Text("x")))
    assert after.replace("\r\n", "").count("\n") == 0
    assert after == "\ufeff" + changed(
        TEXT, replace(warehouse(), password="new", schema="s"), Variable(key="v", value=Text("x"))
    ).replace("\n", "\r\n")


def test_what_an_alias_shares_is_not_changed_for_all() -> None:
    text = """\
airflow:
  connections:
    - {conn_id: flow, conn_type: http}
    - conn_id: a
      conn_type: http
      conn_password: &p same
    - conn_id: b
      conn_type: http
      conn_password: *p
"""
    for conn_id in ("a", "b", "flow"):
        with pytest.raises(BlockedError, match="can't be changed in place"):
            changed(text, replace(read(text).connections[conn_id], password="new"))
