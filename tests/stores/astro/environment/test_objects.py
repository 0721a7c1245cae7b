"""What the objects of the Environment Manager are to Airflow, and what of them is hidden."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from airconn.errors import InputError
from airconn.model import NEWEST, REDACTED, AirflowObject, Connection, Kind, Origin, Pool, Text, Variable, rules_for
from airconn.stores.astro.environment import go_numbers
from airconn.stores.astro.environment.managed_object import ManagedObject
from airconn.stores.astro.environment.objects import ObjectForm

RULES = rules_for(NEWEST)
FORM = ObjectForm()
Names = list[str] | None


def managed(
    content: dict[str, Any], *, names: list[str] | None = None, shown: bool = False, **raw: Any
) -> ManagedObject:
    part = {"objectKey": "x", "objectType": "CONNECTION", "scope": "WORKSPACE", "scopeEntityId": "w"}
    found: dict[str, Any] = {**part, "connection": {"type": "t", **content}, **raw}
    if names is not None:
        found["setFields"] = names
    return ManagedObject(found, shown)


def variable(content: dict[str, Any], *, shown: bool = False, **raw: Any) -> ManagedObject:
    return ManagedObject(
        {"objectKey": "x", "objectType": "AIRFLOW_VARIABLE", "airflowVariable": content, **raw}, shown
    )


def connection(found: ManagedObject) -> Connection:
    obj = FORM.decode(found, Kind.CONNECTIONS, "x", RULES, Origin("there"))
    assert isinstance(obj, Connection)
    return obj


def value(found: ManagedObject) -> Any:
    obj = FORM.decode(found, Kind.VARIABLES, "x", RULES, Origin("there"))
    assert isinstance(obj, Variable)
    return obj.value


@pytest.mark.parametrize(
    ("content", "names", "shown", "password"),
    [
        ({}, ["type"], False, None),
        ({}, ["type", "password"], False, REDACTED),
        ({"password": ""}, ["type", "password"], False, REDACTED),
        ({"password": ""}, ["type"], False, None),
        ({"password": "****"}, ["type", "password"], False, REDACTED),
        ({"password": "***"}, ["type", "password"], True, REDACTED),
        ({"password": "p"}, ["type", "password"], True, "p"),
        ({}, ["type", "password"], True, REDACTED),
        ({}, None, False, REDACTED),
        ({}, None, True, None),
    ],
)
def test_a_password_that_is_set_and_not_shown_is_hidden(
    content: dict[str, Any], names: Names, shown: bool, password: Any
) -> None:
    assert connection(managed(content, names=names, shown=shown)).password == password


AWS = {"connectionAuthType": {"id": "aws", "parameters": [
    {"airflowParamName": "aws_secret", "isSecret": True, "isInExtra": True},
    {"airflowParamName": "region", "isSecret": False, "isInExtra": True},
]}}  # fmt: skip


@pytest.mark.parametrize(
    ("content", "names", "shown", "extra"),
    [
        ({"extra": {"region": "eu"}}, ["extra.region"], False, '{"region": "eu"}'),
        ({"extra": {"a": "eu"}}, ["extra.a", "extra.aws_secret"], False, '{"a": "eu", "aws_secret": "***"}'),
        ({}, ["extra.aws_secret"], False, '{"aws_secret": "***"}'),
        ({"extra": {"aws_secret": ""}}, ["extra.aws_secret"], False, '{"aws_secret": "***"}'),
        ({"extra": {"aws_secret": "a...z"}, **AWS}, ["extra.aws_secret"], False, '{"aws_secret": "***"}'),
        ({"extra": {"aws_secret": "s"}, **AWS}, ["extra.aws_secret"], True, '{"aws_secret": "s"}'),
        ({"extra": {"aws_secret": ""}, **AWS}, ["extra.aws_secret"], True, '{"aws_secret": "***"}'),
        ({"extra": {"k": "****"}}, ["extra.k"], False, '{"k": "***"}'),
        ({"extra": {"k": "****"}}, ["extra.k"], True, '{"k": "****"}'),
        ({"extra": {"a.b": 1}}, ["extra.a.b"], False, '{"a.b": 1}'),
        ({"extra": {"a": {"b": 1}}}, ["extra.a.b"], False, '{"a": {"b": 1}}'),
        ({"extra": {"a": 1}}, ["extra.a", "extra.b.c"], False, REDACTED),
        ({}, ["extra"], False, REDACTED),
        ({"extra": {"a": 1}}, None, False, REDACTED),
        ({"extra": {"a": 1}}, None, True, '{"a": 1}'),
        ({"extra": {}}, [], False, None),
        ({"extra": {"b": 1e21, "a": {"z": 1.50, "y": [True, None, 2.0]}}}, [], True,
         '{"a": {"y": [true, null, 2], "z": 1.5}, "b": 1e+21}'),
    ],
)  # fmt: skip
def test_a_key_of_an_extra_that_is_set_and_not_shown_is_hidden(
    content: dict[str, Any], names: Names, shown: bool, extra: Any
) -> None:
    found = connection(managed(content, names=names, shown=shown)).extra
    assert (found.text if isinstance(found, Text) else found) == extra
    if isinstance(found, Text):
        assert found == Text.of(found.text)


@pytest.mark.parametrize(
    ("content", "shown", "expected"),
    [
        ({"value": "v", "isSecret": False}, False, Text("v")),
        ({"value": "", "isSecret": False}, False, Text("")),
        ({"value": "", "isSecret": True}, False, REDACTED),
        ({"value": "", "isSecret": True}, True, REDACTED),
        ({"isSecret": True}, True, REDACTED),
        ({"value": "****", "isSecret": True}, False, REDACTED),
        ({"value": "v", "isSecret": True}, True, Text("v")),
    ],
)
def test_a_secret_without_a_value_is_hidden_and_never_empty(
    content: dict[str, Any], shown: bool, expected: Any
) -> None:
    assert value(variable(content, shown=shown)) == expected


@pytest.mark.parametrize(
    "broken",
    [
        managed({"type": 3}),
        managed({"host": 3}, names=[]),
        managed({"port": "x"}, names=[]),
        managed({"port": True}, names=[]),
        managed({}, names=["port"]),
        managed({"extra": "text"}, names=[]),
        ManagedObject({"objectKey": "x", "objectType": "CONNECTION"}, True),
    ],
)
def test_what_the_api_should_never_give_is_an_error_and_not_a_guess(broken: ManagedObject) -> None:
    with pytest.raises(InputError, match="the Astro API"):
        connection(broken)


@pytest.mark.parametrize(
    ("obj", "words"),
    [
        (Connection(conn_id="x", conn_type=""), "has no conn_type"),
        (Connection(conn_id="", conn_type="t"), "has no id"),
        (Connection(conn_id="x", conn_type="t", extra=Text("[1]")), "is not a JSON object"),
        (Connection(conn_id="x", conn_type="t", extra=Text("{'a': 1}")), "is not a JSON object"),
        (Connection(conn_id="x", conn_type="t", extra=Text('{"a": 1, "a": 2}')), "with each key once"),
        (Connection(conn_id="x", conn_type="t", extra=Text('{"a": NaN}')), "extra.a is a number"),
        (Connection(conn_id="x", conn_type="t", extra=Text('{"a": [1e999]}')), "extra.a[0] is a number"),
        (Connection(conn_id="x", conn_type="t", host="\ud800"), "half a character"),
        (Connection(conn_id="x", conn_type="t", description="d" * 501), "longer than the 500"),
        (Variable(key="x", value=Text("v"), description="d" * 501), "longer than the 500"),
        (Pool(name="x", slots=1), "can't hold a pool"),
    ],
)
def test_what_astro_cannot_hold_is_told(obj: AirflowObject, words: str) -> None:
    (problem,) = FORM.problems(obj, RULES)
    assert words in problem


def test_what_astro_can_hold_is_not_refused() -> None:
    for obj in (
        Connection(conn_id="a b/é", conn_type="t", extra=Text(""), description="d" * 500),
        Connection(conn_id="x", conn_type="t", port=-1, extra=Text('{"a": 1e5}')),
        Variable(key="k/ é", value=Text("")),
    ):
        assert list(FORM.problems(obj, RULES)) == []


@pytest.mark.parametrize(
    ("text", "back", "lost"),
    [
        ('{"b": 1.50, "a": 1E5}', '{"a": 100000, "b": 1.5}', []),
        ('{"a": 9007199254740992}', '{"a": 9007199254740992}', []),
        ('{"a": 12345678901234567890}', '{"a": 12345678901234567000}', ["extra.a"]),
        ('{"a": 12345678901234567000}', '{"a": 12345678901234567000}', []),
        ('{"a": {"b": [0.1000000000000000055511]}}', '{"a": {"b": [0.1]}}', ["extra.a.b[0]"]),
        ('{"a": -0, "b": 1e-7, "c": 0.000001}', '{"a": 0, "b": 1e-7, "c": 0.000001}', []),
    ],
)
def test_an_extra_comes_back_as_go_writes_it(text: str, back: str, lost: list[str]) -> None:
    obj = Connection(conn_id="x", conn_type="t", extra=Text(text))
    assert FORM.stored_form(obj, RULES, None).extra == Text(back)
    assert list(FORM.losses(obj, RULES)) == lost
    read = connection(managed({"extra": json.loads(back)}, names=[], shown=True)).extra
    assert read == Text(back)


def test_what_comes_back_in_another_form_is_told() -> None:
    sorted_, empty = (
        "comes back as Astro writes JSON: with its keys sorted",
        "is an empty text, and comes back as not set",
    )
    obj = Connection(conn_id="x", conn_type="t", host="", schema="s", extra=Text('{"b": 1, "a": 2}'))
    assert FORM.changed(obj, RULES) == {"host": empty, "extra": sorted_}
    assert FORM.changed(replace(obj, host=None, extra=Text('{"a": 2, "b": 1}')), RULES) == {}
    assert FORM.changed(Connection(conn_id="x", conn_type="t", extra=Text("")), RULES) == {"extra": empty}
    assert FORM.changed(Variable(key="k", value=Text(""), description=""), RULES) == {"description": empty}


def test_digits_count_where_the_server_keeps_them() -> None:
    held = managed({"extra": {"n": 12345678901234567891}}, names=[], shown=True)
    assert go_numbers.keeps_digits({"n": 12345678901234567891})
    for text, same in (('{"n": 12345678901234567891}', True), ('{"n": 12345678901234567890}', False)):
        obj = Connection(conn_id="x", conn_type="t", extra=Text(text))
        assert (FORM.stored_form(obj, RULES, held).extra == connection(held).extra) is same


def test_empty_texts_are_not_set() -> None:
    obj = Connection(
        conn_id="x", conn_type="t", host="", login="", schema="", password="", description="", extra=Text("{}")
    )
    assert FORM.stored_form(obj, RULES, None) == Connection(conn_id="x", conn_type="t")
    assert FORM.stored_form(Variable(key="x", value=Text(""), description=""), RULES, None) == Variable(
        key="x", value=Text("")
    )
