"""Kubernetes Secrets, as Airflow's `KubernetesSecretsBackend` (cncf-kubernetes 10.25.0) finds them."""

from airconn.stores.secrets.k8s.store import open_backend, open_store

__all__ = ["open_backend", "open_store"]
