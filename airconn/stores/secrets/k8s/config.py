"""Finds a cluster and the credentials for it: in the kubeconfig, as kubectl finds it, or in the files of a pod."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from airconn.config import Settings
from airconn.errors import UsageError
from airconn.stores.drivers import load
from airconn.stores.secrets.service import Unavailable

EXTRA = "k8s"
SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""The directory with a pod's token, the cluster's authority and the name of the namespace."""


def find(context: str, settings: Settings) -> tuple[Any, str]:
    """The driver's configuration for a cluster, and its namespace, which may be empty.

    An empty `context` is the current one, or the cluster that this process runs in.
    Raises `UsageError`, and `Unavailable` where there are no credentials.
    """
    files = _files(settings)
    if files or context:
        return _of_kubeconfig(files, context, settings)
    if settings.environ.get("KUBERNETES_SERVICE_HOST"):
        return _of_pod(settings)
    raise UsageError(
        "no kubeconfig found, and this is not a pod",
        hint="looked at KUBECONFIG, ~/.kube/config and KUBERNETES_SERVICE_HOST",
        topic="kubernetes",
    )


def _files(settings: Settings) -> list[str]:
    """The files of the kubeconfig that exist."""
    named = settings.environ.get("KUBECONFIG")
    home = settings.environ.get("HOME") or "~"
    paths = named.split(os.pathsep) if named else [str(Path(home, ".kube", "config"))]
    found = [str(Path(path).expanduser()) for path in paths if path and Path(path).expanduser().is_file()]
    if named and not found:
        raise UsageError("KUBECONFIG names no existing file", hint="it is a path, or several with ':' between")
    return found


def _of_kubeconfig(files: list[str], context: str, settings: Settings) -> tuple[Any, str]:
    where = os.pathsep.join(files) or "~/.kube/config"
    if not files:
        raise UsageError(
            f"no kubeconfig found that has the context {context}",
            where=where,
            hint="set KUBECONFIG to its file",
            topic="kubernetes",
        )
    driver = load("kubernetes.config.kube_config", EXTRA)
    try:
        merged = driver.KubeConfigMerger(os.pathsep.join(files)).config
        names = [entry["name"] for entry in merged.safe_get("contexts") or []]
        current = merged.safe_get("current-context") or ""
    except Exception:  # noqa: BLE001 - whatever it says of a file with credentials isn't shown
        raise UsageError("not a kubeconfig", where=where, hint="check it with: kubectl config view") from None
    if (context or current) not in names:
        known = ", ".join(map(str, names)) or "none"
        what = f"has no context {context!r}" if context else "has no current context"
        raise UsageError(
            f"the kubeconfig {what}", where=where, hint=f"an address is k8s://CONTEXT/NAMESPACE; there is {known}"
        )
    configuration = load("kubernetes.client", EXTRA).Configuration()
    try:
        # Without a base path, the paths in each file are relative to that file.
        loader = driver.KubeConfigLoader(merged, active_context=context or current, config_base_path=None)
        loader.load_and_set(configuration)
        chosen = loader.current_context["context"]
        user = merged["users"].get_with_name(chosen["user"], safe=True) if chosen.get("user") else None
        wants_command = user is not None and "exec" in user["user"]
    except Exception:  # noqa: BLE001 - whatever it says of a file with credentials isn't shown
        raise UsageError(
            f"the kubeconfig has an invalid context {context or current}",
            where=where,
            hint=f"check that kubectl --context {context or current} get secrets works",
        ) from None
    if not re.match(r"https?://[^/]", str(configuration.host)):
        raise UsageError(
            f"the server of the context {context or current} is not an http:// or https:// URL", where=where
        )
    if configuration.ssl_ca_cert is None and settings.ca_bundle is not None:
        configuration.ssl_ca_cert = str(settings.ca_bundle)
    if wants_command and not configuration.api_key and not configuration.cert_file:
        raise Unavailable(
            f"the command that gets credentials for the context {context or current} gave none",
            where=where,
            hint=f"kubectl --context {context or current} get secrets runs it too, and shows why",
        )
    return configuration, str(chosen.get("namespace") or "")


def _of_pod(settings: Settings) -> tuple[Any, str]:
    driver = load("kubernetes.config.incluster_config", EXTRA)
    configuration = load("kubernetes.client", EXTRA).Configuration()
    try:
        driver.InClusterConfigLoader(
            token_filename=str(SERVICE_ACCOUNT / "token"),
            cert_filename=str(SERVICE_ACCOUNT / "ca.crt"),
            environ=settings.environ,
        ).load_and_set(configuration)
        namespace = (SERVICE_ACCOUNT / "namespace").read_text().strip()
    except Exception:  # noqa: BLE001 - it may quote the token
        raise UsageError(
            "this pod has no service account that it could show to Kubernetes",
            where=str(SERVICE_ACCOUNT),
            hint="automountServiceAccountToken may be off",
        ) from None
    return configuration, namespace
