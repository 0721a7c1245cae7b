"""Explains why a server fails to list objects, as far as its version tells."""

from __future__ import annotations

from airconn.airflow.rest_api import dialect_for
from airconn.model import AirflowVersion, Kind


def why_it_fails(kind: Kind, version: AirflowVersion | None) -> str:
    """Known reasons for which a server of this version fails (500) to show objects, and where to find the cause."""
    log = "the server's log has the reason"
    if version is None:
        return log
    dialect = dialect_for(version)
    if kind is Kind.CONNECTIONS and dialect.rules.extra_is_object:
        return f"{log}; an extra that isn't a JSON object may be one (--from metadb: shows it)"
    if kind is Kind.POOLS and not dialect.rules.unlimited_pools:
        return f"{log}; -1 slots may be one (--from metadb: shows them)"
    return log
