"""A deployment of Airflow as a place, reached through its own `airflow` command."""

from airconn.stores.airflow_cli.store import open_store

__all__ = ["open_store"]
