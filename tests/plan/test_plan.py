"""What a plan decides, object by object."""

from __future__ import annotations

from dataclasses import replace

from airconn.model import (
    REDACTED,
    Action,
    Bundle,
    FieldAction,
    FieldChange,
    Kind,
    Pool,
    Step,
    Text,
)
from airconn.plan import Plan, Policy, TargetRules, make_plan, with_deletions
from tests.plan.planning import RULES, conn, extra, planned, var


def test_an_object_that_is_not_there_is_created() -> None:
    source = conn(password="p")
    assert planned(source, None) == Step(Kind.CONNECTIONS, "c", Action.CREATE, source)


def test_an_object_that_is_the_same_is_unchanged_and_writes_nothing() -> None:
    step = planned(conn(host="h", extra=Text("{}")), conn(host="h", extra=Text("{}")))
    assert (step.action, step.written) == (Action.UNCHANGED, frozenset())


def test_only_the_fields_that_differ_are_written() -> None:
    step = planned(conn(host="new", login="l"), conn(host="old", login="l"))
    assert (step.action, step.changes) == (Action.UPDATE, (FieldChange("host", FieldAction.CHANGED),))


def test_none_and_the_empty_text_are_different() -> None:
    assert planned(conn(host=""), conn(host=None)).written == {"host"}


def test_a_visible_field_that_the_source_lacks_is_cleared() -> None:
    assert planned(conn(), conn(host="old")).changes == (FieldChange("host", FieldAction.CLEARED),)


def test_include_deferred_is_kept_where_the_source_has_no_place_for_it() -> None:
    target = Pool(name="p", slots=1, include_deferred=True)
    assert planned(Pool(name="p", slots=1), target).action is Action.UNCHANGED
    assert planned(Pool(name="p", slots=1, include_deferred=False), target).written == {"include_deferred"}


def test_skip_leaves_what_is_there() -> None:
    step = planned(conn(host="new"), conn(host="old"), "skip")
    assert step == Step(
        Kind.CONNECTIONS, "c", Action.SKIPPED, conn(host="new"), conn(host="old"), reasons=("exists",)
    )


def test_fail_blocks_what_would_be_overwritten_and_nothing_else() -> None:
    step = planned(conn(host="new"), conn(host="old"), "fail")
    assert (step.action, step.reasons) == (Action.BLOCKED, ("exists, with other values",))
    assert step.changes == (FieldChange("host", FieldAction.CHANGED),)
    cleared = planned(conn(), conn(host="old"), "fail")
    assert (cleared.action, cleared.reasons) == (Action.BLOCKED, ("exists, with other values",))
    again = planned(conn(password="p"), conn(password=REDACTED), "fail")
    assert (again.action, again.reasons) == (Action.BLOCKED, ("exists, and its hidden values can't be compared",))
    assert planned(conn(host="same"), conn(host="same"), "fail").action is Action.UNCHANGED
    assert planned(conn(), None, "fail").action is Action.CREATE


def test_the_stored_form_decides_what_is_the_same() -> None:
    source, target = conn(extra=Text('{"a":1}')), conn(extra=Text('{"a": 1}'))
    rules = TargetRules(stored_form=lambda obj: target)
    steps = make_plan(Bundle.of([source]), Bundle.of([target]), rules).steps
    assert [step.action for step in steps] == [Action.UNCHANGED]


def test_a_plan_never_deletes_what_the_source_lacks() -> None:
    plan = make_plan(Bundle.of([conn()]), Bundle.of([conn(), var("x")]), RULES)
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
    assert (same.action, same.changes) == (Action.UNCHANGED, (FieldChange("extra", FieldAction.KEPT, ("token",)),))
    other = planned(conn(extra=extra('{"host": "new"}')), conn(extra=HIDDEN_EXTRA), lacking="keep")
    assert other.action is Action.BLOCKED
    assert "extra.token is hidden" in other.reasons[0]
    whole = planned(conn(extra=extra('{"host": "new"}')), conn(extra=REDACTED), lacking="keep")
    assert whole.action is Action.BLOCKED


def test_merge_writes_a_genuine_mask() -> None:
    source = replace(conn(extra=Text('{"a": "***"}')), literal=frozenset({"extra"}))
    step = planned(source, conn(extra=extra('{"a": "***", "b": 1}')), lacking="keep")
    assert (step.action, step.written) == (Action.UPDATE, {"extra"})
    assert step.result().extra == Text('{"a": "***", "b": 1}')  # type: ignore[union-attr]


def test_exact_clears_a_hidden_password_by_a_replacement() -> None:
    step = planned(conn(host="h"), conn(host="h", password=REDACTED), lacking="exact")
    assert (step.action, step.changes) == (Action.REPLACE, (FieldChange("password", FieldAction.CLEARED),))


def test_a_replacement_keeps_what_the_source_has_no_place_for() -> None:
    source = replace(conn(host="h"), unsaid=frozenset({"description"}))
    step = planned(source, conn(host="h", description="d", password=REDACTED), lacking="exact")
    assert step.action is Action.REPLACE
    assert step.source == conn(host="h", description="d")


def test_a_replacement_that_would_lose_what_is_hidden_is_blocked() -> None:
    source = conn(extra=HIDDEN_EXTRA)
    step = planned(source, conn(extra=HIDDEN_EXTRA, password=REDACTED), lacking="exact")
    assert step.action is Action.BLOCKED
    assert step.reasons == (
        "no update takes a password away",
        "it would have to be deleted and created again, which loses hidden values: extra.token",
    )
    two = Text('{"token": "***", "key": "***"}', (("token",), ("key",)))
    step = planned(conn(extra=two), conn(extra=two, password=REDACTED), lacking="exact")
    assert step.reasons[1].endswith("which loses hidden values: extra.key, extra.token")


def test_a_replacement_that_would_lose_a_hidden_value_of_a_field_that_the_source_cannot_hold_is_blocked() -> None:
    source = replace(conn(), unsaid=frozenset({"extra"}))
    step = planned(source, conn(extra=HIDDEN_EXTRA, password=REDACTED), lacking="exact")
    assert step.action is Action.BLOCKED
    assert step.reasons[1].endswith("which loses hidden values: extra.token")


def test_a_replacement_that_the_target_refuses_as_well_is_blocked_for_both_reasons() -> None:
    rules = TargetRules(refusal=lambda step: f"no {step.action.value}" if step.written else "")
    (step,) = make_plan(Bundle.of([conn(host="new")]), Bundle.of([conn(host="old")]), rules).steps
    assert (step.action, step.reasons) == (Action.BLOCKED, ("no update", "no replace"))


def test_a_creation_names_each_hidden_leaf_that_is_lacking() -> None:
    step = planned(conn(password=REDACTED, extra=HIDDEN_EXTRA), None)
    assert step.action is Action.BLOCKED
    assert step.reasons == ("hidden in the source, and the target has none: password, extra.token",)


def test_exact_clears_hidden_leaves_of_extra_without_one() -> None:
    step = planned(conn(extra=extra('{"host": "h"}')), conn(extra=HIDDEN_EXTRA), lacking="exact")
    assert (step.action, step.changes) == (Action.UPDATE, (FieldChange("extra", FieldAction.CLEARED, ("token",)),))
    step = planned(conn(), conn(extra=HIDDEN_EXTRA), lacking="exact")
    assert (step.action, step.changes) == (Action.UPDATE, (FieldChange("extra", FieldAction.CLEARED),))
    again = planned(conn(extra=extra('{"host": "h", "token": "t"}')), conn(extra=HIDDEN_EXTRA), lacking="exact")
    assert again.changes == (FieldChange("extra", FieldAction.WRITTEN_AGAIN, ("token",)),)


def test_what_is_hidden_can_be_taken_for_equal() -> None:
    held = conn(password=REDACTED, extra=HIDDEN_EXTRA)
    source = conn(password="p", extra=extra('{"host": "h", "token": "t"}'))
    step = planned(source, held, hidden_is_equal=True)
    assert (step.action, {change.how for change in step.changes}) == (Action.UNCHANGED, {FieldAction.ASSUMED})
    source = conn(password="p", extra=extra('{"host": "new", "token": "t"}'))
    assert planned(source, held, hidden_is_equal=True).written == {"extra"}


def test_what_may_not_be_there_is_taken_for_none_if_what_is_hidden_is_taken_for_equal() -> None:
    """Airflow 2 hides whether there is a password."""
    rules = replace(RULES, hides_no_password=True)
    source, target = Bundle.of([conn()]), Bundle.of([conn(password=REDACTED)])
    for hidden_is_equal, action in ((False, Action.REPLACE), (True, Action.UNCHANGED)):
        (step,) = make_plan(source, target, rules, Policy(lacking="exact", hidden_is_equal=hidden_is_equal)).steps
        assert step.action is action
    assert planned(conn(), conn(password=REDACTED), lacking="exact", hidden_is_equal=True).action is Action.REPLACE
    source, target = Bundle.of([conn(port=2)]), Bundle.of([conn(password=REDACTED, port=1, extra=Text("{}"))])
    (step,) = make_plan(source, target, rules, Policy(lacking="exact", hidden_is_equal=True)).steps
    assert (step.action, step.written) == (Action.UPDATE, {"port", "extra"})
    assert FieldChange("password", FieldAction.ASSUMED) in step.changes
    for field in ("extra", "host"):
        source, target = Bundle.of([conn()]), Bundle.of([conn(**{field: REDACTED})])
        (step,) = make_plan(source, target, rules, Policy(lacking="exact", hidden_is_equal=True)).steps
        assert step.written == {field}


def test_what_the_source_lacks_is_deleted_within_the_kinds() -> None:
    pools = [Pool(name="default_pool", slots=1), Pool(name="p", slots=1)]
    target = Bundle.of([conn(), conn(conn_id="old"), var("x"), *pools])
    plan = make_plan(Bundle.of([conn()]), target, RULES)
    plan = with_deletions(plan, Bundle.of([conn()]), target, frozenset({Kind.CONNECTIONS, Kind.POOLS}))
    assert [(step.action, step.id) for step in plan.steps] == [
        (Action.UNCHANGED, "c"),
        (Action.DELETE, "old"),
        (Action.DELETE, "p"),
    ]


def test_an_id_that_differs_in_capitals_only_is_not_deleted() -> None:
    source, held = Bundle.of([conn()]), conn(conn_id="C")
    target = Bundle.of([held, replace(var("x"), key="c")])
    plan = with_deletions(Plan(()), source, target, frozenset(Kind))
    reason = "the sources have c: --exclude this one, --rename that one, or airconn delete this one first"
    assert plan.steps == (
        Step(Kind.CONNECTIONS, "C", Action.BLOCKED, target=held, reasons=(reason,)),
        Step(Kind.VARIABLES, "c", Action.DELETE, target=replace(var("x"), key="c")),
    )
    assert plan.blocked == plan.steps[:1]
    assert plan.writes == plan.steps[1:]
    upper = with_deletions(Plan(()), Bundle.of([held]), Bundle.of([conn()]), frozenset(Kind))
    assert [(step.action, step.id) for step in upper.steps] == [(Action.BLOCKED, "c")]


def test_what_stands_for_a_secret_is_never_written() -> None:
    created = planned(conn(password="<hidden>", host="h"), None)
    assert created.action is Action.BLOCKED
    (reason,) = created.reasons
    assert reason.startswith("password is a mask of another tool, not the value: fill in the value")
    assert reason.endswith("(--literal connections/c.password if it is the value)")
    for old in (conn(password="real"), conn(password=REDACTED), conn()):
        assert planned(conn(password="op://a/b/c"), old).action is Action.BLOCKED
        assert planned(conn(password="op://a/b/c"), old, lacking="keep").action is Action.BLOCKED
    nested = extra('{"token": "ENC[AES256_GCM,data:x]", "region": "eu"}')
    assert "connections/c.extra.token" in planned(conn(extra=nested), conn()).reasons[0]
    assert planned(var("${X}"), var("old")).action is Action.UPDATE


def test_what_the_target_holds_just_so_may_stay_and_what_is_genuine_is_written() -> None:
    held = conn(password="op://a/b/c", extra=extra('{"token": "{{ t }}"}'))
    assert planned(held, held).action is Action.UNCHANGED
    assert planned(replace(held, host="new"), held).action is Action.UPDATE
    more = replace(held, extra=extra('{"token": "{{ t }}", "region": "eu"}'))
    assert planned(more, held).action is Action.UPDATE
    genuine = replace(held, genuine=frozenset({("password", ()), ("extra", ("token",))}))
    assert planned(genuine, None).action is Action.CREATE
    assert planned(genuine, conn(password=REDACTED)).action is Action.UPDATE
    assert planned(held, conn(password="x"), "skip").action is Action.SKIPPED
