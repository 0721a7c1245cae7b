"""What the tests of the metadata database share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from airconn.config import Settings
from airconn.stores import open_store
from airconn.stores.metadb.store import MetadbStore
from tests.stores.metadb.databases import Airflow


@pytest.fixture
def airflow(tmp_path: Path) -> Airflow:
    """An Airflow 3.3.2 with nothing in it."""
    return Airflow(tmp_path)


@pytest.fixture
def opened() -> Callable[..., MetadbStore]:
    """Opens the database of an Airflow, with more in the environment; a name of None isn't there."""

    def open_(airflow: Airflow, address: str | None = None, **environ: str | None) -> MetadbStore:
        merged = {name: text for name, text in {**airflow.environ, **environ}.items() if text is not None}
        store = open_store(address or airflow.address, Settings(environ=merged, timeout=0.3))
        assert isinstance(store, MetadbStore)
        return store

    return open_
