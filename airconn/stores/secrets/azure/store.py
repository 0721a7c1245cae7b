"""A Key Vault as a place, in which two objects can have the same secret."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from airconn.config import Settings
from airconn.errors import UsageError
from airconn.formats.key_vault_names import LONGEST
from airconn.model import Action, AirflowObject, Selection, Step
from airconn.model.reading import Key, Note, Reading
from airconn.stores import address_options as opts
from airconn.stores.base import DEFAULT_CONTEXT, Capabilities, Context, Ids
from airconn.stores.secrets.azure.client import AzureClient
from airconn.stores.secrets.azure.options import EXAMPLE, AzureOptions
from airconn.stores.secrets.azure.service import AzureKeyVault
from airconn.stores.secrets.codec import TextCodec
from airconn.stores.secrets.service import Held, owned_by
from airconn.stores.secrets.store import SecretStore
from airconn.stores.secrets.writing import found_before

LARGEST = 25 * 1024
"""The most bytes of a secret: 25 KB, by "About Azure Key Vault secrets"."""
_DOMAIN = ".vault.azure.net"
_HOST = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]*(:[0-9]{1,5})?")


def open_store(address: str, settings: Settings) -> AzureKeyVaultStore:
    """The store of `azure-keyvault://VAULT?OPTION=VALUE`. VAULT is a name or a host, or else vault_url says it."""
    parts = opts.split(address, example=EXAMPLE, has_path=False)
    given = {}
    if parts.host:
        if not _HOST.fullmatch(parts.host):
            raise UsageError("the vault is neither a name nor a host", hint=f"an address is like {EXAMPLE}")
        host = parts.host if "." in parts.host or ":" in parts.host else parts.host + _DOMAIN
        given = {"vault_url": f"https://{host}"}
    return _open(opts.from_query(AzureOptions, parts.query, **given), settings)


def open_backend(kwargs: Mapping[str, Any], where: str, settings: Settings) -> AzureKeyVaultStore:
    """The store of Airflow's `backend_kwargs`."""
    return _open(opts.from_kwargs(AzureOptions, kwargs, where), settings)


def _open(options: AzureOptions, settings: Settings) -> AzureKeyVaultStore:
    url = options.vault_url.strip(" /")
    if not url:
        raise UsageError("no vault is named", hint=f"an address is like {EXAMPLE}")
    parts = urlsplit(url)
    if parts.scheme != "https" or not _HOST.fullmatch(parts.netloc) or parts.path or parts.query or parts.fragment:
        raise UsageError("vault_url is not the URL of a vault", hint="it is like https://my-vault.vault.azure.net")
    opts.check_connection_format(options.connection_format)
    names = options.names
    if fault := names.fault():
        raise UsageError(fault, hint="use letters, digits and '-'; a '_' becomes sep")
    further: dict[str, Any] = {"verify_challenge_resource": options.verify_challenge_resource}
    if options.api_version is not None:
        further["api_version"] = options.api_version
    address = f"azure-keyvault://{parts.netloc.removesuffix(_DOMAIN)}"
    client = AzureClient(options.credential, url, address, settings, **further)
    service = AzureKeyVault(names, client, address, patience=settings.timeout)
    return AzureKeyVaultStore(address, service, TextCodec(options.connection_format))


class AzureKeyVaultStore(SecretStore):
    """Secrets of one vault."""

    def __init__(self, address: str, service: AzureKeyVault, codec: TextCodec) -> None:
        words = "letters, digits, '-' and '_'; capitals are read as small letters"
        can = Capabilities(
            kinds=service.names.kinds,
            ids=Ids(words, re.compile(r"[A-Za-z0-9_-]+")),
            largest=LARGEST,
            versions=True,
            keeps_ids=False,
        )
        super().__init__(address, service, codec, can)
        self._names = service.names
        self._planned: tuple[Context, Mapping[str, Key]] = DEFAULT_CONTEXT, {}
        """A memo of `_first_by_name`."""

    def read(self, selection: Selection, context: Context = DEFAULT_CONTEXT) -> Reading:
        found = super().read(selection, context)
        if selection.ids is not None or not any(map(self._is_guessed, found.versions.items())):
            return found
        note = Note(
            self.address,
            "ids of secrets without a tag come from their names, with '_' for each '-' (airconn help azure)",
        )
        return replace(found, notes=(*found.notes, note))

    def _is_guessed(self, item: tuple[Key, object]) -> bool:
        """Whether the id of a secret that was read may be wrong."""
        (kind, id_), held = item
        return (
            isinstance(held, Held)
            and self._names.is_guessed(id_)
            and self._names.owner(self._names.name(kind, id_), held.properties.tags or {}) is None
        )

    def problems(self, obj: AirflowObject, context: Context = DEFAULT_CONTEXT) -> Sequence[str]:
        found = list(super().problems(obj, context))
        if obj.kind in self.capabilities.kinds and len(self._names.name(obj.kind, obj.id)) > LONGEST:
            found.append(f"with its prefix the id is longer than the {LONGEST} characters that a name has")
        return found

    def refusal(self, step: Step, context: Context = DEFAULT_CONTEXT) -> str:
        key = step.kind, step.id
        if step.action is not Action.CREATE or step.kind not in self.capabilities.kinds:
            return ""
        if reason := found_before(key, context):
            return f"its name is taken: {reason}"
        first = self._first_by_name(context).get(self._names.key(*key), key)
        if isinstance(found_before(first, context), Held):
            return f"its name is taken: {owned_by(*first)}"
        if first != key:
            return f"{first[1]} has the same name in a Key Vault, {self._names.name(*key)}: rename one of them"
        return ""

    def _first_by_name(self, context: Context) -> Mapping[str, Key]:
        """The object that each name belongs to: the one that was read, else the first one that is written."""
        if self._planned[0] is not context:
            wanted = sorted(key for key in context.wanted if key[0] in self.capabilities.kinds)
            first = {name: keys[0] for name, keys in self._keys_by_name(context.before).items()}
            for key in wanted:
                first.setdefault(self._names.key(*key), key)
            self._planned = context, first
        return self._planned[1]
