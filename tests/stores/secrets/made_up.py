"""A made-up secrets backend: what a new one has to bring."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from airconn.addresses import PlaceEntry
from airconn.config import Settings
from airconn.model import Kind
from airconn.stores import address_options
from airconn.stores.secrets.codec import Payload, TextCodec
from airconn.stores.secrets.service import Held, Service
from airconn.stores.secrets.store import SecretStore

ENTRY = PlaceEntry(__name__, ("made-up://",), backends=("example.MadeUpBackend",), trusted=r"made-up://\w*")
HELD: dict[str, dict[str, Payload]] = {}
"""The secrets of each vault, by their names."""


@dataclass(frozen=True, slots=True)
class MadeUpOptions:
    """The options of the backend."""

    vault: str = ""
    token: str | None = address_options.secret()


class MadeUpService(Service):
    """One vault of the service."""

    def __init__(self, vault: str) -> None:
        self._vault = vault
        self._held = HELD.setdefault(vault, {})

    def describe(self) -> str:
        return f"the vault {self._vault}"

    def name(self, kind: Kind, id_: str) -> str:
        return f"{kind.value}/{id_}"

    def ids(self, kind: Kind) -> Iterable[str]:
        beginning = self.name(kind, "")
        return [name.removeprefix(beginning) for name in self._held if name.startswith(beginning)]

    def get(self, kind: Kind, id_: str) -> Held | None:
        payload = self._held.get(self.name(kind, id_))
        return None if payload is None else Held(id_, payload)

    def create(self, kind: Kind, id_: str, payload: Payload) -> None:
        self._held[self.name(kind, id_)] = payload

    def update(self, kind: Kind, id_: str, payload: Payload, held: Held) -> None:
        self._held[self.name(kind, id_)] = payload

    def delete(self, kind: Kind, id_: str, held: Held) -> None:
        del self._held[self.name(kind, id_)]


def open_store(address: str, settings: Settings) -> SecretStore:
    """The store of `made-up://VAULT`."""
    parts = address_options.split(address, example="made-up://VAULT", has_path=False)
    return _store(address_options.from_query(MadeUpOptions, parts.query, vault=parts.host))


def open_backend(kwargs: Mapping[str, Any], where: str, settings: Settings) -> SecretStore:
    """The store of what Airflow's configuration says."""
    return _store(address_options.from_kwargs(MadeUpOptions, kwargs, where))


def _store(chosen: MadeUpOptions) -> SecretStore:
    return SecretStore(f"made-up://{chosen.vault}", MadeUpService(chosen.vault), TextCodec("json"))
