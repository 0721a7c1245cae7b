"""Checks what a move from Airflow 2 to 3 changes for connections: their providers, and the keys of extra."""

from __future__ import annotations

import re
import shlex
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import count
from typing import Any

from airconn.airflow.column_limits import LONGEST_KEY, LONGEST_POOL_NAME
from airconn.airflow.providers import BUNDLED, GIVEN_UP_TYPES, NO_LONGER_BUNDLED, UNREAD_KEYS, bare_key, package_of
from airconn.model import AirflowObject, Connection, Kind, Pool, Text, conn_ids
from airconn.patterns import pattern

_PREFIX = "apache-airflow-providers-"
_NOT_IN_API = pattern(r"[^\w.-]+", re.ASCII)
_OF_IDS = frozenset({"AC301", "AC302", "AC303", "AC304", "AC305", "AC306"})
"""The rules that another id may satisfy."""
_SHORTENED = 190
"""The characters of a name that leave room for a number."""


def problems(obj: AirflowObject) -> Iterator[tuple[str, str, str]]:
    """The code of a rule, a message and a fix for what providers for Airflow 3 don't read. Quotes no value."""
    if not isinstance(obj, Connection) or not isinstance(obj.conn_type, str):
        return
    if why := GIVEN_UP_TYPES.get(obj.conn_type):
        yield (
            "AC314",
            f"no provider that is still released has the conn_type {obj.conn_type}: {why}",
            f"use another provider, or leave it behind: --exclude {_quoted(f'connections/{obj.id}')}",
        )
    unread, prefixed = UNREAD_KEYS.get(obj.conn_type, {}), []
    for key in _keys(obj):
        if key in unread:
            yield (
                "AC333",
                f"the provider doesn't read {key} in the extra any more",
                f"write {unread[key]} instead, in an overlay with {key}: null",
            )
        elif bare_key(key):
            prefixed.append(key)
    if prefixed:
        first = min(prefixed)
        yield (
            "AC334",
            f"keys of extra in the form of Airflow 2.0 to 2.2: {', '.join(sorted(prefixed))}",
            f"providers still read them; the new name of {first} is {bare_key(first)}",
        )


def packages(objects: Iterable[AirflowObject]) -> tuple[str, str] | None:
    """The provider packages that the connections need, as a message and a fix. None if Airflow 3 has them all."""
    needed: dict[str, Counter[str]] = defaultdict(Counter)
    for obj in objects:
        if isinstance(obj, Connection) and isinstance(obj.conn_type, str):
            package = package_of(obj.conn_type)
            if package and package not in BUNDLED:
                needed[package][obj.conn_type] += 1
    if not needed:
        return None
    parts = [
        f"{name.removeprefix(_PREFIX)} ({_types(types)}{', came with Airflow 2' * (name in NO_LONGER_BUNDLED)})"
        for name, types in sorted(needed.items())
    ]
    return (
        f"these connections need providers that Airflow 3 doesn't come with: {', '.join(parts)}",
        f"pip install {' '.join(sorted(needed))}, if the new Airflow doesn't have them",
    )


def way_to(code: str, obj: AirflowObject, taken: set[str]) -> str:
    """The option of `airconn import` that settles a finding of this rule. Empty without one.

    `taken`: the ids of this kind that no other object may get. An id that is proposed is added.
    """
    place = f"{obj.kind.value}/{obj.id}"
    if code in _OF_IDS:
        name = _free(acceptable_id(obj), taken) if acceptable_id(obj) != obj.id else ""
        return f"--rename {_quoted(f'{place}={name}')}" if name else ""
    if code == "AC307":
        return f"--rename {_quoted(f'{place}={_free(obj.id, taken)}')}"
    if code == "AC103":
        return f"--set {_quoted(f'{place}.extra={{}}')}, or its JSON as a text in an --overlay"
    if code == "AC321" and isinstance(obj, Pool) and obj.slots < -1:
        return f"--set {_quoted(f'{place}.slots=-1')}"
    return ""


def acceptable_id(obj: AirflowObject) -> str:
    """An id close to that of `obj` which the API of Airflow 3 takes. Empty if no character of it can stay."""
    if obj.kind is Kind.CONNECTIONS:
        name = re.sub(r"\.{2,}", ".", _NOT_IN_API.sub("_", obj.id))
        return name[: conn_ids.LONGEST_IN_API]
    longest = LONGEST_KEY if obj.kind is Kind.VARIABLES else LONGEST_POOL_NAME
    return re.sub(r"[\r\n]+", "_", obj.id.strip())[:longest]


def _free(name: str, taken: set[str]) -> str:
    """The name, with a number behind it if it is taken. It is taken then."""
    free = name if name.strip() else ""
    for number in count(2):
        if not free or free not in taken:
            break
        free = f"{name[:_SHORTENED]}_{number}"
    if free:
        taken.add(free)
    return free


def _quoted(text: str) -> str:
    """An argument for a shell."""
    if text.isprintable():
        return shlex.quote(text)
    escaped = text.encode("unicode_escape").decode().replace("'", "\\'")
    return f"$'{escaped}'"


def _types(types: Mapping[str, int]) -> str:
    return ", ".join(f"{name}: {number}" for name, number in sorted(types.items()))


def _keys(obj: Connection) -> list[str]:
    """The keys of an extra that is a JSON object."""
    if not isinstance(obj.extra, Text):
        return []
    try:
        found: Any = obj.extra.value()
    except ValueError:
        return []
    return [str(key) for key in found] if isinstance(found, dict) else []
