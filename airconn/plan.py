"""Compares what is wanted with what is there, and says what would change and why. Touches no store."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from airconn.model import (
    REDACTED,
    WRITES,
    Action,
    AirflowObject,
    Bundle,
    FieldChange,
    How,
    Step,
    Text,
    hidden_fields,
    jsontext,
    value_fields,
)

OnExisting = Literal["overwrite", "skip", "fail"]

StoredForm = Callable[[AirflowObject], AirflowObject]
"""What a place would give back for an object after holding it (`Store.stored_form`)."""

_KEPT_WHEN_UNSAID = frozenset({"include_deferred", "team_name"})
"""Fields in which None is "not mentioned" and not "none", because most formats have no place for them."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done, an entry for each object of the source, in the order in which it is to be done."""

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


def make_plan(source: Bundle, target: Bundle, stored_form: StoredForm, on_existing: OnExisting = "overwrite") -> Plan:
    """The plan that makes the target hold what the source says, and deletes nothing.

    What the source says is made so, and a visible field that it lacks is cleared. A hidden field that it doesn't
    mention is kept, so that no secret is destroyed that the source didn't name.
    """
    return Plan(tuple(_step(obj, target.get(obj.kind, obj.id), stored_form(obj), on_existing) for obj in source))


def _step(
    source: AirflowObject, target: AirflowObject | None, stored: AirflowObject, on_existing: OnExisting
) -> Step:
    def step(action: Action, changes: tuple[FieldChange, ...] = (), reasons: tuple[str, ...] = ()) -> Step:
        return Step(source.kind, source.id, action, source, target, changes, reasons)

    if target is None:
        hidden = hidden_fields(source)
        if hidden:
            return step(
                Action.BLOCKED, reasons=(f"hidden in the source, and the target has none: {', '.join(hidden)}",)
            )
        return step(Action.CREATE)
    if on_existing == "skip":
        return step(Action.SKIPPED, reasons=("exists",))
    changes: list[FieldChange] = []
    reasons: list[str] = []
    for name in value_fields(source.kind):
        if name in _KEPT_WHEN_UNSAID and getattr(source, name) is None:
            continue
        change, reason = _compare(name, getattr(stored, name), getattr(target, name))
        changes += [change] if change else []
        reasons += [reason] if reason else []
    writes = any(change.is_written for change in changes)
    if reasons:
        return step(Action.BLOCKED, tuple(changes), tuple(reasons))
    if writes and on_existing == "fail":
        return step(Action.BLOCKED, tuple(changes), ("exists, with other values",))
    return step(Action.UPDATE if writes else Action.UNCHANGED, tuple(changes))


def _compare(name: str, source: Any, target: Any) -> tuple[FieldChange | None, str | None]:
    """What happens to one field, and why it can't."""
    if isinstance(source, Text) and isinstance(target, Text) and (source.hidden or target.hidden):
        return _compare_leaves(name, source, target)
    if source is REDACTED:
        if target is None:
            return None, f"{name} is hidden in the source, and the target has none"
        return _kept(name)
    if isinstance(source, Text) and source.hidden:
        if target is REDACTED:
            return _kept(name)
        return None, f"{_names(name, source.hidden)} hidden in the source, and the target has none"
    if target is REDACTED or (isinstance(target, Text) and target.hidden):
        if source is None:
            return _compare_leaves(name, Text("{}"), target) if isinstance(target, Text) else _kept(name)
        return FieldChange(name, How.WRITTEN_AGAIN), None
    if source == target:
        return None, None
    return FieldChange(name, How.CLEARED if source is None else How.CHANGED), None


def _kept(name: str) -> tuple[FieldChange, None]:
    return FieldChange(name, How.KEPT), None


def _compare_leaves(name: str, source: Text, target: Text) -> tuple[FieldChange | None, str | None]:
    """The same for two JSON texts of which at least one has hidden leaves."""
    try:
        ours = dict(jsontext.leaves(source.value()))
        theirs = dict(jsontext.leaves(target.value()))
    except ValueError:
        # One of them is no JSON, so that nothing of the other can be kept in it.
        if source.hidden:
            return None, f"{_names(name, source.hidden)} hidden in the source, and the target has none"
        return FieldChange(name, How.WRITTEN_AGAIN), None
    ours.pop((), None)
    theirs.pop((), None)
    nowhere = [path for path in source.hidden if path not in theirs]
    if nowhere:
        return None, f"{_names(name, nowhere)} hidden in the source, and the target has none"
    hidden = {*source.hidden, *target.hidden}
    kept = [path for path in theirs if path in hidden and ours.get(path, REDACTED) is REDACTED]
    again = [path for path in target.hidden if path not in kept]
    differs = any(
        path not in hidden and (path not in ours or path not in theirs or ours[path] != theirs[path])
        for path in {**ours, **theirs}
    )
    if not differs and not again:
        return FieldChange(name, How.KEPT, detail=_paths(kept)), None
    if kept:
        verb = "are" if len(kept) > 1 else "is"
        return (
            None,
            f"{_names(name, kept, verb)} hidden and not in the source: writing the rest of {name} would lose it",
        )
    return FieldChange(name, How.WRITTEN_AGAIN if again else How.CHANGED, detail=_paths(again)), None


def _paths(paths: list[jsontext.JsonPath]) -> str:
    return ", ".join(jsontext.show_path(path) for path in paths)


def _names(name: str, paths: Any, verb: str = "is") -> str:
    return f"{', '.join(f'{name}.{jsontext.show_path(path)}' for path in paths)} {verb}"


def count(steps: Iterator[Step] | tuple[Step, ...]) -> dict[Action, int]:
    """How many steps there are of each action."""
    result = dict.fromkeys(Action, 0)
    for step in steps:
        result[step.action] += 1
    return result
