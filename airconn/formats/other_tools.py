"""Refuses documents of Airflow and of other tools that airconn doesn't read, by their name.

All of them are certain by their shape. Guessing would turn the keys of a settings file into variables.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from airconn.errors import InputError
from airconn.formats import foreign_files, tree
from airconn.model import Kind
from airconn.patterns import pattern

_VARIABLE_NAME = pattern(r"AIRFLOW_(CONN|VAR)_.", re.IGNORECASE)
_KINDS = {"connections", "variables", "pools"}
_OBJECT_ANSWERS = (
    {"key", "value", "is_encrypted"},
    {"connection_id", "conn_type"},
    {"name", "slots", "occupied_slots", "running_slots"},
)
"""Keys of an answer about a single object, which are neither the fields of a file nor a likely set of ids."""
_ERROR_ANSWERS = ({"detail"}, {"detail", "status", "title", "type"})
_CHART_MARKS = {
    "airflowHome", "airflowVersion", "defaultAirflowRepository", "defaultAirflowTag", "extraEnv", "extraEnvFrom",
    "extraConfigMaps", "extraSecrets", "fernetKeySecretName", "webserverSecretKeySecretName", "ingress", "rbac",
}  # fmt: skip
"""Top-level keys of the values of Airflow's Helm charts, which hardly any other file has."""
_SECTIONS_OF_CHARTS = {"ingress", "rbac"}
"""Those that are ordinary words. In the values of a chart they are mappings."""
_CONFIGURATION = "the configuration of another tool, with environment variables of Airflow in it"
_ENV_HINT = "add --from-format environment, or write them as NAME=VALUE lines into a .env file"
_WAY_OUT = ", or add --kind variables if these are variables"
_ASK = "ask the server instead: airconn export --from URL -o FILE"
_OUTPUT = "which isn't a file of this format"
_AS_PRINTED = "leave --from-format out, and don't change the output"


def refuse(document: tree.Mapping | tree.Sequence, source: str, kind: Kind | None, named: Kind | None) -> None:
    """Raises `InputError` for a document that is certainly not a file of objects.

    `kind` is the kind that the user says, which is accepted unless a connection would become a variable. `named` is
    the kind that the file's name says.
    """
    if isinstance(document, tree.Sequence):
        _refuse_list(document, source)
        return
    names = [key for key in document if _VARIABLE_NAME.match(key)]
    has_connections = any(key.upper()[8:12] == "CONN" for key in names)
    if names and (kind is None or (kind is Kind.VARIABLES and has_connections)):
        raise InputError(
            "this looks like a mapping of environment variables (AIRFLOW_VAR_…), and not of variables or connections",
            where=str(document.origin(names[0])),
            hint=("leave --kind out" if kind else "--from-format environment reads it")
            + ("" if has_connections else ", or add --kind variables if these are the names of variables"),
        )
    if kind is not None:
        return
    way_out = _WAY_OUT if named in (None, Kind.VARIABLES) else ""
    for is_one, what, hint in _SHAPES:
        if is_one(document):
            raise InputError(
                f"this looks like {what}", where=source, hint=hint + (way_out if is_one in _LIKELY else "")
            )
    if named is None and any(map(_mentions, document.values())):
        raise InputError(f"this looks like {_CONFIGURATION}", where=source, hint=_ENV_HINT + way_out)
    foreign = foreign_files.of_mapping(document, source, says_variables=named is Kind.VARIABLES)
    if foreign is not None:
        may_be = named is Kind.VARIABLES or (named is None and foreign.is_weak)
        raise InputError(f"this looks like {foreign.what}", where=source, hint=foreign.hint + _WAY_OUT * may_be)


def _refuse_list(document: tree.Sequence, source: str) -> None:
    entry = document[0] if document else None
    if not isinstance(entry, dict):
        return
    if "connection_id" in entry or ("conn_id" in entry and ("get_uri" in entry or "is_encrypted" in entry)):
        what = "airflow connections list"
    elif set(entry) in ({"key", "val"}, {"key"}) or {"key", "value", "is_encrypted"} <= set(entry):
        what = "airflow variables list"
    elif any(map(_mentions, document)):
        raise InputError(f"this looks like {_CONFIGURATION}", where=source, hint=_ENV_HINT)
    elif foreign := foreign_files.of_list(document):
        raise InputError(f"this looks like {foreign.what}", where=source, hint=foreign.hint)
    else:
        return
    raise InputError(
        f"this looks like the output of {what}, {_OUTPUT}",
        where=source,
        hint=f"{_AS_PRINTED}; {what.removesuffix('list')}export FILE writes a file, too",
    )


def chart_error(source: str) -> InputError:
    """The error for the values of a Helm chart."""
    return InputError(
        "this looks like the values of a Helm chart, and not like Astro's settings",
        where=source,
        hint="leave --from-format out, or use --from-format environment",
    )


def _is_answer(document: tree.Mapping) -> bool:
    return "total_entries" in document and any(isinstance(document.get(name), list) for name in _KINDS)


def _is_object_answer(document: tree.Mapping) -> bool:
    return any(names <= set(document) for names in _OBJECT_ANSWERS) and not any(
        isinstance(value, dict) for value in document.values()
    )


def _is_error_answer(document: tree.Mapping) -> bool:
    return set(document) in _ERROR_ANSWERS


def _is_compose(document: tree.Mapping) -> bool:
    services = document.get("services")
    return (
        isinstance(services, dict)
        and any(
            isinstance(service, dict) and not {"image", "build", "environment"}.isdisjoint(service)
            for service in services.values()
        )
        and _mentions(services)
    )


def _is_chart(document: tree.Mapping) -> bool:
    marks = {
        name
        for name in _CHART_MARKS & set(document)
        if name not in _SECTIONS_OF_CHARTS or isinstance(document[name], dict)
    }
    return len(marks) > 1 or (bool(marks) and "executor" in document)


_CHART = "the values of a Helm chart, and none of them is a connection, variable or pool"
_SHAPES: tuple[tuple[Callable[[tree.Mapping], bool], str, str], ...] = (
    (_is_answer, f"an answer of Airflow's REST API (a list with total_entries), {_OUTPUT}", f"{_AS_PRINTED}; {_ASK}"),
    (_is_object_answer, f"an answer of Airflow's REST API about one object, {_OUTPUT}", f"{_AS_PRINTED}; {_ASK}"),
    (_is_error_answer, "an error of Airflow's REST API, without objects", _ASK),
    (_is_compose, "a Docker Compose file", "--from-format environment reads its variables"),
    (_is_chart, _CHART, foreign_files.OWN_FILE),
)
_LIKELY = (_is_error_answer, _is_compose, _is_chart)
"""Shapes that variables with such names can have as well."""


def _mentions(value: Any) -> bool:
    """Whether the name of an Airflow environment variable for an object is anywhere in a value."""
    if isinstance(value, dict):
        return any(_VARIABLE_NAME.match(key) for key in value) or any(map(_mentions, value.values()))
    if isinstance(value, list):
        return any(map(_mentions, value))
    return isinstance(value, str) and re.search(r"\bAIRFLOW_(CONN|VAR)_[A-Za-z0-9]", value) is not None
