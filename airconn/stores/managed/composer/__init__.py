"""The Airflow of an environment of Google Cloud Composer 2 and 3 (Managed Service for Apache Airflow)."""

from airconn.stores.managed.composer.store import open_store

__all__ = ["open_store"]
