"""The declaration of the `k8s` format."""

from __future__ import annotations

import re
from collections.abc import Mapping

from airconn.errors import UsageError
from airconn.formats.declaration import Format
from airconn.formats.dotenv.declaration import CONNECTION_FORMAT
from airconn.formats.format_option import FormatOption

LAYOUT = FormatOption(
    "k8s_layout",
    "One Secret for each object, for Airflow's Kubernetes backend, or one Secret with all as environment "
    "variables [as in FILE, else backend].",
    ("backend", "env"),
)
NAMESPACE = FormatOption("k8s_namespace", "The namespace of the Secrets [none].")
NAME = FormatOption("k8s_name", "The name of the one Secret with all objects [airflow-environment].")

_KINDS = ("Secret", "SecretList", "List")
_YAML_KIND = rf"^(['\"]?)kind\1:[ \t]+(['\"]?)({'|'.join(_KINDS)})\2[ \t]*(#.*)?\r?$"
_YAML_VERSION = r"^(['\"]?)apiVersion\1:[ \t]+(['\"]?)v1\2[ \t]*(#.*)?\r?$"
_JSON_KIND = rf'"kind"\s*:\s*"({"|".join(_KINDS)})"'


def sniff(text: str) -> bool:
    """Whether a text is a manifest with Secrets, or with a list that may have some, by its top-level keys."""
    if text.lstrip().startswith("{"):
        return re.search(_JSON_KIND, text) is not None and _is_json_manifest(text)
    return all(re.search(key, text, re.MULTILINE) for key in (_YAML_KIND, _YAML_VERSION))


def _is_json_manifest(text: str) -> bool:
    import json

    try:
        top = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(top, dict) and top.get("kind") in _KINDS and top.get("apiVersion") == "v1"


def check_options(values: Mapping[str, str], afresh: bool) -> None:
    """Raises `UsageError` for the name of a single Secret if each object gets its own."""
    layout = values.get(LAYOUT.name)
    if values.get(NAME.name) and (layout == "backend" or (afresh and not layout)):
        raise UsageError(
            "--k8s-name is the name of one Secret with all objects; here each object has its own Secret",
            hint="leave --k8s-name out, or add --k8s-layout env",
        )


FORMAT = Format(
    "k8s",
    ("*.k8s.yaml", "*.k8s.yml"),
    sniff,
    reader="airconn.formats.k8s.reading",
    writer="airconn.formats.k8s.writing",
    updater="airconn.formats.k8s.update",
    kind_names=("connections", "variables"),
    options=(CONNECTION_FORMAT, LAYOUT, NAMESPACE, NAME),
    refines=("yaml", "json"),
    check_options=check_options,
)
