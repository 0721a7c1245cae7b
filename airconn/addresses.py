"""The registry of stores: the addresses of each, and its module, which isn't loaded for it."""

from __future__ import annotations

from dataclasses import dataclass

_OPTION = (
    r"(?:(?:connections|variables|config)_(?:prefix|path|label|data_key)|sep|kv_engine_version|keep_dashes"
    r"|connection_format)=[^&#]*"
)
_NAMING = rf"(?:\?{_OPTION}(?:&{_OPTION})*)?"
"""The options that say how secrets are named and written. No other option is needed to share a place."""


@dataclass(frozen=True, slots=True)
class StoreEntry:
    """A store, before it is opened."""

    module: str
    """It has a function `open_store(address: str, settings: Settings) -> Store`."""
    prefixes: tuple[str, ...] = ()
    """The beginnings of its addresses."""
    names: tuple[str, ...] = ()
    """Exact addresses. An entry with neither prefixes nor names is the fallback."""
    backends: tuple[str, ...] = ()
    """The classes of Airflow's own backends for such places. The module of an entry that has some also has a function
    `open_backend(kwargs: Mapping[str, Any], where: str, settings: Settings) -> Store`."""
    extra: str = ""
    """The extra of airconn that it needs: `pip install airconn[EXTRA]`."""
    shareable: str = ""
    """A pattern of the addresses that a project's airconn.toml or a plan may name (`airconn.trust`).

    It must not match an address that chooses the host which gets credentials, or runs a command.
    """
    keeps_deadline: bool = False
    """Whether it stops at `Settings.deadline` by itself."""

    @property
    def beginnings(self) -> tuple[str, ...]:
        """How its addresses begin, for messages."""
        return *self.prefixes, *self.names

    def takes(self, address: str) -> bool:
        return address.lower().startswith(self.prefixes) or address in self.names


REGISTRY = {
    "airflow": StoreEntry(
        "airconn.stores.airflow_api.store", ("http://", "https://"), shareable=r"https?://.*", keeps_deadline=True
    ),
    "metadb": StoreEntry(
        "airconn.stores.metadb",
        ("metadb:", "metadb+"),
        extra="db",
        shareable=r"metadb:|metadb\+sqlite://.*",  # what this machine's Airflow is configured with, and a file
    ),
    "airflow-config": StoreEntry("airconn.stores.configured", ("airflow-config:",), shareable=r"airflow-config:\w*"),
    "airflow-cli": StoreEntry("airconn.stores.airflow_cli", ("airflow-cli:",), shareable=r"airflow-cli: *"),
    "environment": StoreEntry("airconn.stores.environment", names=("env:",), shareable="env:"),
    "vault": StoreEntry(
        "airconn.stores.secrets.vault",
        ("vault://",),
        backends=("airflow.providers.hashicorp.secrets.vault.VaultBackend",),
        extra="vault",
        shareable=r"vault://(?:/[\w./%-]*)?" + _NAMING,  # VAULT_ADDR; with a host, that gets the token
    ),
    "aws-secretsmanager": StoreEntry(
        "airconn.stores.secrets.aws.secretsmanager",
        ("aws-secretsmanager://",),
        backends=("airflow.providers.amazon.aws.secrets.secrets_manager.SecretsManagerBackend",),
        extra="aws",
        shareable=r"aws-secretsmanager://[a-z0-9-]*"
        + _NAMING,  # a region; endpoint_url and role_arn would be elsewhere
    ),
    "aws-ssm": StoreEntry(
        "airconn.stores.secrets.aws.ssm",
        ("aws-ssm://",),
        backends=("airflow.providers.amazon.aws.secrets.systems_manager.SystemsManagerParameterStoreBackend",),
        extra="aws",
        shareable=r"aws-ssm://[a-z0-9-]*" + _NAMING,  # a region; endpoint_url and role_arn would be elsewhere
    ),
    "gcp-secretmanager": StoreEntry(
        "airconn.stores.secrets.gcp",
        ("gcp-secretmanager://",),
        backends=("airflow.providers.google.cloud.secrets.secret_manager.CloudSecretManagerBackend",),
        extra="gcp",
        shareable=r"gcp-secretmanager://[\w:.-]*" + _NAMING,  # a project; api_endpoint would be elsewhere
    ),
    "azure-keyvault": StoreEntry(
        "airconn.stores.secrets.azure",
        ("azure-keyvault://",),
        backends=("airflow.providers.microsoft.azure.secrets.key_vault.AzureKeyVaultBackend",),
        extra="azure",
        shareable=r"azure-keyvault://[a-z0-9-]+" + _NAMING,  # a name at Microsoft; with a dot it is a host
    ),
    "k8s": StoreEntry(
        "airconn.stores.secrets.k8s",
        ("k8s://",),
        backends=("airflow.providers.cncf.kubernetes.secrets.kubernetes_secrets_backend.KubernetesSecretsBackend",),
        extra="k8s",
        shareable=r"k8s://[^?#]*" + _NAMING,  # a context of the user's own kubeconfig
    ),
    "local": StoreEntry(
        "airconn.stores.local",
        ("local:",),
        backends=("airflow.secrets.local_filesystem.LocalFilesystemBackend",),
        shareable="local:.*",
    ),
    "file": StoreEntry("airconn.stores.file"),
}
