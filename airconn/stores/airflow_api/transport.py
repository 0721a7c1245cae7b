"""Old names, for modules that still use them: see `airconn.stores.http.transport`."""

from airconn.stores.http.transport import Reply, Request, Transport, unknown_fate

__all__ = ["Reply", "Request", "Transport", "unknown_fate"]
