"""Finds what no Airflow can store of an object, or fails on later. Quotes no value."""

from __future__ import annotations

import json
from collections.abc import Iterator

from airconn.airflow.column_limits import (
    INTEGERS,
    LONGEST_KEY,
    LONGEST_POOL_NAME,
    LONGEST_TEAM_NAME,
    MOST_DIGITS,
    longest_fields,
)
from airconn.airflow.rules import TEAMS_SINCE
from airconn.model import (
    AirflowObject,
    AirflowVersion,
    Connection,
    Kind,
    Pool,
    Text,
    jsontext,
    rules_for,
    value_fields,
)
from airconn.patterns import pattern

_HALF = pattern("[\ud800-\udfff]")

ID_WORDS = {Kind.CONNECTIONS: "id", Kind.VARIABLES: "key", Kind.POOLS: "name"}
"""The names of the ids in messages."""


def problems(obj: AirflowObject, version: AirflowVersion) -> Iterator[str]:
    """The reasons why an Airflow of this version can't hold `obj`, as sentences, except the characters of its id."""
    yield from of_id(obj)
    yield from of_values(obj, version)


def of_values(obj: AirflowObject, version: AirflowVersion) -> Iterator[str]:
    """The reasons about the fields of `obj`. `airconn check` reports them as well."""
    for name in value_fields(obj.kind):
        value = getattr(obj, name)
        text = value.text if isinstance(value, Text) else value
        if isinstance(text, str):
            if is_broken(text):
                yield f"its {name} has half a character (a lone surrogate) in it, which Airflow can't store"
            longest = longest_fields(version).get(name)
            if longest is not None and len(text) > longest:
                yield f"its {name} is longer than the {longest} characters that Airflow's database can store"
    yield from _of_team(obj, version)
    if isinstance(obj, Connection) and obj.port is not None and obj.port not in INTEGERS:
        yield "its port is too large for Airflow's database"
    if isinstance(obj, Pool) and obj.slots < -1:
        yield "its slots are negative; -1 means no limit"
    elif isinstance(obj, Pool) and obj.slots not in INTEGERS:
        yield "its slots are too large for Airflow's database"


def of_id(obj: AirflowObject) -> Iterator[str]:
    """The reasons about the id of `obj`."""
    if is_broken(obj.id):
        yield f"the {ID_WORDS[obj.kind]} has half a character (a lone surrogate) in it"
    longest = {Kind.VARIABLES: LONGEST_KEY, Kind.POOLS: LONGEST_POOL_NAME}.get(obj.kind)
    if longest is not None and len(obj.id) > longest:
        yield f"the {ID_WORDS[obj.kind]} is longer than {longest} characters"


def _of_team(obj: AirflowObject, version: AirflowVersion) -> Iterator[str]:
    if obj.team_name is None:
        return
    if not rules_for(version).team_names:
        yield f"it belongs to a team, and Airflow {version} has none: teams came with {TEAMS_SINCE.series}"
    elif not 0 < len(obj.team_name) <= LONGEST_TEAM_NAME:
        yield f"its team_name is empty or longer than {LONGEST_TEAM_NAME} characters"


def is_broken(text: str) -> bool:
    """Whether a text has half a character, which no database can hold."""
    return not text.isascii() and _HALF.search(text) is not None


def breaks_json(text: str) -> bool:
    """Whether a server fails on a text that looks like JSON, instead of storing it.

    Python reads no integer of more than 4300 digits, which raises a ValueError that no version of Airflow expects;
    and nesting is limited by the stack. Either way each listing with the object in it would end in a failure.
    """
    if len(text) <= MOST_DIGITS and text.count("[") + text.count("{") <= jsontext.MAX_DEPTH:
        return False
    if is_too_deep(text):
        return True
    try:
        json.loads(text)
    except json.JSONDecodeError:
        return False
    except (ValueError, RecursionError):
        return True
    return False


def is_too_deep(text: str) -> bool:
    """Whether a text is JSON that nests too deep for Airflow's readers and writers."""
    if text.count("[") + text.count("{") <= jsontext.MAX_DEPTH:
        return False
    try:
        jsontext.dumps(jsontext.loads(text))
    except jsontext.TooDeepError:
        return True
    except ValueError:
        pass
    return False
