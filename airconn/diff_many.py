"""Compares more than two bundles: which of them have an object, and which of those agree in each field."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from itertools import combinations

from airconn.diff import ObjectDiff, Status, StoredForm, compare_sides
from airconn.model import OWN_POOL, AirflowObject, Bundle, Connection, Kind, Selection
from airconn.model.compare import compare as compare_objects

Sides = tuple[int, ...]
"""Places, by their numbers in the order in which they are compared."""


class ManyStatus(str, Enum):
    """The result of comparing an object in several places."""

    DIFFERENT = "different"
    MISSING = "missing"
    """All that have it agree, and others lack it."""
    UNKNOWN = "unknown"
    EQUAL = "equal"


@dataclass(frozen=True, slots=True)
class Side:
    """One place of a comparison."""

    bundle: Bundle
    form: StoredForm
    form_key: Hashable
    """Equal for two places that give objects the same form."""
    kinds: frozenset[Kind]
    """The kinds that are compared here. Objects of others aren't missing."""
    limit: Selection = field(default_factory=Selection)
    """The objects that are compared here, such as those that a target is limited to."""


@dataclass(frozen=True, slots=True)
class FieldGroups:
    """A field or leaf in which places differ, or that some of them hide. It holds no value."""

    name: str
    groups: tuple[Sides, ...]
    """The places that agree with each other, the largest group first. One group for a field that is only hidden."""
    unknown: Sides = ()
    """The places that don't show it, and neither agree nor differ."""

    @property
    def is_different(self) -> bool:
        return len(self.groups) > 1

    @property
    def smaller(self) -> tuple[Sides, ...]:
        """The groups besides the largest one. All of them if no group is larger than all others."""
        is_largest = not self.is_different or len(self.groups[0]) > len(self.groups[1])
        return self.groups[1:] if is_largest else self.groups


@dataclass(frozen=True, slots=True)
class ObjectInMany:
    """One object in all places."""

    kind: Kind
    id: str
    conn_type: str
    holders: Sides
    missing: Sides
    fields: tuple[FieldGroups, ...] = ()

    @property
    def status(self) -> ManyStatus:
        if any(field.is_different for field in self.fields):
            return ManyStatus.DIFFERENT
        if self.missing:
            return ManyStatus.MISSING
        return ManyStatus.UNKNOWN if self.fields else ManyStatus.EQUAL

    @property
    def deviating(self) -> frozenset[int]:
        """The places that don't belong to the largest group in some field. Without a largest one, all of them."""
        return frozenset(side for field in self.fields for group in field.smaller for side in group)


@dataclass(frozen=True, slots=True)
class DiffOfMany:
    """The result of a comparison of several places: an entry for each object, by kind and id."""

    objects: tuple[ObjectInMany, ...]

    @property
    def is_different(self) -> bool:
        """Whether anything is known to differ. What can't be known doesn't count."""
        return any(obj.status in (ManyStatus.DIFFERENT, ManyStatus.MISSING) for obj in self.objects)

    def counts(self) -> dict[ManyStatus, int]:
        """How many objects there are of each status."""
        return {status: sum(obj.status is status for obj in self.objects) for status in ManyStatus}


def compare_many(sides: Sequence[Side]) -> DiffOfMany:
    """The differences between places. A kind that fewer than two of them have is skipped."""
    found: list[ObjectInMany] = []
    for kind in Kind:
        here = [number for number, side in enumerate(sides) if kind in side.kinds]
        if len(here) < 2:
            continue
        ids = sorted({id_ for number in here for id_ in sides[number].bundle.of_kind(kind)})
        found += [obj for id_ in ids if (obj := _compared(kind, id_, here, sides)) is not None]
    return DiffOfMany(tuple(found))


@dataclass(slots=True)
class _Variant:
    """An object that several places have alike, hidden leaves included."""

    obj: AirflowObject
    form: StoredForm
    form_key: Hashable
    sides: list[int] = field(default_factory=list)

    def is_of(self, obj: AirflowObject, side: Side) -> bool:
        return self.form_key == side.form_key and self.obj == obj and self.obj.unsaid == obj.unsaid


def _compared(kind: Kind, id_: str, kept: Sequence[int], sides: Sequence[Side]) -> ObjectInMany | None:
    """An object in the places that can hold it. None for one that fewer than two compare, and for a default pool that
    is nothing but Airflow's own."""
    here = [number for number in kept if sides[number].limit.wants(kind, id_)]
    if len(here) < 2:
        return None
    variants: list[_Variant] = []
    for number in here:
        side = sides[number]
        obj = side.bundle.get(kind, id_)
        if obj is None:
            continue
        variant = next((known for known in variants if known.is_of(obj, side)), None)
        if variant is None:
            variants.append(variant := _Variant(obj, side.form, side.form_key))
        variant.sides.append(number)
    holders = tuple(sorted(side for variant in variants for side in variant.sides))
    missing = tuple(number for number in here if number not in holders)
    if missing and all(variant.obj == OWN_POOL for variant in variants):
        missing = ()
        if len(holders) < 2:
            return None
    first = variants[0].obj
    conn_type = first.conn_type if isinstance(first, Connection) else ""
    return ObjectInMany(kind, id_, conn_type, holders, missing, tuple(_fields(variants)))


def _fields(variants: Sequence[_Variant]) -> Iterator[FieldGroups]:
    """The fields in which the variants differ, or that some of them hide, in the order of their names."""
    different: dict[str, set[tuple[int, int]]] = {}
    hiding: dict[str, set[int]] = {}
    for a, b in _pairs(variants):
        for found in _diff(variants[a], variants[b]).fields:
            if found.status is Status.DIFFERENT:
                different.setdefault(found.name, set()).add((a, b))
            else:
                hiding.setdefault(found.name, set()).update((a, b)[side] for side in found.without)
    for name in sorted({*different, *hiding}):
        unknown = hiding.get(name, set())
        pairs = different.get(name, set())
        groups: list[list[int]] = []
        for number in range(len(variants)):
            if number in unknown:
                continue
            fits = (group for group in groups if not any((other, number) in pairs for other in group))
            group = next(fits, None)
            if group is None:
                groups.append(group := [])
            group.append(number)
        shown = [_sides(variants, group) for group in groups]
        largest_first = sorted(shown, key=lambda group: (-len(group), group))
        if len(groups) > 1 or unknown:
            yield FieldGroups(name, tuple(largest_first), _sides(variants, unknown))


def _pairs(variants: Sequence[_Variant]) -> Iterator[tuple[int, int]]:
    """The pairs to compare. An only one is compared with itself if several places have it, and it hides something."""
    if len(variants) == 1 and len(variants[0].sides) > 1 and compare_objects(variants[0].obj, variants[0].obj):
        yield 0, 0
    yield from combinations(range(len(variants)), 2)


def _diff(a: _Variant, b: _Variant) -> ObjectDiff:
    return compare_sides(b.form(a.obj), a.form(b.obj))


def _sides(variants: Sequence[_Variant], numbers: Iterable[int]) -> Sides:
    return tuple(sorted(side for number in numbers for side in variants[number].sides))
