"""Plans the write of a connection that the source or the target hides as a whole, as one value."""

from __future__ import annotations

from airconn.model import (
    REDACTED,
    Action,
    AirflowObject,
    FieldAction,
    FieldChange,
    Step,
    hidden_fields,
    is_hidden_whole,
    is_unsaid,
    value_fields,
)
from airconn.plan.policy import Policy
from airconn.plan.target import TargetRules
from airconn.plan.unresolved import unresolved


def hidden_step(source: AirflowObject, target: AirflowObject, rules: TargetRules, policy: Policy) -> Step:
    """The step for a connection of which one side says nothing but that it exists.

    The target's is replaced by the source's with all its fields: they are one value there, and none of it is known.
    """
    if is_hidden_whole(source):
        return Step(source.kind, source.id, Action.UNCHANGED, source, target, _changes(source, FieldAction.KEPT))
    if policy.hidden_is_equal:
        return Step(source.kind, source.id, Action.UNCHANGED, source, target, _changes(source, FieldAction.ASSUMED))
    update = Step(source.kind, source.id, Action.UPDATE, source, target, _changes(source, FieldAction.WRITTEN_AGAIN))
    if reasons := (*_reasons(source, policy), *unresolved(source, None, frozenset())):
        return _blocked(update, *reasons)
    if refusal := rules.refusal(update):
        return _blocked(update, refusal)
    return update


def _reasons(source: AirflowObject, policy: Policy) -> tuple[str, ...]:
    if policy.on_existing == "fail":
        return ("exists, and its hidden values can't be compared",)
    if policy.lacking == "keep":
        return ("the target hides all of it, so it can't be merged",)
    if names := hidden_fields(source):
        lost = "which would replace the target's value (get it with --fill ADDRESS)"
        return (f"hidden in the source: {', '.join(names)}, {lost}",)
    return ()


def _blocked(step: Step, *reasons: str) -> Step:
    return Step(step.kind, step.id, Action.BLOCKED, step.source, step.target, step.changes, reasons)


def _changes(source: AirflowObject, how: FieldAction) -> tuple[FieldChange, ...]:
    """One change for each field that the source sets or hides."""
    return tuple(
        FieldChange(name, how)
        for name in value_fields(source.kind)
        if (value := getattr(source, name)) is REDACTED
        or not (value is None or (value == "" and is_unsaid(source, name)))
    )
