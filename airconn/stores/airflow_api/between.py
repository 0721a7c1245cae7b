"""Old names, for modules that still use them: see `airconn.stores.http.gateways`."""

from airconn.stores.http.gateways import trouble

__all__ = ["trouble"]
