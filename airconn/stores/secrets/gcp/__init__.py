"""Google Cloud Secret Manager, as Airflow's `CloudSecretManagerBackend` (google 22.8.0) reads it."""

from airconn.stores.secrets.gcp.store import open_backend, open_store

__all__ = ["open_backend", "open_store"]
