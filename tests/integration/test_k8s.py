"""The contract of stores, with Secrets of a Kubernetes API that knows nothing else."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from airconn.config import Settings
from airconn.formats import connection_fields
from airconn.model import NEWEST, AirflowObject, Kind, Origin, Text, Variable, rules_for
from airconn.stores.base import Store
from airconn.stores.secrets.k8s import open_store
from tests.stores.contract import SECRET, StoreContract
from tests.stores.secrets.fake_kubernetes import FakeKubernetes

LABELS = {
    Kind.CONNECTIONS: "airflow.apache.org/connection-id",
    Kind.VARIABLES: "airflow.apache.org/variable-key",
}


@pytest.fixture
def cluster() -> Iterator[FakeKubernetes]:
    with FakeKubernetes() as cluster:
        yield cluster


class Cluster:
    """Looks at the Secrets as they are kept."""

    def __init__(self, cluster: FakeKubernetes) -> None:
        self.cluster = cluster

    def get(self, kind: Kind, id_: str) -> AirflowObject | None:
        found = [
            secret
            for secret in self.cluster.secrets.values()
            if (secret["metadata"].get("labels") or {}).get(LABELS.get(kind, "")) == id_
        ]
        if not found:
            return None
        (secret,) = found
        value = base64.b64decode(secret["data"]["value"]).decode()
        if kind is Kind.VARIABLES:
            return Variable(key=id_, value=Text(value))
        return connection_fields.from_json(id_, value, rules_for(NEWEST), Origin("cluster"))

    def clear(self) -> None:
        self.cluster.secrets.clear()

    def put_variables(self, values: dict[str, str]) -> None:
        for key, value in values.items():
            self.cluster.put(
                {
                    "metadata": {"name": f"of-{key}", "labels": {LABELS[Kind.VARIABLES]: key}},
                    "data": {"value": base64.b64encode(value.encode()).decode()},
                }
            )


class TestKubernetes(StoreContract):
    many = 10_000
    impossible = 4

    @pytest.fixture
    def make(self, cluster: FakeKubernetes, tmp_path: Path) -> Iterator[Callable[..., Store]]:
        made: list[Store] = []

        def make(**config: Any) -> Store:
            path = cluster.kubeconfig(tmp_path / f"kubeconfig-{len(made)}", **config)
            settings = Settings(environ={"KUBECONFIG": str(path)}, timeout=20, retries=1)
            made.append(open_store("k8s://test/airflow", settings))
            return made[-1]

        yield make
        for store in made:
            store.close()

    @pytest.fixture
    def store(self, make: Callable[..., Store]) -> Store:
        return make()

    @pytest.fixture
    def truth(self, cluster: FakeKubernetes) -> Cluster:
        return Cluster(cluster)

    @pytest.fixture
    def unreachable(self, make: Callable[..., Store]) -> Callable[[], Store]:
        return lambda: make(url="http://127.0.0.1:9")

    @pytest.fixture
    def locked_out(self, make: Callable[..., Store]) -> Callable[[], Store]:
        return lambda: make(token=SECRET.strip().encode("ascii", "ignore").decode())
