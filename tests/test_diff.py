"""What a comparison says, field by field."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from airconn.diff import Diff, ObjectDiff, Status, compare
from airconn.model import REDACTED, UNDESCRIBED, AirflowObject, Bundle, Connection, Pool, Redacted, Text, Variable


def text(value: str) -> Text | Redacted:
    return Text.of(value)


def conn(**fields: Any) -> Connection:
    if isinstance(fields.get("extra"), str):
        fields["extra"] = text(fields["extra"])
    return Connection(**{"conn_id": "c", "conn_type": "http", **fields})


def var(value: str, **fields: Any) -> Variable:
    return Variable(**{"key": "v", "value": text(value), **fields})


def diff(a: list[AirflowObject], b: list[AirflowObject]) -> Diff:
    return compare(Bundle.of(a), Bundle.of(b), lambda obj: obj, lambda obj: obj)


def one(a: AirflowObject, b: AirflowObject) -> ObjectDiff:
    """The comparison of two objects, which must be the same the other way round."""
    (found,), (back,) = diff([a], [b]).objects, diff([b], [a]).objects
    assert back.status is found.status
    assert [field.name for field in back.fields] == [field.name for field in found.fields]
    return found


def names(found: ObjectDiff, status: Status) -> list[str]:
    return [field.name for field in found.of(status)]


def outcome(a: AirflowObject, b: AirflowObject) -> tuple[list[str], list[str]]:
    """What differs, and what can't be known."""
    found = one(a, b)
    return names(found, Status.DIFFERENT), names(found, Status.UNKNOWN)


def test_leaves_come_in_the_order_of_their_numbers() -> None:
    found = one(var(str(list(range(12)))), var(str(["***", *range(2, 13)]).replace("'", '"')))
    assert [field.path for field in found.fields] == [(number,) for number in range(12)]
    assert [field.status for field in found.fields] == [Status.UNKNOWN] + [Status.DIFFERENT] * 11


def test_objects_are_on_one_side_or_both() -> None:
    found = diff([conn(conn_id="a"), conn(), Pool(name="p", slots=1)], [conn(), var("x"), Pool(name="p", slots=2)])
    assert [(obj.id, obj.status) for obj in found.objects] == [
        ("a", Status.ONLY_IN_A),
        ("c", Status.EQUAL),
        ("v", Status.ONLY_IN_B),
        ("p", Status.DIFFERENT),
    ]
    assert found.counts() == {
        Status.ONLY_IN_A: 1,
        Status.ONLY_IN_B: 1,
        Status.DIFFERENT: 1,
        Status.UNKNOWN: 0,
        Status.EQUAL: 1,
    }


@pytest.mark.parametrize(
    ("a", "b", "different", "unknown"),
    [
        (conn(host="a", login="l"), conn(host="b", login="l"), ["host"], []),
        (conn(host=""), conn(host=None), ["host"], []),
        (conn(port=0), conn(port=None), ["port"], []),
        (conn(password="p"), conn(password=REDACTED), [], ["password"]),
        (conn(password=REDACTED), conn(password=REDACTED), [], ["password"]),
        (conn(), conn(password=REDACTED), [], ["password"]),
        (conn(extra='{"a": 1}'), conn(extra=REDACTED), [], ["extra"]),
        (conn(extra='{"h": 1, "token": "t"}'), conn(extra='{"h": 2, "token": "***"}'), ["extra.h"], ["extra.token"]),
        (conn(extra='{"token": "***"}'), conn(extra='{"token": "***"}'), [], ["extra.token"]),
        (conn(extra='{"a": "***"}'), conn(extra='{"a": {"b": 1}}'), [], ["extra.a"]),
        (conn(extra='{"a": 1}'), conn(), ["extra.a"], []),
        (conn(extra='{"a": 1, "b": 2}'), conn(extra='{"b":2,"a":1}'), [], []),
        (conn(extra='{"a": 1.50}'), conn(extra='{"a": 1.5}'), ["extra.a"], []),
        (conn(extra='{"a": true}'), conn(extra='{"a": 1}'), ["extra.a"], []),
        (conn(extra='{"a": null}'), conn(extra="{}"), ["extra.a"], []),
        (conn(extra="{}"), conn(), ["extra"], []),
        (conn(extra="{}"), conn(extra='{"token": "***"}'), [], ["extra.token"]),
        (conn(extra='{"a": {}}'), conn(extra='{"a": {"b": 1}}'), ["extra.a.b"], []),
        (conn(extra='{"a": []}'), conn(extra='{"a": {}}'), ["extra.a"], []),
        (conn(extra='{"l": [1, 2]}'), conn(extra='{"l": [1, 3, 4]}'), ["extra.l[1]", "extra.l[2]"], []),
        (conn(extra="text"), conn(extra="other"), ["extra"], []),
        (conn(extra="text"), conn(extra='{"a": 1}'), ["extra", "extra.a"], []),
        (var("text"), var("other"), ["value"], []),
        (var("1"), var('"1"'), ["value"], []),
        (var("text"), Variable(key="v", value=REDACTED), [], ["value"]),
        (var('{"a": 1, "b": "***"}'), var('{"a": 2, "b": "x"}'), ["value.a"], ["value.b"]),
        (var("[1]"), var("[2]"), ["value[0]"], []),
        (Pool(name="p", slots=-1), Pool(name="p", slots=1), ["slots"], []),
    ],
)  # fmt: skip
def test_a_field_is_equal_different_or_can_not_be_known(
    a: AirflowObject, b: AirflowObject, different: list[str], unknown: list[str]
) -> None:
    assert outcome(a, b) == (different, unknown)


def test_a_variable_is_a_text_and_an_extra_is_what_it_means() -> None:
    assert outcome(var('{"a":1}'), var('{"a": 1}')) == (["value"], [])
    assert outcome(conn(extra='{"a":1}'), conn(extra='{"a": 1}')) == ([], [])


def test_a_field_that_a_source_has_no_place_for_is_unknown_only_if_the_other_side_sets_it() -> None:
    silent = conn(unsaid=UNDESCRIBED)
    assert outcome(silent, conn(description="d")) == ([], ["description"])
    assert outcome(silent, conn(description=REDACTED)) == ([], ["description"])
    assert outcome(silent, conn()) == ([], [])
    assert outcome(conn(), conn(description="d")) == (["description"], [])
    assert one(silent, conn(description="d")).fields[0].reason == "not said in A"
    assert one(conn(description="d"), silent).fields[0].reason == "not said in B"


def test_what_nobody_says_of_a_pool_is_unknown_only_where_it_is_not_as_usual() -> None:
    silent = Pool(name="p", slots=1)
    assert outcome(silent, replace(silent, include_deferred=False)) == ([], [])
    assert outcome(silent, replace(silent, include_deferred=True)) == ([], ["include_deferred"])
    assert outcome(silent, replace(silent, team_name="t")) == ([], ["team_name"])
    default = Pool(name="default_pool", slots=1)
    assert outcome(default, replace(default, description="Default pool")) == ([], ["description"])


def test_the_pool_that_each_airflow_has_by_itself_is_no_difference() -> None:
    own = Pool(name="default_pool", slots=128, description="Default pool", include_deferred=False)
    assert diff([], [own]).objects == diff([own], []).objects == ()
    assert diff([], [replace(own, slots=64)]).is_different
    assert diff([replace(own, slots=64)], [own]).is_different
    assert diff([], [replace(own, name="p")]).is_different


@pytest.mark.parametrize(("a", "b", "reason"), [
    ("x", REDACTED, "hidden in B"), (REDACTED, "x", "hidden in A"), (REDACTED, REDACTED, "hidden in both")
])  # fmt: skip
def test_who_hides_it_is_said(a: Any, b: Any, reason: str) -> None:
    assert [field.reason for field in one(conn(password=a), conn(password=b)).fields] == [reason]


def test_what_can_not_be_known_is_no_difference() -> None:
    found = diff([conn(password="p")], [conn(password=REDACTED)])
    assert (found.objects[0].status, found.is_different) == (Status.UNKNOWN, False)
    assert diff([conn(password="p", host="a")], [conn(password=REDACTED)]).is_different
    assert diff([conn()], []).is_different
    assert not diff([], []).is_different


def test_each_side_is_compared_in_the_form_that_the_other_would_give_it() -> None:
    def rewritten(obj: AirflowObject) -> AirflowObject:
        return replace(obj, value=Text('{"a": 1.5}')) if isinstance(obj, Variable) else obj

    a, b = Bundle.of([var('{"a":1.50}')]), Bundle.of([var('{"a": 1.5}')])
    assert compare(a, b, lambda obj: obj, rewritten).counts()[Status.EQUAL] == 1
    assert compare(b, a, rewritten, lambda obj: obj).counts()[Status.EQUAL] == 1
    assert compare(a, b, lambda obj: obj, lambda obj: obj).is_different


def test_no_value_is_in_a_repr() -> None:
    assert "canary" not in repr(diff([conn(password="canary", host="canary")], [conn(host="x")]))
