"""Fields of which something is hidden: what is compared, what is written, and what is blocked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from airconn.model import (
    REDACTED,
    Action,
    AirflowObject,
    FieldAction,
    FieldChange,
    Text,
)
from airconn.plan import Lacking
from tests.plan.planning import conn, extra, planned, var


def test_a_hidden_password_that_the_source_has_is_written_again() -> None:
    step = planned(conn(password="p"), conn(password=REDACTED))
    assert (step.action, step.changes) == (Action.UPDATE, (FieldChange("password", FieldAction.WRITTEN_AGAIN),))


def test_a_hidden_password_that_the_source_does_not_mention_is_kept() -> None:
    step = planned(conn(host="new"), conn(host="old", password=REDACTED))
    assert (step.action, step.written) == (Action.UPDATE, {"host"})
    assert FieldChange("password", FieldAction.KEPT) in step.changes


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
    assert step.changes == (FieldChange("extra", FieldAction.WRITTEN_AGAIN, ("token",)),)


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
    assert (step.action, step.changes) == (Action.UNCHANGED, (FieldChange("extra", FieldAction.KEPT, ("token",)),))


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
            "value[0], value[1] are hidden in a list of another length, so items can't be matched "
            "(--exact writes the source's list)"
        ),
    )
    for ours in ('["***"]', '["a", "***", "***"]'):
        assert planned(var(extra(ours)), var(extra('["***", "***"]')), lacking=lacking).action is Action.BLOCKED
    assert planned(var('["a"]'), var(extra('["a", "***"]')), lacking=lacking).action is Action.BLOCKED


@pytest.mark.parametrize(
    ("ours", "how"),
    [
        ('[{"h": "a", "p": "1"}]', {FieldAction.CHANGED, FieldAction.CLEARED, FieldAction.WRITTEN_AGAIN}),
        (
            '[{"h": "a", "p": "1"}, {"h": "b", "p": "2"}, {"h": "c", "p": "3"}]',
            {FieldAction.CHANGED, FieldAction.WRITTEN_AGAIN},
        ),
    ],
)
def test_exact_writes_a_list_of_another_length(ours: str, how: set[FieldAction]) -> None:
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
    assert {change.how for change in step.changes} == {FieldAction.WRITTEN_AGAIN}
    assert planned(kind(Text(ours)), target, hidden_is_equal=True).action is Action.UNCHANGED
    changed = planned(kind(Text(ours.replace('"a": 1', '"a": 2'))), target, hidden_is_equal=True)
    assert changed.changes[0] == FieldChange(changed.changes[0].name, FieldAction.CHANGED, ("a",))
    for partly in ('{"db": {"user": "u", "pw": ["***"]}, "a": 2}', '{"db": "***", "a": 2}', '{"a": 2}'):
        assert planned(kind(extra(partly)), target).action is Action.BLOCKED


def test_what_the_source_hides_as_one_piece_is_kept() -> None:
    target = var('{"db": {"user": "u", "pw": "1"}, "a": 1}')
    step = planned(var(extra('{"db": "***", "a": 1}')), target)
    assert (step.action, step.changes) == (Action.UNCHANGED, (FieldChange("value", FieldAction.KEPT, ("db",)),))
    blocked = planned(var(extra('{"db": "***", "a": 2}')), target)
    assert blocked.reasons == (
        ("value.db is hidden in the source: writing the rest of value would lose it (get it with --fill ADDRESS)"),
    )


@pytest.mark.parametrize(
    "ours", ['{"a": 2}', "{}", " {} ", "[]", "[1]", '[{"pw": "x"}]', "text", '"text"', "7", "null", ""]
)
@pytest.mark.parametrize("theirs", ['{"a": 1, "db": {"pw": "***"}}', '{"a": 1, "pw": "***"}', '{"pw": ["***"]}'])
@pytest.mark.parametrize("lacking", ["clear", "keep"])
def test_a_hidden_leaf_of_a_variable_is_lost_to_nothing_but_exact(ours: str, theirs: str, lacking: Lacking) -> None:
    target = var(extra(theirs))
    step = planned(var(ours), target, lacking=lacking)
    assert (step.action, step.written) == (Action.BLOCKED, frozenset())
    assert "hidden and not in the source: writing the rest of value would lose it" in step.reasons[0]
    assert "lose it with --exact" in step.reasons[0]
    assert planned(var(ours), target, lacking=lacking, hidden_is_equal=True).action is Action.BLOCKED
    exact = planned(var(ours), target, lacking="exact")
    assert exact.action is Action.UPDATE
    assert FieldAction.CLEARED in {change.how for change in exact.changes}


def test_a_hidden_item_of_a_list_is_lost_to_nothing_but_exact() -> None:
    for ours in ("{}", '{"a": 2}', "text", "", "7", "[]"):
        assert planned(var(ours), var(extra('["a", "***"]'))).action is Action.BLOCKED
        assert planned(var(ours), var(extra('["a", "***"]')), lacking="exact").action is Action.UPDATE


@pytest.mark.parametrize("ours", ['{"key": "text"}', '{"key": {}}', '{"key": []}', '{"key": null}'])
def test_what_is_around_a_hidden_leaf_says_nothing_of_it(ours: str) -> None:
    for target in (var(extra('{"key": {"pw": "***"}}')), conn(extra=extra('{"key": {"pw": "***"}}'))):
        source = var(ours) if target.id == "v" else conn(extra=extra(ours))
        assert planned(source, target).action is Action.BLOCKED
        assert planned(source, target, lacking="exact").action is Action.UPDATE


def test_a_text_in_the_place_of_a_hidden_object_is_written_by_exact_alone() -> None:
    target = var(extra('{"db": {"pw": "***"}}'))
    assert planned(var('{"db": "postgres://u:p@h"}'), target).action is Action.BLOCKED
    assert planned(var('{"db": "postgres://u:p@h"}'), target, lacking="exact").action is Action.UPDATE
    masked = planned(var('{"db": "postgres://u:***@h"}'), target, lacking="exact")
    assert masked.action is Action.BLOCKED


def test_a_change_that_is_seen_is_told_beside_what_is_written_again() -> None:
    source, target = '{"region": "us", "token": "t"}', '{"region": "eu", "token": "***"}'
    step = planned(conn(extra=Text(source)), conn(extra=extra(target)))
    assert step.changes == (
        FieldChange("extra", FieldAction.CHANGED, ("region",)),
        FieldChange("extra", FieldAction.WRITTEN_AGAIN, ("token",)),
    )
    fails = planned(conn(extra=Text(source)), conn(extra=extra(target)), "fail")
    assert fails.reasons == ("exists, with other values",)


def test_a_block_says_where_the_leaf_is_hidden() -> None:
    target = conn(extra=extra('{"b": 1, "token": "***"}'))
    assert planned(conn(extra=Text('{"b": 2}')), target).reasons == (
        (
            "extra.token is hidden and not in the source: writing the rest of extra would lose it "
            "(add it to the source, or lose it with --exact)"
        ),
    )
    assert planned(conn(extra=extra('{"b": 2, "token": "***"}')), target).reasons == (
        ("extra.token is hidden on both sides: writing the rest of extra would lose it (get it with --fill ADDRESS)"),
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


def test_the_reasons_name_the_leaves_and_say_why() -> None:
    def reasons(source: AirflowObject, target: AirflowObject, lacking: Lacking = "clear") -> tuple[str, ...]:
        step = planned(source, target, lacking=lacking)
        assert step.action is Action.BLOCKED
        return step.reasons

    listed, keyed = Text('{"a": ["***"]}', (("a", 0),)), Text('{"a": {"b": "***"}}', (("a", "b"),))
    assert reasons(conn(extra=listed), conn(extra=keyed)) == (
        "extra.a[0] is hidden in the source, and the target has none",
    )
    assert reasons(conn(password=REDACTED), conn()) == ("password is hidden in the source, and the target has none",)
    assert reasons(conn(extra=extra('{"a": 1}')), conn(extra=REDACTED), "keep") == (
        "all of extra is hidden, so it can't be merged",
    )
    both = Text('{"x": "***", "y": "***", "z": "old"}', (("x",), ("y",)))
    rest = "writing the rest of extra would lose it"
    assert reasons(conn(extra=Text('{"x": "***", "z": "new"}', (("x",),))), conn(extra=both))[0].split("; ") == [
        f"extra.x is hidden on both sides: {rest} (get it with --fill ADDRESS)",
        f"extra.y is hidden and not in the source: {rest} (add it to the source, or lose it with --exact)",
    ]


def test_a_field_that_the_source_hides_as_a_whole_is_kept_by_its_name() -> None:
    for target in (conn(password=REDACTED), conn(password="p")):
        step = planned(conn(password=REDACTED), target)
        assert step.changes == (FieldChange("password", FieldAction.KEPT),)
