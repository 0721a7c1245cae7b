"""What the tests of the Environment Manager share."""

from __future__ import annotations

import pytest

from airconn.stores.astro.environment import pacing, writing
from airconn.stores.http import transport
from airconn.stores.http.retries import Backoff
from airconn.stores.http.transport import Transport


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Transport, "backoff", Backoff(first=0))
    monkeypatch.setattr(transport, "retry_after", lambda value: 0.01 if value else None)
    monkeypatch.setattr(pacing, "WINDOW", 0.0)
    monkeypatch.setattr(writing, "_AGAIN", (0.0, 0.0))
