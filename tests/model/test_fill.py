"""What is hidden is taken from where it is shown, and a secret never from another item of a list."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from airconn.model import REDACTED, Connection, Text, Variable, fill, hidden_connection, unfilled
from airconn.model.objects import Origin


def conn(extra: Any, password: Any = None) -> Connection:
    return Connection(conn_id="c", conn_type="http", password=password, extra=Text.of(json.dumps(extra)))


def filled(ours: Any, theirs: Any) -> Any:
    result = fill(conn(ours), conn(theirs))
    assert isinstance(result, Connection)
    assert isinstance(result.extra, Text)
    return json.loads(result.extra.text)


def test_hidden_fields_and_leaves_are_filled_in_and_nothing_else() -> None:
    ours = conn({"a": 1, "token": "***", "other": "***"}, REDACTED)
    result = fill(ours, conn({"a": 2, "token": "t", "b": 3}, "p"))
    assert isinstance(result, Connection)
    assert (result.password, result.extra) == ("p", Text.of('{"a": 1, "token": "t", "other": "***"}'))


def test_what_the_other_place_has_not_stays_hidden() -> None:
    assert fill(conn({"token": "***"}, REDACTED), conn({"a": 1})) == conn({"token": "***"}, REDACTED)
    assert fill(conn({}, REDACTED), None) == conn({}, REDACTED)


def test_a_place_that_has_all_fields_tells_that_there_is_no_password() -> None:
    assert fill(conn({"token": "***"}, REDACTED), conn({"a": 1}), is_whole=True) == conn({"token": "***"}, None)
    assert fill(conn({}, REDACTED), conn({}, "p"), is_whole=True) == conn({}, "p")
    assert fill(conn({}, REDACTED), conn({}, REDACTED), is_whole=True) == conn({}, REDACTED)
    assert fill(conn({}, REDACTED), None, is_whole=True) == conn({}, REDACTED)


def test_a_place_that_has_all_fields_tells_that_there_is_no_extra() -> None:
    # An Airflow 2 shows a connection whose id has a slash only in its list, which has no extras.
    hidden, without = replace(conn({}), extra=REDACTED), replace(conn({}), extra=None)
    assert fill(hidden, without, is_whole=True) == without
    assert fill(hidden, without) == hidden


A, B = {"host": "a", "password": "for-a"}, {"host": "b", "password": "for-b"}
HIDDEN_A, HIDDEN_B = {**A, "password": "***"}, {**B, "password": "***"}


@pytest.mark.parametrize(
    ("theirs", "wanted"),
    [
        ([A, B], [A, B]),
        ([B, A], [HIDDEN_A, HIDDEN_B]),  # a password must not go to another host
        ([A], [HIDDEN_A, HIDDEN_B]),
        ([A, {**B, "port": 1}], [A, HIDDEN_B]),
        ([A, B, A], [HIDDEN_A, HIDDEN_B]),
    ],
)
def test_items_of_lists_are_filled_in_where_they_are_the_same(theirs: Any, wanted: Any) -> None:
    assert filled({"hosts": [HIDDEN_A, HIDDEN_B]}, {"hosts": theirs}) == {"hosts": wanted}


def test_a_list_of_secrets_alone_is_filled_in_if_it_is_as_long() -> None:
    assert filled({"tokens": ["***", "***"]}, {"tokens": ["x", "y"]}) == {"tokens": ["x", "y"]}
    assert filled({"tokens": ["***", "***"]}, {"tokens": ["x"]}) == {"tokens": ["***", "***"]}
    assert filled({"a": [["***"], [1]]}, {"a": [["x"], [2]]}) == {"a": [["x"], [1]]}


def test_what_is_hidden_as_one_piece_is_filled_in_with_all_that_is_there() -> None:
    assert filled({"secret": {"db": "***"}}, {"secret": {"db": {"user": "u", "pw": [1]}}}) == {
        "secret": {"db": {"user": "u", "pw": [1]}}
    }
    assert filled({"secret": "***"}, {"secret": {"user": "u", "pw": "***"}}) == {"secret": {"user": "u", "pw": "***"}}
    assert filled({"a": "***", "n": 1}, {"a": {}}) == {"a": {}, "n": 1}
    assert filled({"hosts": [{"host": "a", "auth": "***"}]}, {"hosts": [{"host": "a", "auth": {"pw": "p"}}]}) == {
        "hosts": [{"host": "a", "auth": {"pw": "p"}}]
    }


@pytest.mark.parametrize(
    ("ours", "theirs", "names"),
    [
        ({"token": "***"}, {"token": "t"}, ()),
        ({"token": "***"}, {"other": "t"}, ()),
        ({"token": "***"}, {"token": "***"}, ()),
        ({"token": "***"}, {"token": ""}, ()),
        ({"token": {"a": "***"}}, {"token": "t"}, ("extra.token.a",)),
        ({"hosts": [HIDDEN_A, HIDDEN_B]}, {"hosts": [A]}, ("extra.hosts[0].password", "extra.hosts[1].password")),
        ({"hosts": [HIDDEN_A, HIDDEN_B]}, {"hosts": [B, A]}, ("extra.hosts[0].password", "extra.hosts[1].password")),
        ({"hosts": [HIDDEN_A, HIDDEN_B]}, {"hosts": [A, B]}, ()),
        ({"hosts": [HIDDEN_A, HIDDEN_B]}, {"hosts": []}, ()),
        ({"hosts": [HIDDEN_A, HIDDEN_B]}, {"hosts": [HIDDEN_A]}, ()),
        ({"auth": "***"}, {"auth": {"user": "u", "pw": "***"}}, ()),
        ({"hosts": [HIDDEN_A, HIDDEN_B]}, {"hosts": [HIDDEN_A, B]}, ()),
        ({"hosts": [HIDDEN_A, HIDDEN_B]}, {"hosts": [{"host": "a"}, B]}, ()),
    ],
)
def test_what_may_be_known_and_is_not_filled_in_is_named(ours: Any, theirs: Any, names: tuple[str, ...]) -> None:
    other = conn(theirs)
    assert unfilled(fill(conn(ours), other), other) == names
    assert unfilled(conn(ours), None) == ()


def test_a_text_whose_leaves_can_not_be_told_apart_may_know_everything() -> None:
    twice = Connection(conn_id="c", conn_type="http", extra=Text('{"token": "a", "token": "b"}'))
    assert unfilled(fill(conn({"token": "***"}), twice), twice) == ("extra.token",)


def test_a_text_that_python_reads_as_the_same_json_is_taken_in_its_spelling() -> None:
    hidden = Text('{"n": 1.5, "e": 100000.0, "i": -7, "token": "***"}', (("token",),))
    original = Text('{"n":1.50,"e":1e5,"i":-7,"token":"t"}')
    mine = Connection(conn_id="c", conn_type="http", extra=hidden)
    assert fill(mine, replace(mine, extra=original)).extra == original
    other = Text('{"n":1.51,"e":1e5,"i":-7,"token":"t"}')
    result = Text('{"n": 1.5, "e": 100000.0, "i": -7, "token": "t"}')
    assert fill(mine, replace(mine, extra=other)).extra == result
    spelled = Text('{"n":1.5,"e":100000.0,"i":-8,"token":"t"}')
    assert fill(mine, replace(mine, extra=spelled)).extra == result


def test_an_object_that_was_filled_as_a_whole_still_comes_from_its_own_place() -> None:
    hidden = hidden_connection("c", Origin("vault://x"))
    result = fill(hidden, Connection(conn_id="c", conn_type="http", host="h", origin=Origin("b.env", 3)))
    assert (result.origin, result.host) == (Origin("vault://x"), "h")


def test_an_object_without_anything_to_fill_in_is_the_same() -> None:
    mine = Connection(conn_id="c", conn_type="http", extra=Text('{"a": 1}'))
    other = replace(mine, password="p", extra=Text('{"a": 2}'))
    assert fill(mine, other) is mine
    assert fill(mine, None) is mine
    assert fill(mine, Variable(key="c", value=Text("x"))) is mine


def test_each_field_that_may_be_known_and_is_not_filled_in_is_named() -> None:
    hidden = Text('{"l": ["***"]}', (("l", 0),))
    known = Text('{"l": ["a", "b"]}')
    mine = Connection(conn_id="c", conn_type="http", extra=hidden)
    assert unfilled(mine, replace(mine, extra=known)) == ("extra.l[0]",)
    assert unfilled(replace(mine, extra=known), replace(mine, extra=Text("{}"))) == ()
    assert unfilled(mine, None) == ()
