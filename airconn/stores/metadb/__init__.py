"""The metadata database of an Airflow as a place: everything unmasked, and read-only, as Airflow wants it to be."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airconn.config import Settings
    from airconn.stores.metadb.store import MetadbStore


def open_store(address: str, settings: Settings) -> MetadbStore:
    """The metadata database at this address."""
    from airconn.stores.metadb.store import MetadbStore

    return MetadbStore(address, settings)
