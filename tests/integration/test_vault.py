"""Vault's KV engines, on a real OpenBao."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import quote, urlsplit

import hvac
import pytest
import requests
import urllib3

from airconn.config import Settings
from airconn.errors import AirconnError, TargetError, UsageError
from airconn.model import Action, AirflowObject, Connection, Kind, Selection, Text, Variable
from airconn.stores import open_backend, open_store
from airconn.stores.base import Store
from tests.integration.backends import judge
from tests.integration.backends.agreement import BackendAgreement, Place
from tests.integration.faulty_proxy import FaultyProxy
from tests.integration.openbao import TOKEN, OpenBao, fresh, running
from tests.stores.contract import FULL, SECRET, StoreContract, create, do, look, read_one, step
from tests.stores.site import Answer, Received, Site

pytestmark = pytest.mark.xdist_group("openbao")

FIELDS = ("conn_type", "description", "host", "schema", "login", "password", "port", "extra")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenBao]:
    with running(tmp_path_factory.mktemp("openbao")) as bao:
        yield bao


@pytest.fixture
def bao(server: OpenBao) -> OpenBao:
    """The server with nothing in it."""
    fresh(server)
    return server


def settings(bao: OpenBao, **environ: str) -> Settings:
    return Settings(environ={**bao.environ(), **environ}, retries=2, timeout=10)


def opened(bao: OpenBao, address: str = "/secret", **environ: str) -> Store:
    return open_store(f"vault://{bao.host}{address}", settings(bao, **environ))


class Truth:
    """Looks with a client of its own."""

    def __init__(self, bao: OpenBao, mount: str, version: int) -> None:
        kv = bao.client.secrets.kv
        self.kv: Any = kv.v2 if version == 2 else kv.v1
        self.version = version
        self.mount = mount
        self.bao = bao

    def raw(self, path: str) -> dict[str, Any] | None:
        try:
            if self.version == 1:
                return self.kv.read_secret(path, mount_point=self.mount)["data"]  # type: ignore[no-any-return]
            answer = self.kv.read_secret_version(path, mount_point=self.mount, raise_on_deleted_version=False)
            return answer["data"]["data"]  # type: ignore[no-any-return]
        except hvac.exceptions.InvalidPath:
            return None

    def put(self, path: str, value: dict[str, Any]) -> None:
        self.kv.create_or_update_secret(path, value, mount_point=self.mount)

    def get(self, kind: Kind, id_: str) -> AirflowObject | None:
        found = self.raw(f"{kind.value}/{id_}")
        if found is None:
            return None
        if kind is Kind.VARIABLES:
            return Variable(key=id_, value=Text(found["value"]))
        fields = {name: found.get(name) for name in FIELDS}
        extra, port = fields.pop("extra"), fields.pop("port")
        fields["password"] = fields["password"] or None  # to Airflow's core an empty one is none
        return Connection(
            conn_id=id_,
            extra=None if extra is None else Text(extra),
            port=None if port is None else int(port),
            **{**fields, "conn_type": fields["conn_type"] or ""},
        )

    def clear(self) -> None:
        for kind in ("connections", "variables"):
            try:
                keys = self.kv.list_secrets(kind, mount_point=self.mount)["data"]["keys"]
            except hvac.exceptions.InvalidPath:
                continue
            for key in keys:
                remove = self.kv.delete_secret if self.version == 1 else self.kv.delete_metadata_and_all_versions
                remove(f"{kind}/{key}", mount_point=self.mount)

    def put_variables(self, values: dict[str, str]) -> None:
        """They may be many, for which hvac takes its time."""
        where = f"{self.bao.url}/v1/{self.mount}/{'data/' if self.version == 2 else ''}variables"
        with urllib3.PoolManager(headers={"X-Vault-Token": self.bao.client.token}) as client:
            for key, text in values.items():
                fields = {"value": text}
                body = {"data": fields} if self.version == 2 else fields
                assert client.request("POST", f"{where}/{quote(key, safe='')}", json=body).status in (200, 204)


class TestVersion2(StoreContract):
    mount: ClassVar[str] = "secret"
    version: ClassVar[int] = 2
    many: ClassVar[int] = 2000  # the list has no pages; each secret is a request
    impossible: ClassVar[int] = 3  # '..' and what ends with dots has no path

    @pytest.fixture
    def truth(self, bao: OpenBao) -> Truth:
        return Truth(bao, self.mount, self.version)

    @pytest.fixture
    def store(self, bao: OpenBao) -> Iterator[Store]:
        store = opened(bao, f"/{self.mount}?kv_engine_version={self.version}")
        yield store
        store.close()

    @pytest.fixture
    def unreachable(self) -> Callable[[], Store]:
        nobody = Settings(environ={"VAULT_TOKEN": SECRET}, retries=0, timeout=2)
        return lambda: open_store("vault://127.0.0.1:1/secret", nobody)

    @pytest.fixture
    def locked_out(self, bao: OpenBao) -> Callable[[], Store]:
        return lambda: opened(bao, f"/{self.mount}?kv_engine_version={self.version}", VAULT_TOKEN="s.wrong-canary")


class TestVersion1(TestVersion2):
    mount: ClassVar[str] = "old"
    version: ClassVar[int] = 1
    many: ClassVar[int] = 1000


class TestAirflowFindsIt(BackendAgreement):
    @pytest.fixture
    def place(self, bao: OpenBao) -> Place:
        return Place(opened(bao), judge.VAULT, {"url": bao.url, "token": TOKEN})


class TestAirflowFindsUris(BackendAgreement):
    exceptions: ClassVar[int] = 400  # no URI holds any conn_type

    @pytest.fixture
    def place(self, bao: OpenBao) -> Place:
        kwargs = {
            "url": bao.url,
            "token": TOKEN,
            "connections_path": "c/",
            "mount_point": "old",
            "kv_engine_version": 1,
        }
        address = "/old?kv_engine_version=1&connections_path=c/&connection_format=uri"
        return Place(opened(bao, address), judge.VAULT, kwargs)


@pytest.fixture
def truth(bao: OpenBao) -> Truth:
    return Truth(bao, "secret", 2)


def test_what_somebody_else_wrote_since_is_not_overwritten(bao: OpenBao, truth: Truth) -> None:
    store = opened(bao)
    create(store, FULL)
    found = look(store, FULL)
    (held,) = found.bundle
    truth.put(f"connections/{FULL.conn_id}", {"conn_type": "theirs"})
    (error,) = do(store, step(Action.UPDATE, replace(FULL, host="ours"), held, "host"), before=found)
    assert error == "another program has changed it; run again"
    assert truth.raw(f"connections/{FULL.conn_id}") == {"conn_type": "theirs"}


def test_a_deletion_can_be_taken_back_and_a_deleted_secret_created_again(bao: OpenBao, truth: Truth) -> None:
    store = opened(bao)
    create(store, FULL)
    assert do(store, step(Action.DELETE, None, FULL)) == [None]
    assert len(store.read(Selection()).bundle) == 0
    truth.kv.undelete_secret_versions(f"connections/{FULL.conn_id}", versions=[1], mount_point="secret")
    assert truth.get(Kind.CONNECTIONS, FULL.conn_id) == FULL
    assert do(store, step(Action.DELETE, None, FULL)) == [None]
    create(store, FULL)
    assert truth.get(Kind.CONNECTIONS, FULL.conn_id) == FULL


@pytest.mark.parametrize("end", ["destroyed", "deleted", "destroyed and deleted", "metadata only"])
def test_what_has_no_newest_version_is_not_there_and_can_be_written(bao: OpenBao, truth: Truth, end: str) -> None:
    store, path = opened(bao), f"connections/{FULL.conn_id}"
    truth.put(path, {"conn_type": "old"})
    truth.put(path, {"conn_type": "newest"})
    if "deleted" in end:
        truth.kv.delete_latest_version_of_secret(path, mount_point="secret")
    if "destroyed" in end:
        truth.kv.destroy_secret_versions(path, versions=[2], mount_point="secret")
    if end == "metadata only":
        truth.kv.delete_metadata_and_all_versions(path, mount_point="secret")
        truth.kv.update_metadata(path, mount_point="secret", custom_metadata={"owner": "team a"})
    assert len(store.read(Selection()).bundle) == 0
    create(store, FULL)
    assert truth.get(Kind.CONNECTIONS, FULL.conn_id) == FULL
    assert do(store, step(Action.CREATE, replace(FULL, host="other"))) == ["a secret with this name exists already"]
    held = read_one(store, FULL)
    assert do(store, step(Action.UPDATE, replace(FULL, host="new"), held, "host")) == [None]
    assert do(store, step(Action.DELETE, None, read_one(store, FULL))) == [None]
    assert truth.raw(path) is None
    assert do(store, step(Action.DELETE, None, FULL)) == [None]


def test_what_is_destroyed_at_one_path_is_looked_for_at_the_next(bao: OpenBao, truth: Truth) -> None:
    for path in ("a/v", "b/v"):
        truth.put(path, {"value": path})
    truth.kv.destroy_secret_versions("a/v", versions=[1], mount_point="secret")
    store = opened(bao, "/secret?variables_path=a,b")
    assert read_one(store, Variable(key="v", value=Text(""))) == Variable(key="v", value=Text("b/v"))
    options = {"url": bao.url, "token": TOKEN, "variables_path": ["a", "b"]}
    assert judge.ask("3.3.2", judge.VAULT, options, variables=["v"]).variables == {"v": "b/v"}


def test_what_is_no_object_is_left_alone_and_told(bao: OpenBao, truth: Truth) -> None:
    foreign = {
        "connections/notes": {"hint": "canary"},
        "variables/number": {"value": 5},
        "variables/none": {"x": "y"},
    }
    for path, value in foreign.items():
        truth.put(path, value)
    store = opened(bao)
    found = store.read(Selection())
    assert len(found.bundle) == 0
    assert sorted(note.where.rpartition("secret/")[2] for note in found.notes) == sorted(foreign)
    assert "canary" not in str(found)
    errors = do(store, step(Action.CREATE, Variable(key="none", value=Text("v"))))
    assert errors == ["a secret with this name exists already"]
    assert {path: truth.raw(path) for path in foreign} == foreign


def test_what_stands_beside_the_value_of_a_variable_stays(bao: OpenBao, truth: Truth) -> None:
    truth.put("variables/v", {"value": "old", "owner": "team a"})
    store = opened(bao)
    held = read_one(store, Variable(key="v", value=Text("")))
    assert do(store, step(Action.UPDATE, Variable(key="v", value=Text("new")), held, "value")) == [None]
    assert truth.raw("variables/v") == {"value": "new", "owner": "team a"}


def test_several_paths_are_looked_into_in_their_order_and_the_first_is_written_to(bao: OpenBao, truth: Truth) -> None:
    truth.put("team/a", {"conn_uri": "http://team"})
    truth.put("all/a", {"conn_uri": "http://all"})
    truth.put("all/deep/b", {"conn_uri": "http://b"})
    store = opened(bao, "/secret?connections_path=team,all&variables_path=null")
    assert store.capabilities.kinds == {Kind.CONNECTIONS}
    hosts = {id_: obj.host for id_, obj in store.read(Selection()).bundle.connections.items()}
    assert hosts == {"a": "team", "deep/b": "b"}
    create(store, Connection(conn_id="new", conn_type="http"))
    assert truth.raw("team/new") == {"conn_type": "http"}
    held = read_one(store, Connection(conn_id="deep/b", conn_type="http"))
    assert do(store, step(Action.UPDATE, Connection(conn_id="deep/b", conn_type="ftp"), held, "conn_type")) == [None]
    assert truth.raw("all/deep/b") == {"conn_type": "ftp", "host": "b", "schema": ""}


def test_without_a_mount_an_id_has_one_in_front(bao: OpenBao, truth: Truth) -> None:
    kwargs = {"url": bao.url, "token": TOKEN, "mount_point": None}
    store = open_backend(judge.VAULT, kwargs, "airflow.cfg [secrets] backend_kwargs", settings(bao))
    create(store, Connection(conn_id="secret/c", conn_type="http"))
    assert truth.raw("connections/c") == {"conn_type": "http"}
    with pytest.raises(TargetError, match="without a mount_point nothing can be listed"):
        store.read(Selection())


@pytest.fixture
def limited(bao: OpenBao) -> str:
    """A token that may read and write connections, and nothing of variables."""
    policy = 'path "secret/data/connections/*" { capabilities = ["create", "read", "update"] }\n'
    policy += 'path "secret/metadata/connections/*" { capabilities = ["list"] }\n'
    bao.client.sys.create_or_update_policy("limited", policy)
    return str(bao.client.auth.token.create(policies=["limited"])["auth"]["client_token"])


def test_what_the_policy_does_not_allow_is_told_by_its_path(bao: OpenBao, limited: str) -> None:
    store = opened(bao, VAULT_TOKEN=limited)
    with pytest.raises(TargetError, match="the policies of this token don't allow to list secret/metadata/variables"):
        store.read(Selection())
    store = opened(bao, VAULT_TOKEN=limited)
    connection, variable = Connection(conn_id="c", conn_type="x"), Variable(key="v", value=Text("x"))
    errors = do(store, *(step(Action.CREATE, obj) for obj in (variable, connection)))
    assert errors == ["the policies of this token don't allow to write secret/data/variables/v", None]
    held = read_one(store, connection)
    assert do(store, step(Action.DELETE, None, held)) == [
        "the policies of this token don't allow to delete secret/data/connections/c"
    ]


def test_who_may_write_and_not_list_can_import(bao: OpenBao, truth: Truth) -> None:
    policy = 'path "secret/data/connections/*" { capabilities = ["create", "read", "update"] }\n'
    bao.client.sys.create_or_update_policy("writer", policy)
    # Without the default policy it may not even look at itself.
    token = bao.client.auth.token.create(policies=["writer"], no_default_policy=True)["auth"]["client_token"]
    store = opened(bao, VAULT_TOKEN=str(token))
    create(store, FULL)
    assert truth.get(Kind.CONNECTIONS, FULL.conn_id) == FULL
    with pytest.raises(TargetError, match="don't allow to list secret/metadata/connections"):
        store.read(Selection())


def test_an_engine_of_the_other_version_or_a_mount_that_is_none_is_told_before_anything_is_written(
    bao: OpenBao, truth: Truth
) -> None:
    for address, message in {
        "/old": "the engine at old is KV version 1, and kv_engine_version says 2",
        "/secret?kv_engine_version=1": "the engine at secret is KV version 2, and kv_engine_version says 1",
        "/secret/team": "the engine is mounted at secret",
        "/cubbyhole": "what is mounted at cubbyhole is not a KV engine",
        "/nope": "no secrets engine at this path",
    }.items():
        for call in (
            lambda store: store.read(Selection()).bundle,
            lambda store: do(store, step(Action.CREATE, FULL)),
        ):
            with pytest.raises(AirconnError, match=message):
                call(opened(bao, address))
    assert Truth(bao, "old", 1).raw(f"data/connections/{FULL.conn_id}") is None


def test_an_engine_that_wants_check_and_set_is_written_to(bao: OpenBao, truth: Truth) -> None:
    truth.kv.configure(cas_required=True, mount_point="secret")
    store = opened(bao)
    for _ in range(2):  # the second time over what was deleted
        create(store, FULL)
        held = read_one(store, FULL)
        assert do(store, step(Action.UPDATE, replace(FULL, host="new"), held, "host")) == [None]
        assert truth.get(Kind.CONNECTIONS, FULL.conn_id) == replace(FULL, host="new")
        assert do(store, step(Action.DELETE, None, FULL)) == [None]


def test_what_somebody_else_wrote_since_is_not_deleted(bao: OpenBao, truth: Truth) -> None:
    store = opened(bao)
    create(store, FULL)
    found = look(store, FULL)
    truth.put(f"connections/{FULL.conn_id}", {"conn_type": "theirs"})
    deletion = step(Action.DELETE, None, found.bundle.connections[FULL.conn_id])
    assert do(store, deletion, before=found) == ["another program has changed it; run again"]
    assert truth.raw(f"connections/{FULL.conn_id}") == {"conn_type": "theirs"}


@contextmanager
def between(bao: OpenBao, part: str, then: Callable[[], None], method: str = "POST") -> Iterator[OpenBao]:
    """The server, with something done right before the first request of a method to such a path reaches it."""
    waiting = [then]

    def answer(received: Received) -> Answer:
        if received.method == method and part in received.path and waiting:
            waiting.pop()()
        names = ("X-Vault-Token", "X-Vault-Request")
        headers = {name: received.headers[name] for name in names if name in received.headers}
        url = f"{bao.url}{received.path}"
        found = requests.request(
            received.method, url, params=received.query, headers=headers, json=received.body, timeout=10
        )
        return Answer(found.status_code, found.json() if found.content else None)

    with Site(answer) as site:
        yield replace(bao, host=urlsplit(site.url).netloc)
    assert not waiting


def test_what_somebody_else_writes_while_it_is_deleted_stays(bao: OpenBao, truth: Truth) -> None:
    path, ours = f"connections/{FULL.conn_id}", opened(bao)
    create(ours, FULL)
    with between(bao, "/delete/", lambda: truth.put(path, {"conn_type": "theirs"})) as watched:
        store = opened(watched)
        found = look(store, FULL)
        deletion = step(Action.DELETE, None, found.bundle.connections[FULL.conn_id])
        assert do(store, deletion, before=found) == ["another program has changed it; run again"]
    assert truth.raw(path) == {"conn_type": "theirs"}


def test_who_may_only_delete_the_newest_version_deletes_it_and_is_told_if_it_was_another(
    bao: OpenBao, truth: Truth
) -> None:
    rules = 'path "secret/data/*" { capabilities = ["create", "update", "read", "delete"] }'
    bao.client.sys.create_or_update_policy("newest", rules + ' path "secret/metadata/*" { capabilities = ["list"] }')
    token = bao.client.auth.token.create(policies=["newest"])["auth"]["client_token"]
    path, store = f"connections/{FULL.conn_id}", opened(bao, VAULT_TOKEN=token)
    create(store, FULL)
    assert do(store, step(Action.DELETE, None, read_one(store, FULL))) == [None]
    assert truth.raw(path) is None
    create(store, FULL)
    held = read_one(store, FULL)

    def write() -> None:
        truth.put(path, {"conn_type": "theirs"})

    with between(bao, "/data/", write, method="DELETE") as watched:
        store = opened(watched, VAULT_TOKEN=token)
        found = look(store, FULL)
        assert list(found.bundle) == [held]
        (error,) = do(store, step(Action.DELETE, None, held), before=found)
    assert error == ("version 3 of another program was deleted as well; `vault kv undelete -versions=3` restores it")


def test_what_stands_beside_the_uri_of_a_connection_stays(bao: OpenBao, truth: Truth) -> None:
    store = opened(bao)
    uri = opened(bao, "/secret?connection_format=uri")
    for place, then in ((store, '{"conn_type": "ftp", "host": "h", "schema": ""}'), (uri, "ftp://h/")):
        truth.put("connections/c", {"conn_uri": "http://h", "owner": "team a"})
        held = read_one(place, Connection(conn_id="c", conn_type=""))
        new = Connection(conn_id="c", conn_type="ftp")
        assert do(place, step(Action.UPDATE, new, held, "conn_type")) == [None]
        assert truth.raw("connections/c") == {"conn_uri": then, "owner": "team a"}
        assert read_one(place, new) == replace(new, host="h", schema="")
        assert "team a" not in repr(place.__dict__)
    found = judge.ask("3.3.2", judge.VAULT, {"url": bao.url, "token": TOKEN}, connections=["c"])
    assert found.connections["c"]["host"] == "h"


def test_a_path_that_is_empty_is_the_mount_itself(bao: OpenBao, truth: Truth) -> None:
    store = opened(bao, "/secret?connections_path=&variables_path=null")
    create(store, Connection(conn_id="a", conn_type="http"), Connection(conn_id="deep/b", conn_type="http"))
    assert truth.raw("a") == truth.raw("deep/b") == {"conn_type": "http"}
    assert set(store.read(Selection()).bundle.connections) == {"a", "deep/b"}
    kwargs = {"url": bao.url, "token": TOKEN, "connections_path": ""}
    found = judge.ask("3.3.2", judge.VAULT, kwargs, connections=["a", "deep/b"])
    assert [found.connections[id_]["conn_type"] for id_ in ("a", "deep/b")] == ["http", "http"]


def test_an_empty_secret_is_the_connection_without_fields_that_airflow_finds(bao: OpenBao, truth: Truth) -> None:
    truth.put("connections/bare", {})
    store, bare = opened(bao), Connection(conn_id="bare", conn_type="")
    looked = look(store, bare)
    assert (list(looked.bundle), looked.notes) == ([bare], ())
    for version in ("2.11.2", "3.3.2"):
        found = judge.ask(version, judge.VAULT, {"url": bao.url, "token": TOKEN}, connections=["bare"])
        assert set(found.connections["bare"].values()) == {None}
    assert do(store, step(Action.UPDATE, replace(bare, conn_type="http"), bare, "conn_type")) == [None]
    assert truth.raw("connections/bare") == {"conn_type": "http"}


def test_a_login_whose_token_has_come_to_its_end_is_made_anew(bao: OpenBao, truth: Truth) -> None:
    client = bao.client
    if "userpass/" not in client.sys.list_auth_methods()["data"]:
        client.sys.enable_auth_method("userpass")
    client.sys.create_or_update_policy("reader", 'path "secret/*" { capabilities = ["create", "read", "list"] }')
    client.auth.userpass.create_or_update_user("eve", "pw-of-eve", policies=["reader"])
    store = opened(bao, "/secret?auth_type=userpass&username=eve", VAULT_TOKEN="", VAULT_PASSWORD="pw-of-eve")
    create(store, FULL)
    for accessor in client.auth.token.list_accessors()["data"]["keys"]:
        held = client.auth.token.lookup_accessor(accessor)["data"]
        if held["display_name"] == "userpass-eve":
            client.auth.token.revoke_accessor(accessor)
    assert read_one(store, FULL) == FULL
    store.close()


@pytest.mark.parametrize("fault", ["reset", "502", "lost"])
@pytest.mark.parametrize("mount", ["secret", "old?kv_engine_version=1"])
def test_a_fault_at_any_request_leaves_what_was_wanted(bao: OpenBao, fault: str, mount: str) -> None:
    truth = Truth(bao, "secret", 2) if mount == "secret" else Truth(bao, "old", 1)
    with FaultyProxy(bao.url) as proxy:
        for at in range(20):
            truth.clear()
            proxy.strike(fault, at)
            store = open_store(f"vault://{urlsplit(proxy.url).netloc}/{mount}", settings(bao))
            create(store, FULL)
            new = replace(FULL, host="new")
            assert do(store, step(Action.UPDATE, new, read_one(store, FULL), "host")) == [None]
            assert truth.get(Kind.CONNECTIONS, FULL.conn_id) == new
            assert do(store, step(Action.DELETE, None, read_one(store, new))) == [None]
            assert truth.get(Kind.CONNECTIONS, FULL.conn_id) is None
            store.close()
            if len(proxy.seen) <= at:
                return
    raise AssertionError("there are more requests than that")


@pytest.mark.parametrize("by", ["approle", "userpass"])
def test_other_ways_to_log_in(bao: OpenBao, by: str) -> None:
    client = bao.client
    if f"{by}/" not in client.sys.list_auth_methods()["data"]:
        client.sys.enable_auth_method(by)
    client.sys.create_or_update_policy(
        "all", 'path "secret/*" { capabilities = ["create", "read", "update", "list"] }'
    )
    if by == "approle":
        client.auth.approle.create_or_update_approle("airconn", token_policies=["all"])
        role = client.auth.approle.read_role_id("airconn")["data"]["role_id"]
        secret = client.auth.approle.generate_secret_id("airconn")["data"]["secret_id"]
        store = opened(bao, f"/secret?auth_type=approle&role_id={role}", VAULT_TOKEN="", VAULT_SECRET_ID=secret)
        wrong = opened(bao, f"/secret?auth_type=approle&role_id={role}", VAULT_TOKEN="", VAULT_SECRET_ID="canary")
    else:
        client.auth.userpass.create_or_update_user("ann", "pw-of-ann", policies=["all"])
        store = opened(bao, "/secret?auth_type=userpass&username=ann", VAULT_TOKEN="", VAULT_PASSWORD="pw-of-ann")
        wrong = opened(bao, "/secret?auth_type=userpass&username=ann", VAULT_TOKEN="", VAULT_PASSWORD="canary")
    create(store, FULL)
    assert read_one(store, FULL) == FULL
    with pytest.raises(TargetError, match="refuses the credentials") as caught:
        wrong.read(Selection())
    assert "canary" not in f"{caught.value} {caught.value.hint}"


def test_a_server_that_has_had_enough_is_asked_again(bao: OpenBao) -> None:
    create(opened(bao), *(Variable(key=f"v{number}", value=Text("x")) for number in range(3)))
    refused = iter([True, True])
    lock = threading.Lock()

    def answer(received: Any) -> Answer:
        with lock:
            if next(refused, False):
                return Answer(429, {"errors": ["too many"]}, {"Retry-After": "0"})
        import requests

        url = f"{bao.url}{received.path}"
        got = requests.request(
            received.method, url, headers={"X-Vault-Token": TOKEN}, params=received.query, timeout=5
        )
        return Answer(got.status_code, got.json())

    with Site(answer) as site:
        store = open_store(f"vault://{site.url.partition('://')[2]}/secret", settings(bao))
        assert len(store.read(Selection()).bundle.variables) == 3
        store.close()


def test_a_sealed_server_is_told_apart(bao: OpenBao) -> None:
    with Site(lambda received: Answer(503, {"errors": ["Vault is sealed"]})) as site:
        store = open_store(f"vault://{site.url.partition('://')[2]}/secret", settings(bao))
        with pytest.raises(TargetError, match="sealed"):
            store.read(Selection())
        store.close()


def test_the_main_job_by_hand(airconn: Callable[..., Any], bao: OpenBao, examples: Path, tmp_path: Path) -> None:
    env = bao.environ()
    address = f"vault://{bao.host}/secret"
    first = airconn("import", examples / "objects.json", "--to", address, env=env)
    assert (first.code, first.out.splitlines()[-1]) == (
        0, f"vault at {bao.url}, mount secret: 12 created, 0 updated, 0 unchanged",
    )  # fmt: skip
    assert "3 pools skipped" in first.err
    again = airconn("import", examples / "objects.json", "--to", "vault:///secret", "--connections", env=env)
    assert again.out.splitlines()[-1].endswith(": 0 created, 0 updated, 6 unchanged")
    exported = airconn("export", "--from", address, "-o", tmp_path / "all.json", env=env)
    assert exported.code == 0
    source, back = (json.loads(path.read_text()) for path in (examples / "objects.json", tmp_path / "all.json"))
    assert back["connections"] == source["connections"]
    assert airconn("delete", "warehouse", "--from", address, "--yes", env=env).code == 0
    assert airconn("import", examples / "objects.json", "--to", address, "--pools", env=env).code == 3


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("vault:///secret", "no Vault is named"),
        ("vault://h/secret?token=canary", "token is a credential"),
        ("vault://u:canary@h/secret", "has a user name or a password in it"),
        ("vault://h/secret?conections_path=x", "'conections_path' is not an option"),
        ("vault://h/secret?kv_engine_version=3", "kv_engine_version is 1 or 2"),
        ("vault://h/secret?connection_format=xml", "connection_format is json or uri"),
    ],
)
def test_a_wrong_address_is_told_without_its_secrets(address: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        open_store(address, Settings())
    assert message in str(caught.value)
    assert "canary" not in f"{caught.value} {caught.value.hint}"


def test_who_nobody_is_is_told_where_it_was_looked_for(bao: OpenBao, tmp_path: Path) -> None:
    store = opened(bao, VAULT_TOKEN="", HOME=str(tmp_path))
    with pytest.raises(TargetError, match=r"looked at token_path, VAULT_TOKEN and ~/.vault-token"):
        store.read(Selection())
    (tmp_path / ".vault-token").write_text(f"{TOKEN}\n")
    assert len(opened(bao, VAULT_TOKEN="", HOME=str(tmp_path)).read(Selection()).bundle) == 0
    with pytest.raises(AirconnError, match="can't log in to Vault with auth_type gcp"):
        opened(bao, "/secret?auth_type=gcp")


@pytest.mark.parametrize("query", ["variables_path=", "variables_path=connections/"])
def test_nothing_is_pruned_where_no_path_tells_whose_a_secret_is(
    airconn: Callable[..., Any], bao: OpenBao, truth: Truth, tmp_path: Path, query: str
) -> None:
    truth.put("of-somebody-else", {"value": "theirs"})
    truth.put("connections/theirs", {"value": "theirs"})
    (tmp_path / "in.json").write_text('{"variables": {"ours": "x"}}')
    address = f"vault://{bao.host}/secret?{query}"
    result = airconn("import", tmp_path / "in.json", "--to", address, "--prune", "--yes", env=bao.environ())
    assert result.code == 4
    assert "--prune would delete it" in result.err
    assert truth.raw("of-somebody-else") == truth.raw("connections/theirs") == {"value": "theirs"}
