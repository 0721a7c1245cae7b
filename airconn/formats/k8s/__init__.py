"""The `k8s` format: manifests of Kubernetes Secrets, in YAML documents or in JSON, as `kubectl` takes and gives them.

Two layouts are read: one Secret an object, with the labels by which Airflow's KubernetesSecretsBackend finds it
(providers-cncf-kubernetes 10.25.0 `secrets/kubernetes_secrets_backend.py`), and Secrets whose entries are the
environment variables `AIRFLOW_CONN_*` and `AIRFLOW_VAR_*`, for `envFrom`. What else is in a manifest is left alone.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from airconn.model import Kind

if TYPE_CHECKING:
    from airconn.formats.base import Parsed, ReadOptions, Rendered, WriteOptions
    from airconn.model import AirflowObject, Bundle

KINDS = frozenset({Kind.CONNECTIONS, Kind.VARIABLES})
_KINDS = ("Secret", "SecretList", "List")
_YAML_KIND = re.compile(rf"^(['\"]?)kind\1:[ \t]+(['\"]?)({'|'.join(_KINDS)})\2[ \t]*(#.*)?\r?$", re.MULTILINE)
_YAML_VERSION = re.compile(r"^(['\"]?)apiVersion\1:[ \t]+(['\"]?)v1\2[ \t]*(#.*)?\r?$", re.MULTILINE)
_JSON_KIND = re.compile(rf'"kind"\s*:\s*"({"|".join(_KINDS)})"')


def sniff(text: str) -> bool:
    """Whether a text is a manifest with Secrets, or with a list that may have some: it has both keys at its top."""
    if text.lstrip().startswith("{"):
        return _JSON_KIND.search(text) is not None and _is_json_manifest(text)
    return _YAML_KIND.search(text) is not None and _YAML_VERSION.search(text) is not None


def _is_json_manifest(text: str) -> bool:
    try:
        top = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(top, dict) and top.get("kind") in _KINDS and top.get("apiVersion") == "v1"


def parse(text: str, source: str, options: ReadOptions) -> Parsed:
    """The objects of all Secrets of a manifest. Raises `InputErrors` with the place of every fault."""
    from airconn.formats.k8s import read

    return read.parse(text, source, options)


def render(bundle: Bundle, options: WriteOptions) -> Rendered:
    """A manifest of the bundle's connections and variables, as YAML documents.

    Raises `InputErrors` where they don't fit into one Secret or two of them fall on one name.
    """
    from airconn.formats.k8s import write

    return write.render(bundle, options)


def stored(obj: AirflowObject, options: WriteOptions) -> AirflowObject | None:
    """What is read back of an object that was written: its value is that of an environment variable."""
    from airconn.formats import env

    return env.stored(obj, options)
