"""How Airflow's secrets backends name secrets: the prefixes that they have by default, and what follows a prefix."""

from __future__ import annotations

from airconn.model import Kind

SECRETS_MANAGER = {Kind.CONNECTIONS: "airflow/connections", Kind.VARIABLES: "airflow/variables"}
"""Those of AWS Secrets Manager (`SecretsManagerBackend`)."""
PARAMETER_STORE = {Kind.CONNECTIONS: "/airflow/connections", Kind.VARIABLES: "/airflow/variables"}
"""Those of the Parameter Store of AWS (`SystemsManagerParameterStoreBackend`)."""
DASHED = {Kind.CONNECTIONS: "airflow-connections", Kind.VARIABLES: "airflow-variables"}
"""Those of Google Secret Manager (`CloudSecretManagerBackend`) and Azure Key Vault (`AzureKeyVaultBackend`)."""
VAULT = {Kind.CONNECTIONS: "connections", Kind.VARIABLES: "variables"}
"""The paths of Vault (`VaultBackend`)."""


def secrets_manager_beginning(prefix: str, sep: str = "/") -> str:
    """The text before an id in AWS Secrets Manager (`SecretsManagerBackend.build_path`)."""
    stripped = prefix.rstrip(sep) if sep else prefix
    return f"{stripped}{sep}" if stripped else ""


def parameter_store_beginning(prefix: str) -> str:
    """The text before an id in the Parameter Store of AWS (`_get_secret`, which adds a slash in front)."""
    path = f"{prefix.rstrip('/')}/"
    return path if path.startswith("/") else f"/{path}"
