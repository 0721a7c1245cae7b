"""Compares two bundles, object by object and leaf by leaf, and says what differs and what nobody can know."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from airconn.model import (
    DEFAULT_POOL,
    REDACTED,
    AirflowObject,
    Bundle,
    Kind,
    Pool,
    Text,
    Variable,
    is_unsaid,
    value_fields,
)
from airconn.model.jsontext import JsonPath
from airconn.model.leaves import Leaves, aligned, leaf_name, leaves_of

StoredForm = Callable[[AirflowObject], AirflowObject]
"""What a place would give back for an object after holding it."""


class Status(str, Enum):
    """What became of comparing two objects, or two fields. Fields are never on one side only."""

    ONLY_IN_A = "only_in_a"
    ONLY_IN_B = "only_in_b"
    DIFFERENT = "different"
    UNKNOWN = "unknown"
    EQUAL = "equal"


@dataclass(frozen=True, slots=True)
class FieldDiff:
    """A field or leaf that differs, or of which that can't be known. No value is held."""

    field: str
    path: JsonPath
    status: Status
    reason: str = ""
    """Why it can't be known."""

    @property
    def name(self) -> str:
        """`host`, `extra.keyfile.private_key`."""
        return leaf_name(self.field, self.path)


@dataclass(frozen=True, slots=True)
class ObjectDiff:
    """What the two sides have of one object. `a` and `b` are in the form that they were compared in."""

    kind: Kind
    id: str
    status: Status
    a: AirflowObject | None
    b: AirflowObject | None
    fields: tuple[FieldDiff, ...] = ()

    def of(self, status: Status) -> tuple[FieldDiff, ...]:
        return tuple(field for field in self.fields if field.status is status)


@dataclass(frozen=True, slots=True)
class Diff:
    """An entry for each object that is on either side, by kind and id."""

    objects: tuple[ObjectDiff, ...]

    @property
    def is_different(self) -> bool:
        """Whether anything is known to differ. What can't be known doesn't count."""
        return any(obj.status not in (Status.EQUAL, Status.UNKNOWN) for obj in self.objects)

    def counts(self) -> dict[Status, int]:
        """How many objects there are of each status."""
        return {status: sum(obj.status is status for obj in self.objects) for status in Status}


def compare(a: Bundle, b: Bundle, form_in_a: StoredForm, form_in_b: StoredForm) -> Diff:
    """What differs between two bundles.

    A place may give back another text than it was given, so each object is compared in the form that the place of the
    other would give it.
    """
    keys = {(kind, id_) for kind in Kind for id_ in (*a.of_kind(kind), *b.of_kind(kind))}
    order = list(Kind)
    found = []
    for kind, id_ in sorted(keys, key=lambda key: (order.index(key[0]), key[1])):
        ours, theirs = a.get(kind, id_), b.get(kind, id_)
        if ours is None or theirs is None:
            if (ours or theirs) == _OWN_POOL:
                continue
            found.append(ObjectDiff(kind, id_, Status.ONLY_IN_A if ours else Status.ONLY_IN_B, ours, theirs))
        else:
            found.append(_compare(form_in_b(ours), form_in_a(theirs)))
    return Diff(tuple(found))


def _compare(a: AirflowObject, b: AirflowObject) -> ObjectDiff:
    fields = tuple(diff for name in value_fields(a.kind) for diff in _fields(a, b, name))
    statuses = {field.status for field in fields}
    status = next((s for s in (Status.DIFFERENT, Status.UNKNOWN) if s in statuses), Status.EQUAL)
    return ObjectDiff(a.kind, a.id, status, a, b, fields)


def _fields(a: AirflowObject, b: AirflowObject, name: str) -> list[FieldDiff]:
    """What of one field isn't equal."""
    ours, theirs = getattr(a, name), getattr(b, name)
    if ours == theirs and ours is not REDACTED and not (isinstance(ours, Text) and ours.hidden):
        return []
    mine, others = aligned(leaves_of(ours), leaves_of(theirs))
    for side, value, obj, other in (("A", ours, a, theirs), ("B", theirs, b, ours)):
        if value in (None, "") and is_unsaid(obj, name):
            # That deferred tasks don't count is what a pool is like of which nobody says anything.
            is_set = other is not None and other is not False
            return [FieldDiff(name, (), Status.UNKNOWN, f"not said in {side}")] if is_set else []
    found = [
        diff
        for path in sorted({*mine, *others}, key=_sort_key)
        if (diff := _leaf(name, path, mine.get(path, _ABSENT), others.get(path, _ABSENT)))
    ]
    if not found and isinstance(a, Variable):
        # A variable is a text, and Airflow gives it to a task as it stands there.
        return [FieldDiff(name, (), Status.DIFFERENT)]
    return _without_empty(found, mine, others)


_ABSENT = object()
_OWN_POOL = Pool(name=DEFAULT_POOL, slots=128, description="Default pool", include_deferred=False)
"""What each Airflow has by itself (utils/db.py `add_default_pool_if_not_exists`), and the file that it is made from
may not have."""


def _leaf(name: str, path: JsonPath, ours: Any, theirs: Any) -> FieldDiff | None:
    hidden = [side for side, leaf in (("A", ours), ("B", theirs)) if leaf is REDACTED]
    if hidden:
        where = "both" if len(hidden) == 2 else hidden[0]
        return FieldDiff(name, path, Status.UNKNOWN, f"hidden in {where}")
    return None if ours is not _ABSENT and ours == theirs else FieldDiff(name, path, Status.DIFFERENT)


def _without_empty(found: list[FieldDiff], mine: Leaves, others: Leaves) -> list[FieldDiff]:
    """Differences without those between an empty object or list and one that has leaves, which are told by those."""
    if len(found) < 2:
        return found
    empty = {path for side in (mine, others) for path, leaf in side.items() if leaf in ({}, [])}
    paths = {diff.path for diff in found}
    outer = {path[:depth] for path in paths for depth in range(len(path))}
    return [diff for diff in found if diff.path not in empty or diff.path not in outer]


def _sort_key(path: JsonPath) -> tuple[tuple[bool, int, str], ...]:
    return tuple((isinstance(part, str), part if isinstance(part, int) else 0, str(part)) for part in path)
