"""Azure Key Vault, as Airflow's `AzureKeyVaultBackend` (microsoft-azure 15.2.1) reads it.

A secret is named `{prefix}{sep}{id}` with `sep` in place of each `_`, and capitals don't matter. A name doesn't tell
the id, so airconn writes it into a tag.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from airconn.model import Kind
from airconn.stores.secrets.azure.client import AzureIdentity
from airconn.stores.secrets.azure.names import Names

EXAMPLE = "azure-keyvault://my-vault"


@dataclass(frozen=True, slots=True)
class AzureOptions:
    """The options of Airflow's backend and, at the end, those of airconn.

    Airflow passes unknown options on to `SecretClient`. The two of them that users may need are here.
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
    """Whether the '-' of a name without a tag is a '-' in the id. Otherwise it is read as '_'."""

    @property
    def identity(self) -> AzureIdentity:
        """The identity for Azure."""
        return AzureIdentity(
            tenant_id=self.tenant_id,
            client_id=self.client_id,
            client_secret=self.client_secret,
            managed_identity_client_id=self.managed_identity_client_id,
            workload_identity_tenant_id=self.workload_identity_tenant_id,
        )

    @property
    def names(self) -> Names:
        """The names of secrets by these options."""
        prefixes = {Kind.CONNECTIONS: self.connections_prefix, Kind.VARIABLES: self.variables_prefix}
        return Names(prefixes, self.config_prefix, self.sep, keep_dashes=self.keep_dashes)
