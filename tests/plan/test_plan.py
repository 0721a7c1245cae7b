"""What a plan decides, field by field."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from airconn.model import (
    REDACTED,
    Action,
    AirflowObject,
    Bundle,
    Connection,
    FieldChange,
    How,
    Kind,
    Pool,
    Redacted,
    Step,
    Text,
    Variable,
)
from airconn.plan import Lacking, OnExisting, Plan, Policy, make_plan, with_deletions


def extra(text: str) -> Text:
    value = Text.of(text)
    assert not isinstance(value, Redacted)
    return value


def conn(**fields: object) -> Connection:
    return Connection(**{"conn_id": "c", "conn_type": "http", **fields})  # type: ignore[arg-type]


def var(value: Text | Redacted | str, description: str | None = None) -> Variable:
    return Variable(key="v", value=Text(value) if isinstance(value, str) else value, description=description)


class Place:
    """One that gives back what it was given, and takes no password away, as Airflow's API."""

    hides_none = False

    def stored_form(self, obj: Any) -> Any:
        return obj

    def create_refusal(self, obj: AirflowObject) -> str:
        return ""

    def update_refusal(self, step: Step) -> str:
        cleared = isinstance(step.source, Connection) and "password" in step.written and not step.source.password
        return "no update takes a password away" if cleared else ""

    def replace_refusal(self, step: Step) -> str:
        return "this one stays" if step.id == "default_pool" else ""


def planned(
    source: AirflowObject,
    target: AirflowObject | None,
    on_existing: OnExisting = "overwrite",
    lacking: Lacking = "clear",
    *,
    hidden_is_equal: bool = False,
) -> Step:
    present = Bundle.of([target] if target else [])
    policy = Policy(on_existing, lacking, hidden_is_equal)
    (step,) = make_plan(Bundle.of([source]), present, Place(), policy).steps
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


def test_an_extra_that_the_source_lacks_is_kept_if_a_part_of_it_is_hidden() -> None:
    step = planned(conn(), conn(extra=extra('{"token": "***", "b": 1}')))
    assert (step.action, step.changes) == (Action.UNCHANGED, (FieldChange("extra", How.KEPT, ("token",)),))


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


@pytest.mark.parametrize("lacking", ["clear", "keep"])
def test_a_list_in_clear_is_not_the_same_as_a_hidden_one_of_another_length(lacking: Lacking) -> None:
    step = planned(var('["a"]'), var(extra('["***", "***"]')), lacking=lacking, hidden_is_equal=True)
    assert step.reasons == (
        (
            "value.[0], value.[1] are hidden in a list of another length, so that nobody knows which item is which "
            "(--exact writes the source's list)"
        ),
    )
    both = planned(var(extra('["***"]')), var(extra('["***", "***"]')), lacking=lacking)
    assert (both.action, both.written) == (Action.UNCHANGED, frozenset())


@pytest.mark.parametrize(
    ("ours", "how"),
    [
        ('[{"h": "a", "p": "1"}]', {How.CHANGED, How.CLEARED, How.WRITTEN_AGAIN}),
        ('[{"h": "a", "p": "1"}, {"h": "b", "p": "2"}, {"h": "c", "p": "3"}]', {How.CHANGED, How.WRITTEN_AGAIN}),
    ],
)
def test_exact_writes_a_list_of_another_length(ours: str, how: set[How]) -> None:
    theirs = '[{"h": "a", "p": "***"}, {"h": "b", "p": "***"}]'
    step = planned(var(ours), var(extra(theirs)), lacking="exact")
    assert (step.action, {change.how for change in step.changes}) == (Action.UPDATE, how)
    hidden = ours.replace('"1"', '"***"')
    assert planned(var(extra(hidden)), var(extra(theirs)), lacking="exact").action is Action.BLOCKED


@pytest.mark.parametrize("kind", [var, lambda value: conn(extra=value)], ids=["variable", "extra"])
@pytest.mark.parametrize("held", ['{"db": "***", "a": 1}', '{"db": {"user": "***", "pw": ["***"]}, "a": 1}'])
def test_what_is_hidden_as_one_piece_is_compared_with_all_that_the_source_has_there(
    kind: Callable[[Any], AirflowObject], held: str
) -> None:
    """Airflow 3.0 shows a dictionary below a sensitive key as one `***`."""
    ours, target = '{"db": {"user": "u", "pw": ["1"]}, "a": 1}', kind(extra(held))
    step = planned(kind(Text(ours)), target)
    assert {change.how for change in step.changes} == {How.WRITTEN_AGAIN}
    assert planned(kind(Text(ours)), target, hidden_is_equal=True).action is Action.UNCHANGED
    changed = planned(kind(Text(ours.replace('"a": 1', '"a": 2'))), target, hidden_is_equal=True)
    assert changed.changes[0] == FieldChange(changed.changes[0].name, How.CHANGED, ("a",))
    for partly in ('{"db": {"user": "u", "pw": ["***"]}, "a": 2}', '{"db": "***", "a": 2}', '{"a": 2}'):
        assert planned(kind(extra(partly)), target).action is Action.BLOCKED


def test_what_the_source_hides_as_one_piece_is_kept() -> None:
    target = var('{"db": {"user": "u", "pw": "1"}, "a": 1}')
    step = planned(var(extra('{"db": "***", "a": 1}')), target)
    assert (step.action, step.changes) == (Action.UNCHANGED, (FieldChange("value", How.KEPT, ("db",)),))
    blocked = planned(var(extra('{"db": "***", "a": 2}')), target)
    assert blocked.reasons == (
        (
            "value.db is hidden in the source: writing the rest of value would lose it "
            "(--fill ADDRESS takes it from elsewhere)"
        ),
    )


def test_a_text_in_the_place_of_a_hidden_object_is_written() -> None:
    step = planned(var('{"db": "postgres://u:p@h"}'), var(extra('{"db": {"pw": "***"}}')))
    assert step.action is Action.UPDATE
    masked = planned(var('{"db": "postgres://u:***@h"}'), var(extra('{"db": {"pw": "***"}}')))
    assert masked.action is Action.BLOCKED


def test_a_change_that_is_seen_is_told_beside_what_is_written_again() -> None:
    source, target = '{"region": "us", "token": "t"}', '{"region": "eu", "token": "***"}'
    step = planned(conn(extra=Text(source)), conn(extra=extra(target)))
    assert step.changes == (
        FieldChange("extra", How.CHANGED, ("region",)),
        FieldChange("extra", How.WRITTEN_AGAIN, ("token",)),
    )
    fails = planned(conn(extra=Text(source)), conn(extra=extra(target)), "fail")
    assert fails.reasons == ("exists, with other values",)


def test_a_block_says_where_the_leaf_is_hidden() -> None:
    target = conn(extra=extra('{"b": 1, "token": "***"}'))
    assert planned(conn(extra=Text('{"b": 2}')), target).reasons == (
        (
            "extra.token is hidden and not in the source: writing the rest of extra would lose it "
            "(put it there, or --exact lets it go)"
        ),
    )
    assert planned(conn(extra=extra('{"b": 2, "token": "***"}')), target).reasons == (
        (
            "extra.token is hidden on both sides: writing the rest of extra would lose it "
            "(--fill ADDRESS takes it from elsewhere)"
        ),
    )


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
    place = Place()
    place.stored_form = lambda obj: target  # type: ignore[method-assign]
    steps = make_plan(Bundle.of([source]), Bundle.of([target]), place).steps
    assert [step.action for step in steps] == [Action.UNCHANGED]


def test_a_plan_never_deletes_what_the_source_lacks() -> None:
    plan = make_plan(Bundle.of([conn()]), Bundle.of([conn(), var("x")]), Place())
    assert plan == Plan((Step(conn().kind, "c", Action.UNCHANGED, conn(), conn()),))


def test_the_result_of_an_update_has_the_fields_that_were_kept() -> None:
    step = planned(conn(host="new"), conn(host="old", password=REDACTED))
    assert step.result() == conn(host="new", password=REDACTED)


HIDDEN_EXTRA = Text('{"host": "h", "token": "***"}', (("token",),))


def test_merge_keeps_what_the_source_lacks() -> None:
    held = conn(host="h", login="l", description="d", extra=extra('{"a": 1, "b": {"c": 2}}'), password=REDACTED)
    step = planned(conn(login="new", extra=extra('{"b": {"d": 3}}')), held, lacking="keep")
    assert (step.action, step.written) == (Action.UPDATE, {"login", "extra"})
    assert step.result() == replace(held, login="new", extra=Text('{"a": 1, "b": {"c": 2, "d": 3}}'))


def test_merge_of_what_is_there_already_changes_nothing() -> None:
    held = conn(host="h", extra=extra('{"a": 1,  "b": 2}'), password=REDACTED)
    step = planned(conn(extra=extra('{"b": 2}')), held, lacking="keep")
    assert (step.action, step.written) == (Action.UNCHANGED, frozenset())


def test_merge_into_an_extra_that_is_hidden_in_part_keeps_it_or_is_blocked() -> None:
    same = planned(conn(extra=extra('{"host": "h"}')), conn(extra=HIDDEN_EXTRA), lacking="keep")
    assert (same.action, same.changes) == (Action.UNCHANGED, (FieldChange("extra", How.KEPT, ("token",)),))
    other = planned(conn(extra=extra('{"host": "new"}')), conn(extra=HIDDEN_EXTRA), lacking="keep")
    assert other.action is Action.BLOCKED
    assert "extra.token is hidden" in other.reasons[0]
    whole = planned(conn(extra=extra('{"host": "new"}')), conn(extra=REDACTED), lacking="keep")
    assert whole.action is Action.BLOCKED


def test_exact_clears_a_hidden_password_by_a_replacement() -> None:
    step = planned(conn(host="h"), conn(host="h", password=REDACTED), lacking="exact")
    assert (step.action, step.changes) == (Action.REPLACE, (FieldChange("password", How.CLEARED),))


def test_a_replacement_keeps_what_the_source_has_no_place_for() -> None:
    source = replace(conn(host="h"), unsaid=frozenset({"description"}))
    step = planned(source, conn(host="h", description="d", password=REDACTED), lacking="exact")
    assert step.action is Action.REPLACE
    assert step.source == conn(host="h", description="d")


def test_a_replacement_that_would_lose_what_is_hidden_is_blocked() -> None:
    source = conn(extra=HIDDEN_EXTRA)
    step = planned(source, conn(extra=HIDDEN_EXTRA, password=REDACTED), lacking="exact")
    assert step.action is Action.BLOCKED
    assert "extra.token" in step.reasons[1]


def test_exact_clears_hidden_leaves_of_extra_without_one() -> None:
    step = planned(conn(extra=extra('{"host": "h"}')), conn(extra=HIDDEN_EXTRA), lacking="exact")
    assert (step.action, step.changes) == (Action.UPDATE, (FieldChange("extra", How.CLEARED, ("token",)),))
    step = planned(conn(), conn(extra=HIDDEN_EXTRA), lacking="exact")
    assert (step.action, step.changes) == (Action.UPDATE, (FieldChange("extra", How.CLEARED),))
    again = planned(conn(extra=extra('{"host": "h", "token": "t"}')), conn(extra=HIDDEN_EXTRA), lacking="exact")
    assert again.changes == (FieldChange("extra", How.WRITTEN_AGAIN, ("token",)),)


def test_what_is_hidden_can_be_taken_for_equal() -> None:
    held = conn(password=REDACTED, extra=HIDDEN_EXTRA)
    source = conn(password="p", extra=extra('{"host": "h", "token": "t"}'))
    step = planned(source, held, hidden_is_equal=True)
    assert (step.action, {change.how for change in step.changes}) == (Action.UNCHANGED, {How.ASSUMED})
    source = conn(password="p", extra=extra('{"host": "new", "token": "t"}'))
    assert planned(source, held, hidden_is_equal=True).written == {"extra"}


def test_what_may_not_be_there_is_taken_for_none_if_what_is_hidden_is_taken_for_equal() -> None:
    """Airflow 2 hides whether there is a password."""
    place = Place()
    place.hides_none = True
    source, target = Bundle.of([conn()]), Bundle.of([conn(password=REDACTED)])
    for hidden_is_equal, action in ((False, Action.REPLACE), (True, Action.UNCHANGED)):
        (step,) = make_plan(source, target, place, Policy(lacking="exact", hidden_is_equal=hidden_is_equal)).steps
        assert step.action is action
    assert planned(conn(), conn(password=REDACTED), lacking="exact", hidden_is_equal=True).action is Action.REPLACE


def test_what_the_source_lacks_is_deleted_within_the_kinds() -> None:
    pools = [Pool(name="default_pool", slots=1), Pool(name="p", slots=1)]
    target = Bundle.of([conn(), conn(conn_id="old"), var("x"), *pools])
    plan = make_plan(Bundle.of([conn()]), target, Place())
    plan = with_deletions(plan, Bundle.of([conn()]), target, frozenset({Kind.CONNECTIONS, Kind.POOLS}))
    assert [(step.action, step.id) for step in plan.steps] == [
        (Action.UNCHANGED, "c"),
        (Action.DELETE, "old"),
        (Action.DELETE, "p"),
    ]
