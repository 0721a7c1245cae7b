"""Finds what an Airflow's API would refuse or fail on. Sends no request, and quotes no value except the id.

Each rule was seen on real servers, or names the source that it mirrors.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from airconn.airflow.rest_api import RestDialect
from airconn.model import (
    DEFAULT_POOL,
    REDACTED,
    AirflowObject,
    Connection,
    Kind,
    Pool,
    Step,
    Text,
    Variable,
    conn_ids,
)
from airconn.stores import limits
from airconn.stores.limits import breaks_json

_NO_JSON = object()


def problems(obj: AirflowObject, dialect: RestDialect) -> Iterator[str]:
    """The reasons why the API of this version wouldn't take `obj`, as sentences."""
    yield from _of_id(obj, dialect)
    yield from limits.problems(obj, dialect.version)
    if isinstance(obj, Connection):
        yield from _of_connection(obj, dialect)
    elif isinstance(obj, Variable):
        if dialect.normalises_variables and isinstance(obj.value, Text) and breaks_json(obj.value.text):
            yield "its value is JSON that Airflow can't read (a huge number or very deep nesting) and fails on"
    elif isinstance(obj, Pool) and obj.slots == -1 and not dialect.rules.unlimited_pools:
        yield f"a pool of -1 slots breaks the list of all pools in Airflow {dialect.version}"


def update_refusal(step: Step, dialect: RestDialect) -> str:
    """Why no `PATCH` makes the changes of a step. Empty if one does.

    No version takes a password away: v1 `set_password` ignores '', v2 ignores null (run on all).
    """
    source, written = step.source, step.written
    if isinstance(source, Connection):
        if "password" in written and not source.password:
            return "the API can't remove a password"
        if dialect.keeps_masked and source.literal & written:
            return "the API reads *** as the value that it already has"
    if step.kind is Kind.POOLS and step.id == DEFAULT_POOL and written - {"slots", "include_deferred"}:
        return f"the API changes only slots and include_deferred of {DEFAULT_POOL}"
    if isinstance(source, Variable) and "description" in written and source.description is None:
        value = source.value if "value" in written else getattr(step.target, "value", REDACTED)
        if not dialect.nulls_description and (not isinstance(value, Text) or value.hidden):
            return "the API can't remove a description without sending the value, which is hidden"
    return ""


def _of_id(obj: AirflowObject, dialect: RestDialect) -> Iterator[str]:
    if obj.kind is Kind.CONNECTIONS:
        if not conn_ids.is_in_api(obj.id):
            yield "the API only accepts letters, digits, '_', '-' and '.' in an id: --rename changes it"
        elif dialect.rules.ascii_conn_ids and not obj.id.isascii():
            yield f"Airflow {dialect.version} doesn't accept ids with letters outside of a to z"
        if len(obj.id) > conn_ids.LONGEST_IN_API:
            yield f"the id is longer than {conn_ids.LONGEST_IN_API} characters"
        return
    what = limits.ID_WORDS[obj.kind]
    # What has no path can be created and then neither be changed nor deleted.
    if "\n" in obj.id and (dialect.pools_without_line_breaks or obj.kind is Kind.VARIABLES):
        yield f"the API has no path for a {what} with a line break in it"
    is_slashed = obj.id.startswith("/") or (obj.kind is Kind.POOLS and "/" in obj.id)
    if dialect.paths_without_slashes and (is_slashed or not obj.id):
        yield f"the API of Airflow {dialect.version} has no path for this {what}"


def _of_connection(obj: Connection, dialect: RestDialect) -> Iterator[str]:
    if not isinstance(obj.extra, Text) or not obj.extra.text:
        return
    text = obj.extra.text
    if breaks_json(text):
        yield "its extra is JSON that Airflow can't read (a huge number or very deep nesting) and fails on"
        return
    value = _json(text)
    if not isinstance(value, dict):
        if dialect.rules.extra_is_object:
            yield f"its extra is not a JSON object, and Airflow {dialect.version} accepts nothing else"
        elif dialect.extra_breaks_log and value is not _NO_JSON:
            yield f"its extra is JSON but not an object: Airflow {dialect.version} fails"


def _json(text: str) -> Any:
    """The value that Airflow reads from a text. Unlike our own reader it takes an object with the same key twice."""
    try:
        return json.loads(text)
    except ValueError:
        return _NO_JSON
