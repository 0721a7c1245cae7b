"""What the tests of managed Airflows share."""

from __future__ import annotations

import pytest

from airconn.stores.http.retries import Backoff
from airconn.stores.http.transport import Transport


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries without a pause."""
    monkeypatch.setattr(Transport, "backoff", Backoff(first=0))
