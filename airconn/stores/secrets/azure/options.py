"""Azure Key Vault, as Airflow's `AzureKeyVaultBackend` (microsoft-azure 15.2.1) reads it.

A secret is named `{prefix}{sep}{id}` with `sep` in place of each `_`, and capitals don't matter. So an id can't be
told from a name: airconn writes it into a tag.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from airconn.formats import backend_names
from airconn.formats.key_vault_names import Names
from airconn.model import Kind
from airconn.stores.secrets.azure.client import library

EXAMPLE = "azure-keyvault://my-vault"


@dataclass(frozen=True, slots=True)
class AzureOptions:
    """What Airflow's backend takes, and at the end what is airconn's own.

    Airflow passes what it doesn't know on to `SecretClient`; of that there are the two that users may need.
    """

    TOPIC: ClassVar[str] = "azure"
    connections_prefix: str | None = backend_names.DASHED[Kind.CONNECTIONS]
    variables_prefix: str | None = backend_names.DASHED[Kind.VARIABLES]
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

    def credential(self, **options: Any) -> Any:
        """The credential that Airflow's backend makes of the same options. Sends no request yet."""
        identity = library("azure.identity")
        if self.tenant_id and self.client_id and self.client_secret:
            return identity.ClientSecretCredential(self.tenant_id, self.client_id, self.client_secret, **options)
        if self.managed_identity_client_id and self.workload_identity_tenant_id:
            options |= {
                "managed_identity_client_id": self.managed_identity_client_id,
                "workload_identity_tenant_id": self.workload_identity_tenant_id,
                "additionally_allowed_tenants": [self.workload_identity_tenant_id],
            }
        return identity.DefaultAzureCredential(**options)

    @property
    def names(self) -> Names:
        """How objects and secrets are named after each other."""
        prefixes = {Kind.CONNECTIONS: self.connections_prefix, Kind.VARIABLES: self.variables_prefix}
        return Names(prefixes, self.config_prefix, self.sep, keep_dashes=self.keep_dashes)
