"""What an Airflow's API would refuse, or break on. Nobody is asked, and no value but the id is quoted.

Lengths are those of the columns (models/connection.py, variable.py and pool.py); SQLite doesn't enforce them, and
PostgreSQL and MySQL do. Where no other source is named, a fact was run against real servers.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from airconn.model import (
    REDACTED,
    AirflowObject,
    Connection,
    Kind,
    Pool,
    Step,
    Text,
    Variable,
    conn_ids,
    value_fields,
)
from airconn.stores.airflow_api.dialect import Dialect
from airconn.stores.airflow_api.forms import breaks_json

_LONGEST_KEY = 250  # `ID_LEN` of models/base.py
_LONGEST_POOL = 256
_LONGEST_TEAM = 50
_LONGEST = {"conn_type": 500, "host": 500, "schema": 500}
_WHOLE = range(-(2**31), 2**31)  # INTEGER of PostgreSQL and MySQL
_NO_JSON = object()


def problems(obj: AirflowObject, dialect: Dialect) -> Iterator[str]:
    """Each reason why the API of this version wouldn't take `obj`, as a sentence."""
    yield from _of_id(obj, dialect)
    for name in value_fields(obj.kind):
        value = getattr(obj, name)
        text = value.text if isinstance(value, Text) else value
        if isinstance(text, str):
            if any("\ud800" <= char <= "\udfff" for char in text):
                yield f"its {name} has half a character (a lone surrogate) in it, which Airflow can't store"
            if len(text) > _LONGEST.get(name, len(text)):
                yield f"its {name} is longer than the {_LONGEST[name]} characters that Airflow's database has for it"
    if obj.team_name is not None:
        if not dialect.rules.team_names:
            yield f"it belongs to a team, and Airflow {dialect.version} has none: teams came with 3.2"
        elif not 0 < len(obj.team_name) <= _LONGEST_TEAM:
            yield f"its team_name is empty or longer than {_LONGEST_TEAM} characters"
    if isinstance(obj, Connection):
        yield from _of_connection(obj, dialect)
    elif isinstance(obj, Variable):
        if dialect.v2 and isinstance(obj.value, Text) and breaks_json(obj.value.text):
            yield "its value is JSON that Airflow can't read (a huge number or very deep nesting) and fails on"
    else:
        yield from _of_pool(obj, dialect)


def update_refusal(step: Step, dialect: Dialect) -> str:
    """Why no `PATCH` makes the changes of a step, if none does.

    No version takes a password away: v1 `set_password` ignores '', v2 ignores null (run on all).
    """
    source, written = step.source, step.written
    if isinstance(source, Connection):
        if "password" in written and not source.password:
            return "the API can't take a password away"
        if dialect.keeps_masked and source.literal & written:
            return "the API takes *** for what it has already"
    if step.kind is Kind.POOLS and step.id == "default_pool" and written - {"slots", "include_deferred"}:
        return "the API changes only slots and include_deferred of default_pool"
    if isinstance(source, Variable) and "description" in written and source.description is None:
        value = source.value if "value" in written else getattr(step.target, "value", REDACTED)
        if not dialect.nulls_description and (not isinstance(value, Text) or value.hidden):
            return "the API can't take a description away without the value, which is hidden"
    return ""


def _of_id(obj: AirflowObject, dialect: Dialect) -> Iterator[str]:
    what = {Kind.CONNECTIONS: "id", Kind.VARIABLES: "key", Kind.POOLS: "name"}[obj.kind]
    if any("\ud800" <= char <= "\udfff" for char in obj.id):
        yield f"the {what} has half a character (a lone surrogate) in it"
    if obj.kind is Kind.CONNECTIONS:
        if not conn_ids.is_in_api(obj.id):
            yield "the API takes no id with other characters than letters, digits, '_', '-' and '.'"
        elif dialect.ascii_conn_ids and not obj.id.isascii():
            yield f"Airflow {dialect.version} takes no id with letters beyond a to z"
        if len(obj.id) > conn_ids.LONGEST_IN_API:
            yield f"the id is longer than {conn_ids.LONGEST_IN_API} characters"
        return
    longest = _LONGEST_KEY if obj.kind is Kind.VARIABLES else _LONGEST_POOL
    if len(obj.id) > longest:
        yield f"the {what} is longer than {longest} characters"
    # What has no path can be created and then neither be changed nor deleted.
    if "\n" in obj.id and (dialect.v2 or obj.kind is Kind.VARIABLES):
        yield f"the API has no path for a {what} with a line break in it"
    if not dialect.v2 and (not obj.id or obj.id.startswith("/") or (obj.kind is Kind.POOLS and "/" in obj.id)):
        yield f"the API of Airflow {dialect.version} has no path for this {what}"


def _of_connection(obj: Connection, dialect: Dialect) -> Iterator[str]:
    if obj.port is not None and obj.port not in _WHOLE:
        yield "its port is beyond what Airflow's database has for it"
    if not isinstance(obj.extra, Text) or not obj.extra.text:
        return
    text = obj.extra.text
    if breaks_json(text):
        yield "its extra is JSON that Airflow can't read (a huge number or very deep nesting) and fails on"
        return
    value = _json(text)
    if not isinstance(value, dict):
        if dialect.rules.extra_is_object:
            yield f"its extra is no JSON object, and Airflow {dialect.version} takes nothing else"
        elif dialect.extra_breaks_log and value is not _NO_JSON:
            yield f"its extra is JSON and no object, on which Airflow {dialect.version} fails"


def _of_pool(obj: Pool, dialect: Dialect) -> Iterator[str]:
    if obj.slots == -1 and not dialect.rules.unlimited_pools:
        yield f"a pool of -1 slots breaks the list of all pools in Airflow {dialect.version}"
    elif obj.slots < -1:
        yield "its slots are negative; -1 is without limit"
    elif obj.slots not in _WHOLE:
        yield "its slots are beyond what Airflow's database has for them"


def _json(text: str) -> Any:
    """What Airflow makes of a text: it takes an object with a key that comes twice, unlike our own reader."""
    try:
        return json.loads(text)
    except ValueError:
        return _NO_JSON
