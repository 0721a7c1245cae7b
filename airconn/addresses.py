"""The registry of places: their addresses, their modules, and which addresses a file of others may name.

A new place is a folder in `stores/` and an entry here.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

from airconn.patterns import pattern

_NAMING = r"(\?{0}(&{0})*)?".format(
    r"(((connections|variables|config)_(prefix|path|label|data_key)|sep|kv_engine_version|keep_dashes"
    r"|connection_format)=[^&\#]*)"
)
"""The names of the secrets, and how they are written. No other option is needed to share a place."""


@dataclass(frozen=True, slots=True)
class PlaceEntry:
    """The properties of a place that are known without loading it."""

    module: str
    """The module with a function `open_store(address: str, settings: Settings) -> Store`."""
    prefixes: tuple[str, ...] = ()
    """The beginnings of its addresses."""
    names: tuple[str, ...] = ()
    """Exact addresses. An entry with neither prefixes nor names is the fallback."""
    backends: tuple[str, ...] = ()
    """The classes of Airflow's own backends for such places. The module of an entry that has some also has a function
    `open_backend(kwargs: Mapping[str, Any], where: str, settings: Settings) -> Store`."""
    extra: str = ""
    """The extra of airconn that it needs: `pip install airconn[EXTRA]`."""
    keeps_deadline: bool = False
    """Whether the place stops at `Settings.deadline` by itself."""
    trusted: str = ""
    """The addresses that `airconn.trust` takes from a file of others, as a regular expression: they send no
    credentials to a host of that file's choice. Without one, all are refused."""
    has_logins: bool = False
    """Whether its addresses use the credentials that the configuration has for them. Others have their own ways."""
    runs_command: bool = False
    """Whether its other addresses have a command in them."""

    def takes(self, address: str) -> bool:
        return address.lower().startswith(self.prefixes) or address in self.names

    def has_scheme(self, address: str) -> bool:
        """Whether an address begins like those of this place, even if the place doesn't take it."""
        scheme = _SCHEME.match(address)
        known = {re.split("[:+]", text)[0] for text in (*self.prefixes, *self.names)}
        return scheme is not None and scheme[1].lower() in known

    def trusts(self, address: str) -> bool:
        return re.fullmatch(self.trusted, address, re.IGNORECASE | re.DOTALL) is not None


_SCHEME = pattern(r"([\w-]+)(?:\+[\w+]+)?:")

REGISTRY = {
    "airflow": PlaceEntry(
        "airconn.stores.airflow_api.store",
        ("http://", "https://"),
        keeps_deadline=True,
        has_logins=True,
        trusted="https?://.*",
    ),
    "metadb": PlaceEntry(
        "airconn.stores.metadb",
        ("metadb:", "metadb+"),
        extra="db",
        # What this machine's Airflow is configured with, or a file.
        trusted=r"metadb:|metadb\+sqlite://.*",
    ),
    "airflow-config": PlaceEntry("airconn.stores.configured", ("airflow-config:",), trusted=r"airflow-config:\w*"),
    "airflow-cli": PlaceEntry(
        "airconn.stores.airflow_cli", ("airflow-cli:",), trusted="airflow-cli: *", runs_command=True
    ),
    "environment": PlaceEntry("airconn.stores.environment", names=("env:",), trusted="env:"),
    "vault": PlaceEntry(
        "airconn.stores.secrets.vault",
        ("vault://",),
        backends=("airflow.providers.hashicorp.secrets.vault.VaultBackend",),
        extra="vault",
        # That of VAULT_ADDR. With a host, this would get the token.
        trusted=rf"vault://(/[\w./%-]*)?{_NAMING}",
    ),
    "aws-secretsmanager": PlaceEntry(
        "airconn.stores.secrets.aws.secretsmanager",
        ("aws-secretsmanager://",),
        backends=("airflow.providers.amazon.aws.secrets.secrets_manager.SecretsManagerBackend",),
        extra="aws",
        # A region of AWS. endpoint_url and role_arn would be elsewhere.
        trusted=f"aws-secretsmanager://[a-z0-9-]*{_NAMING}",
    ),
    "aws-ssm": PlaceEntry(
        "airconn.stores.secrets.aws.ssm",
        ("aws-ssm://",),
        backends=("airflow.providers.amazon.aws.secrets.systems_manager.SystemsManagerParameterStoreBackend",),
        extra="aws",
        trusted=f"aws-ssm://[a-z0-9-]*{_NAMING}",
    ),
    "gcp-secretmanager": PlaceEntry(
        "airconn.stores.secrets.gcp",
        ("gcp-secretmanager://",),
        backends=("airflow.providers.google.cloud.secrets.secret_manager.CloudSecretManagerBackend",),
        extra="gcp",
        # A project at Google. api_endpoint would be elsewhere.
        trusted=rf"gcp-secretmanager://[\w:.-]*{_NAMING}",
    ),
    "composer": PlaceEntry(
        "airconn.stores.managed.composer",
        ("composer://",),
        extra="gcp",
        keeps_deadline=True,
        has_logins=True,
        # None are trusted. The token is for all that the user may do in Google Cloud, and the project that gets it
        # can be that of an attacker.
    ),
    "azure-keyvault": PlaceEntry(
        "airconn.stores.secrets.azure",
        ("azure-keyvault://",),
        backends=("airflow.providers.microsoft.azure.secrets.key_vault.AzureKeyVaultBackend",),
        extra="azure",
        # The name of a vault at Microsoft. With a dot, it is a host.
        trusted=f"azure-keyvault://[a-z0-9-]+{_NAMING}",
    ),
    "k8s": PlaceEntry(
        "airconn.stores.secrets.k8s",
        ("k8s://",),
        backends=("airflow.providers.cncf.kubernetes.secrets.kubernetes_secrets_backend.KubernetesSecretsBackend",),
        extra="k8s",
        # A context of the user's own kubeconfig.
        trusted=rf"k8s://[^?\#]*{_NAMING}",
    ),
    "astro-airflow": PlaceEntry(
        "airconn.stores.managed.astro",
        ("astro-airflow://",),
        keeps_deadline=True,
        has_logins=True,
        # The Astro API says where the Airflow is, and gets the token itself.
        trusted=r"astro-airflow://[^?\#@]*",
    ),
    "astro-env": PlaceEntry(
        "airconn.stores.astro.environment",
        ("astro-env://",),
        keeps_deadline=True,
        has_logins=True,
        # The token goes to the Astro API alone. secret=none would make secrets
        # plain, and auto_link would give them to every Deployment of the Workspace.
        trusted=r"astro-env://[^?\#@]*(\?(as=env|linked=\w+|secret=all|organization=\w+|&)*)?",
    ),
    "astro-vars": PlaceEntry(
        "airconn.stores.astro.deployment",
        ("astro-vars://",),
        keeps_deadline=True,
        has_logins=True,
        # As for astro-env://.
        trusted=r"astro-vars://[^?\#@]*(\?(secret=all|organization=\w+|&)*)?",
    ),
    "mwaa": PlaceEntry(
        "airconn.stores.managed.mwaa",
        ("mwaa://",),
        extra="aws",
        keeps_deadline=True,
        has_logins=True,
        # AWS says where the Airflow is. role_arn, profile_name and through would be a choice of identity.
        trusted=r"mwaa://[a-z0-9-]*/[\w-]*",
    ),
    "local": PlaceEntry(
        "airconn.stores.local",
        ("local:",),
        backends=("airflow.secrets.local_filesystem.LocalFilesystemBackend",),
        trusted="local:.*",
    ),
    "directory": PlaceEntry("airconn.stores.directory"),
    "file": PlaceEntry("airconn.stores.file"),
}


def is_file(address: str) -> bool:
    """Whether an address is the path of a file."""
    return not any(entry.takes(address) for entry in REGISTRY.values()) and "://" not in address


_WILD = pattern(r"[*?\[]")


def is_glob(address: str) -> bool:
    """Whether an address is a pattern for the paths of files, such as `'objects/*.yaml'`, and not a path itself."""
    return bool(_WILD.search(address)) and is_file(address) and not os.path.lexists(address)


def is_directory(address: str) -> bool:
    """Whether an address names several files: those of a directory or of a glob."""
    # The one of pathlib raises for a name that is too long.
    is_there = os.path.isdir(address)  # noqa: PTH112
    return address != "-" and (is_there or is_glob(address))


def runs_command(address: str) -> bool:
    """Whether an address has a command in it."""
    return any(entry.runs_command and entry.takes(address) for entry in REGISTRY.values())
