"""Makes a plan: the steps that make a target hold the objects of the sources, or the reasons why that is blocked."""

from __future__ import annotations

from dataclasses import dataclass, replace

from airconn.model import (
    DEFAULT_POOL,
    REDACTED,
    WRITES,
    Action,
    AirflowObject,
    Bundle,
    FieldAction,
    FieldChange,
    Kind,
    Step,
    hidden_fields,
    is_hidden_whole,
    is_unsaid,
    value_fields,
)
from airconn.plan.fields import field_changes
from airconn.plan.hidden_whole import hidden_step
from airconn.plan.merging import merged, unmergeable
from airconn.plan.policy import Policy
from airconn.plan.target import TargetRules
from airconn.plan.unresolved import unresolved

_DEFAULT = Policy()


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps of a run, one for each object, in the order in which they are carried out."""

    steps: tuple[Step, ...]

    def of(self, *actions: Action) -> tuple[Step, ...]:
        """The steps with one of these actions."""
        return tuple(step for step in self.steps if step.action in actions)

    @property
    def writes(self) -> tuple[Step, ...]:
        """The steps that change the target."""
        return self.of(*WRITES)

    @property
    def blocked(self) -> tuple[Step, ...]:
        """The steps that are blocked. If there are any, nothing is written."""
        return self.of(Action.BLOCKED)


def make_plan(source: Bundle, target: Bundle, rules: TargetRules, policy: Policy = _DEFAULT) -> Plan:
    """The plan that makes the target hold the objects of the source, and deletes no object.

    A visible field that the source lacks is cleared. A hidden field that it lacks is kept, so that no secret is
    destroyed that the source didn't name. `policy` can change both.
    """
    return Plan(tuple(_step(obj, target.get(obj.kind, obj.id), rules, policy) for obj in source))


def with_deletions(plan: Plan, source: Bundle, target: Bundle, kinds: frozenset[Kind]) -> Plan:
    """`plan`, and the deletion of all objects of these kinds that the source lacks, except `default_pool`.

    An id that differs from one of the source in capitals only is blocked: a `.env` file can't tell the two apart.
    """
    known = {(obj.kind, obj.id.lower()): obj.id for obj in source}

    def step(obj: AirflowObject) -> Step:
        near = known.get((obj.kind, obj.id.lower()))
        if near is None:
            return Step(obj.kind, obj.id, Action.DELETE, target=obj)
        reason = f"the sources have {near}: --exclude this one, --rename that one, or airconn delete this one first"
        return Step(obj.kind, obj.id, Action.BLOCKED, target=obj, reasons=(reason,))

    gone = [
        step(obj)
        for obj in target
        if obj.kind in kinds
        and source.get(obj.kind, obj.id) is None
        and not (obj.kind is Kind.POOLS and obj.id == DEFAULT_POOL)
    ]
    return Plan((*plan.steps, *gone))


def _step(source: AirflowObject, target: AirflowObject | None, rules: TargetRules, policy: Policy) -> Step:
    if target is None:
        return _creation(source, rules)
    if policy.on_existing == "skip":
        return Step(source.kind, source.id, Action.SKIPPED, source, target, reasons=("exists",))
    if is_hidden_whole(source) or is_hidden_whole(target):
        return hidden_step(source, target, rules, policy)
    return _comparison(source, target, rules, policy)


def _comparison(source: AirflowObject, target: AirflowObject, rules: TargetRules, policy: Policy) -> Step:
    taken: frozenset[str] = frozenset()

    def step(action: Action, changes: tuple[FieldChange, ...] = (), reasons: tuple[str, ...] = ()) -> Step:
        return Step(source.kind, source.id, action, source, target, changes, reasons, taken)

    if policy.lacking == "keep":
        if cause := unmergeable(source, target):
            return step(Action.BLOCKED, reasons=(cause,))
        own, source = source, merged(source, target)
        # An extra counts as merged even where the target that was read adds nothing to it.
        taken = frozenset(
            name for name in value_fields(own.kind) if name == "extra" or getattr(own, name) != getattr(source, name)
        )
    stored = rules.stored_form(source)
    changes: list[FieldChange] = []
    reasons: list[str] = []
    literal: frozenset[str] = getattr(source, "literal", frozenset())
    for name in value_fields(source.kind):
        if getattr(source, name) is None and is_unsaid(source, name):
            continue
        if _may_be_none(source, target, name, rules, policy):
            changes.append(FieldChange(name, FieldAction.ASSUMED))
            continue
        found, reason = field_changes(
            name, getattr(stored, name), getattr(target, name), policy, is_literal=name in literal
        )
        changes += found
        reasons += [reason] if reason else []
    writes = any(change.is_written for change in changes)
    reasons += unresolved(source, target, frozenset(change.name for change in changes if change.is_written))
    if reasons:
        return step(Action.BLOCKED, tuple(changes), tuple(reasons))
    if writes and policy.on_existing == "fail":
        known = any(change.how in (FieldAction.CHANGED, FieldAction.CLEARED) for change in changes)
        reason = "exists, with other values" if known else "exists, and its hidden values can't be compared"
        return step(Action.BLOCKED, tuple(changes), (reason,))
    update = step(Action.UPDATE if writes else Action.UNCHANGED, tuple(changes))
    if writes and (refusal := rules.refusal(update)):
        return _replacement(update, refusal, rules)
    return update


def _may_be_none(source: AirflowObject, target: AirflowObject, name: str, rules: TargetRules, policy: Policy) -> bool:
    """Whether a password is to be cleared that the target may not have, and the policy takes it for not set."""
    return (
        policy.hidden_is_equal
        and policy.lacking == "exact"
        and name == "password"
        and rules.hides_no_password
        and getattr(source, name) is None
        and getattr(target, name) is REDACTED
    )


def _creation(source: AirflowObject, rules: TargetRules) -> Step:
    create = Step(source.kind, source.id, Action.CREATE, source)
    refusal = _creation_refusal(create, rules)
    refusals = (*((refusal,) if refusal else ()), *unresolved(source, None, frozenset()))
    return replace(create, action=Action.BLOCKED, reasons=refusals) if refusals else create


def _creation_refusal(create: Step, rules: TargetRules) -> str:
    """Why an object can't be created. Empty if it can."""
    if create.source and (hidden := hidden_fields(create.source)):
        return f"hidden in the source, and the target has none: {', '.join(hidden)}"
    return rules.refusal(create)


def _replacement(update: Step, why: str, rules: TargetRules) -> Step:
    """The step that deletes an object and creates it anew, where an update is refused for the reason `why`.

    Fields that the source can't hold keep the target's value. The step is blocked if it would lose hidden values.
    """
    source, target = update.source, update.target
    assert source is not None and target is not None  # noqa: S101, PT018 - it is an update
    unsaid = {name for name in value_fields(source.kind) if getattr(source, name) is None and is_unsaid(source, name)}
    whole = replace(source, **{name: getattr(target, name) for name in unsaid})
    step = replace(update, action=Action.REPLACE, source=whole)
    refusal = rules.refusal(step)
    lost = [name for change in update.changes if change.how is FieldAction.KEPT for name in change.names]
    lost += [name for name in hidden_fields(whole) if name not in lost]
    if not refusal and lost:
        refusal = f"it would have to be deleted and created again, which loses hidden values: {', '.join(lost)}"
    if refusal:
        return replace(update, action=Action.BLOCKED, reasons=(why, refusal))
    return step
