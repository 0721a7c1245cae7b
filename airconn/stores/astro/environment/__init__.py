"""The Environment Manager of Astro: connections and variables of a Workspace or a Deployment."""

from airconn.stores.astro.environment.store import open_store

__all__ = ["open_store"]
