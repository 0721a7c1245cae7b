"""Which requests tell what a user may do with connections, variables and pools, and change nothing.

Run against real servers of 2.7.3, 2.11.2, 3.0.6 and 3.3.2 with users of several roles, with the audit log looked at
afterwards. v1: `requires_access_*` comes before `action_logging` (www/decorators.py) and the function. v2: FastAPI
runs `requires_access_*` before `action_logging` (logging/decorators.py), and both before it judges the body. So a 403
is an answer of no that leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from airconn.airflow.versions import AirflowVersion


class Right(Enum):
    """What a user may do with the objects of a kind."""

    READ = "read"
    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"


ACTIONS: Mapping[Right, str] = {
    Right.READ: "can_read",
    Right.CREATE: "can_create",
    Right.UPDATE: "can_edit",
    Right.DELETE: "can_delete",
}
"""The names of the rights in the roles of the FAB auth manager (`airflow/security/permissions.py`)."""
RESOURCES: Mapping[str, str] = {"connections": "Connections", "variables": "Variables", "pools": "Pools"}
"""The names of the kinds there."""
_NONE: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class PermissionQuestion:
    """A request that is refused in any case: for a missing right with 403, otherwise for what it asks."""

    method: str
    below: str
    """The path below that of the kind. `/{id}` stands for an id that no object has."""
    yes: frozenset[int]
    """The statuses that mean that the user has the right."""
    body: Mapping[str, str] | None = None
    without_body: bool = False
    """It says that it has a body of JSON, and has none."""
    is_logged: bool = False
    """Whether a user who has the right gets a line in Airflow's audit log."""


_TEST = PermissionQuestion("POST", "/test", frozenset({400, 422}), _NONE)
"""A test of a connection needs the right to create one, and isn't logged. Without an id and a type none is tested."""
_UNLOGGED_DELETE = PermissionQuestion("DELETE", "/{id}", frozenset({400}), without_body=True)
"""`action_logging` reads the body since 2.9, and fails on it before it logs or the function runs."""
_BY_WRITE = {
    # Nothing is created without an id.
    Right.CREATE: PermissionQuestion("POST", "", frozenset({400, 422}), _NONE, is_logged=True),
    Right.UPDATE: PermissionQuestion("PATCH", "/{id}", frozenset({400, 404, 422}), _NONE, is_logged=True),
    Right.DELETE: PermissionQuestion("DELETE", "/{id}", frozenset({404}), is_logged=True),
}


def question(version: AirflowVersion, kind: str, right: Right) -> PermissionQuestion:
    """The request that tells whether a user has a right, if possible one that isn't logged."""
    if right is Right.CREATE and kind == "connections":
        return _TEST
    if right is Right.DELETE and version.is_airflow_2 and version >= AirflowVersion(2, 9):
        return _UNLOGGED_DELETE
    return _BY_WRITE[right]


def roles_path(version: AirflowVersion) -> str:
    """Where the users and roles of the FAB auth manager are."""
    return "/api/v1" if version.is_airflow_2 else "/auth/fab/v1"
