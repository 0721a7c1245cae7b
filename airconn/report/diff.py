"""What differs between two places, as text for people and as JSON for scripts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from airconn import symbols
from airconn.diff import Diff, FieldDiff, ObjectDiff, Status
from airconn.model import Connection
from airconn.quoting import clean, to_json
from airconn.report.results import SCHEMA_VERSION, Style
from airconn.report.rows import RowLayout, first_rows
from airconn.report.values import shown_sides

SYMBOLS = {
    Status.ONLY_IN_A: symbols.CREATE,
    Status.ONLY_IN_B: symbols.DELETE,
    Status.DIFFERENT: symbols.UPDATE,
    Status.UNKNOWN: symbols.UNKNOWN,
    Status.EQUAL: symbols.EQUAL,
}
_WORDS = {
    Status.DIFFERENT: "different",
    Status.ONLY_IN_A: "only in A",
    Status.ONLY_IN_B: "only in B",
    Status.UNKNOWN: "can't be known",
    Status.EQUAL: "equal",
}
_ONE_SIDE = (Status.ONLY_IN_A, Status.ONLY_IN_B)
_ALWAYS_COUNTED = (Status.DIFFERENT, Status.EQUAL)


def diff_lines(
    objects: Sequence[ObjectDiff], style: Style, *, values: bool = False, columns: int | None = None
) -> Iterator[str]:
    """A line for each object, such as `  ~ connections/billing_api  http  host; hidden in B: password`.

    With `values`, both values of each field that differs follow it, except those of secrets. `columns` is the width
    of the terminal, if there is one.
    """
    layout = RowLayout(((_name(obj), _type(obj)) for obj in objects), columns)
    for obj in objects:
        symbol = SYMBOLS[obj.status]
        yield layout.row(f"  {style(symbol.mark, symbol.colour)}", (_name(obj), _type(obj)), clean(_remark(obj)))
        for field in obj.of(Status.DIFFERENT) if values else ():
            yield f"      {clean(field.name)}: {_both(obj, field)}"


def first_of_each(objects: Sequence[ObjectDiff], most: int) -> tuple[Sequence[ObjectDiff], str]:
    """The first `most` objects of each status, and a line that counts the others. Empty if there are none."""
    return first_rows(objects, lambda obj: obj.status, _WORDS, most)


def _name(obj: ObjectDiff) -> str:
    return clean(f"{obj.kind.value}/{obj.id}")


def _type(obj: ObjectDiff) -> str:
    side = obj.b if obj.a is None else obj.a
    return clean(side.conn_type) if isinstance(side, Connection) else ""


def _remark(obj: ObjectDiff) -> str:
    """`only in A`, or `host, extra.region; hidden in B: password; not said in A: description`."""
    if obj.status in _ONE_SIDE:
        return _WORDS[obj.status]
    parts = [", ".join(field.name for field in obj.of(Status.DIFFERENT))]
    unknown = sorted(obj.of(Status.UNKNOWN), key=lambda field: field.reason)
    for reason, fields in groupby(unknown, key=lambda field: field.reason):
        parts.append(f"{reason}: {', '.join(field.name for field in fields)}")
    return "; ".join(part for part in parts if part)


def _both(obj: ObjectDiff, field: FieldDiff) -> str:
    shown = shown_sides([side for side in (obj.a, obj.b) if side is not None], field.field, field.path)
    return f"A {shown[0]}, B {shown[1]}" if len(shown) == 2 else ", ".join(shown)


def diff_summary(diff: Diff) -> str:
    """The closing line: `3 different, 1 only in A, 2 can't be known, 10 equal`."""
    counts = diff.counts()
    return ", ".join(
        f"{counts[status]} {word}" for status, word in _WORDS.items() if counts[status] or status in _ALWAYS_COUNTED
    )


def diff_sides(a: str, b: str) -> str:
    """What A and B are: `A is .env, B is airflow 3.3.2 at http://localhost:8080`."""
    return f"A is {clean(a)}, B is {clean(b)}"


def diff_json(diff: Diff, a: str, b: str) -> str:
    """A diff as JSON, with an entry for each object of either side; no values."""
    objects = [
        {
            "kind": obj.kind.value,
            "id": obj.id,
            "status": obj.status.value,
            "a_origin": str(obj.a.origin) if obj.a else None,
            "b_origin": str(obj.b.origin) if obj.b else None,
            "fields": [
                {"name": field.name, "status": field.status.value, "reason": field.reason or None}
                for field in obj.fields
            ],
        }
        for obj in diff.objects
    ]
    summary = {status.value: number for status, number in diff.counts().items()}
    document = {"schema_version": SCHEMA_VERSION, "a": a, "b": b, "objects": objects, "summary": summary}
    return to_json(document)
