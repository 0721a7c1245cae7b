"""A set of objects, and what is made of one without looking for doubles again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from airconn.errors import InputErrors
from airconn.model import Bundle, Connection, Kind, Pool, Selection, Text, Variable

OBJECTS = (
    Variable(key="b", value=Text("2")),
    Variable(key="a", value=Text("1")),
    Connection(conn_id="c", conn_type="http"),
    Pool(name="p", slots=1),
)


def test_objects_come_sorted_by_kind_and_id_also_after_a_choice_or_a_change() -> None:
    bundle = Bundle.of(OBJECTS)
    assert [obj.id for obj in bundle] == ["c", "a", "b", "p"]
    assert [obj.id for obj in bundle.only(lambda kind, id_: kind is Kind.VARIABLES or id_ == "p")] == ["a", "b", "p"]
    assert [obj.id for obj in Selection(exclude=("a",)).of(bundle)] == ["c", "b", "p"]
    changed = bundle.map(lambda obj: replace(obj, team_name="t"))
    assert [(obj.id, obj.team_name) for obj in changed] == [("c", "t"), ("a", "t"), ("b", "t"), ("p", "t")]


def test_an_id_that_comes_twice_with_other_values_is_an_error() -> None:
    assert len(Bundle.of([*OBJECTS, OBJECTS[0]])) == 4
    with pytest.raises(InputErrors):
        Bundle.of([*OBJECTS, Variable(key="b", value=Text("3"))])
