"""Compares two bundles, object by object and leaf by leaf, and says what differs and what can't be known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from airconn.model import OWN_POOL, REDACTED, AirflowObject, Bundle, Kind, Variable, is_unsaid
from airconn.model.compare import FieldComparison
from airconn.model.compare import compare as compare_objects
from airconn.model.jsontext import JsonPath
from airconn.model.leaves import Leaves, leaf_name

StoredForm = Callable[[AirflowObject], AirflowObject]
"""Gives the form in which a place gives back an object that was written to it."""

_SIDES = "AB"


class Status(str, Enum):
    """The result of comparing two objects or two fields. Fields are never on one side only."""

    ONLY_IN_A = "only_in_a"
    ONLY_IN_B = "only_in_b"
    DIFFERENT = "different"
    UNKNOWN = "unknown"
    EQUAL = "equal"


@dataclass(frozen=True, slots=True)
class FieldDiff:
    """A field or leaf that differs, or that can't be compared. It holds no value."""

    field: str
    path: JsonPath
    status: Status
    reason: str = ""
    """Why it can't be known."""
    without: tuple[int, ...] = ()
    """The sides that don't show it: 0 for A, 1 for B."""

    @property
    def name(self) -> str:
        """`host`, `extra.keyfile.private_key`."""
        return leaf_name(self.field, self.path)


@dataclass(frozen=True, slots=True)
class ObjectDiff:
    """One object on both sides. `a` and `b` are in the form in which they were compared."""

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
    """The result of a comparison: an entry for each object of either side, by kind and id."""

    objects: tuple[ObjectDiff, ...]

    @property
    def is_different(self) -> bool:
        """Whether anything is known to differ. What can't be known doesn't count."""
        return any(obj.status not in (Status.EQUAL, Status.UNKNOWN) for obj in self.objects)

    def counts(self) -> dict[Status, int]:
        """How many objects there are of each status."""
        return {status: sum(obj.status is status for obj in self.objects) for status in Status}


def compare(a: Bundle, b: Bundle, form_in_a: StoredForm, form_in_b: StoredForm) -> Diff:
    """The differences between two bundles.

    A place may give back another text than was written to it, so each object is compared in the form that the place
    of the other side gives it.
    """
    keys = {(kind, id_) for kind in Kind for id_ in (*a.of_kind(kind), *b.of_kind(kind))}
    order = list(Kind)
    found = []
    for kind, id_ in sorted(keys, key=lambda key: (order.index(key[0]), key[1])):
        ours, theirs = a.get(kind, id_), b.get(kind, id_)
        if ours is None or theirs is None:
            if (ours or theirs) == OWN_POOL:
                continue
            found.append(ObjectDiff(kind, id_, Status.ONLY_IN_A if ours else Status.ONLY_IN_B, ours, theirs))
        else:
            found.append(compare_sides(form_in_b(ours), form_in_a(theirs)))
    return Diff(tuple(found))


def compare_sides(a: AirflowObject, b: AirflowObject) -> ObjectDiff:
    """The differences between two objects, each in the form that the place of the other one gives it."""
    fields = tuple(diff for field in compare_objects(a, b) for diff in _leaves(a, b, field))
    statuses = {field.status for field in fields}
    status = next((s for s in (Status.DIFFERENT, Status.UNKNOWN) if s in statuses), Status.EQUAL)
    return ObjectDiff(a.kind, a.id, status, a, b, fields)


def _leaves(a: AirflowObject, b: AirflowObject, field: FieldComparison) -> list[FieldDiff]:
    """The differences of one field."""
    name, (mine, others) = field.name, field.leaves
    for number, value, obj, other in ((0, field.a, a, field.b), (1, field.b, b, field.a)):
        if value in (None, "") and is_unsaid(obj, name):
            # A pool that doesn't say whether deferred tasks count doesn't count them.
            is_set = other is not None and other is not False
            unsaid = FieldDiff(name, (), Status.UNKNOWN, f"not said in {_SIDES[number]}", (number,))
            return [unsaid] if is_set else []
    found = [FieldDiff(name, path, Status.DIFFERENT) for path in field.different]
    for path in field.unknown:
        where = tuple(number for number, leaves in enumerate((mine, others)) if leaves.get(path) is REDACTED)
        reason = f"hidden in {_SIDES[where[0]] if len(where) == 1 else 'both'}"
        found.append(FieldDiff(name, path, Status.UNKNOWN, reason, where))
    if not found and isinstance(a, Variable):
        # A variable is a text that Airflow gives to a task unchanged, so that its layout counts.
        return [FieldDiff(name, (), Status.DIFFERENT)]
    return _without_empty(sorted(found, key=_order), mine, others)


def _without_empty(found: list[FieldDiff], mine: Leaves, others: Leaves) -> list[FieldDiff]:
    """The differences without those of an empty object or list whose other side has leaves, which are listed too."""
    if len(found) < 2:
        return found
    empty = {path for side in (mine, others) for path, leaf in side.items() if leaf in ({}, [])}
    paths = {diff.path for diff in found}
    outer = {path[:depth] for path in paths for depth in range(len(path))}
    return [diff for diff in found if diff.path not in empty or diff.path not in outer]


def _order(found: FieldDiff) -> tuple[tuple[bool, int, str], ...]:
    """The sort key of a leaf: the items of a list sort by their number."""
    return tuple((isinstance(part, str), part if isinstance(part, int) else 0, str(part)) for part in found.path)
