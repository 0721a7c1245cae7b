"""Old names, for modules that still use them: see `airconn.stores.http.messages`."""

from airconn.stores.http.messages import Reply, Request, unknown_fate

__all__ = ["Reply", "Request", "unknown_fate"]
