"""The fields that an update sends besides those that it changes, so that two writers at once don't mix an object."""

from __future__ import annotations

from airconn.airflow.rest_api import RestDialect
from airconn.model import (
    DEFAULT_POOL,
    Action,
    AirflowObject,
    Connection,
    Kind,
    Step,
    is_unsaid,
    value_fields,
)
from airconn.model.compare import compare
from airconn.model.text import hides
from airconn.stores.airflow_api.stored_forms import stored_form


def sent_along(step: Step, dialect: RestDialect) -> frozenset[str]:
    """The fields that the source says and the target has already, which are sent again with what is written.

    Otherwise one writer's password ends up beside another one's host, where the first found its own host there.
    """
    source, target = step.source, step.target
    if source is None or target is None or not step.written:
        return frozenset()
    left = {change.name for change in step.changes} | step.merged | {"team_name"}
    left |= getattr(source, "literal", frozenset())
    if step.kind is Kind.POOLS and step.id == DEFAULT_POOL:
        left.add("description")
    left |= {field.name for field in compare(stored_form(source, dialect), target)}
    return frozenset(name for name in value_fields(step.kind) if name not in left and _can_be_sent(source, name))


def is_merged(step: Step) -> bool:
    """Whether a step sends something that was merged with what was read. Of an update, only an extra counts."""
    return step.merges and (step.action is Action.REPLACE or "extra" in step.merged & step.written)


def _can_be_sent(source: AirflowObject, name: str) -> bool:
    """Whether a value is known and can be sent: no API clears a password, and some can't clear a description."""
    value = getattr(source, name)
    if value is None or value == "":
        return isinstance(source, Connection) and name != "password" and not is_unsaid(source, name)
    return not hides(value)
