"""Explains why a server fails to list objects, as far as its version tells."""

from __future__ import annotations

from airconn.airflow.rest_api import RestDialect
from airconn.model import Kind


def why_it_fails(kind: Kind, dialect: RestDialect) -> str:
    """Where to find why a server of this version fails (500) when it is to show objects, and what is known of it."""
    log = "the server's log has the reason"
    if kind is Kind.CONNECTIONS and dialect.rules.extra_is_object:
        return f"{log}; an extra that isn't a JSON object may be one (--from metadb: shows it)"
    if kind is Kind.POOLS and not dialect.rules.unlimited_pools:
        return f"{log}; -1 slots may be one (--from metadb: shows them)"
    return log
