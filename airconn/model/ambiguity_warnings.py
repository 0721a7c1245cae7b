"""Ambiguities as warnings: one for each rule, with the names of the objects."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from airconn.model.ambiguity import Ambiguity
from airconn.model.objects import AirflowObject

NAMED = 5
"""The number of objects that a warning names, and of fields of each."""


def ambiguities_of(obj: AirflowObject) -> tuple[Ambiguity, ...]:
    """The ambiguities of an object that commands other than `check` report."""
    return tuple(found for found in obj.ambiguities if not found.is_minor) if obj.ambiguities else ()


def warnings(objects: Iterable[AirflowObject], *, knows_release: bool = False) -> list[tuple[str, str]]:
    """A place and a message for each rule by which objects are ambiguous, with their names and lines.

    `knows_release`: the objects were read for a release of Airflow that the user or the target has chosen.
    """
    by_rule: dict[str, list[tuple[AirflowObject, Ambiguity]]] = {}
    for obj in objects:
        if not obj.ambiguities:
            continue
        for found in {found.rule: found for found in reversed(ambiguities_of(obj))}.values():
            if found.of_release and knows_release:
                continue
            by_rule.setdefault(found.rule, []).append((obj, found))
    return [_warning(sorted(by_rule[rule], key=_line)) for rule in sorted(by_rule)]


def listed(names: Sequence[str], number: int) -> str:
    """The first few of a number of names, and how many others there are: `a, b and 3 more`."""
    words = [*names, f"{number - len(names)} more"] if number > len(names) else names
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _line(affected: tuple[AirflowObject, Ambiguity]) -> tuple[str, int]:
    obj, ambiguity = affected
    return obj.origin.source, ambiguity.line or obj.origin.line or 0


def _warning(affected: list[tuple[AirflowObject, Ambiguity]]) -> tuple[str, str]:
    first, found = affected[0]
    names = [_named(obj, ambiguity, among=len(affected)) for obj, ambiguity in affected[:NAMED]]
    ways = [found.way_out, "or choose one with --airflow VERSION" if found.of_release else ""]
    way_out = f" ({', '.join(filter(None, ways))})" if any(ways) else ""
    return _place(first, found), f"{_message(found, affected)}: {listed(names, len(affected))}{way_out}"


def _message(found: Ambiguity, affected: list[tuple[AirflowObject, Ambiguity]]) -> str:
    """The message of the first ambiguity, with the readers of all of them."""
    readers = dict.fromkeys(reader for _, ambiguity in affected for reader in ambiguity.readers)
    return found.message.replace(", ".join(found.readers), ", ".join(readers), 1) if found.readers else found.message


def _place(obj: AirflowObject, ambiguity: Ambiguity) -> str:
    source, line = obj.origin.source, ambiguity.line or obj.origin.line
    return f"{source}:{line}" if line else source


def _named(obj: AirflowObject, ambiguity: Ambiguity, *, among: int) -> str:
    line = ambiguity.line or obj.origin.line
    place = f"line {line}" if line and among > 1 else ""
    column = f"column {ambiguity.column}" if ambiguity.detail and ambiguity.column else ""
    what = ", ".join(filter(None, (ambiguity.detail, column)))
    details = ": ".join(filter(None, (place, _fields(obj, ambiguity.rule), what)))
    return f"{obj.kind.value}/{obj.id}" + (f" ({details})" if details else "")


def _fields(obj: AirflowObject, rule: str) -> str:
    names = list(dict.fromkeys(found.field for found in obj.ambiguities if found.rule == rule and found.field))
    more = [f"{len(names) - NAMED} more"] if len(names) > NAMED else []
    return ", ".join([*names[:NAMED], *more])
