"""What differs between more than two places, as text for people and as JSON for scripts. It holds no values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from airconn import symbols
from airconn.diff_many import DiffOfMany, FieldGroups, ManyStatus, ObjectInMany, Sides
from airconn.quoting import clean, some, to_json
from airconn.report.many import failed_sections
from airconn.report.results import SCHEMA_VERSION, Style
from airconn.report.rows import RowLayout, first_rows

if TYPE_CHECKING:
    from airconn.transfer.many.comparing import ComparedPlace, ComparisonOfMany

SYMBOLS = {
    ManyStatus.DIFFERENT: symbols.UPDATE,
    ManyStatus.MISSING: symbols.DELETE,
    ManyStatus.UNKNOWN: symbols.UNKNOWN,
    ManyStatus.EQUAL: symbols.EQUAL,
}
_WORDS = {
    ManyStatus.DIFFERENT: "different",
    ManyStatus.MISSING: "not everywhere",
    ManyStatus.UNKNOWN: "can't be known",
    ManyStatus.EQUAL: "equal",
}
_ALWAYS_COUNTED = (ManyStatus.DIFFERENT, ManyStatus.EQUAL)
_FEW = 3
"""The most places, and groups of places, that are named in a row."""
_PAIR = 2
"""The most places that are named of each of three or more groups."""
_FEW_ROWS = 12
"""The most places that all have a row of their own in the table."""
_HEADERS = ("TARGET", "OBJECTS", "MISSING", "DIFFERENT", "HIDDEN")


class ManyRows:
    """The rows of objects that differ."""

    def __init__(
        self,
        objects: Sequence[ObjectInMany],
        labels: Sequence[str],
        style: Style,
        columns: int | None,
        *,
        every: bool,
    ) -> None:
        """`columns` is the width of the terminal, if there is one. With `every`, all places and fields are named."""
        self._objects = objects
        self._labels = labels
        self._style = style
        self._every = every
        self._layout = RowLayout(map(_cells, objects), columns)

    def lines(self) -> Iterator[str]:
        """A line for each object, such as `  ~ connections/db  postgres  host, port: @ap differs; not in @za`."""
        for obj in self._objects:
            symbol = SYMBOLS[obj.status]
            lead = f"  {self._style(symbol.mark, symbol.colour)}"
            yield self._layout.row(lead, _cells(obj), clean("; ".join(self._remarks(obj))))

    def _remarks(self, obj: ObjectInMany) -> Iterator[str]:
        by_groups: dict[tuple[Sides, ...], list[str]] = {}
        hidden: dict[Sides, list[str]] = {}
        for field in obj.fields:
            if field.is_different:
                by_groups.setdefault(field.groups, []).append(field.name)
            if field.unknown:
                hidden.setdefault(field.unknown, []).append(field.name)
        for groups, names in by_groups.items():
            yield f"{', '.join(names)}: {self._split(groups)}"
        if obj.missing and len(obj.missing) <= len(obj.holders):
            yield f"not in {self._names(obj.missing)}"
        elif obj.missing:
            yield f"only in {self._names(obj.holders)}"
        if self._every or obj.status is ManyStatus.UNKNOWN:
            for sides, names in hidden.items():
                yield f"{', '.join(names)}: hidden or not said in {self._names(sides)}"

    def _split(self, groups: tuple[Sides, ...]) -> str:
        """`@ap differs`, `@eu, @us differ from @ap, @za`, `3 values: @ap | @za | 10 others`, `all 5 differ`."""
        first, *rest = groups
        if len(rest) == 1 and len(rest[0]) < len(first):
            return f"{self._names(rest[0])} {'differs' if len(rest[0]) == 1 else 'differ'}"
        if len(rest) == 1:
            verb = "differs" if len(first) == 1 else "differ"
            return f"{self._names(first)} {verb} from {self._names(rest[0])}"
        number = sum(map(len, groups))
        if number == len(groups):
            return f"all {number} differ"
        shown = rest if self._every else rest[:_FEW]
        parts = [self._names(group, 1 if len(group) > _PAIR else _PAIR) for group in shown]
        more = [f"{len(rest) - len(shown)} more values"] if len(rest) > len(shown) else []
        is_largest = len(first) > len(rest[0]) and not self._every
        largest = f"{len(first)} others" if is_largest else self._names(first, 1 if len(first) > _PAIR else _PAIR)
        return f"{len(groups)} values: {' | '.join([*parts, *more, largest])}"

    def _names(self, sides: Sides, most: int = _FEW) -> str:
        names = [self._labels[side] for side in sides]
        return ", ".join(names) if self._every else some(names, most)


def _cells(obj: ObjectInMany) -> tuple[str, str]:
    return clean(f"{obj.kind.value}/{obj.id}"), clean(obj.conn_type)


def first_of_each(objects: Sequence[ObjectInMany], most: int) -> tuple[Sequence[ObjectInMany], str]:
    """The first `most` objects of each status, and a line that counts the others. Empty if there are none."""
    return first_rows(objects, lambda obj: obj.status, _WORDS, most)


def hidden_line(diff: DiffOfMany, labels: Sequence[str]) -> str:
    """That hidden fields were not compared. Empty without any."""
    hiding = [obj for obj in diff.objects if any(field.unknown for field in obj.fields)]
    if not hiding:
        return ""
    sides = sorted({side for obj in hiding for field in obj.fields for side in field.unknown})
    names = dict.fromkeys(field.name for obj in hiding for field in obj.fields if field.unknown)
    where = "all of them" if len(sides) == len(labels) else some([labels[side] for side in sides], _FEW)
    verb = "hides them or" if len(sides) == 1 else "hide them or"
    objects = "1 object" if len(hiding) == 1 else f"{len(hiding):,} objects"
    return clean(
        f"  ? fields of {objects} aren't compared, because {where} {verb} can't hold them: "
        f"{some(list(names), _FEW)} (-v lists them)"
    )


def place_lines(places: Sequence[ComparedPlace], diff: DiffOfMany) -> Iterator[str]:
    """A table of the places: how many objects each has, lacks, has different from the largest group, and hides.

    Of many places, those that agree in all share a row.
    """
    rows = [(clean(place.label), _numbers(number, diff)) for number, place in enumerate(places)]
    if len(rows) > _FEW_ROWS:
        alike: dict[tuple[object, ...], list[int]] = {}
        for number in range(len(rows)):
            alike.setdefault(_pattern(number, diff), []).append(number)
        rows = [
            (some([rows[number][0] for number in same], 1 if len(same) > _PAIR else _PAIR), rows[same[0]][1])
            for same in alike.values()
        ]
    table = [_HEADERS, *((label, *map(str, numbers)) for label, numbers in rows)]
    widths = [max(len(row[column]) for row in table) for column in range(len(_HEADERS))]
    for row in table:
        cells = (cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))
        yield "  ".join([row[0].ljust(widths[0]), *cells]).rstrip()


def _numbers(number: int, diff: DiffOfMany) -> tuple[int, ...]:
    return (
        sum(number in obj.holders for obj in diff.objects),
        sum(number in obj.missing for obj in diff.objects),
        sum(number in obj.deviating for obj in diff.objects),
        sum(any(number in field.unknown for field in obj.fields) for obj in diff.objects),
    )


def _pattern(number: int, diff: DiffOfMany) -> tuple[object, ...]:
    """Equal for two places that have the same objects, and belong to the same group in each field."""
    return tuple(
        (
            number in obj.holders,
            *(next((group for group in field.groups if number in group), None) for field in obj.fields),
        )
        for obj in diff.objects
    )


def summary(diff: DiffOfMany, number: int) -> str:
    """The closing line: `5 places: 3 different, 1 not everywhere, 10 equal`."""
    counts = diff.counts()
    parts = [
        f"{counts[status]} {word}" for status, word in _WORDS.items() if counts[status] or status in _ALWAYS_COUNTED
    ]
    return f"{number} targets: {', '.join(parts)}"


def diff_of_many_json(compared: ComparisonOfMany) -> str:
    """A comparison of several places as JSON, with an entry for each object; no values."""
    labels = [place.label for place in compared.places]

    def names(sides: Sides) -> list[str]:
        return [labels[side] for side in sides]

    def field(found: FieldGroups) -> dict[str, Any]:
        return {
            "name": found.name,
            "status": "different" if found.is_different else "unknown",
            "groups": [names(group) for group in found.groups],
            "unknown": names(found.unknown),
        }

    objects = [
        {
            "kind": obj.kind.value,
            "id": obj.id,
            "status": obj.status.value,
            "in": names(obj.holders),
            "missing": names(obj.missing),
            "fields": [field(found) for found in obj.fields],
        }
        for obj in compared.diff.objects
    ]
    places = [{"name": place.label, "source": place.text} for place in compared.places]
    return to_json(
        {
            "schema_version": SCHEMA_VERSION,
            "targets": [*places, *failed_sections(compared.failures, compared.skipped)],
            "objects": objects,
            "summary": {status.value: count for status, count in compared.diff.counts().items()},
        }
    )
