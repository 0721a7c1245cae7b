"""Manifests and clusters of Kubernetes on the command line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import Result
from tests.stores.secrets.fake_kubernetes import FakeKubernetes

Airconn = Callable[..., Result]


@pytest.fixture
def cluster() -> Iterator[FakeKubernetes]:
    with FakeKubernetes() as cluster:
        yield cluster


def documents(text: str) -> list[Any]:
    return list(yaml.safe_load_all(text))


def test_the_options_say_how_a_manifest_is_written(airconn: Airconn, examples: Path) -> None:
    done = airconn("convert", examples / ".env", "--format", "k8s", "--k8s-namespace", "airflow")
    assert done.code == 0
    assert len(documents(done.out)) == 8
    assert {each["metadata"]["namespace"] for each in documents(done.out)} == {"airflow"}
    options = ["--k8s-layout", "env", "--k8s-name", "objects", "--connection-format", "uri"]
    done = airconn("convert", examples / ".env", "--format", "k8s", *options)
    (secret,) = documents(done.out)
    assert secret["metadata"]["name"] == "objects"
    assert "AIRFLOW_CONN_WAREHOUSE" in secret["data"]
    done = airconn("convert", examples / ".env", "--format", "k8s", "--k8s-namespace", "no_name")
    assert (done.code, "'no_name' is not a valid name" in done.err) == (2, True)


def test_a_manifest_with_hidden_values_warns_of_kubectl(airconn: Airconn, tmp_path: Path) -> None:
    hidden, shown = tmp_path / "hidden.json", tmp_path / ".env"
    hidden.write_text('{"connections": {"db": {"conn_type": "http", "password": "***"}}}')
    result = airconn("convert", hidden, "--format", "k8s")
    assert result.code == 0
    assert (
        "hidden values of connections/db (password) are written as ***, and kubectl apply would store *** in"
        in result.err
    )
    shown.write_text('AIRFLOW_CONN_DB=\'{"conn_type": "http", "password": "p"}\'\n')
    result = airconn("convert", shown, "--format", "k8s", "--mask-secrets")
    assert "secrets of 1 object are masked; kubectl apply would store *** in their place\n" in result.err


def test_a_manifest_that_is_there_is_changed_in_place(airconn: Airconn, examples: Path, tmp_path: Path) -> None:
    path = tmp_path / "secrets.k8s.yaml"
    airconn("convert", examples / ".env", "-o", path, "--k8s-layout", "env", "--k8s-namespace", "airflow")
    path.write_text(f"# ours\n{path.read_text()}")
    assert airconn("import", examples / ".env", "--to", path, "-q").out.count("8 unchanged") == 1
    kinds = ("--connections", "--variables")
    assert airconn("import", examples / "airflow_settings.yaml", "--to", path, *kinds).code == 0
    (secret,) = documents(path.read_text())
    assert path.read_text().startswith("# ours\n")
    assert "AIRFLOW_VAR_ZIP_CODE" in secret["data"]
    listed = airconn("list", "--from", path).out
    assert "Report.Recipients-EU" in listed


def test_a_manifest_for_kubectl_says_what_a_cluster_then_holds(
    airconn: Airconn, cluster: FakeKubernetes, examples: Path, tmp_path: Path
) -> None:
    env = {"KUBECONFIG": str(cluster.kubeconfig(tmp_path / "kubeconfig"))}
    cluster.apply(airconn("convert", examples / "objects.json", "--format", "k8s").out)
    done = airconn("diff", examples / "objects.json", "k8s://test", "--connections", "--exit-code", env=env)
    assert (done.code, done.err) == (0, "")
    done = airconn("export", "--from", "k8s://", "--format", "k8s", "--k8s-namespace", "airflow", env=env)
    names = {each["metadata"]["name"] for each in documents(done.out)}
    assert names == {name for _, name in cluster.secrets}


def test_a_cluster_is_imported_into_compared_and_deleted_from(
    airconn: Airconn, cluster: FakeKubernetes, examples: Path, tmp_path: Path
) -> None:
    env = {"KUBECONFIG": str(cluster.kubeconfig(tmp_path / "kubeconfig"))}
    source = examples / ".env"
    assert airconn("import", source, "--to", "k8s://test/airflow", "--dry-run", env=env).code == 0
    assert cluster.secrets == {}
    done = airconn("import", source, "--to", "k8s://test/airflow", "--verify", env=env)
    assert (done.code, len(cluster.secrets)) == (0, 8)
    before = dict(cluster.secrets)
    done = airconn("import", source, "--to", "k8s://test/airflow", env=env)
    assert "0 created, 0 updated, 8 unchanged" in done.out + done.err
    assert cluster.secrets == before
    assert airconn("delete", "region", "--from", "k8s://test", "-y", env=env).code == 0
    assert ("airflow", "airflow-variable-region") not in cluster.secrets
    shown = airconn("show", "warehouse", "--from", "k8s://test", env=env).out
    assert "k8s://test/airflow/airflow-connection-warehouse" in shown


@pytest.mark.parametrize(("token", "url", "code"), [("wrong", "", 5), ("", "http://127.0.0.1:9", 5)])
def test_a_cluster_that_does_not_let_us_in_is_an_error_of_the_target(
    airconn: Airconn, cluster: FakeKubernetes, examples: Path, tmp_path: Path, token: str, url: str, code: int
) -> None:
    path = cluster.kubeconfig(tmp_path / "kubeconfig", token=token or "t", url=url)
    env = {"KUBECONFIG": str(path), "AIRCONN_RETRIES": "0"}
    done = airconn("import", examples / ".env", "--to", "k8s://", env=env)
    assert done.code == code
    assert "nothing was written" in done.err
    assert "hint:" in done.err
