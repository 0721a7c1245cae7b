"""What is hidden is taken from where it is shown, and a secret never from another item of a list."""

from __future__ import annotations

import json
from typing import Any

import pytest

from airconn.model import REDACTED, Connection, Text, fill


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
