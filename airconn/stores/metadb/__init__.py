"""The metadata database of an Airflow as a place: everything unmasked, and read-only, as Airflow requires."""

from airconn.stores.metadb.store import open_store

__all__ = ["open_store"]
