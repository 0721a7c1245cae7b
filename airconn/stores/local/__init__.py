"""The files of Airflow's LocalFilesystemBackend as a place: one of connections, and one of variables."""

from airconn.stores.local.address import open_backend, open_store
from airconn.stores.local.store import LocalStore

__all__ = ["LocalStore", "open_backend", "open_store"]
