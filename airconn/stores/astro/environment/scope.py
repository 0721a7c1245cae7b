"""The Workspace or the Deployment whose objects a store has."""

from __future__ import annotations

from dataclasses import dataclass

from airconn.stores.astro.address import AstroAddress
from airconn.stores.astro.client import AstroApi
from airconn.stores.astro.environment.managed_object import DEPLOYMENT, WORKSPACE, ManagedObject
from airconn.stores.astro.finding import find_deployment, find_workspace


@dataclass(frozen=True, slots=True)
class EnvironmentScope:
    """A scope of the Environment Manager."""

    type: str
    id: str
    name: str

    @property
    def query(self) -> tuple[str, str]:
        """The parameter of a list for this scope."""
        return ("workspaceId" if self.type == WORKSPACE else "deploymentId"), self.id

    def has(self, found: ManagedObject) -> bool:
        """Whether an object belongs to this scope: the list of a Deployment may have those of the Workspace as well.

        (astronomer/astronomer-cosmos#1541.)
        """
        return found.raw.get("scope") == self.type and found.raw.get("scopeEntityId") == self.id

    def __str__(self) -> str:
        shown = self.id if self.name in ("", self.id) else f"{self.name} ({self.id})"
        return f"the {self.type.capitalize()} {shown}"


def find_scope(api: AstroApi, parts: AstroAddress) -> EnvironmentScope:
    """The scope that an address names. Raises `UsageError` and `TargetError`."""
    where = str(parts)
    if parts.deployment:
        found = find_deployment(api, parts.workspace, parts.deployment, where)
        return EnvironmentScope(DEPLOYMENT, str(found.get("id")), str(found.get("name") or ""))
    workspace = find_workspace(api, parts.workspace, where)
    return EnvironmentScope(WORKSPACE, workspace.id, workspace.name)
