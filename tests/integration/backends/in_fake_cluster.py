"""Run inside of Airflow first: its KubernetesSecretsBackend, which knows only the cluster that it runs in, asks the
one of the kubeconfig.
"""

import kubernetes.config

kubernetes.config.load_incluster_config = kubernetes.config.load_kube_config
