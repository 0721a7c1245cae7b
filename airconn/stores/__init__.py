"""Places: each reads and applies, and decides nothing. The registry opens one by its address."""

from airconn.stores.registry import open_backend as open_backend
from airconn.stores.registry import open_store as open_store
