"""Finds what the `airflow` command refuses, fails on, or would destroy. Quotes no value except the id."""

from __future__ import annotations

from collections.abc import Iterator

from airconn.airflow.command import dialect_of
from airconn.formats.base import extra_fault
from airconn.model import (
    DEFAULT_POOL,
    AirflowObject,
    AirflowVersion,
    Connection,
    Kind,
    Step,
    Text,
    Variable,
    conn_ids,
    rules_for,
)
from airconn.stores import limits

_DEFAULT = Kind.POOLS, DEFAULT_POOL


def problems(obj: AirflowObject, version: AirflowVersion, *, by_program: bool = False) -> Iterator[str]:
    """The reasons why `airflow KIND import` of this version wouldn't take `obj`, or would fail on the whole file.

    `by_program`: the program writes, and not that command. It knows teams, but must not write what the command would
    fail on afterwards.
    """
    yield from limits.problems(obj, version)
    if isinstance(obj, Connection):
        yield from _of_conn_id(obj.id, version)
        if fault := extra_fault(obj, rules_for(version)):
            yield f"its extra {fault}"
    elif isinstance(obj, Variable):
        if isinstance(obj.value, Text) and limits.is_too_deep(obj.value.text):
            yield "its value is JSON that is nested so deep that airflow variables export fails on all of them"
        if obj.team_name is not None and rules_for(version).team_names and not by_program:
            yield "airflow variables import doesn't know teams, and would give it to all"
    elif not obj.name.strip():
        yield "the name is empty"


def _of_conn_id(conn_id: str, version: AirflowVersion) -> Iterator[str]:
    """Why `validate_key` of utils/helpers.py or `sanitize_conn_id` of models/connection.py refuses an id."""
    if not conn_ids.is_in_api(conn_id):
        yield "airflow connections import only accepts letters, digits, '_', '-' and '.' in an id"
    elif rules_for(version).ascii_conn_ids and not conn_id.isascii():
        yield f"Airflow {version} doesn't accept ids with letters outside of a to z"
    elif ".." in conn_id and dialect_of(version).refuses_dots:
        yield f"airflow connections import of {version} doesn't accept an id with two dots in a row"
    if len(conn_id) > conn_ids.LONGEST_IN_API:
        yield f"the id is longer than {conn_ids.LONGEST_IN_API} characters"


def update_refusal(step: Step, *, teams: bool) -> str:
    """Why an import can't make the changes of a step. Empty where it can.

    `connections import --overwrite` merges an object whose password was never set, and so keeps the old one; all else
    it sets, the team among it (cli connection_command.py `_import_helper`; run on 2.11 and 3.3).
    """
    source = step.source
    if isinstance(source, Connection):
        if "password" in step.written and source.password in (None, ""):
            return "airflow connections import can't remove a password"
        return _team_refusal(step, teams=teams)
    return ""


def replace_refusal(step: Step, *, teams: bool) -> str:
    """Why an object can't be deleted and created anew by the command. Empty where it can."""
    return _team_refusal(step, teams=teams) if isinstance(step.source, Connection) else ""


def deletion_refusal(step: Step) -> str:
    """Why an object can't be deleted. Empty where it can."""
    return f"Airflow doesn't allow to delete {DEFAULT_POOL}" if (step.kind, step.id) == _DEFAULT else ""


def _team_refusal(step: Step, *, teams: bool) -> str:
    if teams and step.source is not None and step.source.team_name is None:
        return (
            "this Airflow has teams, which airflow connections export doesn't show; an import "
            "without team_name would remove the connection from its team"
        )
    return ""
