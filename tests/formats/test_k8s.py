"""Manifests of Kubernetes Secrets: what they are called, how they are told, and what doesn't fit into one."""

from __future__ import annotations

import base64
import re
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from airconn.errors import InputErrors, UsageError
from airconn.formats import detect, get_format
from airconn.formats.base import ReadOptions, WriteOptions
from airconn.formats.k8s.names import LABEL_VALUE, SECRET_NAME, secret_name
from airconn.model import AirflowObject, Bundle, Connection, Kind, Text, Variable
from tests.formats.options import writing

SECRET = "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ndata: {AIRFLOW_VAR_A: MQ==}\n"
label_values = st.from_regex(LABEL_VALUE, fullmatch=True)


def variable(key: str, value: str = "x") -> Variable:
    return Variable(key=key, value=Text(value))


def documents(*objects: AirflowObject, **options: Any) -> list[dict[str, Any]]:
    """What another reader of YAML makes of a manifest."""
    return list(yaml.safe_load_all(get_format("k8s").render(Bundle.of(objects), writing(**options)).text))


def test_a_secret_of_an_object_is_what_airflow_looks_for() -> None:
    assert documents(variable("region", "é"), k8s_namespace="airflow") == [
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {
                "name": "airflow-variable-region",
                "namespace": "airflow",
                "labels": {"airflow.apache.org/variable-key": "region"},
            },
            "type": "Opaque",
            "data": {"value": base64.b64encode("é".encode()).decode()},
        }
    ]


def test_a_secret_of_the_environment_has_the_names_that_airflow_looks_for() -> None:
    connection = Connection(conn_id="My-Db", conn_type="http")
    (found,) = documents(connection, variable("a.b", "1"), k8s_layout="env", k8s_name="x")
    assert found["metadata"] == {"name": "x", "annotations": {"airconn/ids": '{"AIRFLOW_CONN_MY-DB": "My-Db"}'}}
    data = {name: base64.b64decode(value).decode() for name, value in found["data"].items()}
    assert data == {"AIRFLOW_CONN_MY-DB": '{"conn_type": "http"}', "AIRFLOW_VAR_A.B": "1"}


@pytest.mark.parametrize("layout", ["backend", "env"])
def test_a_manifest_of_nothing_is_one(layout: Any) -> None:
    text = get_format("k8s").render(Bundle(), writing(k8s_layout=layout)).text
    assert yaml.safe_load(text) == {"apiVersion": "v1", "kind": "List", "items": []}
    assert detect("x.yaml", text) == "k8s"
    assert len(get_format("k8s").parse(text, "", ReadOptions()).bundle) == 0


@given(st.lists(label_values, min_size=2, max_size=8, unique=True))
def test_every_id_has_a_secret_name_of_its_own(ids: list[str]) -> None:
    names = [secret_name(kind, id_) for id_ in ids for kind in (Kind.CONNECTIONS, Kind.VARIABLES)]
    assert all(SECRET_NAME.fullmatch(name) for name in names)
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("id_", "name"),
    [
        ("aws_default", "airflow-connection-aws-default"),
        ("a1", "airflow-connection-a1"),
        ("aws-default", r"airflow-connection-aws-default\.[0-9a-f]{10}"),
        ("aws__default", r"airflow-connection-aws--default\.[0-9a-f]{10}"),
        ("Aws.default", r"airflow-connection-aws-default\.[0-9a-f]{10}"),
    ],
)
def test_a_secret_is_called_after_its_object(id_: str, name: str) -> None:
    assert re.fullmatch(name, secret_name(Kind.CONNECTIONS, id_))


@pytest.mark.parametrize("id_", ["", "-a", "a-", "_a", "a b", "é", "a/b", "a\n", "x" * 64])
def test_an_id_that_no_label_can_have_is_a_loss_of_that_object_alone(id_: str) -> None:
    rendered = get_format("k8s").render(Bundle.of([variable(id_), variable("region")]), WriteOptions())
    assert [(loss.id, loss.field) for loss in rendered.losses] == [(id_, "")]
    assert list(get_format("k8s").parse(rendered.text, "", ReadOptions()).bundle.variables) == ["region"]


def test_what_is_too_large_for_a_secret_is_a_loss_and_for_one_secret_together_an_error() -> None:
    for size, losses in ((1024 * 1024, 0), (1024 * 1024 + 1, 1)):
        rendered = get_format("k8s").render(Bundle.of([variable("a", "x" * size)]), WriteOptions())
        assert len(rendered.losses) == losses
    # As one environment variable, its name counts as well.
    for size, losses in ((128 * 1024 - 1 - len("AIRFLOW_VAR_A="), 0), (128 * 1024 - len("AIRFLOW_VAR_A="), 1)):
        rendered = get_format("k8s").render(Bundle.of([variable("a", "x" * size)]), writing(k8s_layout="env"))
        assert len(rendered.losses) == losses
    many = Bundle.of(variable(f"v{number:02}", "x" * 100_000) for number in range(11))
    with pytest.raises(InputErrors, match="1100000 bytes") as caught:
        get_format("k8s").render(many, writing(k8s_layout="env"))
    assert "--k8s-layout backend" in str(caught.value.hint)
    assert get_format("k8s").render(many, WriteOptions()).losses == ()


def test_two_ids_of_one_environment_variable_are_refused_and_have_secrets_of_their_own() -> None:
    both = Bundle.of([variable("a"), variable("A")])
    with pytest.raises(InputErrors, match="both AIRFLOW_VAR_A"):
        get_format("k8s").render(both, writing(k8s_layout="env"))
    assert len(documents(*both)) == 2


@pytest.mark.parametrize(
    "options", [{"k8s_namespace": "a.b"}, {"k8s_namespace": "A"}, {"k8s_namespace": ""}, {"k8s_name": "a_b"}]
)
def test_a_name_that_kubernetes_does_not_take_is_refused(options: dict[str, str]) -> None:
    with pytest.raises(UsageError, match="in Kubernetes"):
        get_format("k8s").render(Bundle(), writing(**options))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("x.yaml", SECRET),
        ("x.yml", SECRET.replace("\n", "\r\n")),
        ("connections.yaml", SECRET),
        ("-", SECRET),
        ("x", "\ufeff" + SECRET),
        ("x.yaml", "kind: Deployment\napiVersion: apps/v1\n---\n'kind': \"Secret\"  # one\napiVersion: 'v1'\n"),
        ("x.json", '{"kind": "List", "items": [], "apiVersion": "v1"}'),
        ("x.yaml", '\n{"kind": "Secret", "apiVersion": "v1"}'),
        ("x.k8s.yaml", ""),
    ],
)
def test_a_manifest_is_told_by_what_is_in_it(path: str, text: str) -> None:
    assert detect(path, text) == "k8s"


@pytest.mark.parametrize(
    ("path", "text", "name"),
    [
        ("variables.yaml", "manifest:\n  apiVersion: v1\n  kind: Secret\n", "yaml"),
        ("variables.json", '{"manifest": {"apiVersion": "v1", "kind": "Secret"}}', "json"),
        ("variables.json", '{"manifest": "\\"kind\\": \\"Secret\\"", "x": "\\"kind\\": \\"List\\""}', "json"),
        ("variables.yaml", "kind: Secret\n", "yaml"),
        ("variables.yaml", "manifest: |\n  apiVersion: v1\n  kind: Secret\n", "yaml"),
        ("x.yaml", "kind: SealedSecret\napiVersion: bitnami.com/v1alpha1\n", "yaml"),
        (".env", "AIRFLOW_VAR_A='\napiVersion: v1\nkind: Secret\n'\n", "env"),
    ],
)
def test_what_only_mentions_a_secret_is_no_manifest(path: str, text: str, name: str) -> None:
    assert detect(path, text) == name


def test_a_format_that_is_named_is_not_looked_for() -> None:
    assert get_format("k8s").parse(SECRET, "x.env", ReadOptions()).bundle.variables["a"].value == Text("1")
