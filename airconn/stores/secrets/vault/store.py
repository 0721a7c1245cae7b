"""The store of HashiCorp Vault and OpenBao, with a KV secrets engine of either version."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

from airconn.config import Settings
from airconn.errors import UsageError
from airconn.model import AirflowObject, Connection, Variable
from airconn.patterns import pattern
from airconn.stores import address_options
from airconn.stores.base import DEFAULT_CONTEXT, Capabilities, Context, Ids
from airconn.stores.secrets.store import SECRET_KINDS, SecretStore
from airconn.stores.secrets.vault.codec import VaultCodec
from airconn.stores.secrets.vault.options import VaultOptions, check
from airconn.stores.secrets.vault.server import VaultServer, base_url
from airconn.stores.secrets.vault.service import VaultService

EXAMPLE = "vault://vault.example.com/secret"

_DEFAULT_SERVER = "http://localhost:8200"
"""The server of an Airflow without a setting for it (`DEFAULT_URL` of hvac)."""


def open_store(address: str, settings: Settings) -> VaultStore:
    """The store of `vault://HOST/MOUNT`, or without HOST at `VAULT_ADDR`."""
    parts = address_options.split(address, example=EXAMPLE)
    given = {"mount_point": parts.path} if parts.path else {}
    chosen = address_options.from_query(VaultOptions, parts.query, **given)
    # Directly at the mount, which isn't the same as no path.
    if parts.query.get("connections_path") == "":
        chosen = replace(chosen, connections_path="")
    if parts.query.get("variables_path") == "":
        chosen = replace(chosen, variables_path="")
    if parts.host and chosen.url is not None:
        raise UsageError("the address names a host, and url another one", hint="keep one of the two")
    return VaultStore(chosen, base_url(parts.host, chosen.url, chosen.tls, settings.environ), settings)


def open_backend(kwargs: Mapping[str, Any], where: str, settings: Settings) -> VaultStore:
    """The store of Airflow's `backend_kwargs`."""
    chosen = address_options.from_kwargs(VaultOptions, kwargs, where)
    known = settings.environ.get("VAULT_ADDR", "").strip() or _DEFAULT_SERVER
    return VaultStore(chosen, base_url("", chosen.url, chosen.tls, {"VAULT_ADDR": known}), settings)


class VaultStore(SecretStore):
    """A KV engine. With version 2, a write after another writer's is refused, and old values are kept."""

    _CAPABILITIES = Capabilities(
        # Vault takes no parent references and nothing unprintable in a path, and no request is made with `.` in one.
        ids=Ids("printable characters, without '..' and with no '/' or blank at the start or the end", pattern(
            r"(?!.*\.\.)(?![/\s])(?!(?:.*/)?\./)(?!(?:.*/)?\.$)(?!.*//)[^\x00-\x1f\x7f-\xa0\xad]+(?<![/\s])"
        )),
        # `max_entry_size` of the integrated storage, which any value has to fit into together with what is around it.
        largest=1_000_000,
    )  # fmt: skip

    def __init__(self, chosen: VaultOptions, url: str, settings: Settings) -> None:
        check(chosen)
        paths = {kind: chosen.paths(kind) for kind in SECRET_KINDS}
        mount = (chosen.mount_point or "").strip("/")
        address = f"vault://{url.partition('://')[2]}/{mount}".rstrip("/")
        service = VaultService(VaultServer(url, chosen, settings, address), paths, mount, chosen.kv_engine_version)
        codec = VaultCodec(uri=chosen.connection_format == "uri")
        is_versioned = chosen.kv_engine_version == 2
        kinds = frozenset(kind for kind in SECRET_KINDS if paths[kind])
        can = replace(self._CAPABILITIES, kinds=kinds, versions=is_versioned, conditional=is_versioned)
        super().__init__(address, service, codec, can)
        self._has_mount = bool(mount)

    def problems(self, obj: AirflowObject, context: Context = DEFAULT_CONTEXT) -> tuple[str, ...]:
        found = tuple(super().problems(obj, context))
        if not found and not obj.id.isprintable():
            return ("the id has characters that can't be printed, which Vault doesn't accept in a path",)
        if not found and not self._has_mount and "/" not in obj.id:
            return ("mount_point isn't set, so an id must begin with one (MOUNT/ID)",)
        return found

    def _text(self, obj: AirflowObject) -> str:
        return json.dumps(self._codec.encode(cast("Connection | Variable", obj)), ensure_ascii=False)
