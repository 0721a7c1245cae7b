"""What a plan decides, field by field."""

from __future__ import annotations

import pytest

from airconn.model import (
    REDACTED,
    Action,
    AirflowObject,
    Bundle,
    Connection,
    FieldChange,
    How,
    Pool,
    Redacted,
    Step,
    Text,
    Variable,
)
from airconn.plan import OnExisting, Plan, make_plan


def extra(text: str) -> Text:
    value = Text.of(text)
    assert not isinstance(value, Redacted)
    return value


def conn(**fields: object) -> Connection:
    return Connection(**{"conn_id": "c", "conn_type": "http", **fields})  # type: ignore[arg-type]


def var(value: Text | Redacted | str, description: str | None = None) -> Variable:
    return Variable(key="v", value=Text(value) if isinstance(value, str) else value, description=description)


def planned(source: AirflowObject, target: AirflowObject | None, on_existing: OnExisting = "overwrite") -> Step:
    present = Bundle.of([target] if target else [])
    (step,) = make_plan(Bundle.of([source]), present, lambda obj: obj, on_existing).steps
    return step


def test_an_object_that_is_not_there_is_created() -> None:
    assert planned(conn(password="p"), None).action is Action.CREATE


def test_an_object_that_is_the_same_is_unchanged_and_writes_nothing() -> None:
    step = planned(conn(host="h", extra=Text("{}")), conn(host="h", extra=Text("{}")))
    assert (step.action, step.written) == (Action.UNCHANGED, frozenset())


def test_only_the_fields_that_differ_are_written() -> None:
    step = planned(conn(host="new", login="l"), conn(host="old", login="l"))
    assert (step.action, step.changes) == (Action.UPDATE, (FieldChange("host", How.CHANGED),))


def test_none_and_the_empty_text_are_different() -> None:
    assert planned(conn(host=""), conn(host=None)).written == {"host"}


def test_a_visible_field_that_the_source_lacks_is_cleared() -> None:
    assert planned(conn(), conn(host="old")).changes == (FieldChange("host", How.CLEARED),)


def test_a_hidden_password_that_the_source_has_is_written_again() -> None:
    step = planned(conn(password="p"), conn(password=REDACTED))
    assert (step.action, step.changes) == (Action.UPDATE, (FieldChange("password", How.WRITTEN_AGAIN),))


def test_a_hidden_password_that_the_source_does_not_mention_is_kept() -> None:
    step = planned(conn(host="new"), conn(host="old", password=REDACTED))
    assert (step.action, step.written) == (Action.UPDATE, {"host"})
    assert FieldChange("password", How.KEPT) in step.changes


def test_a_password_that_the_source_hides_is_kept() -> None:
    step = planned(conn(password=REDACTED), conn(password=REDACTED))
    assert (step.action, step.written) == (Action.UNCHANGED, frozenset())


@pytest.mark.parametrize(
    ("source", "target"),
    [
        (conn(password=REDACTED), None),
        (conn(password=REDACTED), conn(password=None)),
        (conn(extra=REDACTED), conn()),
        (conn(extra=extra('{"token": "***"}')), None),
        (conn(extra=extra('{"token": "***"}')), conn()),
        (conn(extra=extra('{"token": "***"}')), conn(extra=Text("{}"))),
        (conn(extra=extra('{"token": "***"}')), conn(extra=Text("not json"))),
        (conn(extra=extra('{"a": ["x", "***"]}')), conn(extra=Text('{"a": ["x"]}'))),
        (var(REDACTED), None),
        (var(extra('{"a": "***"}')), None),
    ],
)
def test_what_only_the_target_could_know_and_does_not_have_is_blocked(
    source: AirflowObject, target: AirflowObject | None
) -> None:
    step = planned(source, target)
    assert step.action is Action.BLOCKED
    assert step.reasons


def test_an_extra_that_differs_only_in_what_is_hidden_on_both_sides_is_kept() -> None:
    step = planned(conn(extra=extra('{"b": 1, "token": "***"}')), conn(extra=extra('{"token": "***", "b": 1}')))
    assert (step.action, step.written) == (Action.UNCHANGED, frozenset())


def test_an_extra_whose_hidden_leaf_the_source_has_is_written_again_as_a_whole() -> None:
    step = planned(conn(extra=Text('{"token": "t", "b": 1}')), conn(extra=extra('{"token": "***", "b": 1}')))
    assert step.changes == (FieldChange("extra", How.WRITTEN_AGAIN, ("token",)),)


@pytest.mark.parametrize("ours", ['{"b": 2}', '{"b": 2, "token": "***"}', '{"token": "***"}'])
def test_an_extra_that_would_have_to_be_written_without_its_hidden_leaf_is_blocked(ours: str) -> None:
    step = planned(conn(extra=extra(ours)), conn(extra=extra('{"token": "***", "b": 1}')))
    assert step.action is Action.BLOCKED
    assert "extra.token" in step.reasons[0]


def test_an_extra_that_the_source_lacks_is_kept_if_all_of_it_is_hidden() -> None:
    step = planned(conn(), conn(extra=extra('{"token": "***"}')))
    assert (step.action, step.written) == (Action.UNCHANGED, frozenset())


def test_an_extra_that_the_source_lacks_is_blocked_if_only_a_part_of_it_is_hidden() -> None:
    assert planned(conn(), conn(extra=extra('{"token": "***", "b": 1}'))).action is Action.BLOCKED


def test_one_hidden_leaf_written_again_does_not_lose_another() -> None:
    target = conn(extra=extra('{"a": "***", "b": "***"}'))
    assert planned(conn(extra=Text('{"a": "x"}')), target).action is Action.BLOCKED
    assert planned(conn(extra=Text('{"a": "x", "b": "y"}')), target).action is Action.UPDATE


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ('{"args": ["b"]}', '{"args": ["***", "b"]}'),
        ('{"args": ["x", "b"]}', '{"args": ["***"]}'),
        ('{"args": [{"k": "x"}]}', '{"args": [{"k": "***"}, {"k": "y"}]}'),
    ],
)
def test_a_hidden_item_of_a_list_of_another_length_is_blocked(ours: str, theirs: str) -> None:
    assert planned(conn(extra=extra(ours)), conn(extra=extra(theirs))).action is Action.BLOCKED


@pytest.mark.parametrize("empty", ["", "{}", " {} "])
def test_an_empty_extra_says_nothing_of_a_hidden_one(empty: str) -> None:
    step = planned(conn(extra=Text(empty)), conn(extra=extra('{"api_key": "***"}')))
    assert (step.action, step.written) == (Action.UNCHANGED, frozenset())
    assert planned(conn(extra=Text(empty)), conn(extra=REDACTED)).action is Action.UNCHANGED


@pytest.mark.parametrize(
    ("source", "target"),
    [
        (var("postgres://u:***@h/x"), var(REDACTED)),
        (var('{"dsn": "a ***"}'), var(extra('{"dsn": "***"}'))),
        (conn(password="x***"), conn(password=REDACTED)),
        (conn(extra=Text('{"a": "x***y"}')), conn(extra=REDACTED)),
    ],
)
def test_a_mask_within_a_text_is_never_written_over_what_is_hidden(
    source: AirflowObject, target: AirflowObject
) -> None:
    assert planned(source, target).action is Action.BLOCKED


def test_a_mask_within_a_text_is_a_text_where_nothing_is_hidden() -> None:
    assert planned(var("a *** b"), var("old")).action is Action.UPDATE


def test_one_leaf_of_a_target_that_is_hidden_as_a_whole_is_kept() -> None:
    assert planned(conn(extra=extra('{"token": "***"}')), conn(extra=REDACTED)).action is Action.UNCHANGED
    assert planned(conn(extra=Text('{"token": "t"}')), conn(extra=REDACTED)).written == {"extra"}
    assert planned(conn(extra=extra('{"a": 1, "token": "***"}')), conn(extra=REDACTED)).action is Action.BLOCKED


def test_the_type_of_a_leaf_counts() -> None:
    step = planned(conn(extra=extra('{"t": "***", "n": 1}')), conn(extra=extra('{"t": "***", "n": true}')))
    assert step.action is Action.BLOCKED


def test_a_hidden_variable_is_written_again_or_kept() -> None:
    assert planned(var("x"), var(REDACTED)).written == {"value"}
    assert planned(var(REDACTED), var(REDACTED)).action is Action.UNCHANGED
    assert planned(var(REDACTED), var("seen")).action is Action.UNCHANGED


def test_the_description_of_a_variable_whose_value_nobody_knows_is_written_alone() -> None:
    step = planned(var(REDACTED, "new"), var(REDACTED, "old"))
    assert (step.action, step.written) == (Action.UPDATE, {"description"})


def test_include_deferred_is_kept_where_the_source_has_no_place_for_it() -> None:
    target = Pool(name="p", slots=1, include_deferred=True)
    assert planned(Pool(name="p", slots=1), target).action is Action.UNCHANGED
    assert planned(Pool(name="p", slots=1, include_deferred=False), target).written == {"include_deferred"}


def test_skip_leaves_what_is_there() -> None:
    step = planned(conn(host="new"), conn(host="old"), "skip")
    assert (step.action, step.reasons) == (Action.SKIPPED, ("exists",))


def test_fail_blocks_what_would_be_overwritten_and_nothing_else() -> None:
    assert planned(conn(host="new"), conn(host="old"), "fail").action is Action.BLOCKED
    assert planned(conn(host="same"), conn(host="same"), "fail").action is Action.UNCHANGED
    assert planned(conn(), None, "fail").action is Action.CREATE


def test_the_stored_form_decides_what_is_the_same() -> None:
    source, target = conn(extra=Text('{"a":1}')), conn(extra=Text('{"a": 1}'))
    steps = make_plan(Bundle.of([source]), Bundle.of([target]), lambda obj: target).steps
    assert [step.action for step in steps] == [Action.UNCHANGED]


def test_a_plan_never_deletes_what_the_source_lacks() -> None:
    plan = make_plan(Bundle.of([conn()]), Bundle.of([conn(), var("x")]), lambda obj: obj)
    assert plan == Plan((Step(conn().kind, "c", Action.UNCHANGED, conn(), conn()),))


def test_the_result_of_an_update_has_the_fields_that_were_kept() -> None:
    step = planned(conn(host="new"), conn(host="old", password=REDACTED))
    assert step.result() == conn(host="new", password=REDACTED)
