"""Attaches to the objects of a .env file what other programs read differently in it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

from airconn.errors import InputError
from airconn.formats.base import ReadOptions
from airconn.formats.dotenv.differences import Difference, differences
from airconn.formats.dotenv.lines import Entry
from airconn.formats.dotenv.readers.reader import COUNTED, PYTHON_DOTENV, READERS
from airconn.formats.dotenv.references import sourcing
from airconn.formats.env import read_value
from airconn.model import AirflowObject, Connection, Kind, value_fields
from airconn.model.ambiguity import Ambiguity, Places
from airconn.model.jsontext import JsonPath
from airconn.model.leaves import leaves_of
from airconn.model.secrecy import secret_leaves

_CHOICE = (
    "say which program reads the file: --from-env-dialect NAME, or env_dialect in airconn.toml; "
    "python-dotenv keeps this reading"
)
_PROGRAM = "--from-env-dialect NAME says which program reads the file"
_BY_RULE = {
    "AC407": ("expand a reference in the value", "put the value between single quotes"),
    "AC411": ("read a backslash between single quotes differently", _PROGRAM),
    "AC412": ("read a backslash between double quotes differently", _PROGRAM),
    "AC413": ("read the '#' in the value differently, as text or as a comment", "put the value in quotes"),
    "AC414": ("read no value, or another value, because of the blanks around the '='", "delete the blanks"),
    "AC415": ("read parts of the value as quotes, words or commands", "put the value between single quotes"),
    "AC416": ("read the byte order mark as a part of the name", "save the file without a byte order mark"),
    "AC417": ("read a carriage return as a part of the value", "save the file with \\n line ends"),
    "AC418": ("end the value elsewhere, or read its line breaks or quotes as text", "write it in one line"),
    "AC419": ("refuse this line, and the file or the rest of it as well", "write NAME=VALUE with a plain name"),
    "AC420": ("read the quotes as a part of the value", "leave the quotes out in a file for docker"),
}
"""For each kind of difference: what other readers do, and the way out where only shells and docker differ."""

_INTERPOLATED = "python-dotenv expands a reference in the value, unless it is called with interpolate=False"
_WAYS_OUT = {"AC413": f"put the value in quotes; or {_CHOICE}", "AC418": f"write it in one line; or {_CHOICE}"}
"""The ways out where programs differ that fill the environment of an Airflow, other than a choice between them."""


def with_ambiguities(
    objects: Mapping[str, AirflowObject],
    text: str,
    entries: Sequence[Entry],
    options: ReadOptions,
    readers: Collection[str] = READERS,
    scanned: Sequence[Entry] | None = None,
) -> dict[str, AirflowObject]:
    """The objects that have ambiguities with them, by the names of their lines.

    `scanned` are the entries in the grammar of python-dotenv, if `entries` were read in another.
    """
    # Only `airconn check` asks for URIs, and only it reports what shells and docker read differently.
    by_name = differences(text, entries, objects, readers, with_minor=options.keeps_uris, scanned=scanned)
    written = {entry.name: entry for entry in entries} if by_name else {}
    changed: dict[str, AirflowObject] = {}
    for name, differing in by_name.items():
        obj, entry = objects[name], written[name]
        left = [found for each in differing if (found := _for_airflow(obj, each, options))]
        ambiguities = [_ambiguity(obj, entry, each, options) for each in left]
        if tuple(readers) == (PYTHON_DOTENV,):  # its dialect is chosen, with which only its interpolation differs
            ambiguities = [replace(found, message=_INTERPOLATED, blocks=False) for found in ambiguities]
        if ambiguities:
            changed[name] = replace(obj, ambiguities=(*obj.ambiguities, *ambiguities))
    return changed


def _for_airflow(obj: AirflowObject, difference: Difference, options: ReadOptions) -> Difference | None:
    """A difference without the readers with which Airflow gets the same connection. None if none is left.

    Airflow removes blanks around a connection, and a '#' in a URI with all behind it.
    """
    if obj.kind is not Kind.CONNECTIONS:
        return difference
    left = Difference(difference.rule, difference.line)
    left.others = difference.others
    for reader, theirs in zip(difference.readers, difference.theirs, strict=True):
        if theirs is None or _read(obj, theirs, options) != obj:
            left.readers.append(reader)
            left.theirs.append(theirs)
    return left if left.readers else None


def _read(obj: AirflowObject, value: str, options: ReadOptions) -> AirflowObject | None:
    """The object that Airflow makes of another value. None if it makes none."""
    try:
        return read_value(obj.kind, obj.id, value, options.rules, obj.origin)
    except InputError:
        return None


def _ambiguity(obj: AirflowObject, entry: Entry, difference: Difference, options: ReadOptions) -> Ambiguity:
    line, column = (None, entry.value_column) if difference.line == entry.line else (difference.line, None)
    if difference.rule == "AC419" or COUNTED.isdisjoint(difference.readers):
        return _minor(difference.rule, tuple(difference.readers), line, column, difference.others)
    is_reference = difference.rule == "AC407"
    return Ambiguity(
        difference.rule,
        _message(difference.rule, difference.readers),
        _way_out_of_references(obj, entry, difference) if is_reference else _WAYS_OUT.get(difference.rule, _CHOICE),
        line,
        column,
        blocks=_is_weighty(obj),
        readers=tuple(difference.readers),
        places=_places(obj, difference, options),
    )


@lru_cache(maxsize=1024)
def _minor(rule: str, readers: tuple[str, ...], line: int | None, column: int | None, others: int) -> Ambiguity:
    """What only shells and docker read differently, or only a program that refuses the file."""
    message = _message(rule, readers) + (f", here and in {others} more" if others else "")
    return Ambiguity(rule, message, _BY_RULE[rule][1], line, column, is_minor=True, readers=readers)


def _message(rule: str, readers: Sequence[str]) -> str:
    return f"other readers ({', '.join(readers)}) {_BY_RULE[rule][0]}"


def _is_weighty(obj: AirflowObject) -> bool:
    """Whether an object is a connection or has a secret in it."""
    return isinstance(obj, Connection) or any(secret_leaves(obj))


def _way_out_of_references(obj: AirflowObject, entry: Entry, difference: Difference) -> str:
    expand = "--expand" if PYTHON_DOTENV in difference.readers else "--expand --from-env-dialect compose"
    is_quoted = entry.written[:1] in ("'", '"')
    quotes = "between single quotes, " if entry.written[:1] == '"' else ""
    dialect = "compose" if is_quoted else "docker"
    as_a_shell = f"or as a shell does it: {sourcing(obj.origin.source)}"
    return f"{expand} expands it; {quotes}--from-env-dialect {dialect} takes it as text; {as_a_shell}"


def _places(obj: AirflowObject, difference: Difference, options: ReadOptions) -> Places | None:
    """The leaves that other readers have differently. None where that isn't known, which means all of them."""
    found: set[tuple[str, JsonPath]] = set()
    for reader, theirs in zip(difference.readers, difference.theirs, strict=True):
        if reader not in COUNTED:
            continue
        other = None if theirs is None else _read(obj, theirs, options)
        if other is None:
            return None
        for field in value_fields(obj.kind):
            our_leaves, their_leaves = leaves_of(getattr(obj, field)), leaves_of(getattr(other, field))
            for path in our_leaves.keys() | their_leaves.keys():
                if our_leaves.get(path) != their_leaves.get(path):
                    found.add((field, path))
    return frozenset(found)
