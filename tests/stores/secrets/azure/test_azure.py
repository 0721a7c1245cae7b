"""Azure Key Vault: names that several ids share, what is deleted and comes back, and what goes wrong."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import azure.identity
import pytest

from airconn.config import Settings
from airconn.errors import TargetError, UsageError
from airconn.formats.key_vault_names import Names
from airconn.installed import command_for
from airconn.model import Action, Bundle, Connection, Kind, Selection, Step, Text, Variable
from airconn.model.reading import Reading
from airconn.plan import with_deletions
from airconn.stores import open_backend, open_store
from airconn.stores.base import Context, Store
from airconn.stores.secrets.azure.options import AzureOptions
from airconn.transfer.importing import OpenedImport, prepare
from airconn.transfer.requests import ImportRequest
from tests.integration.backends.judge import AZURE_KEY_VAULT
from tests.stores.contract import do, planned
from tests.stores.secrets import fake_key_vault as fake
from tests.stores.site import Answer, Site

SECRET = "s3cr3t-&-value"
EVERYTHING = Selection()
REGION = Variable(key="region", value=Text("eu-west-1"))
UNDERSCORE = Connection(conn_id="my_conn", conn_type="http", host="underscore", password=SECRET)
DASH = Connection(conn_id="my-conn", conn_type="http", host="dash", password=SECRET)
CONNECTION_TAG, VARIABLE_TAG = "airflow-connection-id", "airflow-variable-key"
NAME = "airflow-connections-my-conn"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[fake.Fake]:
    with fake.running(tmp_path_factory.mktemp("azure")) as running:
        yield running


@pytest.fixture
def azure_(running: fake.Fake, monkeypatch: pytest.MonkeyPatch) -> fake.Fake:
    """The fake as it was made, and an environment that says who we are."""
    made = fake.KeyVault()
    for name in ("secrets", "settling", "before", "log", "resource"):
        setattr(running.vault, name, getattr(made, name))
    for name, value in running.environ.items():
        monkeypatch.setenv(name, value)
    return running


@pytest.fixture
def make(azure_: fake.Fake) -> Iterator[Callable[..., Store]]:
    """Makes stores of the fake with further options."""
    made: list[Store] = []

    def make(*, retries: int = 4, timeout: float = 10, **options: str) -> Store:
        query = "&".join(f"{name}={value}" for name, value in options.items())
        address = azure_.address + (f"?{query}" if query else "")
        made.append(open_store(address, Settings(retries=retries, timeout=timeout)))
        return made[-1]

    yield make
    for store in made:
        store.close()


def create(obj: Connection | Variable) -> Step:
    return Step(obj.kind, obj.id, Action.CREATE, obj)


def delete(obj: Connection | Variable) -> Step:
    return Step(obj.kind, obj.id, Action.DELETE, None, obj)


def by_id(*objects: Connection | Variable) -> Selection:
    return Selection(ids=frozenset((obj.kind, obj.id) for obj in objects))


def blocked(store: Store, *objects: Connection | Variable) -> dict[str, str]:
    """What a plan to import these can't do, and why."""
    plan = planned(objects, store.read(by_id(*objects)), store)
    return {step.id: step.reasons[0] for step in plan.blocked}


# Addresses


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("azure-keyvault://v?conections_prefix=x", "not an option"),
        ("azure-keyvault://v?client_secret=x", "client_secret is a credential"),
        ("azure-keyvault://v?vault_url=https://w.vault.azure.net", "not an option"),
        ("azure-keyvault://v/path", "has a path"),
        ("azure-keyvault://v_w", "neither a name nor a host"),
        ("azure-keyvault://", "no vault is named"),
        ("azure-keyvault://?vault_url=http://evil.example", "not the URL of a vault"),
        ("azure-keyvault://?vault_url=https://evil.example/path", "not the URL of a vault"),
        ("azure-keyvault://v?connections_prefix=a.b", "names of secrets can't have"),
        ("azure-keyvault://v?sep=_", "names of secrets can't have"),
        ("azure-keyvault://v?connection_format=xml", "connection_format is json or uri"),
    ],
)
def test_an_address_that_is_wrong_is_told_without_quoting_it(address: str, message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        open_store(address, Settings())
    assert "evil" not in str(caught.value)


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("azure-keyvault://my-vault", "my-vault"),
        ("azure-keyvault://my-vault.vault.azure.net", "my-vault"),
        ("azure-keyvault://my-vault.vault.azure.cn", "my-vault.vault.azure.cn"),
        ("azure-keyvault://?vault_url=https://my-vault.vault.azure.net/", "my-vault"),
    ],
)
def test_a_vault_is_a_name_or_a_host(address: str, shown: str) -> None:
    store = open_store(address, Settings())
    assert store.describe().text == f"Azure Key Vault {shown}"
    assert store.address == f"azure-keyvault://{shown}"


# Names


@pytest.mark.parametrize(
    ("prefix", "sep", "name"),
    [
        ("airflow-connections", "-", "airflow-connections-My-Id"),
        ("airflow-connections--", "-", "airflow-connections-My-Id"),
        ("airflow_connections", "-", "airflow-connections-My-Id"),
        ("air", "--", "air--My--Id"),
        ("air", "", "airMyId"),
        ("air", "x", "airxMyxId"),
        ("", "-", "My-Id"),
        ("-", "-", "My-Id"),
    ],
)
def test_a_secret_has_the_name_that_airflow_looks_for(prefix: str, sep: str, name: str) -> None:
    names = Names({Kind.CONNECTIONS: prefix, Kind.VARIABLES: None}, None, sep)
    assert names.name(Kind.CONNECTIONS, "My_Id") == name
    assert names.fault() == ""
    assert names.owner(name.upper(), {CONNECTION_TAG: "My_Id"}) == (Kind.CONNECTIONS, "My_Id")
    assert names.owner(name, {CONNECTION_TAG: "Another"}) is None
    guess = names.guess(Kind.CONNECTIONS, name)
    assert guess is not None
    assert names.name(Kind.CONNECTIONS, guess) == name


def test_a_kind_without_a_prefix_has_no_place(make: Callable[..., Store], azure_: fake.Fake) -> None:
    store = make(variables_prefix="null")
    azure_.vault.put("airflow-variables-a", "1")
    assert store.capabilities.kinds == {Kind.CONNECTIONS}
    assert list(store.read(EVERYTHING).bundle) == []
    assert list(store.problems(REGION)) == ["a variable has no prefix here"]


def test_what_is_below_the_longer_prefix_of_another_kind_is_of_that_kind(
    make: Callable[..., Store], azure_: fake.Fake
) -> None:
    for name, value in (("airflow-connections-a", "http://h"), ("airflow-config-b", "1"), ("airflow-c", "2")):
        azure_.vault.put(name, value)
    found = make(variables_prefix="airflow").read(EVERYTHING).bundle
    assert [(obj.kind, obj.id) for obj in found] == [(Kind.CONNECTIONS, "a"), (Kind.VARIABLES, "c")]


def test_kinds_of_one_prefix_are_told_apart_by_their_tags(make: Callable[..., Store], azure_: fake.Fake) -> None:
    store = make(connections_prefix="air", variables_prefix="air")
    assert do(store, create(UNDERSCORE), create(REGION)) == [None, None]
    assert [(obj.kind, obj.id) for obj in store.read(EVERYTHING).bundle] == [
        (Kind.CONNECTIONS, "my_conn"),
        (Kind.VARIABLES, "region"),
    ]
    same = Variable(key="my-conn", value=Text("1"))
    assert blocked(store, same) == {"my-conn": "its name is taken: the secret is that of the connection my_conn"}


def test_the_id_is_in_a_tag(make: Callable[..., Store], azure_: fake.Fake) -> None:
    ids = ("my-conn", "My_Other-Conn", "a-b_c")
    store = make()
    assert do(store, *(create(replace(DASH, conn_id=id_)) for id_ in ids)) == [None] * 3
    assert {secret.name: secret.versions[-1].tags for secret in azure_.vault.secrets.values()} == {
        "airflow-connections-my-conn": {CONNECTION_TAG: "my-conn"},
        "airflow-connections-My-Other-Conn": {CONNECTION_TAG: "My_Other-Conn"},
        "airflow-connections-a-b-c": {CONNECTION_TAG: "a-b_c"},
    }
    found = store.read(EVERYTHING)
    assert sorted(found.bundle.connections) == sorted(ids)
    assert found.notes == ()


def test_an_id_without_a_tag_is_guessed_and_that_is_told_once(make: Callable[..., Store], azure_: fake.Fake) -> None:
    azure_.vault.put(NAME, "http://h")
    azure_.vault.put("airflow-connections-your-conn", "http://h", tags={CONNECTION_TAG: "of another name"})
    azure_.vault.put("airflow-variables-plain", "1")
    store = make()
    found = store.read(EVERYTHING)
    assert [obj.id for obj in found.bundle] == ["my_conn", "your_conn", "plain"]
    (note,) = found.notes
    assert "'_' for each '-'" in note.message
    assert not note.left_out
    kept = make(keep_dashes="true").read(EVERYTHING)
    assert [obj.id for obj in kept.bundle] == ["my-conn", "your-conn", "plain"]
    assert kept.notes == ()
    # Airflow finds it by either id, and whoever asks for one gets it.
    assert [obj.id for obj in make().read(by_id(DASH)).bundle] == ["my-conn"]
    assert [obj.id for obj in make().read(by_id(UNDERSCORE)).bundle] == ["my_conn"]


def test_an_update_gives_a_secret_its_tag_and_keeps_what_else_it_has(
    make: Callable[..., Store], azure_: fake.Fake
) -> None:
    secret = azure_.vault.put(
        NAME,
        "http://old",
        tags={"team": "etl"},
        content_type="text/x",
        attributes={"enabled": True, "exp": 2_000_000_000, "nbf": 1_000_000_000},
    )
    store = make()
    found = store.read(by_id(DASH))
    (step,) = planned([DASH], found, store).writes
    assert step.action is Action.UPDATE
    assert do(store, step, before=found) == [None]
    old, new = secret.versions
    assert new.tags == {"team": "etl", CONNECTION_TAG: "my-conn"}
    assert (new.content_type, new.attributes) == (old.content_type, old.attributes)
    assert [obj.id for obj in store.read(EVERYTHING).bundle] == ["my-conn"]


def test_a_secret_with_no_room_for_a_tag_is_not_updated(make: Callable[..., Store], azure_: fake.Fake) -> None:
    secret = azure_.vault.put(NAME, "http://old", tags={f"t{number}": "x" for number in range(15)})
    store = make()
    (held,) = store.read(by_id(DASH)).bundle
    (error,) = do(store, Step(held.kind, held.id, Action.REPLACE, DASH, held))
    assert error == "its secret has 15 tags already, and needs one more for its id"
    assert len(secret.versions) == 1


# Two ids with one secret


@pytest.mark.parametrize("id_", ["my-conn", "MY_CONN", "my-Conn"])
def test_an_object_whose_secret_is_another_ones_is_blocked(
    make: Callable[..., Store], azure_: fake.Fake, id_: str
) -> None:
    store = make()
    assert do(store, create(UNDERSCORE)) == [None]
    other = replace(DASH, conn_id=id_)
    why = "the secret is that of the connection my_conn"
    found = store.read(by_id(other))
    assert list(found.bundle) == []
    assert f"{why}: left alone" in [note.message for note in found.notes]
    assert why in blocked(store, other)[id_]
    # And without a look before, as where it was made meanwhile:
    (error,) = do(make(), create(other))
    assert error is not None
    assert why in error
    (error,) = do(make(), delete(other))
    assert error == why
    assert list(make().read(EVERYTHING).bundle) == [UNDERSCORE]


def test_two_objects_of_the_sources_with_one_secret_are_blocked_before_a_write(
    make: Callable[..., Store], azure_: fake.Fake
) -> None:
    store = make()
    assert blocked(store, UNDERSCORE, DASH, REGION) == {
        "my_conn": f"my-conn has the same name in a Key Vault, {NAME}: rename one of them"
    }
    assert blocked(store, UNDERSCORE) == {}, "what was planned before is forgotten"
    first, second = do(store, create(UNDERSCORE), create(DASH))
    assert first is None
    assert second == "the secret is that of the connection my_conn, which was written just now"
    assert list(store.read(EVERYTHING).bundle) == [UNDERSCORE]


def test_pruning_deletes_no_secret_that_an_id_was_only_guessed_for(
    make: Callable[..., Store], azure_: fake.Fake
) -> None:
    azure_.vault.put(NAME, "http://old")
    store = make()
    inside = store.read(Selection(kinds=frozenset({Kind.CONNECTIONS})))
    outside = store.read(by_id(DASH), Context(before=inside))
    found = Reading(Bundle.of([*inside.bundle, *outside.bundle]), versions={**inside.versions, **outside.versions})
    source = Bundle.of([DASH])
    plan = with_deletions(planned([DASH], found, store), source, found.bundle, frozenset({Kind.CONNECTIONS}))
    assert [step.id for step in plan.blocked] == ["my-conn"]
    # Nor where the two were read without knowing of each other:
    outside = store.read(by_id(DASH))
    found = Reading(versions={**inside.versions, **outside.versions})
    for step in (delete(UNDERSCORE), Step(DASH.kind, DASH.id, Action.UPDATE, DASH, DASH)):
        (error,) = do(store, step, before=found)
        assert "the secret is that of the connection" in str(error)
    store = make(keep_dashes="true")
    found = store.read(Selection(kinds=frozenset({Kind.CONNECTIONS})))
    plan = with_deletions(planned([DASH], found, store), source, found.bundle, frozenset({Kind.CONNECTIONS}))
    assert [(step.id, step.action) for step in plan.steps] == [("my-conn", Action.UPDATE)]


@pytest.mark.parametrize("prune", [False, True])
def test_an_import_tells_the_vault_all_ids_that_are_wanted_and_what_was_read(
    make: Callable[..., Store], azure_: fake.Fake, tmp_path: Path, prune: bool
) -> None:
    def blocked_by(*ids: str) -> list[str]:
        path = tmp_path / "objects.json"
        path.write_text(json.dumps({"connections": {id_: {"conn_type": "http"} for id_ in ids}}))
        source = open_store(str(path), Settings())
        request = ImportRequest((str(path),), Selection(kinds=frozenset({Kind.CONNECTIONS})), prune=prune)
        plan = prepare(request, OpenedImport(make(), [source]), Context()).plan
        return [step.id for step in plan.blocked]

    assert blocked_by("my-conn", "my_conn", "other") == ["my_conn"]
    azure_.vault.put(NAME, "http://h")  # without a tag, it may be either
    assert blocked_by("my_conn") == []
    assert blocked_by("my-conn") == (["my-conn"] if prune else [])


# What is not as it should be


def test_what_airflow_makes_nothing_of_is_left_alone_and_told(make: Callable[..., Store], azure_: fake.Fake) -> None:
    put = azure_.vault.put
    put("airflow-variables-disabled", "1", attributes={"enabled": False})
    put("airflow-variables-certificate", "MII").managed = True
    put("airflow-connections-broken", "{")
    put("airflow-variables-expired", "still read", attributes={"enabled": True, "exp": 1, "nbf": 0})
    store = make()
    found = store.read(EVERYTHING)
    assert [obj.id for obj in found.bundle] == ["expired"]
    notes = {note.where.rpartition("/")[2]: note.message for note in found.notes if note.left_out}
    assert notes["airflow-variables-disabled"] == "the secret is disabled: left alone"
    assert "Key Vault itself manages" in notes["airflow-variables-certificate"]
    assert notes.keys() == azure_.vault.secrets.keys() - {"airflow-variables-expired"}
    for key in ("disabled", "certificate"):
        variable = Variable(key=key, value=Text(SECRET))
        assert blocked(make(), variable)
        (error,) = do(make(), create(variable))
        assert error is not None
        assert SECRET not in error
    assert {len(secret.versions) for secret in azure_.vault.secrets.values()} == {1}


@pytest.mark.parametrize("action", [Action.UPDATE, Action.REPLACE, Action.DELETE])
def test_what_somebody_else_has_changed_meanwhile_is_left_as_it_is(
    make: Callable[..., Store], azure_: fake.Fake, action: Action
) -> None:
    azure_.vault.put("airflow-variables-region", "old")
    store = make()
    found = store.read(EVERYTHING)
    (held,) = found.bundle
    secret = azure_.vault.put("airflow-variables-region", "theirs")
    step = Step(held.kind, held.id, action, None if action is Action.DELETE else REGION, held)
    (error,) = do(store, step, before=found)
    assert error == "another program has changed it; run again"
    assert (secret.versions[-1].value, secret.gone_at) == ("theirs", None)


@pytest.mark.parametrize("settling", [0.0, 0.15, 60.0])
def test_what_somebody_else_writes_right_before_a_deletion_is_brought_back(
    make: Callable[..., Store], azure_: fake.Fake, settling: float
) -> None:
    azure_.vault.put("airflow-variables-region", "old")
    azure_.vault.settling = settling
    store = make(timeout=0.5)
    (held,) = store.read(EVERYTHING).bundle

    def before(operation: str, name: str) -> None:
        if operation == "DeleteSecret":
            azure_.vault.put(name, "theirs")

    azure_.vault.before = before
    (error,) = do(store, delete(held))
    if settling > 1:
        assert error == (
            "another program's new version was deleted as well; `az keyvault secret recover` restores it"
        )
        return
    assert error == "another program has changed it; run again"
    time.sleep(settling)
    assert azure_.vault.secrets["airflow-variables-region"].versions[-1].value == "theirs"
    assert list(make().read(EVERYTHING).bundle) == [Variable(key="region", value=Text("theirs"))]


def test_what_somebody_else_has_made_meanwhile_is_left_as_it_is(
    make: Callable[..., Store], azure_: fake.Fake
) -> None:
    store = make()
    assert list(store.read(EVERYTHING).bundle) == []
    azure_.vault.put("airflow-variables-region", "theirs")
    assert do(store, create(REGION)) == ["a secret with its name exists already"]


def test_an_answer_that_was_lost_is_no_failure(make: Callable[..., Store], azure_: fake.Fake) -> None:
    lost = iter((True,))

    def before(operation: str, name: str) -> None:
        if operation == "SetSecret" and next(lost, False):
            azure_.vault.put(name, "eu-west-1", tags={VARIABLE_TAG: "region"})
            raise fake.Refusal(503, "Unavailable", headers={"Retry-After": "0"})

    azure_.vault.before = before
    store = make()
    assert do(store, create(REGION)) == [None]
    assert list(store.read(EVERYTHING).bundle) == [REGION]


def test_what_is_deleted_can_be_brought_back_and_is_where_it_is_made_again(
    make: Callable[..., Store], azure_: fake.Fake
) -> None:
    azure_.vault.settling = 0.15
    store = make()
    assert do(store, create(REGION)) == [None]
    assert do(store, delete(REGION)) == [None]
    assert list(store.read(EVERYTHING).bundle) == []
    again = Variable(key="region", value=Text("us-east-1"))
    assert do(store, create(again)) == [None]
    assert list(store.read(EVERYTHING).bundle) == [again]
    secret = azure_.vault.secrets["airflow-variables-region"]
    assert [version.value for version in secret.versions] == ["eu-west-1", "us-east-1"]
    assert azure_.vault.log.count("RecoverDeletedSecret") == 1
    assert "PurgeDeletedSecret" not in azure_.vault.log


def gone(azure_: fake.Fake, name: str) -> fake.Secret:
    """A secret that was deleted."""
    secret = azure_.vault.put(name, "old")
    secret.gone_at = time.monotonic()
    return secret


def test_a_deleted_secret_that_stays_in_the_way_is_told(make: Callable[..., Store], azure_: fake.Fake) -> None:
    secret = gone(azure_, "airflow-variables-region")
    secret.gone_at = time.monotonic() + 60
    (error,) = do(make(timeout=0.3), create(REGION))
    assert error == "a deleted secret still has its name after 0.3 s"


def test_without_the_right_to_recover_a_deleted_secret_it_is_told(
    make: Callable[..., Store], azure_: fake.Fake
) -> None:
    secret = gone(azure_, "airflow-variables-region")

    def before(operation: str, name: str) -> None:
        if operation == "RecoverDeletedSecret":
            raise fake.Refusal(403, "Forbidden", "ForbiddenByRbac")

    azure_.vault.before = before
    (error,) = do(make(), create(REGION))
    assert error is not None
    assert error.startswith("a deleted secret has its name, and can't be recovered")
    assert "ForbiddenByRbac" in error
    assert secret.gone_at is not None


def test_what_was_brought_back_in_vain_is_deleted_again(make: Callable[..., Store], azure_: fake.Fake) -> None:
    secret = gone(azure_, "airflow-variables-region")
    tries = iter(range(1))

    def before(operation: str, name: str) -> None:
        if operation == "SetSecret" and next(tries, None) is None:
            raise fake.Refusal(403, "Forbidden", "ForbiddenByPolicy")

    azure_.vault.before = before
    (error,) = do(make(), create(REGION))
    assert error is not None
    assert error.endswith("the deleted secret with its name is deleted as before")
    assert secret.gone_at is not None
    assert len(secret.versions) == 1


def test_what_does_not_come_back_in_time_is_told(make: Callable[..., Store], azure_: fake.Fake) -> None:
    gone(azure_, "airflow-variables-region")
    azure_.vault.settling = 60
    (error,) = do(make(timeout=0.3), create(REGION))
    assert error is not None
    assert error.startswith("a deleted secret still has its name after 0.3 s")
    assert error.endswith("was recovered, and still exists")


def test_one_request_too_many_is_sent_again_when_azure_says(make: Callable[..., Store], azure_: fake.Fake) -> None:
    azure_.vault.put("airflow-variables-region", "eu-west-1", tags={VARIABLE_TAG: "region"})
    times = iter(range(1))
    asked: list[float] = []

    def before(operation: str, name: str) -> None:
        if operation == "GetSecret":
            asked.append(time.monotonic())
            if next(times, None) is not None:
                raise fake.throttled("1")

    azure_.vault.before = before
    assert list(make().read(EVERYTHING).bundle) == [REGION]
    first, second = asked
    assert second - first >= 1


def test_a_vault_that_goes_on_refusing_is_told(make: Callable[..., Store], azure_: fake.Fake) -> None:
    def before(operation: str, name: str) -> None:
        raise fake.throttled("0")

    azure_.vault.before = before
    with pytest.raises(TargetError, match="still refuses requests"):
        make(retries=2).read(EVERYTHING)
    assert azure_.vault.log == ["GetSecrets"] * 3


@pytest.mark.parametrize(
    ("status", "inner", "message"),
    [
        (403, "ForbiddenByRbac", r"refuses access \(ForbiddenByRbac\)"),
        (403, "ForbiddenByFirewall", "firewall of the vault refuses"),
        (500, "", r"fails \(status 500\)"),
    ],
)
@pytest.mark.parametrize("operation", ["GetSecrets", "GetSecret"])
def test_a_refusal_ends_the_reading(
    make: Callable[..., Store], azure_: fake.Fake, operation: str, status: int, inner: str, message: str
) -> None:
    azure_.vault.put("airflow-variables-region", SECRET)

    def before(asked: str, name: str) -> None:
        if asked == operation:
            raise fake.Refusal(status, "Forbidden", inner)

    azure_.vault.before = before
    with pytest.raises(TargetError, match=message) as caught:
        make(retries=0).read(EVERYTHING)
    assert caught.value.hint
    assert SECRET not in f"{caught.value} {caught.value.__cause__}"


def test_a_value_that_is_too_large_and_a_name_that_is_too_long_are_told_before(make: Callable[..., Store]) -> None:
    store = make()
    assert list(store.problems(Variable(key="a", value=Text("")))) == []
    assert list(store.problems(Variable(key="a", value=Text("x" * 25600)))) == []
    assert "25600 bytes" in store.problems(Variable(key="a", value=Text("é" * 12801)))[0]
    assert list(store.problems(Variable(key="a" * 109, value=Text("1")))) == []
    assert "longer than the 127" in store.problems(Variable(key="a" * 110, value=Text("1")))[0]
    assert "aren't allowed" in store.problems(Variable(key="a.b", value=Text("1")))[0]


# Who we are, and who answers


def test_a_clients_secret_in_the_kwargs_is_used(azure_: fake.Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AZURE_CLIENT_SECRET")
    kwargs = {"vault_url": azure_.site.url, "tenant_id": fake.TENANT, "client_id": fake.CLIENT_ID}
    azure_.vault.put("airflow-variables-region", "eu-west-1")
    for secret in (fake.CLIENT_SECRET, SECRET):
        store = open_backend(AZURE_KEY_VAULT, {**kwargs, "client_secret": secret}, "airflow.cfg", Settings())
        if secret == fake.CLIENT_SECRET:
            assert list(store.read(EVERYTHING).bundle) == [REGION]
        else:
            with pytest.raises(TargetError, match="refuses the credentials") as caught:
                store.read(EVERYTHING)
            assert SECRET not in f"{caught.value} {caught.value.hint} {caught.value.__cause__} {store!r}"
        store.close()


@pytest.mark.parametrize("name", ["AZURE_CLIENT_SECRET", "AZURE_TENANT_ID"])
def test_credentials_that_are_half_there_are_told(
    make: Callable[..., Store], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "")
    with pytest.raises(TargetError, match="incomplete or malformed") as caught:
        make().read(EVERYTHING)
    assert "AZURE_CLIENT_ID" in str(caught.value.hint)


def test_a_managed_identity_is_given_on_as_airflow_does(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[dict[str, Any]] = []
    monkeypatch.setattr(azure.identity, "DefaultAzureCredential", lambda **options: seen.append(options))
    AzureOptions(managed_identity_client_id="m", workload_identity_tenant_id="w").credential(retry_total=1)
    AzureOptions(managed_identity_client_id="m").credential()
    assert seen == [
        {
            "retry_total": 1,
            "managed_identity_client_id": "m",
            "workload_identity_tenant_id": "w",
            "additionally_allowed_tenants": ["w"],
        },
        {},
    ]


def test_whoever_wants_a_token_for_another_service_gets_none(
    azure_: fake.Fake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with fake.running(tmp_path) as other:
        other.vault.resource = "https://vault.azure.net"
        for name, value in other.environ.items():
            monkeypatch.setenv(name, value)
        store = open_store(other.address, Settings())
        with pytest.raises(TargetError, match="requires a token for another service") as caught:
            store.read(EVERYTHING)
        assert "verify_challenge_resource" in str(caught.value.hint)
        assert other.vault.tokens == set()
        store.close()
        store = open_store(f"{other.address}?verify_challenge_resource=false", Settings())
        assert list(store.read(EVERYTHING).bundle) == []
        store.close()


def test_an_older_version_of_the_api_can_be_asked_for(make: Callable[..., Store], azure_: fake.Fake) -> None:
    assert list(make(api_version="7.4").read(EVERYTHING).bundle) == []
    assert ("api-version", "7.4") in azure_.site.log[-1].query


def test_a_certificate_that_is_not_trusted_is_told_apart_from_an_absence(
    azure_: fake.Fake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    with fake.running(tmp_path) as other:
        monkeypatch.setenv("AZURE_AUTHORITY_HOST", other.site.url)
        store = open_store(other.address, Settings())
        with pytest.raises(TargetError, match="certificate") as caught:
            store.read(EVERYTHING)
        assert "--ca-bundle" in str(caught.value.hint)
        trusting = open_store(other.address, Settings(ca_bundle=other.bundle))
        assert list(trusting.read(EVERYTHING).bundle) == []
        store.close()
        trusting.close()


def test_a_name_that_nobody_has_is_told(azure_: fake.Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    def resolve(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    store = open_store("azure-keyvault://my-vualt", Settings())
    with pytest.raises(TargetError, match=r"my-vualt\.vault\.azure\.net doesn't resolve"):
        store.read(EVERYTHING)
    store.close()


def test_a_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch, azure_: fake.Fake) -> None:
    with Site(lambda received: Answer(404)) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        store = open_store("azure-keyvault://azure.invalid", Settings(retries=0))
        with pytest.raises(TargetError, match="can't be reached"):
            store.read(EVERYTHING)
        store.close()
        assert {(received.method, received.path) for received in proxy.log} == {("CONNECT", "azure.invalid:443")}


@pytest.mark.parametrize("module", ["azure.keyvault.secrets", "azure.identity"])
def test_a_library_that_is_missing_is_asked_for(
    make: Callable[..., Store], monkeypatch: pytest.MonkeyPatch, module: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    package = "azure-identity" if module == "azure.identity" else "azure-keyvault-secrets"
    with pytest.raises(UsageError, match=f"{package}, which isn't installed") as caught:
        make().read(EVERYTHING)
    assert caught.value.hint == command_for("azure")
