"""The `k8s` format: manifests of Kubernetes Secrets, in YAML or in JSON, as `kubectl` reads and writes them.

Two layouts are read: one Secret for each object, with the labels by which Airflow's KubernetesSecretsBackend finds it
(providers-cncf-kubernetes 10.25.0 `secrets/kubernetes_secrets_backend.py`), and Secrets whose entries are the
environment variables `AIRFLOW_CONN_*` and `AIRFLOW_VAR_*`, for `envFrom`. All else in a manifest is ignored.
"""
