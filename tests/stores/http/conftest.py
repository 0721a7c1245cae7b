"""What the tests of the HTTP stack share with those of the REST store."""

from __future__ import annotations

from tests.stores.airflow_api.conftest import _direct, _impatient, connect, serve, stack

__all__ = ["_direct", "_impatient", "connect", "serve", "stack"]
