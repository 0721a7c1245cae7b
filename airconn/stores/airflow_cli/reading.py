"""Reads the objects that `airflow connections export`, `variables export` and `pools export` write.

Mirrors `cli/commands` of 2.7.3, 2.11.2, 3.0.6, 3.1.8, 3.2.2 and 3.3.2. It is stricter than a reader of files: what
these commands write has one shape.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TypeAlias

from airconn.airflow.command import dialect_of
from airconn.errors import InputError, TargetError
from airconn.formats import connection_fields
from airconn.formats.base import Faults
from airconn.formats.documents import whole_number
from airconn.model import (
    UNDESCRIBED,
    AirflowObject,
    AirflowVersion,
    Kind,
    Origin,
    Pool,
    Text,
    Variable,
    hidden_or,
    jsontext,
    rules_for,
)

Values: TypeAlias = "Mapping[str, str] | None"
_WRAPPER = {"value", "description"}


def objects(
    kind: Kind, entries: Mapping[str, Any], version: AirflowVersion, address: str, values: Values = None
) -> list[AirflowObject]:
    """The objects of these entries of an export. `values` are the texts of variables, where they are known.

    Raises `InputErrors` for objects that no Airflow could use.
    """
    found: list[AirflowObject] = []
    faults = Faults()
    for id_, entry in entries.items():
        origin = Origin(f"{address} {kind.value}/{id_}")
        try:
            if kind is Kind.CONNECTIONS:
                found.append(connection_fields.from_fields(id_, entry, rules_for(version), origin))
            elif kind is Kind.VARIABLES:
                found.append(variable(id_, entry, version, origin, (values or {}).get(id_)))
            else:
                found.append(pool(id_, entry, origin))
        except InputError as error:
            faults.take(error)
    faults.check()
    return found


def document(text: str, where: str) -> Mapping[str, Any]:
    """The JSON of an export. The commands create the file before they look for what to write into it."""
    try:
        found = jsontext.loads(text)
    except jsontext.TooDeepError:
        raise TargetError(
            f"one of the values is nested deeper than {jsontext.MAX_DEPTH} levels",
            where=where,
            hint="airflow variables delete removes it",
        ) from None
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise TargetError("the export of Airflow is not a JSON object", where=where)
    return found


def exact_values(printed: str) -> dict[str, str] | None:
    """The texts of variables by their keys. None if something else was printed."""
    found = (_values_in(line) for line in printed.split("\n") if line.startswith("["))
    return next((values for values in found if values is not None), None)


def _values_in(line: str) -> dict[str, str] | None:
    try:
        return {entry["key"]: entry["val"] for entry in json.loads(line)}
    except (ValueError, TypeError, KeyError):
        return None


def variable(key: str, entry: Any, version: AirflowVersion, origin: Origin, exact: str | None) -> Variable:
    """A variable of an export. An entry that looks like a value with its description may be a value itself."""
    value, description = entry, None
    if _is_wrapper(entry, version) and (exact is None or exported(exact, version) != _text(entry)):
        value, description = entry["value"], entry["description"] or None
    text = exact if exact is not None and exported(exact, version) == _text(value) else _text(value)
    return Variable(
        key=key,
        value=Text.of(text),
        description=hidden_or(description),
        unsaid=frozenset() if rules_for(version).variable_descriptions else UNDESCRIBED,
        origin=origin,
    )


def _is_wrapper(entry: Any, version: AirflowVersion) -> bool:
    """Whether an entry can be `{"value", "description"}` around a value. Before 3.3 the description is always set."""
    if not rules_for(version).variable_descriptions or not isinstance(entry, dict) or set(entry) != _WRAPPER:
        return False
    description = entry["description"]
    return (
        description is None or isinstance(description, str)
        if dialect_of(version).keeps_quoted
        else _says(description)
    )


def _says(description: Any) -> bool:
    return isinstance(description, str) and description != ""


def _text(value: Any) -> str:
    """The text that `airflow variables import` stores for a value."""
    return value if isinstance(value, str) else jsontext.dumps(value, indent=2)


def exported(text: str, version: AirflowVersion) -> str:
    """The text of a variable after `airflow variables export` and an import of that.

    JSON is decoded, and written anew with sorted keys (cli variable_command.py `variables_export`).
    """
    try:
        value = json.loads(text)
        if isinstance(value, str):
            return text if dialect_of(version).keeps_quoted else value
        return json.dumps(value, indent=2, sort_keys=True)
    except (ValueError, RecursionError):
        return text


def mistaken(text: str, version: AirflowVersion) -> tuple[str, str] | None:
    """The value and description that a variable's text is misread as, if the exact texts aren't known.

    Before 3.3 an export doesn't wrap what looks wrapped.
    """
    try:
        entry = jsontext.loads(exported(text, version))
    except ValueError:
        return None
    if not dialect_of(version).keeps_quoted and _is_wrapper(entry, version):
        return _text(entry["value"]), entry["description"]
    return None


def pool(name: str, entry: Any, origin: Origin) -> Pool:
    """A pool of an export."""
    if not isinstance(entry, dict) or "slots" not in entry:
        raise InputError(f"{name}: not a pool", where=str(origin))
    return Pool(
        name=name,
        slots=whole_number(entry["slots"], f"{name}: its slots", origin),
        description=hidden_or(entry.get("description")),
        include_deferred=entry.get("include_deferred"),
        team_name=entry.get("team_name"),
        origin=origin,
    )
