"""Old names, for modules that still use them: see `airconn.stores.http.gateways`."""

from airconn.stores.http.gateways import fault as trouble

__all__ = ["trouble"]
