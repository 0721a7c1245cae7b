"""Airflow's REST API as a place: `/api/v1` of Airflow 2.7 to 2.11 and `/api/v2` of Airflow 3."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airconn.config import Settings
    from airconn.stores.base import Store


def open_store(address: str, settings: Settings) -> Store:
    """The Airflow at this address. It is not asked anything yet.

    Raises `UsageError` for an address that can't be one of an Airflow, or that has credentials in it.
    """
    from airconn.stores.airflow_api.store import AirflowApiStore

    return AirflowApiStore(address, settings)
