"""Attaches to the objects of a .env file what other programs read differently in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from airconn.errors import InputError
from airconn.formats.base import ReadOptions
from airconn.formats.dotenv.differences import Difference, differences
from airconn.formats.dotenv.lines import Entry
from airconn.formats.dotenv.readers.reader import COUNTED, READERS
from airconn.formats.dotenv.references import sourcing
from airconn.formats.env import read_value
from airconn.model import AirflowObject, Connection, Kind, value_fields
from airconn.model.ambiguity import Ambiguity, Places
from airconn.model.jsontext import JsonPath
from airconn.model.leaves import leaves_of
from airconn.model.secrecy import secret_leaves

_CHOICE = (
    "--from-env-dialect NAME, env_dialect in airconn.toml or '# airconn: env-dialect NAME' as the first line says "
    "which program the file is for; python-dotenv reads it as here"
)
_SAID = {
    "AC407": ("expand a reference in it", ""),
    "AC411": ("read a backslash between single quotes differently", ""),
    "AC412": ("read a backslash between double quotes differently", ""),
    "AC413": ("end the value elsewhere at a '#'", "put the value in quotes"),
    "AC414": ("read no value, or another one, with blanks around the '='", "take the blanks out"),
    "AC415": ("take characters of it for quotes, words or commands", "put the value between single quotes"),
    "AC416": ("take the byte order mark for a part of the name", "save the file without a byte order mark"),
    "AC417": ("take a carriage return for a part of the value", "save the file with \\n line ends"),
    "AC418": ("end the value elsewhere, or take its line breaks or quotes for text", "write it in one line"),
    "AC419": ("refuse this line, and with it the file or the rest of it", "write NAME=VALUE with a plain name"),
    "AC420": ("take the quotes for a part of the value", "leave the quotes out in a file for docker"),
}
"""For each kind of difference: what other readers do, and the way out where only shells and docker differ."""


def with_doubts(
    found: Mapping[str, AirflowObject],
    text: str,
    entries: Sequence[Entry],
    options: ReadOptions,
    readers: Sequence[str] = READERS,
) -> dict[str, AirflowObject]:
    """The objects by the names of their lines, with their ambiguities."""
    objects = dict(found)
    by_name = differences(text, entries, found, readers)
    written = {entry.name: entry for entry in entries} if by_name else {}
    for name, differing in by_name.items():
        obj, entry = found[name], written[name]
        same = _same_for_airflow(obj, entry)
        doubts = tuple(
            _ambiguity(obj, entry, each, options) for each in differing if each.rule == "AC419" or not same(each)
        )
        if doubts:
            objects[name] = replace(obj, ambiguities=(*obj.ambiguities, *doubts))
    return objects


def _same_for_airflow(obj: AirflowObject, entry: Entry) -> Callable[[Difference], bool]:
    """Whether a difference is only one of blanks around a connection, which Airflow removes."""
    ours = (entry.value or "").strip()

    def is_same(difference: Difference) -> bool:
        return obj.kind is Kind.CONNECTIONS and all(
            theirs is not None and theirs.strip() == ours for theirs in difference.theirs
        )

    return is_same


def _ambiguity(obj: AirflowObject, entry: Entry, difference: Difference, options: ReadOptions) -> Ambiguity:
    said, way_out = _SAID[difference.rule]
    is_minor = difference.rule == "AC419" or COUNTED.isdisjoint(difference.readers)
    message = f"other readers ({', '.join(difference.readers)}) {said}"
    if difference.rule == "AC407":
        way_out = _way_out_of_references(obj, entry)
    elif not is_minor:
        way_out = _CHOICE
    is_at_value = difference.line == entry.line
    return Ambiguity(
        difference.rule,
        message,
        way_out,
        line=None if is_at_value else difference.line,
        column=entry.value_column if is_at_value else None,
        blocks=not is_minor and _is_weighty(obj),
        is_minor=is_minor,
        places=None if is_minor else _places(obj, difference, options),
    )


def _is_weighty(obj: AirflowObject) -> bool:
    """Whether an object is a connection or has a secret in it."""
    return isinstance(obj, Connection) or any(secret_leaves(obj))


def _way_out_of_references(obj: AirflowObject, entry: Entry) -> str:
    as_text = "docker" if entry.written[:1] not in ("'", '"') else "compose"
    quotes = "" if as_text == "docker" or entry.written[0] == "'" else ", between single quotes,"
    return (
        f"--expand expands it, '{sourcing(obj.origin.source)}' imports what a shell makes of it, and "
        f"--from-env-dialect {as_text}{quotes} takes it as text"
    )


def _places(obj: AirflowObject, difference: Difference, options: ReadOptions) -> Places | None:
    """The leaves that other readers have differently. None where that isn't known, which means all of them."""
    found: set[tuple[str, JsonPath]] = set()
    for reader, theirs in zip(difference.readers, difference.theirs, strict=True):
        if reader not in COUNTED:
            continue
        if theirs is None:
            return None
        try:
            other = read_value(obj.kind, obj.id, theirs, options.rules, obj.origin)
        except InputError:
            return None
        for field in value_fields(obj.kind):
            our_leaves, their_leaves = leaves_of(getattr(obj, field)), leaves_of(getattr(other, field))
            for path in our_leaves.keys() | their_leaves.keys():
                if our_leaves.get(path) != their_leaves.get(path):
                    found.add((field, path))
    return frozenset(found)
