"""Old names, for modules that still use them: see `airconn.stores.http.bodies`."""

from airconn.stores.http.bodies import LIST, OBJECT, SMALL

__all__ = ["LIST", "OBJECT", "SMALL"]
