"""Compares what is wanted with what is there, and says what would change and why. Touches no store."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeVar

from airconn.model import (
    DEFAULT_POOL,
    REDACTED,
    WRITES,
    Action,
    AirflowObject,
    Bundle,
    Connection,
    FieldChange,
    How,
    Kind,
    Step,
    Text,
    field_values,
    hidden_fields,
    is_unsaid,
    jsontext,
    value_fields,
)
from airconn.model.leaves import leaf_name, leaves_of
from airconn.model.placeholders import Form, placeholders
from airconn.plan.fields import field_changes
from airconn.plan.policy import Lacking, OnExisting, Policy

__all__ = ["Lacking", "OnExisting", "Place", "Plan", "Policy", "make_plan", "merged", "with_deletions"]

T = TypeVar("T", bound=AirflowObject)


class Place(Protocol):
    """What a plan has to know of the place that it is for (`stores.base.Store`)."""

    @property
    def hides_no_password(self) -> bool:
        """Whether it shows a connection without a password as it shows one with a hidden password."""

    def stored_form(self, obj: T) -> T:
        """What the place would give back for `obj` after holding it."""

    def create_refusal(self, obj: AirflowObject) -> str:
        """Why an object that isn't there can't be created, if it can't."""

    def update_refusal(self, step: Step) -> str:
        """Why an update can't make the changes of `step`, so that the object has to be replaced, if it can't."""

    def replace_refusal(self, step: Step) -> str:
        """Why the object can't be deleted and created anew, if it can't."""


_DEFAULT = Policy()


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done, an entry for each object, in the order in which it is to be done."""

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
        """The steps that can't be done without losing something. If there are any, none is done."""
        return self.of(Action.BLOCKED)


def make_plan(source: Bundle, target: Bundle, place: Place, policy: Policy = _DEFAULT) -> Plan:
    """The plan that makes the target hold what the source says, and deletes nothing.

    What the source says is made so, and a visible field that it lacks is cleared. A hidden field that it doesn't
    mention is kept, so that no secret is destroyed that the source didn't name, unless `policy` says otherwise.
    """
    return Plan(tuple(_step(obj, target.get(obj.kind, obj.id), place, policy) for obj in source))


def with_deletions(plan: Plan, source: Bundle, target: Bundle, kinds: frozenset[Kind]) -> Plan:
    """`plan`, and the deletion of what the target has of these kinds and the source lacks, save `default_pool`.

    What differs from an object of the source in capitals only is blocked: a `.env` file, for one, can't tell them.
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


def _step(source: AirflowObject, target: AirflowObject | None, place: Place, policy: Policy) -> Step:
    taken: frozenset[str] = frozenset()

    def step(action: Action, changes: tuple[FieldChange, ...] = (), reasons: tuple[str, ...] = ()) -> Step:
        return Step(source.kind, source.id, action, source, target, changes, reasons, taken)

    if target is None:
        refusal = _creation_refusal(source, place)
        refusals = (*((refusal,) if refusal else ()), *_unresolved(source, None, frozenset()))
        return step(Action.BLOCKED, reasons=refusals) if refusals else step(Action.CREATE)
    if policy.on_existing == "skip":
        return step(Action.SKIPPED, reasons=("exists",))
    if policy.lacking == "keep":
        if unmergeable := _unmergeable(source, target):
            return step(Action.BLOCKED, reasons=(unmergeable,))
        own, source = source, merged(source, target)
        # An extra is a union even where the target has nothing to add to it, as far as was read.
        taken = frozenset(
            name for name in value_fields(own.kind) if name == "extra" or getattr(own, name) != getattr(source, name)
        )
    stored = place.stored_form(source)
    changes: list[FieldChange] = []
    reasons: list[str] = []
    literal: frozenset[str] = getattr(source, "literal", frozenset())
    for name in value_fields(source.kind):
        if getattr(source, name) is None and is_unsaid(source, name):
            continue
        if _may_be_none(source, target, name, place, policy):
            changes.append(FieldChange(name, How.ASSUMED))
            continue
        found, reason = field_changes(
            name, getattr(stored, name), getattr(target, name), policy, is_literal=name in literal
        )
        changes += found
        reasons += [reason] if reason else []
    writes = any(change.is_written for change in changes)
    reasons += _unresolved(source, target, frozenset(change.name for change in changes if change.is_written))
    if reasons:
        return step(Action.BLOCKED, tuple(changes), tuple(reasons))
    if writes and policy.on_existing == "fail":
        known = any(change.how in (How.CHANGED, How.CLEARED) for change in changes)
        reason = "exists, with other values" if known else "exists, and what is hidden of it can't be compared"
        return step(Action.BLOCKED, tuple(changes), (reason,))
    update = step(Action.UPDATE if writes else Action.UNCHANGED, tuple(changes))
    if writes and place.update_refusal(update):
        return _replacement(update, place)
    return update


def _may_be_none(source: AirflowObject, target: AirflowObject, name: str, place: Place, policy: Policy) -> bool:
    """Whether nobody can tell that there is a password where there is to be none, and it is taken for none."""
    return (
        policy.hidden_is_equal
        and policy.lacking == "exact"
        and name == "password"
        and place.hides_no_password
        and getattr(source, name) is None
        and getattr(target, name) is REDACTED
    )


def _creation_refusal(source: AirflowObject, place: Place) -> str:
    """Why an object that isn't there can't be created, if it can't."""
    if hidden := hidden_fields(source):
        return f"hidden in the source, and the target has none: {', '.join(hidden)}"
    return place.create_refusal(source)


def _unresolved(source: AirflowObject, target: AirflowObject | None, written: frozenset[str]) -> list[str]:
    """Why an object isn't written in which something stands for a secret or for another text, one reason for each.

    With a `target`, only the fields of `written` count, and what it has just so stays.
    """
    reasons = []
    readers: tuple[str, ...] = getattr(source, "expanded_by", ())
    if readers and (target is None or written) and _refers(source):
        from airconn.formats.dotenv.references import sourcing

        reasons.append(
            f"it has a reference, which other readers ({', '.join(readers)}) expand: "
            f"'{sourcing(source.origin.source)}' imports that, and single quotes keep it as it is"
        )
    for found in placeholders(source):
        if reasons and found.form is Form.TEMPLATE:
            continue  # it is that reference
        if target is not None:
            held = leaves_of(getattr(target, found.field)).get(found.path)
            if found.field not in written or held == leaves_of(getattr(source, found.field)).get(found.path):
                continue
        place = leaf_name(f"{source.kind.value}/{source.id}.{found.field}", found.path)
        reasons.append(
            f"{found.name} is {found.form.what}: {found.form.way_out} (--literal {place} if it is the value)"
        )
    return reasons


def _refers(obj: AirflowObject) -> bool:
    """Whether anything of an object may still be a reference, now that its fields may have been set to others."""
    texts = [value.text if isinstance(value, Text) else value for value in field_values(obj)]
    return any(isinstance(text, str) and ("$" in text or "`" in text) for text in texts)


def _replacement(update: Step, place: Place) -> Step:
    """The step that deletes an object and creates it anew, where an update can't do what is wanted.

    What the source has no place for stays as it is. Blocked where something hidden would be lost on the way.
    """
    source, target = update.source, update.target
    assert source is not None and target is not None  # noqa: S101, PT018 - it is an update
    unsaid = {name for name in value_fields(source.kind) if getattr(source, name) is None and is_unsaid(source, name)}
    whole = replace(source, **{name: getattr(target, name) for name in unsaid})
    step = replace(update, action=Action.REPLACE, source=whole)
    refusal = place.replace_refusal(step)
    lost = [name for change in update.changes if change.how is How.KEPT for name in change.names]
    lost += [name for name in hidden_fields(whole) if name not in lost]
    if not refusal and lost:
        refusal = f"only deleting and creating it anew would do that, which loses what is hidden: {', '.join(lost)}"
    if refusal:
        return replace(update, action=Action.BLOCKED, reasons=(place.update_refusal(update), refusal))
    return step


def _unmergeable(source: AirflowObject, target: AirflowObject) -> str:
    """Why the extra of two connections has no union, if it has none."""
    if not isinstance(source, Connection) or not isinstance(target, Connection):
        return ""
    ours, theirs = source.extra, target.extra
    if not isinstance(ours, Text) or not isinstance(theirs, Text) or ours == theirs or not theirs.text.strip():
        return ""
    for text in (ours, theirs):
        try:
            is_object = isinstance(jsontext.loads(text.text), dict)
        except ValueError:
            is_object = False
        if not is_object:
            side = "the source" if text is ours else "the target"
            return f"the extra of {side} is no JSON object with each key once, so that the two can't be merged"
    return ""


def merged(source: AirflowObject, target: AirflowObject) -> AirflowObject:
    """`source` with every field, and every key of extra, that it lacks and the target has."""
    changes: dict[str, Any] = {}
    for name in value_fields(source.kind):
        ours, theirs = getattr(source, name), getattr(target, name)
        if ours is None:
            changes[name] = theirs
        elif name == "extra" and isinstance(ours, Text) and isinstance(theirs, Text):
            changes[name] = _merged_texts(ours, theirs)
    return replace(source, **changes)


def _merged_texts(ours: Text, theirs: Text) -> Text:
    try:
        mine, other = (jsontext.loads(text.text) for text in (ours, theirs))
    except ValueError:
        return ours  # it is the same, or there is nothing else
    both = _merged_values(mine, other)
    given = dict(jsontext.leaves(mine))
    if both == mine:
        return ours
    if both == other and not given.keys() & set(theirs.hidden) - set(ours.hidden):
        return theirs
    # What is hidden stays so, and a *** that the user calls genuine stays that.
    there = dict(jsontext.leaves(both))
    hidden = (*ours.hidden, *(path for path in theirs.hidden if path in there and path not in given))
    return Text(jsontext.dumps(both), hidden)


def _merged_values(ours: Any, theirs: Any) -> Any:
    if not isinstance(ours, dict) or not isinstance(theirs, dict):
        return ours
    keys = [*theirs, *(key for key in ours if key not in theirs)]
    return {
        key: _merged_values(ours[key], theirs[key])
        if key in ours and key in theirs
        else ours.get(key, theirs.get(key))
        for key in keys
    }
