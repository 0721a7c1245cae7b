"""What airconn writes for Kubernetes, over the API and as manifests, is what real Airflow finds there."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest

from airconn.config import Settings
from airconn.formats import env, get_format
from airconn.formats.k8s.names import LABELS
from airconn.model import Bundle, Connection, Kind, Selection, Variable
from airconn.stores.secrets.k8s import open_backend, open_store
from tests.formats.options import writing
from tests.integration.backends import judge
from tests.integration.backends.agreement import (
    BackendAgreement,
    Place,
    differences,
    examples,
    generated,
    text_of,
)
from tests.stores.secrets.fake_kubernetes import FakeKubernetes

PRELUDE = Path(__file__).with_name("in_fake_cluster.py")


@pytest.fixture
def cluster() -> Iterator[FakeKubernetes]:
    with FakeKubernetes() as cluster:
        yield cluster


@pytest.fixture
def environ(cluster: FakeKubernetes, tmp_path: Path) -> dict[str, str]:
    return {"KUBECONFIG": str(cluster.kubeconfig(tmp_path / "kubeconfig"))}


class TestKubernetes(BackendAgreement):
    @pytest.fixture
    def place(self, environ: dict[str, str]) -> Iterator[Place]:
        store = open_store("k8s://test", Settings(environ=environ))
        yield Place(store, judge.KUBERNETES, {"namespace": "airflow"}, environ, PRELUDE)
        store.close()


class TestKubernetesWithOptions(BackendAgreement):
    """The same with every option, of which the store is made as well."""

    kwargs: ClassVar[dict[str, Any]] = {
        "namespace": "other",
        "connections_label": "example.com/conn",
        "variables_label": "var",
        "config_label": None,
        "team_label": "example.com/team",
        "connections_data_key": "conn.json",
        "variables_data_key": "text",
        "config_data_key": "x",
    }

    @pytest.fixture
    def place(self, cluster: FakeKubernetes, environ: dict[str, str]) -> Iterator[Place]:
        cluster.namespaces.add("other")
        store = open_backend(self.kwargs, "airflow.cfg", Settings(environ=environ))
        yield Place(store, judge.KUBERNETES, self.kwargs, environ, PRELUDE)
        store.close()


def every_object() -> Bundle:
    by_id = {(obj.kind, obj.id): obj for obj in (*examples(), *generated())}
    return Bundle.of(by_id.values())


@pytest.mark.parametrize("connection_format", ["json", "uri"])
@pytest.mark.parametrize("version", judge.EVERY_VERSION)
def test_airflow_finds_what_a_manifest_says(
    version: str, connection_format: Any, cluster: FakeKubernetes, environ: dict[str, str]
) -> None:
    rendered = get_format("k8s").render(
        every_object(), writing(connection_format=connection_format, k8s_namespace="airflow")
    )
    cluster.apply(rendered.text)
    assert len(cluster.secrets) > (400 if connection_format == "uri" else 500)
    found = [
        (LABELS_OF[label], id_) for s in cluster.secrets.values() for label, id_ in s["metadata"]["labels"].items()
    ]
    answer = judge.ask(
        version,
        judge.KUBERNETES,
        {"namespace": "airflow"},
        connections=[id_ for kind, id_ in found if kind is Kind.CONNECTIONS],
        variables=[id_ for kind, id_ in found if kind is Kind.VARIABLES],
        environ=environ,
        prelude=PRELUDE,
    )
    assert_found(rendered.losses, found, answer)


@pytest.mark.parametrize("version", judge.EVERY_VERSION)
def test_airflow_finds_what_a_manifest_puts_into_its_environment(version: str, cluster: FakeKubernetes) -> None:
    names: dict[str, Any] = {}
    for obj in env.nameable(every_object()):
        names.setdefault(env.env_name(obj.kind, obj.id), obj)  # of which a container has one
    rendered = get_format("k8s").render(Bundle.of(names.values()), writing(k8s_layout="env"))
    cluster.apply(rendered.text)
    (secret,) = cluster.secrets.values()
    # As the kubelet does with `envFrom`.
    environ = {name: base64.b64decode(value).decode() for name, value in secret["data"].items()}
    assert len(environ) > 500
    found = [(obj.kind, obj.id) for name, obj in names.items() if name in environ]
    answer = judge.ask(
        version,
        judge.ENVIRONMENT,
        connections=[id_ for kind, id_ in found if kind is Kind.CONNECTIONS],
        variables=[id_ for kind, id_ in found if kind is Kind.VARIABLES],
        environ=environ,
    )
    assert_found(rendered.losses, found, answer)


LABELS_OF = {label: kind for kind, label in LABELS.items()}


def assert_found(losses: Any, found: list[tuple[Kind, str]], answer: judge.Answer) -> None:
    """Airflow has found each of these as it was, but for what was told to be lost."""
    told: dict[tuple[Kind, str], set[str]] = {}
    for loss in losses:
        told.setdefault((loss.kind, loss.id), set()).add(loss.field)
    bundle = every_object()
    for kind, id_ in found:
        obj = bundle.get(kind, id_)
        if isinstance(obj, Variable):
            assert answer.variables[id_] == text_of(obj.value), id_
        elif isinstance(obj, Connection):
            assert differences(obj, answer.connections[id_]) <= told.get((kind, id_), set()), id_


@judge.on_worker_of("3.3.2")
def test_what_airflow_makes_of_other_secrets(cluster: FakeKubernetes, environ: dict[str, str]) -> None:
    """What the store leaves alone, Airflow doesn't find; of several, it takes one."""
    label = LABELS[Kind.VARIABLES]

    def put(name: str, id_: str, data: dict[str, str], **labels: str) -> None:
        encoded = {key: base64.b64encode(text.encode()).decode() for key, text in data.items()}
        cluster.put({"metadata": {"name": name, "labels": {label: id_, **labels}}, "data": encoded})

    put("a", "plain", {"value": "1"})
    put("b", "of_team", {"value": "1"}, **{"airflow.apache.org/team": "red"})
    put("c", "without", {"other": "1"})
    put("d2", "twice", {"value": "second"})
    put("d1", "twice", {"value": "first"})
    put("e", "empty", {"value": ""})
    ids = ["plain", "of_team", "without", "twice", "empty"]
    answer = judge.ask(
        "3.3.2", judge.KUBERNETES, {"namespace": "airflow"}, variables=ids, environ=environ, prelude=PRELUDE
    )
    store = open_store("k8s://test", Settings(environ=environ))
    ours = store.read(Selection()).bundle.variables
    assert {id_: value for id_, value in answer.variables.items() if value is not None} == {
        id_: text_of(obj.value) for id_, obj in ours.items()
    }
    assert set(ours) == {"plain", "twice", "empty"}
    store.close()
