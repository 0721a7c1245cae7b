"""A throwaway real Airflow: for rehearsing an import before production, and for airconn's own tests."""

from __future__ import annotations

from airconn.sandbox.box import DEFAULT_TIMEOUT, Sandbox

__all__ = ["DEFAULT_TIMEOUT", "Sandbox"]
