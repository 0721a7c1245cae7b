"""The fields of `airflow_settings.yaml` that people mean by other names: Airflow's own, and near misses."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from airconn.model import Kind

_MEANT: dict[Kind, dict[str, tuple[str, ...]]] = {
    Kind.CONNECTIONS: {
        "conn_id": ("id", "name", "conn_name", "connection_id"),
        "conn_type": ("type", "connection_type"),
        "conn_host": ("host", "hostname", "conn_hostname"),
        "conn_schema": ("schema", "database", "db", "conn_database", "conn_db"),
        "conn_login": ("login", "user", "username", "conn_user", "conn_username"),
        "conn_password": ("password", "pass", "passwd", "conn_pass"),
        "conn_port": ("port",),
        "conn_uri": ("uri", "url", "conn_url", "connection_uri", "connection_url"),
        "conn_extra": ("extra", "extras", "conn_extras", "extra_dejson", "conn_extra_dejson"),
    },
    Kind.VARIABLES: {
        "variable_name": ("key", "name", "id", "variable", "variable_key", "var_name", "var_key"),
        "variable_value": ("value", "val", "var_value"),
    },
    Kind.POOLS: {
        "pool_name": ("name", "pool", "id"),
        "pool_slot": ("slot", "slots", "pool_slots"),
        "pool_description": ("description", "desc", "pool_desc"),
    },
}
_BY_NAME = {
    kind: {name: field for field, names in fields.items() for name in names} for kind, fields in _MEANT.items()
}


def meant(kind: Kind, name: str) -> str:
    """The field that was probably meant by a name. Empty if that can't be told."""
    known = name.lower() if name.lower() in _MEANT[kind] else _BY_NAME[kind].get(name.lower())
    if known:
        return known
    from difflib import get_close_matches

    return next(iter(get_close_matches(name[:80].lower(), list(_MEANT[kind]), n=1, cutoff=0.7)), "")


def is_meant(airflow: Mapping[str, Any], source: str) -> bool:
    """Whether a mapping that may be of a Helm chart is meant to be settings.

    It is by a field of Astro's or, where only keys and values have other names, by the name of the file.
    """
    entries = [entry for section in airflow.values() if isinstance(section, list) for entry in section]
    names = [set(entry) for entry in entries if isinstance(entry, dict)]
    if any(not found.isdisjoint(fields) for found in names for fields in _MEANT.values()):
        return True
    is_named = PurePath(source).name.startswith("airflow_settings")
    return is_named and not any({"id", "type"} <= found for found in names)
