"""Merging the extra of a source into that of a target, and when that can't be done."""

from __future__ import annotations

from dataclasses import replace

import pytest

from airconn.model import Action, Bundle, Step, Text
from airconn.plan import Policy, make_plan
from airconn.plan.merging import merged, unmergeable
from tests.plan.planning import RULES, conn, extra, planned, var


@pytest.mark.parametrize(
    ("ours", "theirs", "side"),
    [
        ("not json", '{"a": 1}', "source"),
        ("[1]", '{"a": 1}', "source"),
        ('{"a": 1, "a": 2}', '{"a": 1}', "source"),
        ('{"a": 1}', "not json", "target"),
        ('{"a": 1}', "[1]", "target"),
    ],
)
def test_an_extra_that_is_not_an_object_blocks_the_merge(ours: str, theirs: str, side: str) -> None:
    step = planned(conn(host="h", extra=Text(ours)), conn(extra=Text(theirs)), lacking="keep")
    assert (step.action, step.changes) == (Action.BLOCKED, ())
    assert step.reasons == (
        f"the extra of the {side} is not a JSON object with each key once, so the two can't be merged",
    )


def test_what_needs_no_merge_is_not_blocked() -> None:
    broken = Text("not json")
    for source, target in (
        (conn(extra=broken), conn(extra=broken)),
        (conn(extra=broken), conn(extra=Text(" "))),
        (conn(extra=broken), conn()),
        (conn(), conn(extra=broken)),
        (conn(extra=extra('{"a": 1}')), conn(extra=extra('{"b": 1}'))),
        (var("not json"), var("[1]")),
        (var("x"), conn(extra=broken)),
        (conn(extra=broken), var("x")),
    ):
        assert unmergeable(source, target) == ""


def test_an_object_is_merged_key_by_key_and_anything_else_is_the_sources() -> None:
    ours = extra('{"a": {"x": 1}, "b": {"y": 1}, "c": 1, "n": null}')
    theirs = extra('{"b": {"z": 2, "y": 2}, "a": 5, "c": {"d": 1}, "e": 3, "n": 1}')
    result = merged(conn(extra=ours), conn(extra=theirs))
    assert result.extra == Text('{"b": {"z": 2, "y": 1}, "a": {"x": 1}, "c": 1, "e": 3, "n": null}')


def test_a_hidden_leaf_of_either_stays_hidden_unless_the_source_has_a_value() -> None:
    theirs = Text('{"t": "***", "u": "***", "l": "***"}', (("t",), ("u",), ("l",)))
    ours = Text('{"t": "new", "s": "***", "l": {"m": 1}}', (("s",),))
    result = merged(conn(extra=ours), conn(extra=theirs))
    text = '{"t": "new", "u": "***", "l": {"m": 1}, "s": "***"}'
    assert result.extra == Text(text, (("s",), ("u",)))


def test_fields_that_were_taken_from_the_target_are_known_in_the_step() -> None:
    def step(lacking: str) -> Step:
        source, target = conn(host="new", extra=extra('{"a": 1}')), conn(host="old", login="l", schema="s")
        policy = Policy(lacking=lacking)
        return make_plan(Bundle.of([source]), Bundle.of([target]), RULES, policy).steps[0]

    assert step("keep").merged == {"login", "schema", "extra"}
    assert step("clear").merged == frozenset()


def test_a_merge_into_what_is_skipped_is_no_question() -> None:
    source = replace(conn(), extra=Text("not json"))
    assert planned(source, conn(extra=extra('{"a": 1}')), "skip", "keep").action is Action.SKIPPED
