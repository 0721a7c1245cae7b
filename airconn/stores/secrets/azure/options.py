"""Azure Key Vault, as Airflow's `AzureKeyVaultBackend` (microsoft-azure 15.2.1) reads it.

A secret is named `{prefix}{sep}{id}` with `sep` in place of each `_`, and capitals don't matter. So an id can't be
told from a name: airconn writes it into a tag.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from airconn.config import Settings
from airconn.errors import UsageError
from airconn.model import Kind
from airconn.stores.secrets import options as opts
from airconn.stores.secrets.azure.client import Client, Identity
from airconn.stores.secrets.azure.names import Names
from airconn.stores.secrets.azure.service import AzureKeyVault
from airconn.stores.secrets.azure.store import AzureKeyVaultStore
from airconn.stores.secrets.codec import TextCodec

EXAMPLE = "azure-keyvault://my-vault"
_DOMAIN = ".vault.azure.net"
_HOST = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]*(:[0-9]{1,5})?")


@dataclass(frozen=True, slots=True)
class Options:
    """What Airflow's backend takes, and at the end what is airconn's own.

    Airflow passes what it doesn't know on to `SecretClient`; of that there are the two that somebody may need.
    """

    connections_prefix: str | None = "airflow-connections"
    variables_prefix: str | None = "airflow-variables"
    config_prefix: str | None = "airflow-config"
    vault_url: str = ""
    sep: str = "-"
    tenant_id: str = ""
    client_id: str = ""
    client_secret: str = field(default="", repr=False, metadata={"secret": True})
    managed_identity_client_id: str = ""
    workload_identity_tenant_id: str = ""
    verify_challenge_resource: bool = True
    api_version: str | None = None
    connection_format: str = "json"
    keep_dashes: bool = False
    """Whether a name without a tag has its '-' in the id as well. Otherwise it is taken for a '_'."""

    @property
    def identity(self) -> Identity:
        """Who to be for Azure."""
        return Identity(
            tenant_id=self.tenant_id,
            client_id=self.client_id,
            client_secret=self.client_secret,
            managed_identity_client_id=self.managed_identity_client_id,
            workload_identity_tenant_id=self.workload_identity_tenant_id,
        )

    @property
    def names(self) -> Names:
        """How objects and secrets are named after each other."""
        prefixes = {Kind.CONNECTIONS: self.connections_prefix, Kind.VARIABLES: self.variables_prefix}
        return Names(prefixes, self.config_prefix, self.sep, keep_dashes=self.keep_dashes)


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
    return _open(opts.from_query(Options, parts.query, **given), settings)


def open_backend(kwargs: Mapping[str, Any], where: str, settings: Settings) -> AzureKeyVaultStore:
    """The store of what Airflow's backend is made with."""
    return _open(opts.from_kwargs(Options, kwargs, where), settings)


def _open(options: Options, settings: Settings) -> AzureKeyVaultStore:
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
    client = Client(options.identity, url, address, settings, **further)
    service = AzureKeyVault(names, client, address, patience=settings.timeout)
    return AzureKeyVaultStore(address, service, TextCodec("uri" if options.connection_format == "uri" else "json"))
