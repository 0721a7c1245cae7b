"""The service of the secrets of one Key Vault, under the names of Airflow's backend and with tags for their ids."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any, ClassVar

from airconn.formats.key_vault_names import TAGS, Names
from airconn.model import Kind
from airconn.stores.concurrent_changes import CHANGED
from airconn.stores.http.retries import Backoff
from airconn.stores.in_parallel import in_order
from airconn.stores.secrets.azure.client import AzureClient
from airconn.stores.secrets.codec import Payload
from airconn.stores.secrets.service import (
    Declined,
    Foreign,
    Held,
    SecretRefused,
    Service,
    Taken,
    Unavailable,
    owned_by,
)

MOST_TAGS = 15
_BACKOFF = Backoff(first=0.1, longest=3.0)


@dataclass(frozen=True, slots=True)
class _Listed:
    """A secret in the list, and its id, which may be guessed."""

    id: str
    name: str
    left_alone: str = ""
    """Why it isn't read. Empty if it is."""


class AzureKeyVault(Service):
    """One vault. Deleted secrets can be restored for as long as the vault keeps them, and nothing is purged."""

    parallel: ClassVar[int] = 8

    def __init__(self, names: Names, client: AzureClient, address: str, patience: float) -> None:
        """`patience` are the seconds to wait for a secret that is being deleted or restored."""
        self.names = names
        self._client = client
        self._address = address
        self._patience = patience

    def describe(self) -> str:
        return f"Azure Key Vault {self._address.removeprefix('azure-keyvault://')}"

    def account(self) -> object:
        return self._address.lower().removesuffix(":443")

    def name(self, kind: Kind, id_: str) -> str:
        return self.names.name(kind, id_)

    def shared_name(self, kind: Kind, id_: str) -> str:
        return self.names.key(kind, id_)

    def ids(self, kind: Kind) -> Iterable[str]:
        return (listed.id for listed in self._listed(kind))

    def knock(self, kind: Kind) -> None:
        next(self._all(page=1), None)

    def fetch(self, kind: Kind, wanted: Callable[[str], bool]) -> Iterator[Held | Foreign]:
        listed = (one for one in self._listed(kind) if wanted(one.id))
        for found in in_order(lambda one: self._read(kind, one), listed, self.parallel):
            if found is not None:
                yield found

    def get(self, kind: Kind, id_: str) -> Held | None:
        secret = self._found(kind, id_)
        if secret is None:
            return None
        if reason := self._others(kind, id_, secret):
            raise Foreign(reason, id_)
        return _held(id_, secret)

    def create(self, kind: Kind, id_: str, payload: Payload) -> None:
        try:
            secret = self._found(kind, id_)
        except Foreign as error:
            raise Taken(f"a secret with its name exists already: {error.message}") from None
        if secret is not None:
            raise Taken(f"a secret with its name exists already{self._whose(kind, id_, secret)}")
        self._make(self.name(kind, id_), str(payload), {TAGS[kind]: id_})

    def update(self, kind: Kind, id_: str, payload: Payload, held: Held) -> None:
        known = held.properties
        tags = {**(known.tags or {}), TAGS[kind]: id_}
        if len(tags) > MOST_TAGS:
            raise SecretRefused(f"its secret has {MOST_TAGS} tags already, and needs one more for its id")
        # A new version has only the properties that are given again.
        kept = {name: getattr(known, name) for name in ("content_type", "not_before", "expires_on")}
        self._client.set(self.name(kind, id_), str(payload), tags=tags, **kept)

    def delete(self, kind: Kind, id_: str, held: Held) -> None:
        try:
            deleted = self._client.delete(self.name(kind, id_))
        except Declined as error:
            if error.status != 404:
                raise
        else:
            if deleted and deleted != held.version:
                self._bring_back(self.name(kind, id_))

    def _bring_back(self, name: str) -> None:
        """Restores what another writer wrote right before the deletion. Always raises."""
        end, numbers = time.monotonic() + self._patience, count(1)
        try:
            while not (recovered := self._recover(name)) and time.monotonic() < end:
                time.sleep(_BACKOFF.steady(next(numbers)))  # a deletion takes a while
        except SecretRefused:
            recovered = False
        if recovered:
            raise Taken(CHANGED)
        raise SecretRefused(
            "another program's new version was deleted as well; `az keyvault secret recover` restores it"
        )

    def close(self) -> None:
        self._client.close()

    def _all(self, page: int | None = None) -> Iterator[Any]:
        try:
            yield from self._client.list(page)
        except Declined as error:
            raise self._of_all(error) from None

    def _listed(self, kind: Kind) -> Iterator[_Listed]:
        for secret in self._all():
            owner = self.names.owner(secret.name, secret.tags or {})
            if owner is not None and owner[0] is not kind:
                continue
            id_ = owner[1] if owner is not None else self.names.guess(kind, secret.name)
            if id_ is None:
                continue
            reason = "" if secret.enabled is not False else "the secret is disabled"
            yield _Listed(id_, secret.name, reason or _managed(secret))

    def _read(self, kind: Kind, listed: _Listed) -> Held | Foreign | None:
        if listed.left_alone:
            return Foreign(listed.left_alone, listed.id)
        return self.attempt(kind, listed.id)

    def _found(self, kind: Kind, id_: str) -> Any:
        """The secret that Airflow finds for an id, or None. Raises `Foreign` if Airflow fails on it."""
        try:
            return self._client.get(self.name(kind, id_))
        except Declined as error:
            if error.status == 404:
                return None
            if error.code == "SecretDisabled":
                raise Foreign("the secret is disabled", id_) from None
            if error.status == 403:
                # A part must not be given as if it were the whole.
                raise self._of_all(error) from None
            raise

    def _of_all(self, error: Declined) -> Unavailable:
        return Unavailable(error.message, where=self._address, hint=error.hint, topic="azure" if error.hint else None)

    def _others(self, kind: Kind, id_: str, secret: Any) -> str:
        """Why a secret isn't the one of an object although it has its name. Empty if it is."""
        owner = self.names.owner(secret.name, secret.properties.tags or {})
        if owner is not None and owner != (kind, id_):
            return owned_by(*owner)
        return _managed(secret.properties)

    def _whose(self, kind: Kind, id_: str, secret: Any) -> str:
        reason = self._others(kind, id_, secret)
        return f": {reason}" if reason else ""

    def _make(self, name: str, value: str, tags: dict[str, str]) -> None:
        """Creates a secret. A deleted one would be in the way as long as it can be restored, so it is restored."""
        recovered = False
        end = time.monotonic() + self._patience
        for number in count(1):
            try:
                self._client.set(name, value, tags=tags)
            except Declined as error:
                if error.status != 409 or time.monotonic() > end:
                    raise self._not_made(name, error, recovered=recovered) from None
                if error.code == "ObjectIsDeletedButRecoverable" and not recovered:
                    recovered = self._recover(name)
            else:
                return
            time.sleep(_BACKOFF.steady(number))

    def _recover(self, name: str) -> bool:
        try:
            self._client.recover(name)
        except Declined as error:
            if error.status in (404, 409):  # another writer restores it, or the deletion hasn't ended
                return False
            raise SecretRefused(
                f"a deleted secret has its name, and can't be recovered to get a new value: {error.message}"
            ) from None
        return True

    def _not_made(self, name: str, error: Declined, *, recovered: bool) -> SecretRefused:
        """The error for a secret that can't be created. One that was restored for that is deleted again."""
        why = error.message
        if error.status == 409:
            why = f"a deleted secret still has its name after {self._patience:g} s"
        if not recovered:
            return SecretRefused(why)
        try:
            self._client.delete(name)
        except (Declined, Unavailable):
            return SecretRefused(f"{why}; the deleted secret with its name was recovered, and still exists")
        return SecretRefused(f"{why}; the deleted secret with its name is deleted as before")


def _held(id_: str, secret: Any) -> Held:
    return Held(id_, secret.value, secret.properties.version, properties=secret.properties)


def _managed(properties: Any) -> str:
    return "Key Vault itself manages the secret, as part of a certificate" if properties.managed else ""
