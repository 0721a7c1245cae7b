"""Writes Astro's `airflow_settings.yaml`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from airconn.formats import yaml_tree
from airconn.formats.base import Loss, Rendered, WriteOptions, hidden_comments, holdable, holdable_part
from airconn.formats.connection_fields import shown
from airconn.formats.settings.reading import FIELDS
from airconn.model import AirflowObject, Bundle, Connection, Kind, Pool, Variable

ID_FIELDS = {kind: fields[0] for kind, fields in FIELDS.items()}


def entry(obj: AirflowObject) -> dict[str, Any]:
    """An entry of a settings file, as a mapping of the fields that are set."""
    return _write(obj, [])


def _write(obj: AirflowObject, losses: list[Loss]) -> dict[str, Any]:
    if isinstance(obj, Connection):
        return _connection(obj, losses)
    return _pool(obj, losses) if isinstance(obj, Pool) else _variable(obj, losses)


def render(bundle: Bundle, options: WriteOptions) -> Rendered:
    """A settings file, in Astro's order: connections, pools, variables."""
    bundle, losses = holdable(bundle, options)
    tree_: dict[str, Any] = {kind.value: [] for kind in FIELDS}
    for kind in FIELDS:
        for obj in bundle.of_kind(kind).values():
            if reason := _unwritable(obj):
                _lose(obj, "", losses, reason)
            else:
                tree_[kind.value].append(_write(obj, losses))
    chosen = {name: entries for name, entries in tree_.items() if Kind(name) in options.kinds}
    return Rendered(hidden_comments(bundle) + yaml_tree.dump({"airflow": chosen}), tuple(losses))


def stored(obj: AirflowObject, options: WriteOptions) -> AirflowObject | None:
    """The object that is read back after it was written: without what is lost."""
    if _unwritable(obj):
        return None
    losses: list[Loss] = []
    obj = holdable_part(obj, options)
    _write(obj, losses)
    lost = dict.fromkeys(loss.field for loss in losses)
    if isinstance(obj, Pool):
        lost["include_deferred"] = None
    return replace(obj, **lost) if lost else obj  # type: ignore[arg-type]


def _lose(
    obj: AirflowObject, field: str, losses: list[Loss], message: str = "has no field in a settings file"
) -> None:
    losses.append(Loss(obj.kind, obj.id, field, message))


def _unwritable(obj: AirflowObject) -> str:
    """Why a settings file can't hold an object. Empty if it can."""
    if not obj.id:
        return "has an empty id, which a settings file can't hold"
    if isinstance(obj, Connection) and obj.conn_type == "":
        return "has no conn_type, which a settings file requires"
    return ""


def _connection(connection: Connection, losses: list[Loss]) -> dict[str, Any]:
    for field in ("description", "team_name"):
        if getattr(connection, field) is not None:
            _lose(connection, field, losses)
    if connection.port == 0:
        _lose(connection, "port", losses, "is 0, which a settings file reads as not set")
    entry: dict[str, Any] = {"conn_id": connection.conn_id, "conn_type": connection.conn_type}
    for field in ("host", "schema", "login", "password", "port"):
        value = getattr(connection, field)
        if value is not None:
            entry[f"conn_{field}"] = shown(value)
    if connection.extra is not None:
        entry["conn_extra"] = shown(connection.extra)
        if entry["conn_extra"] == "":
            _lose(connection, "extra", losses, "is an empty text, which a settings file reads as not set")
    return entry


def _pool(pool: Pool, losses: list[Loss]) -> dict[str, Any]:
    # A settings file means that deferred tasks don't count, so that False is not a loss.
    for field in ("include_deferred", "team_name"):
        if getattr(pool, field) not in (None, False):
            _lose(pool, field, losses)
    entry: dict[str, Any] = {"pool_name": pool.name, "pool_slot": pool.slots}
    if pool.description is not None:
        entry["pool_description"] = shown(pool.description)
    return entry


def _variable(variable: Variable, losses: list[Loss]) -> dict[str, Any]:
    for field in ("description", "team_name"):
        if getattr(variable, field) is not None:
            _lose(variable, field, losses)
    return {"variable_name": variable.key, "variable_value": shown(variable.value)}
