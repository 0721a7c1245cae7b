"""Secrets of a Kubernetes cluster as a place, before a fake of its API."""

from __future__ import annotations

import base64
import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from airconn.config import Settings
from airconn.errors import TargetError, UsageError
from airconn.model import Action, Connection, Kind, Selection, Text, Variable
from airconn.stores.base import Context, Store
from airconn.stores.secrets.k8s import config as k8s_config
from airconn.stores.secrets.k8s import open_backend, open_store
from airconn.stores.secrets.k8s.store import KubernetesStore
from tests.stores.contract import create, do, planned, step
from tests.stores.secrets.fake_kubernetes import TOKEN, FakeKubernetes

CONNECTION_LABEL = "airflow.apache.org/connection-id"
VARIABLE_LABEL = "airflow.apache.org/variable-key"
REGION = Variable(key="region", value=Text("eu"))
NAME = ("airflow", "airflow-variable-region")


@pytest.fixture
def cluster() -> Iterator[FakeKubernetes]:
    with FakeKubernetes("other") as cluster:
        yield cluster


@pytest.fixture
def environ(cluster: FakeKubernetes, tmp_path: Path) -> dict[str, str]:
    return {"KUBECONFIG": str(cluster.kubeconfig(tmp_path / "kubeconfig"))}


@pytest.fixture
def opened(environ: dict[str, str]) -> Iterator[Callable[..., KubernetesStore]]:
    made: list[Store] = []

    def opened(address: str = "k8s://test/airflow", **settings: Any) -> KubernetesStore:
        made.append(open_store(address, Settings(**{"environ": environ, "timeout": 20, "retries": 2, **settings})))
        return made[-1]  # type: ignore[return-value]

    yield opened
    for store in made:
        store.close()


@pytest.fixture
def store(opened: Callable[..., KubernetesStore]) -> KubernetesStore:
    return opened()


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def variable_secret(name: str = "of-ours", key: str = "region", **more: Any) -> dict[str, Any]:
    metadata = {"name": name, "labels": {VARIABLE_LABEL: key}, **more.pop("metadata", {})}
    return {"metadata": metadata, "data": {"value": encoded("eu")}, **more}


def value(cluster: FakeKubernetes, name: str) -> str:
    return base64.b64decode(cluster.secrets["airflow", name]["data"]["value"]).decode()


def read(store: Store) -> dict[str, Any]:
    return {
        obj.id: obj.value
        for obj in store.read(Selection(kinds=frozenset({Kind.VARIABLES}))).bundle.variables.values()
    }


class TestAddresses:
    @pytest.mark.parametrize(
        ("address", "message"),
        [
            ("k8s://test/airflow?conections_label=x", "'conections_label' is not an option"),
            ("k8s://test/airflow?namespace=x", "'namespace' is not an option"),
            ("k8s://test?context=x", "'context' is not an option"),
            ("k8s://admin@other/airflow", "'@'"),
            ("k8s://u:s3cret@host/airflow", "'@'"),
            ("k8s://test/a/b", "valid name of a namespace"),
            ("k8s://test/A", "valid name of a namespace"),
            ("k8s://test/a#b", "'#'"),
            ("k8s://test/a?connections_label=a b", "connections_label is not a valid name"),
            ("k8s://test/a?variables_label=a,b", "variables_label is not a valid name"),
            ("k8s://test/a?team_label=-", "team_label is not a valid name"),
            ("k8s://test/a?connections_data_key=a/b", "connections_data_key is not a valid name"),
            ("k8s://test/a?connections_label=x&variables_label=x", "are the same"),
            ("k8s://test/a?connection_format=yaml", "connection_format is json or uri"),
        ],
    )
    def test_what_an_address_can_not_say(self, address: str, message: str) -> None:
        with pytest.raises(UsageError, match=message) as caught:
            open_store(address, Settings())
        assert "s3cret" not in f"{caught.value} {caught.value.hint}"

    def test_options_of_airflow_are_taken_and_no_others(self) -> None:
        store = open_backend({"namespace": "x", "variables_label": None, "config_label": None}, "cfg", Settings())
        assert store.address == "k8s:///x"
        assert store.capabilities.kinds == {Kind.CONNECTIONS}
        assert store.problems(REGION) == ("a variable has no prefix here",)
        for kwargs in ({"context": "c"}, {"labels": "x"}, {"namespace": 5}):
            with pytest.raises(UsageError) as caught:
                open_backend(kwargs, "airflow.cfg", Settings())
            assert caught.value.where == "airflow.cfg"

    def test_a_kind_without_a_label_is_not_looked_for(
        self, opened: Callable[..., KubernetesStore], cluster: FakeKubernetes
    ) -> None:
        cluster.put(variable_secret())
        store = opened("k8s://test/airflow?variables_label=null")
        assert list(store.read(Selection()).bundle) == []
        assert len(cluster.requests) == 1


class TestKubeconfig:
    @pytest.mark.parametrize(
        ("address", "namespace"),
        [
            ("k8s://", "airflow"),
            ("k8s://test", "airflow"),
            ("k8s:///default", "default"),
            ("k8s://admin%40other%2F1", "other"),
            ("k8s://admin%40other%2F1/default", "default"),
        ],
    )
    def test_an_address_chooses_the_context_and_the_namespace(
        self, opened: Callable[..., KubernetesStore], cluster: FakeKubernetes, address: str, namespace: str
    ) -> None:
        cluster.put(variable_secret(), namespace)
        store = opened(address)
        assert store.describe().text == f"Kubernetes at {cluster.url}, namespace {namespace}"
        (found,) = store.read(Selection()).bundle
        assert str(found.origin).startswith(store.address)
        assert str(found.origin).endswith(f"/{namespace}/of-ours")

    def test_it_is_found_where_kubectl_finds_it(self, cluster: FakeKubernetes, tmp_path: Path) -> None:
        (tmp_path / ".kube").mkdir()
        path = cluster.kubeconfig(tmp_path / ".kube" / "config")
        one = tmp_path / "one"
        one.write_text(yaml.safe_dump({"current-context": "admin@other/1"}))
        for environ, namespace in (
            ({"HOME": str(tmp_path)}, "airflow"),
            ({"KUBECONFIG": f"{tmp_path / 'absent'}:{path}"}, "airflow"),
            ({"KUBECONFIG": f"{path}:{one}"}, "other"),
        ):
            assert k8s_config.find("", Settings(environ=environ))[1] == namespace

    def test_a_pod_has_its_own(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        for name, text in (("token", TOKEN), ("ca.crt", "certificate"), ("namespace", "airflow\n")):
            (tmp_path / name).write_text(text)
        monkeypatch.setattr(k8s_config, "SERVICE_ACCOUNT", tmp_path)
        environ = {"KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443", "HOME": str(tmp_path)}
        configuration, namespace = k8s_config.find("", Settings(environ=environ))
        assert (configuration.host, namespace) == ("https://[fd00::1]:443", "airflow")
        assert configuration.ssl_ca_cert == str(tmp_path / "ca.crt")
        (tmp_path / "token").unlink()
        with pytest.raises(UsageError, match="no service account"):
            k8s_config.find("", Settings(environ=environ))

    def test_authorities_to_trust_are_those_of_the_kubeconfig_and_else_ours(
        self, cluster: FakeKubernetes, environ: dict[str, str], tmp_path: Path
    ) -> None:
        settings = Settings(environ=environ, ca_bundle=tmp_path / "ours.pem")
        assert k8s_config.find("", settings)[0].ssl_ca_cert == str(tmp_path / "ours.pem")
        (tmp_path / "theirs.pem").touch()
        path = cluster.kubeconfig(tmp_path / "kubeconfig", url="https://h")
        config = yaml.safe_load(path.read_text())
        config["clusters"][0]["cluster"]["certificate-authority"] = "theirs.pem"
        path.write_text(yaml.safe_dump(config))
        assert k8s_config.find("", settings)[0].ssl_ca_cert == str(tmp_path / "theirs.pem")

    @pytest.mark.parametrize(
        ("config", "context", "message"),
        [
            (None, "", "KUBECONFIG names no existing file"),
            ("{a: [s3cret", "", "not a kubeconfig"),
            ("", "", "not a kubeconfig"),
            ("- s3cret", "", "not a kubeconfig"),
            ("a: b", "", "no current context"),
            ("contexts: [{name: a}]", "b", "no context 'b'"),
            ("{contexts: [{name: a, context: {cluster: s3cret}}], clusters: []}", "a", "an invalid context"),
            (
                """\
contexts: [{name: a, context: {cluster: c, user: u}}]
clusters: [{name: c, cluster: {server: "https://h"}}]
users: [{name: u, user: {token: t, client-certificate-data: s3cret}}]
""",
                "a",
                "an invalid context",
            ),
        ],
    )
    def test_what_is_wrong_with_it_is_told(
        self, tmp_path: Path, config: str | None, context: str, message: str
    ) -> None:
        path = tmp_path / "kubeconfig"
        if config is not None:
            path.write_text(config)
        with pytest.raises(UsageError, match=message) as caught:
            k8s_config.find(context, Settings(environ={"KUBECONFIG": str(path)}))
        assert caught.value.hint
        assert "s3cret" not in f"{caught.value} {caught.value.hint}"

    def test_without_any_it_is_said_where_it_was_looked_for(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="no kubeconfig found, and this is not a pod") as caught:
            k8s_config.find("", Settings(environ={"HOME": str(tmp_path)}))
        assert "KUBECONFIG" in str(caught.value.hint)
        with pytest.raises(UsageError, match="no kubeconfig found that has the context test"):
            k8s_config.find("test", Settings(environ={"HOME": str(tmp_path), "KUBERNETES_SERVICE_HOST": "h"}))

    @pytest.mark.parametrize("answer", ["echo s3cret >&2; exit 3", "echo '{}'", "echo s3cret"])
    def test_a_command_that_gives_no_credentials_is_told_and_what_it_says_is_not(
        self, cluster: FakeKubernetes, tmp_path: Path, answer: str, capfd: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(logging.root, "handlers", [])  # as in a program, and not in pytest
        command = {"apiVersion": "client.authentication.k8s.io/v1", "command": "sh", "args": ["-c", answer]}
        path = cluster.kubeconfig(tmp_path / "kubeconfig", exec=command)
        with pytest.raises(TargetError, match="gave none") as caught:
            k8s_config.find("test", Settings(environ={"KUBECONFIG": str(path)}))
        said = capfd.readouterr()
        assert "s3cret" not in f"{caught.value} {caught.value.hint} {said.out} {said.err}"

    def test_a_command_that_gives_a_token_is_enough(self, cluster: FakeKubernetes, tmp_path: Path) -> None:
        answer = (
            f'{{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", '
            f'"status": {{"token": "{TOKEN}"}}}}'
        )
        command = {"apiVersion": "client.authentication.k8s.io/v1", "command": "echo", "args": [answer]}
        path = cluster.kubeconfig(tmp_path / "kubeconfig", exec=command)
        cluster.put(variable_secret())
        store = open_store("k8s://", Settings(environ={"KUBECONFIG": str(path)}))
        assert read(store) == {"region": Text("eu")}
        store.close()


class TestWriting:
    def test_a_new_secret_has_the_label_and_nothing_to_surprise(
        self, store: KubernetesStore, cluster: FakeKubernetes
    ) -> None:
        create(store, Connection(conn_id="My-Db.1", conn_type="http"))
        ((_, name), secret) = cluster.secrets.popitem()
        assert name.startswith("airflow-connection-my-db-1.")
        del secret["metadata"]["resourceVersion"]
        assert secret == {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": name, "namespace": "airflow", "labels": {CONNECTION_LABEL: "My-Db.1"}},
            "type": "Opaque",
            "data": {"value": encoded('{"conn_type": "http"}')},
        }

    def test_a_change_keeps_the_name_and_all_else_of_a_secret(
        self, store: KubernetesStore, cluster: FakeKubernetes
    ) -> None:
        metadata = {"labels": {VARIABLE_LABEL: "region", "app": "airflow"}, "annotations": {"a": "b"}}
        cluster.put(variable_secret(metadata=metadata, type="example.com/x"))
        cluster.secrets["airflow", "of-ours"]["data"]["other"] = "AAAA"
        before = cluster.secrets["airflow", "of-ours"]
        (held,) = store.read(Selection()).bundle
        assert do(store, step(Action.UPDATE, replace(REGION, value=Text("us")), held, "value")) == [None]
        after = cluster.secrets["airflow", "of-ours"]
        version = {"resourceVersion": after["metadata"]["resourceVersion"]}
        assert after == {
            **before,
            "metadata": {**before["metadata"], **version},
            "data": {"value": encoded("us"), "other": "AAAA"},
        }

    def test_options_say_under_which_label_and_entry(
        self, opened: Callable[..., KubernetesStore], cluster: FakeKubernetes
    ) -> None:
        options = "variables_label=example.com/var&variables_data_key=text&connection_format=uri"
        store = opened(f"k8s://test/airflow?{options}")
        create(store, REGION, Connection(conn_id="c", conn_type="http", host="h", schema="", extra=Text("{}")))
        secret = cluster.secrets[NAME]
        assert (secret["metadata"]["labels"], secret["data"]) == ({"example.com/var": "region"}, {"text": "ZXU="})
        assert value(cluster, "airflow-connection-c") == "http://h/?__extra__=%7B%7D"
        assert read(store) == {"region": Text("eu")}

    def test_a_change_or_a_deletion_of_what_was_changed_meanwhile_is_refused(
        self, opened: Callable[..., KubernetesStore], cluster: FakeKubernetes
    ) -> None:
        for action in (Action.UPDATE, Action.DELETE):
            cluster.put(variable_secret())
            store = opened()
            found = store.read(Selection())
            (held,) = found.bundle
            cluster.put(variable_secret(data={"value": encoded("theirs")}))
            (error,) = do(store, step(action, replace(REGION, value=Text("ours")), held, "value"), before=found)
            assert error == "its Secret was another program has changed it; run again"
            assert value(cluster, "of-ours") == "theirs"

    def test_a_change_of_what_was_deleted_meanwhile_is_refused_and_a_deletion_is_done(
        self, opened: Callable[..., KubernetesStore], cluster: FakeKubernetes
    ) -> None:
        for action, error in (
            (Action.UPDATE, "its Secret was another program has deleted it; run again"),
            (Action.DELETE, None),
        ):
            cluster.put(variable_secret())
            store = opened()
            found = store.read(Selection())
            (held,) = found.bundle
            cluster.secrets.clear()
            wanted = step(action, replace(REGION, value=Text("ours")), held, "value")
            assert do(store, wanted, before=found) == [error]
            assert cluster.secrets == {}

    def test_no_second_secret_gets_the_label_of_one_that_came_meanwhile(
        self, store: KubernetesStore, cluster: FakeKubernetes
    ) -> None:
        assert list(store.read(Selection()).bundle) == []
        cluster.put(variable_secret())
        assert do(store, step(Action.CREATE, replace(REGION, value=Text("us")))) == [
            "the Secret of-ours has its label already"
        ]
        assert list(cluster.secrets) == [("airflow", "of-ours")]

    def test_a_name_that_something_else_has_is_left_to_it(
        self, store: KubernetesStore, cluster: FakeKubernetes
    ) -> None:
        cluster.put({"metadata": {"name": NAME[1]}, "data": {"value": encoded("theirs")}})
        (error,) = do(store, step(Action.CREATE, REGION))
        assert error == "a Secret airflow-variable-region exists already"
        assert value(cluster, NAME[1]) == "theirs"

    def test_a_lost_answer_is_no_failure(self, store: KubernetesStore, cluster: FakeKubernetes) -> None:
        cluster.losses = 1
        create(store, REGION)
        (held,) = store.read(Selection()).bundle
        cluster.losses = 1
        assert do(store, step(Action.UPDATE, replace(REGION, value=Text("us")), held, "value")) == [None]
        assert value(cluster, NAME[1]) == "us"
        (held,) = store.read(Selection()).bundle
        cluster.losses = 1
        assert do(store, step(Action.DELETE, None, held)) == [None]
        assert cluster.secrets == {}
        assert cluster.losses == 0

    def test_a_lost_answer_is_looked_for_where_nothing_is_repeated(
        self, opened: Callable[..., KubernetesStore], cluster: FakeKubernetes
    ) -> None:
        store = opened(retries=0)
        cluster.losses = 1
        assert do(store, step(Action.CREATE, REGION)) == [None]
        (held,) = store.read(Selection()).bundle
        cluster.losses = 1
        assert do(store, step(Action.UPDATE, replace(REGION, value=Text("us")), held, "value")) == [None]
        assert value(cluster, NAME[1]) == "us"
        (held,) = store.read(Selection()).bundle
        cluster.losses = 1
        assert do(store, step(Action.DELETE, None, held)) == [None]
        assert cluster.secrets == {}

    def test_what_a_secret_has_no_room_for_is_said_before(self, store: KubernetesStore) -> None:
        assert store.problems(replace(REGION, value=Text("x" * 1048577)))
        assert not store.problems(replace(REGION, value=Text("x" * 1048576)))
        for id_ in ("-a", "a b", "é", "a,b=c", "x" * 64, ""):
            assert store.problems(replace(REGION, key=id_))

    def test_what_is_lost_of_a_variable_is_told(self, store: KubernetesStore) -> None:
        (outcome,) = store.apply([step(Action.CREATE, replace(REGION, description="d"))])
        assert outcome.error is None
        assert [(note.where, note.message.split(" ")[0]) for note in outcome.notes] == [
            ("variables/region", "description")
        ]


class TestOtherSecrets:
    def test_those_of_a_team_and_without_a_label_are_none_of_ours(
        self, store: KubernetesStore, cluster: FakeKubernetes
    ) -> None:
        team = {"labels": {VARIABLE_LABEL: "of_team", "airflow.apache.org/team": "red"}}
        cluster.put(variable_secret("a", metadata=team))
        cluster.put({"metadata": {"name": "b"}, "data": {"value": "AAAA"}})
        cluster.put(variable_secret("c"))
        cluster.put(variable_secret("d", "elsewhere"), "other")
        for selection in (
            Selection(),
            Selection(ids=frozenset({(Kind.VARIABLES, "of_team"), (Kind.VARIABLES, "region")})),
        ):
            found = store.read(selection)
            assert list(found.bundle) == [REGION]
            assert found.notes == ()

    @pytest.mark.parametrize(
        ("data", "message"),
        [
            ({}, "no entry 'value'"),
            (None, "no entry 'value'"),
            ({"other": "AAAA"}, "no entry 'value'"),
            ({"value": "/w=="}, "no UTF-8"),
            ({"value": encoded("s3cret")}, "neither a URI nor a JSON"),
            ({"value": ""}, "empty"),
        ],
    )
    def test_what_airflow_makes_nothing_of_is_left_alone(
        self, store: KubernetesStore, cluster: FakeKubernetes, data: Any, message: str
    ) -> None:
        secret = {"metadata": {"name": "x", "labels": {CONNECTION_LABEL: "db"}}, "data": data}
        cluster.put({key: part for key, part in secret.items() if part is not None})
        found = store.read(Selection())
        assert list(found.bundle) == []
        (note,) = found.notes
        assert note.left_out
        assert message in note.message
        assert "s3cret" not in note.message
        assert note.where == "k8s://test/airflow/x"
        plan = planned([Connection(conn_id="db", conn_type="http")], found, store)
        assert "not a connection" in plan.blocked[0].reasons[0]

    def test_of_several_with_one_label_the_first_is_read_and_none_is_written(
        self, store: KubernetesStore, cluster: FakeKubernetes
    ) -> None:
        cluster.put(variable_secret("b", data={"value": encoded("second")}))
        cluster.put(variable_secret("a"))
        before = dict(cluster.secrets)
        found = store.read(Selection())
        (held,) = found.bundle
        assert held == REGION
        assert [note.message for note in found.notes] == [
            "b has the same label as a, and it isn't defined which one Airflow uses"
        ]
        wanted = replace(REGION, value=Text("us"))
        plan = planned([wanted], found, store)
        assert "several Secrets have its label (a, b)" in plan.blocked[0].reasons[0]
        for refused in (step(Action.UPDATE, wanted, held, "value"), step(Action.DELETE, None, held)):
            for known in (found, None):
                (error,) = do(store, refused, before=known)
                assert "several Secrets" in str(error)
        assert cluster.secrets == before

    @pytest.mark.parametrize(
        ("more", "reason", "is_deletable"),
        [
            ({"immutable": True}, "its Secret is immutable", True),
            (
                {
                    "metadata": {
                        "ownerReferences": [
                            {
                                "apiVersion": "e/v1",
                                "kind": "ExternalSecret",
                                "name": "es",
                                "uid": "1",
                                "controller": True,
                            }
                        ]
                    }
                },
                "ExternalSecret es, which would undo",
                False,
            ),
        ],
    )
    def test_what_can_not_be_changed_blocks_the_plan(
        self, store: KubernetesStore, cluster: FakeKubernetes, more: Any, reason: str, is_deletable: bool
    ) -> None:
        cluster.put(variable_secret(**more))
        found = store.read(Selection())
        (held,) = found.bundle
        wanted = replace(REGION, value=Text("us"))
        assert planned([REGION], found, store).writes == ()
        plan = planned([wanted], found, store)
        assert reason in plan.blocked[0].reasons[0]
        assert all(plan.blocked[0].reasons)
        for before in (found, None):
            (error,) = do(store, step(Action.UPDATE, wanted, held, "value"), before=before)
            assert reason in str(error)
        assert value(cluster, "of-ours") == "eu"
        deletion = step(Action.DELETE, None, held)
        assert bool(store.refusal(deletion, Context(before=found))) is not is_deletable
        (error,) = do(store, deletion)
        assert (error is None) is is_deletable
        assert (cluster.secrets == {}) is is_deletable

    @pytest.mark.parametrize(
        "more",
        [
            {"data": {"value": "ZXU=", "ca.crt": "AAAA"}},
            {"metadata": {"labels": {VARIABLE_LABEL: "region", CONNECTION_LABEL: "region"}}},
        ],
    )
    def test_a_secret_that_holds_something_else_as_well_is_changed_and_not_deleted(
        self, store: KubernetesStore, cluster: FakeKubernetes, more: Any
    ) -> None:
        cluster.put(variable_secret(**more))
        held = store.read(Selection(kinds=frozenset({Kind.VARIABLES}))).bundle.variables["region"]
        (error,) = do(store, step(Action.DELETE, None, held))
        assert "holds something else as well" in str(error)
        assert do(store, step(Action.UPDATE, replace(REGION, value=Text("us")), held, "value")) == [None]
        assert value(cluster, "of-ours") == "us"


class TestLists:
    def test_few_ids_are_asked_for_and_many_are_looked_for_in_the_list(
        self, store: KubernetesStore, cluster: FakeKubernetes
    ) -> None:
        for number in range(1200):
            cluster.put(variable_secret(f"s{number}", f"v{number}"))
        for many, requests in ((3, 3), (600, 3)):
            cluster.requests.clear()
            ids = frozenset((Kind.VARIABLES, f"v{number}") for number in range(1199, 1199 - many, -1))
            assert len(store.read(Selection(ids=ids)).bundle) == many
            assert len(cluster.requests) == requests

    def test_an_id_that_could_be_a_selector_is_not_asked_for(
        self, store: KubernetesStore, cluster: FakeKubernetes
    ) -> None:
        cluster.put(variable_secret())
        assert list(store.read(Selection(ids=frozenset({(Kind.VARIABLES, "x,!y")}))).bundle) == []
        assert cluster.requests == []

    def test_a_list_that_is_too_old_to_go_on_is_begun_anew(
        self, store: KubernetesStore, cluster: FakeKubernetes
    ) -> None:
        for number in range(501):
            cluster.put(variable_secret(f"s{number:03}", f"v{number}"))
        cluster.expired = 2
        assert len(read(store)) == 501
        cluster.expired = 99
        with pytest.raises(TargetError, match="change all the time"):
            store.read(Selection())


class TestRefusals:
    def test_a_cluster_with_too_much_to_do_is_asked_again(
        self, store: KubernetesStore, cluster: FakeKubernetes
    ) -> None:
        cluster.throttled = 2
        create(store, REGION)
        cluster.throttled = 2
        assert read(store) == {"region": Text("eu")}
        cluster.throttled = 99
        with pytest.raises(TargetError, match="overloaded"):
            store.read(Selection())

    def test_who_may_not_list_secrets_is_told_so(self, store: KubernetesStore, cluster: FakeKubernetes) -> None:
        cluster.forbidden = {"GET"}
        for call in (lambda: store.read(Selection()).bundle, lambda: do(store, step(Action.CREATE, REGION))):
            with pytest.raises(TargetError, match="refuses to list the Secrets") as caught:
                call()
            assert "can-i list secrets -n airflow" in str(caught.value.hint)

    @pytest.mark.parametrize(
        ("method", "action", "message"),
        [
            ("POST", Action.CREATE, "refuses to create it"),
            ("PATCH", Action.UPDATE, "refuses to change it"),
            ("DELETE", Action.DELETE, "refuses to delete it"),
        ],
    )
    def test_who_may_not_write_is_told_so(
        self, store: KubernetesStore, cluster: FakeKubernetes, method: str, action: Action, message: str
    ) -> None:
        if action is not Action.CREATE:
            create(store, REGION)
        before = dict(cluster.secrets)
        held = store.read(Selection()).bundle.variables.get("region")
        cluster.forbidden = {method}
        (error,) = do(store, step(action, replace(REGION, value=Text("us")), held, "value"))
        assert message in str(error)
        assert cluster.secrets == before

    def test_a_namespace_that_is_not_there_is_told(
        self, opened: Callable[..., KubernetesStore], cluster: FakeKubernetes
    ) -> None:
        store = opened("k8s://test/nowhere")
        assert list(store.read(Selection()).bundle) == []  # as the API answers
        assert do(store, step(Action.CREATE, REGION)) == ["no such namespace: nowhere"]

    def test_what_is_no_kubernetes_is_told(self, cluster: FakeKubernetes, tmp_path: Path) -> None:
        path = cluster.kubeconfig(tmp_path / "kubeconfig", url=f"{cluster.url}/x")
        store = open_store("k8s://", Settings(environ={"KUBECONFIG": str(path)}, retries=0))
        with pytest.raises(TargetError, match="not a Kubernetes API"):
            store.read(Selection())
        store.close()

    @pytest.mark.parametrize("url", ["ftp://h", "h:1", "/"])
    def test_a_server_that_is_no_url_is_told(self, cluster: FakeKubernetes, tmp_path: Path, url: str) -> None:
        path = cluster.kubeconfig(tmp_path / "kubeconfig", url=url)
        with pytest.raises(UsageError, match="not an http:// or https:// URL"):
            k8s_config.find("", Settings(environ={"KUBECONFIG": str(path)}))

    def test_a_token_that_no_request_can_have_is_told_and_not_shown(
        self, cluster: FakeKubernetes, tmp_path: Path
    ) -> None:
        path = cluster.kubeconfig(tmp_path / "kubeconfig", token="s3cret\nx")
        store = open_store("k8s://", Settings(environ={"KUBECONFIG": str(path)}, retries=0))
        with pytest.raises(TargetError, match="the settings in the kubeconfig") as caught:
            store.read(Selection())
        assert "s3cret" not in f"{caught.value} {caught.value.hint}"
        store.close()

    def test_a_certificate_of_ours_that_is_none_is_told(self, cluster: FakeKubernetes, tmp_path: Path) -> None:
        garbage = {f"client-{part}-data": encoded("garbage") for part in ("certificate", "key")}
        path = cluster.kubeconfig(tmp_path / "kubeconfig", url=cluster.url.replace("http:", "https:"), **garbage)
        store = open_store("k8s://", Settings(environ={"KUBECONFIG": str(path)}, retries=0))
        with pytest.raises(TargetError, match="certificate"):
            store.read(Selection())
        store.close()

    def test_a_server_without_a_trusted_certificate_is_told(self, cluster: FakeKubernetes, tmp_path: Path) -> None:
        path = cluster.kubeconfig(tmp_path / "kubeconfig", url=cluster.url.replace("http:", "https:"))
        store = open_store("k8s://", Settings(environ={"KUBECONFIG": str(path)}))
        with pytest.raises(TargetError, match="certificate") as caught:
            store.read(Selection())
        assert TOKEN not in f"{caught.value!r} {caught.value.hint} {store!r}"
        store.close()
