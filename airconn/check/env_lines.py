"""What the lines of a .env file say that its objects no longer do: names, and values that stand there twice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from airconn.errors import InputError
from airconn.formats.dotenv import SHELL_NAME, dialect_of
from airconn.formats.dotenv.lines import Entry
from airconn.formats.env import PREFIXES
from airconn.model import AirflowObject, Kind

Trouble = tuple[str, int, int, Kind, str, str]
"""The code of a rule, line and column, kind and id of the object, and what is wrong."""


def by_line(text: str, env_dialect: str | None) -> dict[int, Entry]:
    """The entries that Airflow takes an interest in, by the line that they start in."""
    try:
        found = dialect_of(text, env_dialect, "").entries(text)
    except InputError:
        return {}  # which the reader of the file tells
    return {entry.line: entry for entry in found if _kind(entry) and entry.value is not None}


def _kind(entry: Entry) -> Kind | None:
    name = entry.name or ""
    return next((kind for prefix, kind in PREFIXES.items() if name.startswith(prefix) and name != prefix), None)


def troubles(lines: dict[int, Entry], found: Iterable[AirflowObject]) -> Iterator[Trouble]:
    """Everything about the names of a file, and about blanks that Airflow takes away.

    A name that isn't one of a shell is told of only where the reader took its line for an object: else it may be a
    value whose '=' is missing.
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
                yield "AC405", line, entry.column, kind, id_, "the value is empty, which is no connection to Airflow"
        elif value != value.strip():
            column = entry.value_column or entry.column
            yield "AC209", line, column, kind, id_, "Airflow takes out the blanks around this value"
