"""What an import has to make of a database, worked out from the words of the guide and not from airconn's code.

A connection is a dict of its fields as the database has them, with `extra` as the JSON that it is. Only keys of extra
that every version hides, or none, are used.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

SENSITIVE = ("token", "api_key", "password")
FIELDS = ("conn_type", "description", "login", "host", "port", "schema")
State = dict[str, dict[str, Any]]


class BlockedError(Exception):
    """The run has to be refused as a whole."""


def normal(database: dict[str, Any]) -> State:
    """A database's content in the shape that is predicted: an empty extra is none."""
    connections = {
        id_: {**fields, "extra": json.loads(fields["extra"] or "{}") or None, "password": fields["password"] or None}
        for id_, fields in database["connections"].items()
    }
    return {**database, "connections": connections}


def raw(state: State) -> dict[str, Any]:
    """The same the other way round, for the database."""
    connections = {
        id_: {**fields, "extra": json.dumps(fields["extra"]) if fields["extra"] else None}
        for id_, fields in state["connections"].items()
    }
    return {**state, "connections": connections}


def predict(
    before: State, source: State, *, lacking: str, prune: bool = False, trust: bool = False, v1: bool = False
) -> State:
    """The state after `source` was imported. `trust` is --assume-unchanged hidden. Raises `BlockedError`.

    `v1` is the API of Airflow 2, which hides whether there is a password, and no variable.
    """
    after: State = {kind: dict(objects) for kind, objects in before.items()}
    for id_, wanted in source["connections"].items():
        held = before["connections"].get(id_)
        after["connections"][id_] = _connection(held, wanted, lacking, trust, v1) if held else _new(wanted)
    for key, wanted in source["variables"].items():
        held = before["variables"].get(key)
        value = held["value"] if held and trust and is_hidden(key) and not v1 else wanted["value"]
        description = wanted["description"]
        if held and description is None and lacking == "keep":
            description = held["description"]
        after["variables"][key] = {"value": value, "description": description}
    for name, wanted in source["pools"].items():
        held = before["pools"].get(name)
        kept = held if held and lacking == "keep" else {"description": None}
        after["pools"][name] = {
            "slots": wanted["slots"],
            "description": kept["description"] if wanted["description"] is None else wanted["description"],
            "include_deferred": wanted["include_deferred"],
        }
    if prune:
        if not any(source.values()):
            raise BlockedError
        for kind, objects in source.items():
            after[kind] = {id_: obj for id_, obj in after[kind].items() if id_ in objects or not objects}
    return after


def is_hidden(key: str) -> bool:
    return any(word in key for word in SENSITIVE)


def _new(wanted: dict[str, Any]) -> dict[str, Any]:
    return {**wanted, "password": wanted["password"] or None, "extra": wanted["extra"] or None}


def _connection(held: dict[str, Any], wanted: dict[str, Any], lacking: str, trust: bool, v1: bool) -> dict[str, Any]:
    result = {name: wanted[name] for name in FIELDS}
    if lacking == "keep":
        result = {name: held[name] if value is None else value for name, value in result.items()}
    password = wanted["password"] or None
    if password is None:
        # The API of Airflow 2 doesn't say whether there is one.
        password = None if lacking == "exact" and not (trust and v1) else held["password"]
    elif trust and (held["password"] or v1):
        password = held["password"]
    result["password"] = password
    result["extra"] = _extra(held["extra"], wanted["extra"] or None, lacking, trust)
    return result


def _extra(held: Any, wanted: Any, lacking: str, trust: bool) -> Any:
    if not held:
        return wanted
    hidden = {path for path, _ in leaves(held) if is_hidden(str(path[-1]))}
    if wanted is None:
        return None if lacking == "exact" or (lacking == "clear" and not hidden) else held
    given = dict(leaves(wanted))
    again = {path for path in hidden if path in given}
    missing = hidden - again
    result = merge(held, wanted) if lacking == "keep" else wanted
    shown = [{path: leaf for path, leaf in leaves(value) if path not in hidden} for value in (held, result)]
    is_same = shown[0] == shown[1]
    if is_same and (not again or trust) and not (missing and lacking == "exact"):
        return held
    if missing and lacking != "exact":
        raise BlockedError
    return result


def leaves(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from leaves(item, (*path, key))
    else:
        yield path, value


def merge(held: Any, wanted: Any) -> Any:
    if not isinstance(held, dict) or not isinstance(wanted, dict):
        return wanted
    return {
        key: merge(held[key], wanted[key]) if key in held and key in wanted else {**held, **wanted}[key]
        for key in {**held, **wanted}
    }
