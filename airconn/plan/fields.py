"""Decides what happens to one field of the target, by the field of the source and the policy of a plan."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from airconn.model import MASK, REDACTED, FieldAction, FieldChange, Text, jsontext
from airconn.model.compare import FieldComparison, Likeness
from airconn.model.jsontext import JsonPath
from airconn.model.leaves import Leaves, Subtree, items_of, leaf_name
from airconn.model.text import hides
from airconn.plan.policy import Policy


def field_changes(
    name: str, source: Any, target: Any, policy: Policy, *, is_literal: bool
) -> tuple[tuple[FieldChange, ...], str | None]:
    """What happens to one field, and the reason if it is blocked. `is_literal`: a `***` in the source is real."""
    if source == target and not hides(source):
        return (), None
    field = FieldComparison(name, source, target)
    if hides(source) or hides(target):
        whole = _whole(field, policy) if source is REDACTED or hides(target) else None
        if whole is not None:
            return whole
        if field.unknown:
            return _in_part(field, policy, is_literal=is_literal)
    if field.likeness is Likeness.SAME:
        return (), None
    return (FieldChange(name, FieldAction.CLEARED if source is None else FieldAction.CHANGED),), None


def _whole(field: FieldComparison, policy: Policy) -> tuple[tuple[FieldChange, ...], str | None] | None:
    """What happens to a field that is hidden in part, where that doesn't depend on its leaves. Otherwise None."""
    name, source, target = field.name, field.a, field.b
    if source is REDACTED:
        if target is None:
            return (), f"{name} is hidden in the source, and the target has none"
        return (FieldChange(name, FieldAction.KEPT),), None
    if policy.lacking == "keep" and name == "extra" and target is REDACTED:
        return (), "all of extra is hidden, so it can't be merged"
    if policy.lacking == "exact":
        return ((FieldChange(name, FieldAction.CLEARED),), None) if source is None else None
    if name == "extra" and _is_empty(source):
        # The source has no extra, and a part of the target's is hidden: all of it is kept.
        return (FieldChange(name, FieldAction.KEPT, _paths(target.hidden if isinstance(target, Text) else ())),), None
    return None


def _in_part(
    field: FieldComparison, policy: Policy, *, is_literal: bool
) -> tuple[tuple[FieldChange, ...], str | None]:
    """What happens to a field with hidden leaves, by its leaves."""
    name, (ours, theirs) = field.name, field.leaves
    hidden = sorted(field.unknown, key=str)
    if nowhere := [path for path in hidden if path not in theirs]:
        return (), f"{_names(name, nowhere)} hidden in the source, and the target has none"
    masked = [path for path in hidden if theirs[path] is REDACTED and _has_mask(_around(ours, path))]
    if masked and not is_literal:
        return (
            (),
            f"{_names(name, masked)} hidden, and the source has a *** in a text (--literal if it is real)",
        )
    exact = policy.lacking == "exact"
    lacking = [path for path in hidden if path not in ours]
    moved = [] if exact else _moved(hidden, ours, theirs)
    cleared = lacking if exact else []
    again = [path for path in hidden if path not in (*lacking, *moved) and ours.get(path) is not REDACTED]
    changed = field.different
    # The length of a list is not a secret.
    if not (changed or cleared or moved) and (not again or policy.hidden_is_equal):
        how = FieldAction.ASSUMED if again else FieldAction.KEPT
        return (FieldChange(name, how, _paths(again or hidden)),), None
    lost = {
        _MOVED: moved,
        _BOTH: [path for path in hidden if _is_masked(ours.get(path)) and theirs[path] is REDACTED],
        _SOURCE: [path for path in hidden if _is_masked(ours.get(path)) and theirs[path] is not REDACTED],
        _LACKING: [] if exact else lacking,
    }
    if any(lost.values()):
        return (), _losses(name, lost)
    parts = ((changed, FieldAction.CHANGED), (cleared, FieldAction.CLEARED), (again, FieldAction.WRITTEN_AGAIN))
    return tuple(FieldChange(name, how, _paths(paths)) for paths, how in parts if paths), None


def _losses(name: str, lost: dict[str, list[JsonPath]]) -> str:
    """Why writing a field would lose what is hidden in it. Each leaf is named once, with the first reason."""
    told: set[JsonPath] = set()
    reasons = []
    for why, paths in lost.items():
        fresh = [path for path in paths if path not in told]
        told.update(fresh)
        reasons += [f"{_names(name, fresh)} hidden {why.format(name)}"] if fresh else []
    return "; ".join(reasons)


_MOVED = "in a list of another length, so items can't be matched (--exact writes the source's list)"
_BOTH = "on both sides: writing the rest of {} would lose it (get it with --fill ADDRESS)"
_SOURCE = "in the source: writing the rest of {} would lose it (get it with --fill ADDRESS)"
_LACKING = (
    "and not in the source: writing the rest of {} would lose it (add it to the source, or lose it with --exact)"
)


def _around(leaves: Leaves, path: JsonPath) -> Any:
    """The leaf of the source at a path, or around it, where the source has a text and the target an object."""
    return next((leaves[path[:depth]] for depth in range(len(path), -1, -1) if path[:depth] in leaves), None)


def _is_masked(leaf: Any) -> bool:
    """Whether the source hides a leaf, or a part of what it has there."""
    return leaf is REDACTED or (isinstance(leaf, Subtree) and leaf.hides)


def _is_empty(value: Any) -> bool:
    """Whether an extra has no keys."""
    return value is None or (isinstance(value, Text) and value.text.strip() in ("", "{}"))


def _has_mask(leaf: Any) -> bool:
    if isinstance(leaf, Subtree):
        return any(_has_mask(item) for item in leaf.leaves.values())
    return MASK in leaf.text if isinstance(leaf, Text) else isinstance(leaf, str) and MASK in leaf


def _moved(hidden: Sequence[JsonPath], ours: Leaves, theirs: Leaves) -> list[JsonPath]:
    """The hidden items of lists that have another length in the source, so that they can't be matched."""
    ours_items, theirs_items = items_of(ours), items_of(theirs)
    return [
        path
        for path in hidden
        if any(
            isinstance(part, int) and len(ours_items[path[:depth]]) not in (0, len(theirs_items[path[:depth]]))
            for depth, part in enumerate(path)
        )
    ]


def _paths(paths: Iterable[JsonPath]) -> tuple[str, ...]:
    return tuple(sorted(jsontext.show_path(path) for path in paths if path))


def _names(name: str, paths: Sequence[JsonPath]) -> str:
    names = ", ".join(leaf_name(name, path) for path in paths)
    return f"{names} {'are' if len(paths) > 1 else 'is'}"
