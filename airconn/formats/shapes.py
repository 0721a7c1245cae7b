"""What JSON and YAML files of objects look like: Airflow's own shapes of one kind, and the one with three sections.

Connections: `airflow connections export`, and every shape that its import takes (`secrets/local_filesystem.py`).
Variables: `airflow variables export` of 2.x and 3.x. Pools: `airflow pools export`, and airflowctl's list.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import PurePath
from typing import Any

from airconn.errors import InputError
from airconn.formats import connection_fields, tree
from airconn.formats.base import Faults, Loss, Note, Parsed, ReadOptions, WriteOptions
from airconn.formats.connection_fields import shown
from airconn.model import (
    AirflowObject,
    Bundle,
    Connection,
    Kind,
    Origin,
    Pool,
    Text,
    Variable,
    hidden_or,
    jsontext,
)
from airconn.model.jsontext import Number

_WRAPPER = {"value", "description"}
_POOL_FIELDS = {"slots", "description", "include_deferred", "team_name"}
_AIRFLOWCTL_POOL_FIELDS = _POOL_FIELDS | {"name", "pool", "open_slots"}
_CONNECTION_MARKS = {"conn_type", "uri"}


def read(document: Any, source: str, options: ReadOptions) -> Parsed:
    """The objects of a document in any of the shapes.

    Raises `InputError` where it can't be told what the document holds, saying how to settle it.
    """
    if not isinstance(document, tree.Mapping | tree.Sequence):
        raise InputError("this is neither an object nor a list, so it holds no objects", where=source)
    reader = _Reader(options)
    if isinstance(document, tree.Mapping) and _is_sectioned(document):
        for name, section in document.items():
            reader.section(Kind(name), section, document.origin(name), wrapped=True)
    else:
        kind = options.kind or _kind_of_name(source) or _kind_of_content(document)
        if kind is None:
            raise InputError(
                "it can't be told whether this file holds connections or variables",
                where=source,
                hint="say so with --kind connections or --kind variables, or name it connections.* or variables.*",
            )
        reader.section(kind, document, Origin(source, 1), wrapped=False)
    reader.faults.check()
    return Parsed(Bundle.of(reader.found), tuple(reader.notes))


def _is_sectioned(document: tree.Mapping) -> bool:
    names = {kind.value for kind in Kind}
    return bool(document) and all(
        key in names and isinstance(value, tree.Mapping | tree.Sequence | None) for key, value in document.items()
    )


def _kind_of_name(source: str) -> Kind | None:
    words = set(re.split(r"[^a-z]+", PurePath(source).name.lower()))
    kinds = [kind for kind in Kind if words & {kind.value, kind.singular}]
    return kinds[0] if len(kinds) == 1 else None


def _kind_of_content(document: tree.Mapping | tree.Sequence) -> Kind | None:
    entries = list(document.values()) if isinstance(document, tree.Mapping) else list(document)
    if isinstance(document, tree.Mapping) and not entries:
        return Kind.CONNECTIONS  # nothing of any kind
    if not all(isinstance(entry, dict) for entry in entries):
        return None
    if all("slots" in entry and set(entry) <= _AIRFLOWCTL_POOL_FIELDS | _RUNTIME for entry in entries):
        return Kind.POOLS
    if all(_CONNECTION_MARKS & set(entry) and set(entry) <= connection_fields.FILE_KEYS for entry in entries):
        return Kind.CONNECTIONS
    return None


_RUNTIME = {"occupied_slots", "running_slots", "queued_slots", "scheduled_slots", "deferred_slots"}


class _Reader:
    def __init__(self, options: ReadOptions) -> None:
        self.options = options
        self.faults = Faults()
        self.notes: list[Note] = []
        self.found: list[AirflowObject] = []

    def section(self, kind: Kind, section: Any, origin: Origin, *, wrapped: bool) -> None:
        """Reads the entries of one kind. `wrapped`: the shape is airconn's own, in which a wrapper is always one."""
        if section is None:
            return
        if isinstance(section, tree.Sequence) and kind is not Kind.POOLS:
            self.faults.add(f"{kind.value} are an object of {kind.id_field} and value, not a list", origin)
            return
        read: Callable[[str, Any, Origin], AirflowObject | None] = {
            Kind.CONNECTIONS: self.connection,
            Kind.VARIABLES: self.wrapped_variable if wrapped else self.variable,
            Kind.POOLS: self.pool,
        }[kind]
        for id_, value, place in _entries(section):
            try:
                obj = read(id_, value, place)
            except InputError as error:
                self.faults.errors.append(error)
                continue
            if obj is not None:
                self.found.append(obj)

    def connection(self, conn_id: str, value: Any, origin: Origin) -> Connection | None:
        if isinstance(value, list):
            if not value:
                return None  # as Airflow does
            if len(value) > 1:
                raise InputError(
                    f"{conn_id} has several connections, which no Airflow since 2.0 takes", where=str(origin)
                )
            value = value[0]
        if isinstance(value, str):
            if value.lstrip().startswith("{"):
                return connection_fields.from_json(conn_id, value.strip(), self.options.rules, origin)
            return connection_fields.from_uri(conn_id, value, self.options.rules, origin)
        return connection_fields.from_fields(conn_id, value, self.options.rules, origin)

    def wrapped_variable(self, key: str, value: Any, origin: Origin) -> Variable:
        """An entry of the three-section shape: a text, or `{"value", "description"}` around one."""
        if isinstance(value, dict) and "value" in value and set(value) <= _WRAPPER | {"team_name"}:
            return self.unwrapped(key, value, origin)
        return Variable(key=key, value=_variable_text(value), origin=origin)

    def variable(self, key: str, value: Any, origin: Origin) -> Variable:
        """An entry of Airflow's own shape, in which 3.x writes a wrapper and 2.x knows none."""
        rules = self.options.rules
        if isinstance(value, dict) and "value" in value and rules.variable_descriptions:
            if set(value) != _WRAPPER:
                raise InputError(
                    f"{key}: Airflow {rules.version} takes the 'value' of this object for the whole of it",
                    where=str(origin),
                    hint="write the value as a text, or read the file as Airflow 2 does with --airflow 2.11",
                )
            return self.unwrapped(key, value, origin)
        return Variable(key=key, value=_variable_text(value), origin=origin)

    def unwrapped(self, key: str, value: dict[str, Any], origin: Origin) -> Variable:
        description, team_name = value.get("description"), value.get("team_name")
        if isinstance(description, Number):
            description = description.text
        for name, text in (("description", description), ("team_name", team_name)):
            if text is not None and not isinstance(text, str):
                raise InputError(f"{key}: {name!r} is not a text", where=str(origin), hint="put it in quotes")
        return Variable(
            key=key,
            value=_variable_text(value["value"]),
            description=hidden_or(description),
            team_name=team_name,
            origin=origin,
        )

    def pool(self, name: str, value: Any, origin: Origin) -> Pool:
        if not isinstance(value, dict) or "slots" not in value:
            raise InputError(
                f"{name}: a pool is an object with 'slots'",
                where=str(origin),
                hint='like {"slots": 4}',
            )
        unknown = [key for key in value if key not in _AIRFLOWCTL_POOL_FIELDS | _RUNTIME]
        if unknown:
            raise InputError(
                f"{name}: {unknown[0]!r} is no field of a pool",
                where=str(origin),
                hint=f"the fields are {', '.join(sorted(_POOL_FIELDS))}",
            )
        include_deferred, description = value.get("include_deferred", False), value.get("description")
        if not isinstance(include_deferred, bool):
            raise InputError(f"{name}: 'include_deferred' is neither true nor false", where=str(origin))
        if description is not None and not isinstance(description, str):
            raise InputError(f"{name}: 'description' is not a text", where=str(origin), hint="put it in quotes")
        return Pool(
            name=name,
            slots=whole_number(value["slots"], f"{name}: 'slots'", origin),
            description=hidden_or(description),
            include_deferred=include_deferred,
            team_name=value.get("team_name"),
            origin=origin,
        )


def _entries(section: tree.Mapping | tree.Sequence) -> Iterator[tuple[str, Any, Origin]]:
    if isinstance(section, tree.Mapping):
        for key, value in section.items():
            yield key, value, section.origin(key)
        return
    for index, entry in enumerate(section):
        origin = section.origin(index)
        name = (entry.get("name") or entry.get("pool")) if isinstance(entry, dict) else None
        if not isinstance(name, str):
            raise InputError("a pool in a list needs a 'name'", where=str(origin))
        yield name, entry, origin


def whole_number(value: Any, what: str, origin: Origin) -> int:
    """An integer that a document gives as a number or as text. `what` names it for the message."""
    text = value.text if isinstance(value, Number) else value
    if isinstance(text, str) and re.fullmatch(r"\s*[+-]?[0-9]{1,18}\s*", text):
        return int(text)
    raise InputError(f"{what} is not a whole number", where=str(origin))


def _variable_text(value: Any) -> Any:
    """The text that `airflow variables import` stores: strings as they are, all else as JSON with an indent of 2."""
    return Text.of(value if isinstance(value, str) else jsontext.dumps(value, indent=2))


def write(bundle: Bundle, options: WriteOptions) -> tuple[dict[str, Any], tuple[Loss, ...]]:
    """The bundle as a tree of plain values, and what of it the shape doesn't hold.

    With exactly one kind asked for, it is what `airflow KIND import` reads, else the shape with three sections.
    """
    if len(options.kinds) != 1:
        names = [kind for kind in Kind if kind in options.kinds]
        return {kind.value: _section(kind, bundle, []) for kind in names}, ()
    (kind,) = options.kinds
    losses: list[Loss] = []
    if kind is Kind.VARIABLES:
        losses = [loss for variable in bundle.variables.values() for loss in _variable_losses(variable, options)]
    lost = {loss.id for loss in losses if loss.field == "description"}
    return _section(kind, bundle, lost), tuple(losses)


def _section(kind: Kind, bundle: Bundle, bare: Any) -> dict[str, Any]:
    if kind is Kind.CONNECTIONS:
        return {id_: connection_fields.to_fields(connection) for id_, connection in bundle.connections.items()}
    if kind is Kind.VARIABLES:
        return {key: _variable_entry(variable, key in bare) for key, variable in bundle.variables.items()}
    return {name: _pool_entry(pool) for name, pool in bundle.pools.items()}


def _variable_entry(variable: Variable, bare: bool) -> Any:
    value = shown(variable.value)
    if variable.description is None or bare:
        return value
    return {"value": value, "description": shown(variable.description)}


def _variable_losses(variable: Variable, options: WriteOptions) -> Iterator[Loss]:
    rules = options.rules
    if variable.team_name is not None:
        yield Loss(variable.kind, variable.id, "team_name", "airflow variables import knows no team")
    if variable.description is None:
        return
    if not rules.variable_descriptions:
        yield Loss(
            variable.kind, variable.id, "description", f"airflow variables import of {rules.version} knows none"
        )
    elif shown(variable.value) == "" and not rules.wraps_falsy_values:
        yield Loss(
            variable.kind,
            variable.id,
            "description",
            f"airflow variables import of {rules.version} takes none with an empty value",
        )


def _pool_entry(pool: Pool) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "slots": pool.slots,
        "description": shown(pool.description),
        "include_deferred": bool(pool.include_deferred),
    }
    if pool.team_name is not None:
        entry["team_name"] = pool.team_name
    return entry
