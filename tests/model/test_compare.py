"""The comparison of two objects: each leaf is the same, different, or hidden on a side."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from airconn.model import MASK, REDACTED, Connection, Pool, Text, Variable, jsontext
from airconn.model.compare import FieldComparison, Likeness, compare
from airconn.model.text import hides

SAME, DIFFERENT, UNKNOWN = Likeness


def extra(a: Any, b: Any) -> FieldComparison:
    return FieldComparison("extra", *(side if side is None else Text.of(side, masked=True) for side in (a, b)))


@pytest.mark.parametrize(
    ("a", "b", "likeness", "different", "unknown"),
    [
        (None, None, SAME, [], []),
        ('{"a": 1}', '{"a": 1}', SAME, [], []),
        ('{"a": 1}', '{"a":1}', DIFFERENT, [], []),
        ('{"a": 1}', '{"a": 1, "b": 2}', DIFFERENT, [("b",)], []),
        ('{"a": 1}', None, DIFFERENT, [("a",)], []),
        ('{"a": 1, "t": "***"}', '{"a":1, "t": "s"}', UNKNOWN, [], [("t",)]),
        ('{"a": 1, "t": "***"}', '{"a": 2, "t": "s"}', DIFFERENT, [("a",)], [("t",)]),
        ('{"a": 1, "t": "***"}', '{"a": 1, "t": "***"}', UNKNOWN, [], [("t",)]),
        ('{"a": 1}', '{"a": 1, "t": "***"}', UNKNOWN, [], [("t",)]),
        ('{"db": "***", "a": 1}', '{"db": {"user": "u", "pw": "p"}, "a": 1}', UNKNOWN, [], [("db",)]),
        ('{"db": ["***", "***"]}', '{"db": "***"}', UNKNOWN, [], [("db",)]),
        ('["a", "***", "c"]', '["a", "b"]', DIFFERENT, [(2,)], [(1,)]),
        ("***", '{"a": 1}', UNKNOWN, [], [()]),
        ("***", None, UNKNOWN, [], [()]),
        ("no json", "no json", SAME, [], []),
        ("no json", '{"t": "***"}', DIFFERENT, [()], [("t",)]),
    ],
)
def test_each_leaf_is_the_same_or_different_or_hidden(
    a: str | None, b: str | None, likeness: Likeness, different: list[Any], unknown: list[Any]
) -> None:
    for field in (extra(a, b), extra(b, a)):
        assert field.likeness is likeness
        assert sorted(field.different, key=str) == different
        assert sorted(field.unknown, key=str) == unknown


def test_hidden_leaves_that_the_other_side_has_nothing_for() -> None:
    field = extra('{"t": "***", "u": "***"}', '{"u": "s", "v": "***"}')
    assert field.hidden_only_in_b == (("v",),)
    assert extra(None, "***").hidden_only_in_b == ((),)
    assert extra('{"db": {"pw": "p"}}', '{"db": "***"}').hidden_only_in_b == ()


def test_of_two_objects_only_what_may_differ_is_compared() -> None:
    ours = Connection(conn_id="c", conn_type="t", host="a", password=REDACTED, extra=Text('{"a": 1}'))
    theirs = Connection(conn_id="c", conn_type="t", host="b", password=REDACTED, extra=Text('{"a": 1}'))
    assert [(field.name, field.a, field.b) for field in compare(ours, theirs)] == [
        ("host", "a", "b"),
        ("password", REDACTED, REDACTED),
    ]
    assert [field.name for field in compare(ours, theirs, ("host", "extra"))] == ["host"]
    assert compare(Pool(name="p", slots=1), Pool(name="p", slots=1)) == ()
    assert (
        compare(Variable(key="v", value=Text("1.50")), Variable(key="v", value=Text("1.5")))[0].is_identical is False
    )


def test_no_value_is_in_a_repr() -> None:
    assert "hunter2" not in repr(FieldComparison("password", "hunter2", None))


VALUES = some.recursive(
    some.none() | some.booleans() | some.integers() | some.text(max_size=3).filter(lambda text: MASK not in text),
    lambda inner: (
        some.lists(inner, min_size=1, max_size=3)
        | some.dictionaries(some.sampled_from("abcd"), inner, min_size=1, max_size=3)
    ),
    max_leaves=8,
)


@given(value=some.dictionaries(some.sampled_from("abcd"), VALUES, min_size=1, max_size=3), data=some.data())
def test_what_is_hidden_of_a_text_makes_nothing_different(value: dict[str, Any], data: some.DataObject) -> None:
    whole = Text(json.dumps(value))
    paths = [path for path, _ in jsontext.leaves(jsontext.loads(whole.text))]
    hidden = frozenset(data.draw(some.lists(some.sampled_from(paths), min_size=1)))
    masked = jsontext.replace_leaves(jsontext.loads(whole.text), lambda path, leaf: MASK if path in hidden else leaf)
    shown = Text.of(jsontext.dumps(masked))
    assert hides(shown)
    for field in (FieldComparison("extra", whole, shown), FieldComparison("extra", shown, whole)):
        assert field.likeness is UNKNOWN
        assert set(field.unknown) == hidden
    other = next((path for path in paths if path not in hidden), None)
    if other is not None:
        changed = jsontext.replace_leaves(
            jsontext.loads(whole.text), lambda path, leaf: "another text" if path == other else leaf
        )
        field = FieldComparison("extra", Text(jsontext.dumps(changed)), shown)
        assert (field.likeness, field.different) == (DIFFERENT, (other,))
