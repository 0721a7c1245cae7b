"""Old names, for modules that still use them: see `airconn.stores.http.fields`."""

from airconn.stores.http.fields import Item

__all__ = ["Item"]
