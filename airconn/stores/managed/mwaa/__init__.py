"""The Airflow of an environment of Amazon MWAA."""

from airconn.stores.managed.mwaa.opening import open_store

__all__ = ["open_store"]
