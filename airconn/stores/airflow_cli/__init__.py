"""A deployment of Airflow as a place, reached through its own `airflow` command."""

from __future__ import annotations

from airconn.config import Settings
from airconn.stores.airflow_cli.prefix import Prefix
from airconn.stores.airflow_cli.store import AirflowCliStore


def open_store(address: str, settings: Settings) -> AirflowCliStore:
    """The Airflow to whose command `airflow-cli:COMMAND PREFIX` leads. Raises `UsageError` for no such prefix."""
    return AirflowCliStore(address, Prefix.of(address), settings)
