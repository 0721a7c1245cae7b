"""Lists objects of the Environment Manager, with their secrets if the organization allows that."""

from __future__ import annotations

import threading
from collections.abc import Callable

from airconn.stores.astro.address import AstroAddress
from airconn.stores.astro.client import AstroApi, AstroRefusal, nothing_watched
from airconn.stores.astro.environment.managed_object import ManagedObject
from airconn.stores.astro.environment.pacing import Paces
from airconn.stores.astro.environment.scope import Scope, find_scope

PATH = "/environment-objects"
_KEY = "environmentObjects"
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
        self._scope: Scope | None = None
        self._refused = False
        """Whether the organization has refused to show secrets."""

    @property
    def scope(self) -> Scope:
        """The scope of the address. Asks for it once. Raises `UsageError` and `TargetError`."""
        with self._lock:
            if self._scope is None:
                self._scope = find_scope(self._api, self._parts)
            return self._scope

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
                if not all(word in error.said.lower() for word in _NOT_ALLOWED):
                    raise
                self._refused = True
        return self._listed(query, type_, key, watch, shows_secrets=False)

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
        found = [ManagedObject(raw, shows_secrets) for raw in self._api.pages(PATH, query, _KEY, watch)]
        # How exactly the server compares a key isn't documented.
        return [
            one
            for one in found
            if (self._linked or self.scope.has(one))
            and (not type_ or one.type == type_)
            and (not key or one.key == key)
        ]
