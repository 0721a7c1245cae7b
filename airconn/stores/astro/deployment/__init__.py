"""The environment variables of a Deployment at Astro."""

from airconn.stores.astro.deployment.store import DeploymentVariablesStore, open_store

__all__ = ["DeploymentVariablesStore", "open_store"]
