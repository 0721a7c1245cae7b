"""What a plan makes of a connection that one side hides as a whole, as one value."""

from __future__ import annotations

from dataclasses import replace

from airconn.diff import Status
from airconn.diff import compare as diff
from airconn.model import (
    REDACTED,
    Action,
    Bundle,
    Connection,
    FieldAction,
    Kind,
    Text,
    fill,
    hidden_connection,
    is_hidden_whole,
)
from airconn.plan import TargetRules, make_plan
from tests.plan.planning import conn, planned

HIDDEN = hidden_connection(conn().id)
FULL = conn(host="h", password="p", extra=Text('{"a": 1}'))


def test_it_is_written_again_with_all_fields_of_the_source() -> None:
    step = planned(FULL, HIDDEN)
    assert step.action is Action.UPDATE
    assert {change.how for change in step.changes} == {FieldAction.WRITTEN_AGAIN}
    assert step.written == {"conn_type", "host", "password", "extra"}
    assert (step.kind, step.id, step.source, step.target) == (Kind.CONNECTIONS, "c", FULL, HIDDEN)
    assert step.result() == FULL


def test_it_is_unchanged_if_hidden_values_count_as_equal() -> None:
    step = planned(FULL, HIDDEN, hidden_is_equal=True)
    assert (step.action, step.written) == (Action.UNCHANGED, frozenset())
    assert {change.how for change in step.changes} == {FieldAction.ASSUMED}
    assert (step.kind, step.id, step.source, step.target) == (Kind.CONNECTIONS, "c", FULL, HIDDEN)


def test_fields_that_the_source_cannot_hold_are_not_written_and_empty_ones_are() -> None:
    source = replace(FULL, login="", schema="", unsaid=frozenset({"login", "description"}))
    assert planned(source, HIDDEN).written == {"conn_type", "host", "password", "extra", "schema"}
    held = replace(FULL, login="l", unsaid=frozenset({"login"}))
    assert "login" in planned(held, HIDDEN).written


def test_nothing_is_merged_into_it() -> None:
    step = planned(FULL, HIDDEN, lacking="keep")
    assert (step.action, step.reasons) == (Action.BLOCKED, ("the target hides all of it, so it can't be merged",))
    assert (step.kind, step.id, step.source, step.target) == (Kind.CONNECTIONS, "c", FULL, HIDDEN)
    assert {change.name for change in step.changes} == {"conn_type", "host", "password", "extra"}


def test_a_source_that_hides_a_part_is_blocked() -> None:
    masked = replace(FULL, extra=Text('{"a": "***"}', (("a",),)))
    for source, names in (
        (replace(FULL, password=REDACTED), "password"),
        (masked, "extra.a"),
        (replace(masked, password=REDACTED), "password, extra.a"),
    ):
        step = planned(source, HIDDEN)
        lost = "which would replace the target's value (get it with --fill ADDRESS)"
        assert (step.action, step.reasons) == (Action.BLOCKED, (f"hidden in the source: {names}, {lost}",))


def test_existing_ones_are_skipped_or_refused_as_others_are() -> None:
    assert planned(FULL, HIDDEN, "skip").action is Action.SKIPPED
    step = planned(FULL, HIDDEN, "fail")
    assert (step.action, step.reasons) == (Action.BLOCKED, ("exists, and its hidden values can't be compared",))


def test_a_source_that_hides_it_keeps_what_the_target_has() -> None:
    for target in (FULL, HIDDEN, conn()):
        step = planned(HIDDEN, target)
        assert (step.kind, step.id, step.action) == (Kind.CONNECTIONS, "c", Action.UNCHANGED)
        assert (step.source, step.target) == (HIDDEN, target)
        assert {change.how for change in step.changes} == {FieldAction.KEPT}


def test_a_source_that_hides_it_creates_nothing() -> None:
    step = planned(HIDDEN, None)
    assert step.action is Action.BLOCKED
    assert "hidden in the source, and the target has none" in step.reasons[0]


def test_a_target_that_refuses_the_write_blocks_it() -> None:
    rules = TargetRules(refusal=lambda step: "no" if step.action is Action.UPDATE else "")
    (step,) = make_plan(Bundle.of([FULL]), Bundle.of([HIDDEN]), rules).steps
    assert (step.action, step.reasons) == (Action.BLOCKED, ("no",))


def test_another_place_fills_all_of_it() -> None:
    filled = fill(HIDDEN, FULL)
    assert filled == FULL
    assert not is_hidden_whole(filled)


def test_a_diff_says_that_it_is_not_known() -> None:
    (found,) = diff(Bundle.of([FULL]), Bundle.of([HIDDEN]), lambda obj: obj, lambda obj: obj).objects
    assert found.status is Status.UNKNOWN
    assert {field.name for field in found.fields} >= {"password", "host", "extra", "conn_type"}


def test_one_that_was_written_with_masks_is_hidden_as_a_whole_again() -> None:
    assert is_hidden_whole(replace(HIDDEN, unsaid=frozenset({"conn_type"})))
    assert not is_hidden_whole(Connection(conn_id="c", conn_type="x", password=REDACTED))
