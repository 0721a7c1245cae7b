"""Compares what is wanted with what is there, and says what would change and why. Touches no store."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from airconn.model import (
    MASK,
    REDACTED,
    WRITES,
    Action,
    AirflowObject,
    Bundle,
    FieldChange,
    How,
    Kind,
    Step,
    Text,
    hidden_fields,
    jsontext,
    value_fields,
)

OnExisting = Literal["overwrite", "skip", "fail"]

StoredForm = Callable[[AirflowObject], AirflowObject]
"""What a place would give back for an object after holding it (`Store.stored_form`)."""

_NEVER_NONE = frozenset({"include_deferred", "team_name"})
"""Fields in which None is always "not mentioned" and not "none"."""


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
        if getattr(source, name) is None and _is_unsaid(source, name):
            continue
        change, reason = _compare(name, getattr(stored, name), getattr(target, name))
        changes += [change] if change else []
        reasons += [reason] if reason else []
    writes = any(change.is_written for change in changes)
    if reasons:
        return step(Action.BLOCKED, tuple(changes), tuple(reasons))
    if writes and on_existing == "fail":
        known = any(change.how in (How.CHANGED, How.CLEARED) for change in changes)
        reason = "exists, with other values" if known else "exists, and what is hidden of it can't be compared"
        return step(Action.BLOCKED, tuple(changes), (reason,))
    return step(Action.UPDATE if writes else Action.UNCHANGED, tuple(changes))


def _is_unsaid(source: AirflowObject, name: str) -> bool:
    """Whether None in a field says nothing. The description of default_pool is Airflow's own, and stays."""
    own = source.kind is Kind.POOLS and source.id == "default_pool" and name == "description"
    return own or name in _NEVER_NONE or name in source.unsaid


def _compare(name: str, source: Any, target: Any) -> tuple[FieldChange | None, str | None]:
    """What happens to one field, and why it can't."""
    if source is REDACTED:
        if target is None:
            return None, f"{name} is hidden in the source, and the target has none"
        return FieldChange(name, How.KEPT), None
    if name == "extra" and _is_empty(source) and (target is REDACTED or (isinstance(target, Text) and target.hidden)):
        source = None
    ours, theirs = _leaves(source), _leaves(target)
    hidden = {path for side in (ours, theirs) for path, leaf in side.items() if leaf is REDACTED}
    if not hidden:
        if source == target:
            return None, None
        return FieldChange(name, How.CLEARED if source is None else How.CHANGED), None
    nowhere = [path for path, leaf in ours.items() if leaf is REDACTED and not _has(theirs, path)]
    if nowhere:
        return None, f"{_names(name, nowhere)} hidden in the source, and the target has none"
    masked = [path for path, leaf in theirs.items() if leaf is REDACTED and _has_mask(_at(ours, path))]
    if masked:
        return None, f"{_names(name, masked)} hidden, and the source has a text with *** in it"
    kept = sorted({*(path for path in hidden if _at(ours, path) is REDACTED), *_moved(hidden, ours, theirs)}, key=str)
    again = [path for path in hidden if path not in kept]
    ours_shown, theirs_shown = (
        {path: leaf for path, leaf in side.items() if path not in hidden} for side in (ours, theirs)
    )
    if not again and ours_shown == theirs_shown:
        return FieldChange(name, How.KEPT, _paths(kept)), None
    if kept:
        return None, f"{_names(name, kept)} hidden and not in the source: writing the rest of {name} would lose it"
    return FieldChange(name, How.WRITTEN_AGAIN, _paths(again)), None


Leaves = dict[jsontext.JsonPath, Any]


def _leaves(value: Any) -> Leaves:
    """The leaves of a field that can be compared one by one. A field of one piece has itself at the path `()`."""
    if value is None:
        return {}
    if not isinstance(value, Text):
        return {(): value}
    try:
        found = value.value()
    except ValueError:
        return {(): value}
    return dict(jsontext.leaves(found)) if isinstance(found, dict | list) else {(): value}


def _at(leaves: Leaves, path: jsontext.JsonPath) -> Any:
    """The leaf at a path. What isn't there, or is hidden as a part of something larger, is REDACTED: nobody says."""
    if path == () and () not in leaves:
        return leaves if any(leaf is not REDACTED for leaf in leaves.values()) else REDACTED
    return leaves.get(path, leaves.get((), REDACTED))


def _is_empty(value: Any) -> bool:
    """Whether an extra says nothing of what might be hidden in another."""
    return value is None or (isinstance(value, Text) and value.text.strip() in ("", "{}"))


def _has_mask(leaf: Any) -> bool:
    if isinstance(leaf, dict):
        return any(_has_mask(item) for item in leaf.values())
    return MASK in leaf.text if isinstance(leaf, Text) else isinstance(leaf, str) and MASK in leaf


def _has(leaves: Leaves, path: jsontext.JsonPath) -> bool:
    return () in leaves or path in leaves or (path == () and bool(leaves))


def _moved(hidden: set[jsontext.JsonPath], ours: Leaves, theirs: Leaves) -> set[jsontext.JsonPath]:
    """Hidden items of lists that have another length on the other side, so that nobody knows which is which."""
    return {
        path
        for path in hidden
        for depth, part in enumerate(path)
        if isinstance(part, int) and _length(ours, path[:depth]) != _length(theirs, path[:depth])
    }


def _length(leaves: Leaves, path: jsontext.JsonPath) -> int:
    items = {leaf[len(path)] for leaf in leaves if len(leaf) > len(path) and leaf[: len(path)] == path}
    return len(items)


def _paths(paths: list[jsontext.JsonPath]) -> tuple[str, ...]:
    return tuple(sorted(jsontext.show_path(path) for path in paths if path))


def _names(name: str, paths: list[jsontext.JsonPath]) -> str:
    names = ", ".join(f"{name}.{jsontext.show_path(path)}" if path else name for path in paths)
    return f"{names} {'are' if len(paths) > 1 else 'is'}"


def count(steps: Iterator[Step] | tuple[Step, ...]) -> dict[Action, int]:
    """How many steps there are of each action."""
    result = dict.fromkeys(Action, 0)
    for step in steps:
        result[step.action] += 1
    return result
