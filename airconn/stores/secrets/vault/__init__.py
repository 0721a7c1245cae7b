"""HashiCorp Vault and OpenBao, with a KV secrets engine of either version (`VaultBackend` of hashicorp 4.8.4)."""

from airconn.stores.secrets.vault.store import open_backend, open_store

__all__ = ["open_backend", "open_store"]
