"""Old names, for modules that still use them: see `airconn.stores.http.faults`."""

from airconn.stores.http.faults import NoAnswer, OutOfTime

__all__ = ["NoAnswer", "OutOfTime"]
