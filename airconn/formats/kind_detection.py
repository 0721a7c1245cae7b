"""Finds out which kind a JSON or YAML file holds, by its name, its content and the options."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePath
from typing import Any

from airconn.errors import InputError, UsageError
from airconn.formats import connection_fields, tree
from airconn.formats.base import ReadOptions, show_key
from airconn.model import Kind

WRAPPER = {"value", "description"}
POOL_FIELDS = {"slots", "description", "include_deferred", "team_name"}
AIRFLOWCTL_POOL_FIELDS = POOL_FIELDS | {"name", "pool", "open_slots"}
_CONNECTION_MARKS = {"conn_type", "uri"}
RUNTIME_FIELDS = {"occupied_slots", "running_slots", "queued_slots", "scheduled_slots", "deferred_slots"}


def refuse_name(path: str, kinds: frozenset[Kind]) -> None:
    """Raises `UsageError` for a file of one kind whose name says another, since readers go by the name."""
    named = kind_of_name(path)
    if len(kinds) == 1 and named is not None and named not in kinds:
        (kind,) = kinds
        raise UsageError(
            f"the name of this file says {named.value}, and it would hold {kind.value} alone",
            where=path,
            hint=f"name it {kind.value}{PurePath(path).suffix}, or select no kind, so that each kind gets a section",
        )


def is_sectioned(document: tree.Mapping, kind: Kind | None, options: ReadOptions, source: str) -> bool:
    """Whether a document has the three-section shape, and isn't one of objects called `connections` and the like.

    Raises `InputError` if that can't be told: a variable may hold anything, even a section.
    """
    names = {kind.value for kind in Kind}
    if not document or not all(
        key in names and isinstance(value, tree.Mapping | tree.Sequence | None) for key, value in document.items()
    ):
        return False
    if all(_is_one_object(value) for value in document.values()):
        return False
    if len(document) > 1 or kind is not Kind.VARIABLES:
        return True
    if options.kind is kind:
        return False
    (name,) = document
    raise InputError(
        f"unclear whether {name!r} is a section, or a variable of that name",
        where=source,
        hint="for a variable add --kind variables; for a section add a second, empty section",
    )


def _is_one_object(value: Any) -> bool:
    """Whether a value in the place of a section is a single connection or pool."""
    if not isinstance(value, dict):
        return False
    if "slots" in value and not isinstance(value["slots"], dict):
        return set(value) <= AIRFLOWCTL_POOL_FIELDS | RUNTIME_FIELDS
    return set(value) <= connection_fields.FILE_KEYS and any(
        mark in value and not isinstance(value[mark], dict | list) for mark in _CONNECTION_MARKS
    )


def refuse_one_connection(document: Any, source: str) -> None:
    """Raises `InputError` for the fields of a connection that are a whole file, and so have no conn_id."""
    if isinstance(document, dict) and "slots" not in document and _is_one_object(document):
        raise InputError(
            "this is one connection without its conn_id",
            where=source,
            hint='write {"ID": …} around its fields; a text for AIRFLOW_CONN_<ID> goes into a .env file',
        )


_NAMES = {
    Kind.CONNECTIONS: {"connections", "connection", "conns", "conn"},
    Kind.VARIABLES: {"variables", "variable", "vars", "var"},
    Kind.POOLS: {"pools", "pool"},
}


def kind_of(document: tree.Mapping | tree.Sequence, source: str, options: ReadOptions) -> Kind | None:
    """The kind of a file of one kind. None if neither name, content nor options tell it.

    `--kind` only applies to files that don't tell their kind, so that it can be used for several files. It never
    reads connections as variables, which would show their secrets.
    """
    named, found = kind_of_name(source), _kind_of_content(document, options.likely)
    if options.kind is None or not document:
        return options.kind or named or found
    if named is found and named is not None:
        return named
    if options.kind not in (named, found) and (other := named or found):
        raise InputError(
            f"{'the name of this file says' if named else 'this looks like a file of'} {other.value}, "
            f"and --kind says {options.kind.value}",
            where=source,
            hint=f"read it without --kind, or name it {options.kind.value}.* if it holds them",
        )
    return options.kind


def kind_of_name(source: str) -> Kind | None:
    words = set(re.split(r"[^a-z]+", PurePath(source).name.lower()))
    kinds = [kind for kind in Kind if words & _NAMES[kind]]
    return kinds[0] if len(kinds) == 1 else None


def unknown_kind(document: tree.Mapping | tree.Sequence, source: str) -> InputError:
    """The error for a document whose kind nothing tells. It suggests only kinds that its content can be."""
    if isinstance(document, tree.Sequence):
        return InputError(
            "a list can only hold pools, and this one holds something else",
            where=source,
            hint='connections and variables are written as {"ID": …}, a pool in a list as {"name": …, "slots": …}',
            topic="formats",
        )
    if meant := next(_meant_sections(document), None):
        key, kind = meant
        return InputError(
            f"unknown section {show_key(key)}", where=str(document.origin(key)), hint=f"did you mean {kind.value!r}?"
        )
    if (other := _beside_sections(document)) is not None:
        return InputError(
            f"unknown section {show_key(other)}",
            where=str(document.origin(other)),
            hint="the sections of a file are connections, variables and pools",
        )
    kinds = [
        kind.value
        for kind, can_be in (
            (Kind.CONNECTIONS, all(map(_can_be_connection, document.values()))),
            (
                Kind.VARIABLES,
                not document.keys() >= _ONE_VARIABLE
                and not any(map(_is_no_variable, (document, *document.values()))),
            ),
        )
        if can_be
    ]
    hint = "use the sections connections, variables and pools, or one file for each kind"
    if kinds:
        said, names = " or ".join(f"--kind {kind}" for kind in kinds), " or ".join(f"{kind}.*" for kind in kinds)
        hint = f"add {said}, or name it {names}"
    return InputError(
        "unclear whether this file holds connections or variables", where=source, hint=hint, topic="formats"
    )


def _meant_sections(document: tree.Mapping) -> Iterator[tuple[str, Kind]]:
    """The keys of a document that are meant to be sections, if all of them are sections or meant to be some."""
    if len(document) > len(Kind) or not all(isinstance(value, dict | list | None) for value in document.values()):
        return
    found = {key: _meant_section(key) for key in document}
    if None in found.values():
        return
    yield from ((key, kind) for key, kind in found.items() if kind is not None and key != kind.value)


def _beside_sections(document: tree.Mapping) -> str | None:
    """The first key that isn't a section of a document with connections or pools in sections. None for others."""
    names = {kind.value for kind in Kind}
    sections = [value for key, value in document.items() if key in names and isinstance(value, dict)]
    if not any(_is_no_variable(entry) for section in sections for entry in section.values()):
        return None
    return next((key for key in document if key not in names), None)


def _meant_section(key: str) -> Kind | None:
    from difflib import get_close_matches

    return next((kind for kind in Kind if get_close_matches(key[:80].lower(), _NAMES[kind], 1, cutoff=0.8)), None)


def _can_be_connection(entry: Any) -> bool:
    """Whether an entry has one of the forms in which a connection may be written."""
    if isinstance(entry, list):
        return len(entry) == 1 and not isinstance(entry[0], list) and _can_be_connection(entry[0])
    if isinstance(entry, dict):
        return bool(entry) and entry.keys() <= connection_fields.FILE_KEYS
    return isinstance(entry, str) and (entry.lstrip()[:1] == "{" or "://" in entry)


def _is_no_variable(entry: Any) -> bool:
    """Whether an entry is a connection or a pool, perhaps with a slip in it, whose secrets a variable would show."""
    return isinstance(entry, dict) and not entry.keys().isdisjoint(_MARKS)


_ONE_VARIABLE = {"key", "value"}
_MARKS = frozenset({"conn_type", "conn_typ", "conn_id", "connection_id", "conn_uri", "conn_pass", "slots"})


def _kind_of_content(document: tree.Mapping | tree.Sequence, likely: Kind | None) -> Kind | None:
    """The kind that the content proves.

    Variables are only those that Airflow 3 exports, each as an object of `value` and `description`: nothing else
    tells them from the keys of any other file. For a target, `likely` is the kind that the user chose.
    """
    entries = list(document.values()) if isinstance(document, tree.Mapping) else list(document)
    if not entries:  # nothing of any kind
        return (likely or Kind.CONNECTIONS) if isinstance(document, tree.Mapping) else Kind.POOLS
    if isinstance(document, tree.Mapping) and all(
        isinstance(entry, dict) and set(entry) == WRAPPER for entry in entries
    ):
        return Kind.VARIABLES
    if likely is Kind.VARIABLES and isinstance(document, tree.Mapping) and all(map(_is_as_written, entries)):
        return likely
    if not all(isinstance(entry, dict) for entry in entries):
        return None
    if all("slots" in entry and set(entry) <= AIRFLOWCTL_POOL_FIELDS | RUNTIME_FIELDS for entry in entries):
        return Kind.POOLS
    if all(_CONNECTION_MARKS & set(entry) and set(entry) <= connection_fields.FILE_KEYS for entry in entries):
        return Kind.CONNECTIONS
    return None


def _is_as_written(entry: Any) -> bool:
    """Whether an entry has the form in which airconn writes a variable."""
    return isinstance(entry, str) or (isinstance(entry, dict) and set(entry) == WRAPPER)
