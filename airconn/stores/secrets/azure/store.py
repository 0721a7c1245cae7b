"""A Key Vault as a place, in which two objects can have the same secret."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import urlsplit

from airconn.config import Settings
from airconn.errors import UsageError
from airconn.formats.base import Note
from airconn.model import Action, AirflowObject, Bundle, Kind, Outcome, Selection, Step
from airconn.stores.base import Capabilities, Ids
from airconn.stores.secrets import options as opts
from airconn.stores.secrets.azure.client import AzureClient
from airconn.stores.secrets.azure.names import LONGEST, TAGS
from airconn.stores.secrets.azure.options import EXAMPLE, AzureOptions
from airconn.stores.secrets.azure.service import AzureKeyVault, another
from airconn.stores.secrets.codec import TextCodec
from airconn.stores.secrets.service import Foreign, Held, Taken
from airconn.stores.secrets.store import SECRET_KINDS, Key, SecretStore

LARGEST = 25 * 1024
"""25 KB, by "About Azure Key Vault secrets"."""
_DOMAIN = ".vault.azure.net"
_HOST = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]*(:[0-9]{1,5})?")


def open_store(address: str, settings: Settings) -> AzureKeyVaultStore:
    """The store of `azure-keyvault://VAULT?OPTION=VALUE`. VAULT is a name or a host, or else vault_url says it."""
    parts = opts.split(address, example=EXAMPLE)
    if parts.path:
        raise UsageError("the address has a path, which means nothing here", hint=f"it is like {EXAMPLE}")
    given = {}
    if parts.host:
        if not _HOST.fullmatch(parts.host):
            raise UsageError("the vault is neither a name nor a host", hint=f"an address is like {EXAMPLE}")
        host = parts.host if "." in parts.host or ":" in parts.host else parts.host + _DOMAIN
        given = {"vault_url": f"https://{host}"}
    return _open(opts.from_query(AzureOptions, parts.query, **given), settings)


def open_backend(kwargs: Mapping[str, Any], where: str, settings: Settings) -> AzureKeyVaultStore:
    """The store of what Airflow's backend is made with."""
    return _open(opts.from_kwargs(AzureOptions, kwargs, where), settings)


def _open(options: AzureOptions, settings: Settings) -> AzureKeyVaultStore:
    url = options.vault_url.strip(" /")
    if not url:
        raise UsageError("no vault is named", hint=f"an address is like {EXAMPLE}")
    parts = urlsplit(url)
    if parts.scheme != "https" or not _HOST.fullmatch(parts.netloc) or parts.path or parts.query or parts.fragment:
        raise UsageError("vault_url is no URL of a vault", hint="it is like https://my-vault.vault.azure.net")
    opts.check_connection_format(options.connection_format)
    names = options.names
    if fault := names.fault():
        raise UsageError(fault, hint="they are made of letters, digits and '-'; a '_' becomes sep")
    further: dict[str, Any] = {"verify_challenge_resource": options.verify_challenge_resource}
    if options.api_version is not None:
        further["api_version"] = options.api_version
    address = f"azure-keyvault://{parts.netloc.removesuffix(_DOMAIN)}"
    client = AzureClient(options.identity, url, address, settings, **further)
    service = AzureKeyVault(names, client, address, patience=settings.timeout)
    return AzureKeyVaultStore(address, service, TextCodec("uri" if options.connection_format == "uri" else "json"))


class AzureKeyVaultStore(SecretStore):
    """Secrets of one vault."""

    capabilities: ClassVar = Capabilities(
        kinds=SECRET_KINDS,
        ids=Ids("letters, digits, '-' and '_', whose capitals count as small letters", re.compile(r"[A-Za-z0-9_-]+")),
        largest=LARGEST,
        versions=True,
        keeps_ids=False,
    )

    def __init__(self, address: str, service: AzureKeyVault, codec: TextCodec) -> None:
        super().__init__(address, service, codec, service.names.kinds)
        self._vault = service
        self._names = service.names
        self._known: dict[str, Key] = {}
        """Which object the secret of a name is, by all that was read."""
        self._planned: dict[str, Key] = {}
        """Which object is to be created under a name, since the last read."""
        self._written: dict[str, Key] = {}
        self._lock = threading.Lock()

    def read(self, selection: Selection) -> Bundle:
        self._planned = {}
        self._vault.guessed = 0
        found = super().read(selection)
        if selection.ids is None and self._vault.guessed:
            tags = " and ".join(TAGS[kind] for kind in Kind if kind in self.kinds)
            self.notes.append(
                Note(
                    self.address,
                    "ids of secrets without a tag are told from their names, with '_' for each '-' "
                    f"(keep_dashes=true keeps it); what airconn writes has the tag {tags}",
                )
            )
        return found

    def _decoded(self, kind: Kind, secret: Held) -> AirflowObject | None:
        owner = self._known.setdefault(self._names.key(kind, secret.id), (kind, secret.id))
        if owner != (kind, secret.id):
            self._leave_alone(kind, Foreign(another(owner), where=secret.id))
            return None
        return super()._decoded(kind, secret)

    def problems(self, obj: AirflowObject) -> Sequence[str]:
        found = list(super().problems(obj))
        if obj.kind in self.kinds and len(self._names.name(obj.kind, obj.id)) > LONGEST:
            found.append(f"with its prefix the id is longer than the {LONGEST} characters that a name has")
        return found

    def create_refusal(self, obj: AirflowObject) -> str:
        key = (obj.kind, obj.id)
        name = self._names.key(*key)
        owner = self._known.get(name)
        if owner is not None and owner != key:
            return f"its name is taken: {another(owner)}"
        if reason := self._foreign.get(key):
            return f"its name is taken: {reason}"
        first = self._planned.setdefault(name, key)
        if first != key:
            return f"{first[1]} has the same name in a Key Vault, {self._names.name(*key)}: rename one of them"
        return ""

    def apply(self, steps: Iterable[Step]) -> Iterator[Outcome]:
        self._written = {}
        yield from super().apply(steps)

    def _carry_out(self, step: Step) -> None:
        if step.kind in self.kinds:
            name, key = self._names.key(step.kind, step.id), (step.kind, step.id)
            with self._lock:
                first = self._written.setdefault(name, key)
            if first != key:
                raise Taken(f"{another(first)}, which was written just now")
        super()._carry_out(step)
        if step.action is Action.DELETE:
            self._known.pop(self._names.key(step.kind, step.id), None)
