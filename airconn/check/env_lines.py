"""Checks the lines of a .env file for problems that its objects don't show: names, and values that are set twice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from airconn.errors import InputError
from airconn.formats.dotenv.dialects import dialect_of
from airconn.formats.dotenv.lines import Entry
from airconn.formats.dotenv.marks import SHELL_NAME
from airconn.formats.dotenv.slips import near_miss
from airconn.formats.env import PREFIXES
from airconn.model import AirflowObject, Kind

LineProblem = tuple[str, int, int, Kind, str, str]
"""The code of a rule, line and column, kind and id of the object, and a message."""


def settings(text: str, env_dialect: str | None) -> list[Entry]:
    """All entries that set a value, for Airflow or not."""
    try:
        found = dialect_of(text, env_dialect, "").entries(text)
    except InputError:
        return []  # the reader of the file reports it
    return [entry for entry in found if entry.name and entry.value is not None]


def by_line(found: Iterable[Entry]) -> dict[int, Entry]:
    """The entries whose names Airflow looks for, by the line that they start in."""
    return {entry.line: entry for entry in found if _kind(entry)}


def near_misses(found: Iterable[Entry]) -> Iterator[tuple[int, int, str]]:
    """Line, column and message for names that Airflow doesn't look for, but that look meant for it."""
    for entry in found:
        if message := near_miss(entry.name or ""):
            yield entry.line, entry.column, message


def _kind(entry: Entry) -> Kind | None:
    name = entry.name or ""
    return next((kind for prefix, kind in PREFIXES.items() if name.startswith(prefix) and name != prefix), None)


def problems(lines: dict[int, Entry], found: Iterable[AirflowObject]) -> Iterator[LineProblem]:
    """The problems with the names of a file, and with blanks that Airflow removes.

    A name that no shell can set is reported only if the reader made an object of its line. Otherwise it may be a
    value without a '='.
    """
    objects = {obj.origin.line: obj for obj in found}
    names = {entry.name for line, entry in lines.items() if line in objects}
    first: dict[str, Entry] = {}
    for line, entry in lines.items():
        name, kind, value = entry.name or "", _kind(entry), entry.value or ""
        is_plain = SHELL_NAME.fullmatch(name) is not None
        if kind is None or not (is_plain or name in names):
            continue
        id_ = objects[line].id if line in objects else name.split("_", 2)[2].lower()
        if name in first:
            yield (
                "AC401",
                line,
                entry.column,
                kind,
                id_,
                f"set again: the value of line {first[name].line} isn't used",
            )
        first.setdefault(name, entry)
        if name != name.upper():
            yield "AC403", line, entry.column, kind, id_, f"Airflow never finds this: it looks for {name.upper()}"
        elif not is_plain:
            yield "AC404", line, entry.column, kind, id_, f"no shell can set {name}"
        if kind is not Kind.CONNECTIONS:
            continue
        if not value.strip():
            if not entry.comment.startswith("# secret"):
                yield (
                    "AC405",
                    line,
                    entry.column,
                    kind,
                    id_,
                    "the value is empty, which is not a connection to Airflow",
                )
        elif value != value.strip():
            column = entry.value_column or entry.column
            yield "AC209", line, column, kind, id_, "Airflow removes the blanks around this value"
