"""The ids of connections that Airflow's database and API take. Other places have further rules."""

from __future__ import annotations

from airconn.patterns import pattern

LONGEST_STORED = 250
"""`ID_LEN` of models/base.py, the length of the database's column."""
LONGEST_IN_API = 200
"""v1 endpoints/connection_endpoint.py `validate_key`, v2 datamodels/connections.py, and the `airflow` command."""

_STORED = pattern(r"[\w#!()\-.:/\\]+")
_IN_API = pattern(r"[\w.-]+")


def is_stored(conn_id: str) -> bool:
    """Whether the model takes an id (3.x models/connection.py `sanitize_conn_id`). It silently drops others."""
    return len(conn_id) <= LONGEST_STORED and _STORED.fullmatch(conn_id) is not None


def is_in_api(conn_id: str) -> bool:
    """Whether v1 `helpers.validate_key` and v2's pattern of `ConnectionBody` take the characters of an id.

    Both know letters of any script. The length isn't looked at.
    """
    return _IN_API.fullmatch(conn_id) is not None
