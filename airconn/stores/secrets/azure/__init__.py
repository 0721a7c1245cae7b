"""Azure Key Vault, as Airflow's `AzureKeyVaultBackend` (microsoft-azure 15.2.1) reads it."""

from airconn.stores.secrets.azure.store import open_backend, open_store

__all__ = ["open_backend", "open_store"]
