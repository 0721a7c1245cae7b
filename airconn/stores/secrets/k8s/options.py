"""The options of Airflow's backend for Kubernetes Secrets, and airconn's own."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from airconn.errors import UsageError
from airconn.formats.k8s.names import DATA_KEY, ENTRY, LABEL_KEY, LABELS, NAMESPACE, TEAM_LABEL
from airconn.model import Kind
from airconn.stores import address_options as opts

EXAMPLE = "k8s://my-cluster/airflow"


@dataclass(frozen=True, slots=True)
class KubernetesOptions:
    """The options of Airflow's backend and, at the end, those of airconn."""

    TOPIC: ClassVar[str] = "kubernetes"
    namespace: str | None = None
    connections_label: str | None = LABELS[Kind.CONNECTIONS]
    variables_label: str | None = LABELS[Kind.VARIABLES]
    config_label: str | None = "airflow.apache.org/config-key"
    team_label: str | None = TEAM_LABEL
    connections_data_key: str = DATA_KEY
    variables_data_key: str = DATA_KEY
    config_data_key: str = DATA_KEY
    connection_format: str = "json"
    context: str = field(default="", metadata={"internal": True})
    """The context of the kubeconfig. Airflow itself knows only the cluster that it runs in."""

    @property
    def labels(self) -> dict[Kind, str]:
        """The labels that have ids as their values, of the kinds that have one."""
        found = {Kind.CONNECTIONS: self.connections_label, Kind.VARIABLES: self.variables_label}
        return {kind: label for kind, label in found.items() if label is not None}

    @property
    def data_keys(self) -> dict[Kind, str]:
        return {Kind.CONNECTIONS: self.connections_data_key, Kind.VARIABLES: self.variables_data_key}


def check(options: KubernetesOptions) -> None:
    if options.namespace and not NAMESPACE.fullmatch(options.namespace):
        raise UsageError(
            "not a valid name of a namespace in Kubernetes",
            hint=f"an address is like {EXAMPLE}; a '/' in the name of a context is written %2F",
        )
    named = {
        **{f"{kind.value}_label": label for kind, label in options.labels.items()},
        "team_label": options.team_label,
    }
    for name, label in named.items():
        if label is not None and not LABEL_KEY.fullmatch(label):
            raise UsageError(f"{name} is not a valid name of a label", hint=f"like {LABELS[Kind.CONNECTIONS]}")
    if len(set(options.labels.values())) < len(options.labels):
        raise UsageError("connections_label and variables_label are the same", hint="give them different names")
    for kind, entry in options.data_keys.items():
        if not ENTRY.fullmatch(entry):
            raise UsageError(f"{kind.value}_data_key is not a valid name of an entry in a Secret")
    opts.check_connection_format(options.connection_format)
