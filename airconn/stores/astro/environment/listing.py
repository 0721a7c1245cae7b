"""Lists objects of the Environment Manager, with their secrets if the organization allows that."""

from __future__ import annotations

import threading
from collections.abc import Callable

from airconn.errors import TargetError, UsageError
from airconn.stores.astro.address import AstroAddress
from airconn.stores.astro.client import AstroApi, AstroRefusal, nothing_watched
from airconn.stores.astro.environment.managed_object import WORKSPACE, ManagedObject
from airconn.stores.astro.environment.pacing import Paces
from airconn.stores.astro.environment.scope import EnvironmentScope, find_scope

PATH = "/environment-objects"
_KEY = "environmentObjects"
_REQUIRED = ("objectKey", "objectType", "scope")
"""The fields that each object has, and by which it is known (schema `EnvironmentObject`)."""
SHOW = "Organization Settings > General > Environment Secrets Fetching"
"""The setting with which Astro shows secrets. An Organization Owner changes it."""
_OF_TOKEN = "use a token with the role of a Workspace Member or above"  # noqa: S105 - a message
_NOT_ALLOWED = ("showsecrets", "organization", "not allowed")
"""The words of the refusal to show secrets (astro-cli 1.45.0, cloud/env/errors.go), whose status isn't known."""


class ObjectLister:
    """Lists the objects of one scope. Threads may share it. Nothing is asked before the first call."""

    def __init__(self, api: AstroApi, parts: AstroAddress, paces: Paces, *, linked: bool) -> None:
        self._api = api
        self._parts = parts
        self._paces = paces
        self._linked = linked
        self._lock = threading.Lock()
        self._scope: EnvironmentScope | None = None
        self._refused = ""

    @property
    def scope(self) -> EnvironmentScope:
        """The scope of the address. Asks for it once. Raises `UsageError` and `TargetError`."""
        with self._lock:
            if self._scope is None:
                self._scope = find_scope(self._api, self._parts)
            return self._scope

    @property
    def way_to_secrets(self) -> str:
        """How to make Astro show secrets. Empty as long as it hasn't refused that."""
        return self._refused

    def reaching(self) -> set[tuple[str, str]]:
        """The types and keys of the objects that a Deployment gets from its Workspace. Raises as `find`."""
        query = [self.scope.query, ("sorts", "objectKey:asc"), ("resolveLinked", "true")]
        self._paces.gets.wait()
        found = (ManagedObject(raw, shows_secrets=False) for raw in self._api.pages(PATH, query, _KEY))
        return {(one.type, one.key) for one in found if one.raw.get("sourceScope") == WORKSPACE}

    def find(
        self,
        type_: str = "",
        key: str = "",
        *,
        secrets: bool = True,
        watch: Callable[[int, int | None], None] = nothing_watched,
    ) -> list[ManagedObject]:
        """The objects of the scope, all or those of a type or a key. Raises `UsageError` and `TargetError`."""
        query = [self.scope.query, ("sorts", "objectKey:asc")]
        query += [("objectType", type_)] if type_ else []
        query += [("objectKey", key)] if key else []
        query.append(("resolveLinked", "true" if self._linked else "false"))
        if secrets and not self._refused:
            try:
                return self._listed([*query, ("showSecrets", "true")], type_, key, watch, shows_secrets=True)
            except AstroRefusal as error:
                of_organization = all(word in error.said.lower() for word in _NOT_ALLOWED)
                if not of_organization and error.status != 403:
                    raise
                refused = f"turn on {SHOW} (an Organization Owner can)" if of_organization else _OF_TOKEN
            found = self._listed(query, type_, key, watch, shows_secrets=False)
            self._refused = refused
            return found
        return self._listed(query, type_, key, watch, shows_secrets=False)

    def address_of(self, one: ManagedObject) -> str:
        """The address of the scope that an object belongs to: what is linked to a Deployment is of its Workspace."""
        if not self._linked or (one.raw.get("sourceScope") or one.raw.get("scope")) != WORKSPACE:
            return str(self._parts)
        id_ = one.raw.get("sourceScopeEntityId") or one.raw.get("scopeEntityId") or ""
        return str(AstroAddress(self._parts.scheme, self._parts.workspace or str(id_), ""))

    def _listed(
        self,
        query: list[tuple[str, str]],
        type_: str,
        key: str,
        watch: Callable[[int, int | None], None],
        *,
        shows_secrets: bool,
    ) -> list[ManagedObject]:
        self._paces.gets.wait()
        try:
            listed = self._api.pages(PATH, query, _KEY, watch)
        except AstroRefusal as error:
            if error.status != 404:
                raise
            raise UsageError(
                f"Astro has no {self.scope.type.capitalize()} {self.scope.id} that the token sees",
                where=str(self._parts),
                hint=f"the token comes from {self._api.identity.source}",
            ) from None
        for raw in listed:
            if missing := [name for name in _REQUIRED if not isinstance(raw.get(name), str)]:
                raise TargetError(
                    f"Astro returned an object without {missing[0]}, so its kind is unknown",
                    where=self._api.base,
                    hint="check that AIRCONN_ASTRO_API is the Astro API",
                )
        found = [ManagedObject(raw, shows_secrets) for raw in listed]
        # How exactly the server compares a key isn't documented.
        return [
            one
            for one in found
            if (self._linked or self.scope.has(one))
            and (not type_ or one.type == type_)
            and (not key or one.key == key)
        ]
