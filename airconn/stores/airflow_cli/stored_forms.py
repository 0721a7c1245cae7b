"""The form in which the `airflow` command gives back an object, and its comparison with what was written."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar, cast

from airconn.model import (
    REDACTED,
    AirflowObject,
    AirflowVersion,
    Connection,
    Redacted,
    Text,
    Variable,
    rules_for,
)
from airconn.model.compare import FieldComparison, compare
from airconn.stores.airflow_cli.reading import exported, mistaken

T = TypeVar("T", bound=AirflowObject)


def stored_form(obj: T, version: AirflowVersion, *, exact: bool) -> T:
    """The object that `airflow KIND export` gives back after the import of `obj`.

    `exact`: whether the exact texts of variables are known. Teams of connections and variables aren't exported.
    """
    if isinstance(obj, Connection):
        return without_empty_password(replace(obj, team_name=None))
    if isinstance(obj, Variable):
        value: Text | Redacted = obj.value
        description = obj.description if obj.description != "" and _holds_description(obj, version) else None
        if isinstance(value, Text) and not exact:
            taken = None if description is not None or value.hidden else mistaken(value.text, version)
            text, description = taken or (exported(value.text, version), description)
            value = Text(text, value.hidden)
        return cast("T", replace(obj, value=value, description=description, team_name=None))
    return obj


def without_empty_password(obj: T) -> T:
    """`obj` with an empty password as not set, as Airflow stores it (`set_password` of models/connection.py)."""
    if isinstance(obj, Connection) and obj.password == "":
        return cast("T", replace(obj, password=None))
    return obj


def _holds_description(variable: Variable, version: AirflowVersion) -> bool:
    """Whether `airflow variables import` takes a description with this value."""
    rules = rules_for(version)
    is_empty = isinstance(variable.value, Text) and variable.value.text == ""
    return rules.variable_descriptions and (rules.wraps_falsy_values or not is_empty)


def differing(held: AirflowObject, wanted: AirflowObject) -> tuple[str, ...]:
    """The names of the fields that differ from what was written."""
    return tuple(field.name for field in compare(wanted, held) if not _is_as_wanted(field))


def _is_as_wanted(field: FieldComparison) -> bool:
    wanted, held = field.a, field.b
    if held is REDACTED or wanted is REDACTED:
        return True  # a *** that the user says is real
    if field.name == "team_name" and wanted is None:
        return True
    if field.name == "include_deferred":
        return bool(held) == bool(wanted)
    if isinstance(held, Text) and isinstance(wanted, Text):
        return held.text == wanted.text
    return field.is_identical
