"""The fields that each type of connection knows, as its provider publishes them.

An entry of the table is `type|name|package`, and further parts by their first character: `-` the standard fields that
the type doesn't use, `@` a standard field and its label, `~` one and an example, `+` a key of extra and its label. A
key may be followed by `!` (a secret), `:type` (of JSON schema) and `=default`. Lines that are indented go on with an
entry.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from airconn.airflow.conn_fields_table import TABLE
from airconn.patterns import pattern

STANDARD_FIELDS = ("description", "host", "schema", "login", "password", "port", "extra")
"""The fields of a connection besides its id and type, in the order of Airflow's form."""

_KEY = pattern(r"([^\s:!=]+)(!?)(?::(\w+))?(?:=(\S+))? ?(.*)")


@dataclass(frozen=True, slots=True)
class ExtraField:
    """A key of extra that a type knows."""

    key: str
    label: str
    type: str = "string"
    """Its type in JSON schema."""
    secret: bool = False
    default: str = ""
    """Its default as it is written in JSON or YAML. Empty without one."""


@dataclass(frozen=True, slots=True)
class ConnectionFields:
    """What the form of Airflow shows for a type of connection."""

    name: str = ""
    """The name of the type for people, such as `Google Cloud`."""
    package: str = ""
    """The package of the provider. Empty if it isn't known."""
    hidden: frozenset[str] = frozenset()
    """The standard fields that the type doesn't use."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """What a standard field means for the type, where that isn't its name."""
    examples: Mapping[str, str] = field(default_factory=dict)
    """Examples for standard fields."""
    extra: tuple[ExtraField, ...] = ()


def fields_of(conn_type: str) -> ConnectionFields:
    """The fields of a type. Those of any connection if nothing more is known of it."""
    return _table().get(conn_type, ConnectionFields())


@lru_cache(maxsize=1)
def _table() -> Mapping[str, ConnectionFields]:
    entries = (" ".join(entry.split()) for entry in re.split(r"\n(?! )", TABLE.strip("\n")))
    return {entry.partition("|")[0]: read_entry(entry) for entry in entries if entry}


def read_entry(entry: str) -> ConnectionFields:
    """The fields of an entry in one line."""
    _, name, package, *parts = entry.split("|")
    by_mark: dict[str, list[str]] = {mark: [] for mark in "-@~+"}
    for part in parts:
        by_mark[part[0]].append(part[1:])
    return ConnectionFields(
        name,
        package,
        frozenset(" ".join(by_mark["-"]).split()),
        _texts(by_mark["@"]),
        _texts(by_mark["~"]),
        tuple(map(_extra, by_mark["+"])),
    )


def _texts(parts: list[str]) -> dict[str, str]:
    return {name: text for name, _, text in (part.partition(" ") for part in parts)}


def _extra(part: str) -> ExtraField:
    match = _KEY.fullmatch(part)
    if match is None:
        raise ValueError("the table of fields is damaged")
    key, secret, type_, default, label = match.groups()
    return ExtraField(key, label, type_ or "string", bool(secret), default or "")
