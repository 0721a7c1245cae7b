"""What the tests of managed Airflows share."""

from __future__ import annotations

import pytest

from airconn.stores.http.retries import Backoff
from airconn.stores.http.transport import Transport
from tests.stores import aws_models


@pytest.fixture(autouse=True, scope="session")
def _models_are_read_once() -> None:
    aws_models.read_once()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries without a pause."""
    monkeypatch.setattr(Transport, "backoff", Backoff(first=0))
