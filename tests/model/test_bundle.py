"""A set of objects, and what is made of one without looking for doubles again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from airconn.errors import InputErrors
from airconn.model import Bundle, Connection, Kind, Pool, Selection, Text, Variable
from airconn.model.objects import Origin

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
    equal = Variable(key="b", value=Text("2"))
    assert Bundle.of([*OBJECTS, equal]).get(Kind.VARIABLES, "b") is OBJECTS[0]
    first = replace(OBJECTS[0], origin=Origin("a.env", 1))
    with pytest.raises(InputErrors) as caught:
        Bundle.of([first, Variable(key="b", value=Text("3"), origin=Origin("b.env", 7))])
    (fault,) = caught.value.errors
    assert (fault.message, fault.where, fault.hint) == (
        "variables/b is in a.env:1 already, with other values",
        "b.env:7",
        "remove one of the two, or choose one with --include or --exclude",
    )
