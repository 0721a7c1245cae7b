"""Google Secret Manager: names, options, credentials, and what is done where things aren't as they should be."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import google.auth.exceptions
import google.oauth2.credentials
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from google.auth import impersonated_credentials

from airconn.config import Settings
from airconn.errors import TargetError, UsageError
from airconn.installed import command_for
from airconn.model import Action, Connection, Kind, Selection, Step, Text, Variable
from airconn.model.reading import Reading
from airconn.stores import base, open_backend, open_store
from airconn.stores.base import Context, Store
from airconn.stores.secrets.gcp import client as client_module
from airconn.stores.secrets.gcp import service as service_module
from airconn.stores.secrets.gcp.client import _Pauses
from airconn.stores.secrets.gcp.crc32c import crc32c
from tests.integration.backends.judge import GCP_SECRET_MANAGER
from tests.stores.contract import do, planned
from tests.stores.secrets import fake_secret_manager as fake
from tests.stores.site import Answer, Site

SECRET = "s3cr3t-&-value"
EVERYTHING = Selection()
WAREHOUSE = Connection(conn_id="warehouse", conn_type="postgres", password=SECRET)
REGION = Variable(key="region", value=Text("eu-west-1"))


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[fake.Fake]:
    with fake.running(tmp_path_factory.mktemp("google")) as running:
        yield running


@pytest.fixture
def google_(running: fake.Fake, monkeypatch: pytest.MonkeyPatch) -> fake.Fake:
    """The fake as it was made, and an environment that says who we are."""
    made = fake.SecretManager()
    for name in ("secrets", "only_locations", "damaged", "before", "log"):
        setattr(running.service, name, getattr(made, name))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(running.key_file))
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    return running


@pytest.fixture
def make(google_: fake.Fake) -> Iterator[Callable[..., Store]]:
    """Makes stores of the fake with further options."""
    made: list[Store] = []

    def make(project: str = fake.PROJECT, *, retries: int = 4, **options: str) -> Store:
        query = "&".join(f"{name}={value}" for name, value in {"api_endpoint": google_.endpoint, **options}.items())
        settings = Settings(ca_bundle=google_.bundle, retries=retries, timeout=10)
        made.append(open_store(f"gcp-secretmanager://{project}?{query}", settings))
        return made[-1]

    yield make
    for store in made:
        store.close()


def create(obj: Connection | Variable) -> Step:
    return Step(obj.kind, obj.id, Action.CREATE, obj)


def told(found: Reading) -> dict[str, str]:
    """What a read left alone, and why."""
    return {note.where.rpartition("/")[2]: note.message for note in found.notes}


def test_a_checksum_is_the_one_that_everybody_makes() -> None:
    # RFC 3720, B.4, and the check value of the catalogue of CRCs
    assert crc32c(b"123456789") == 0xE3069283
    assert crc32c(bytes(32)) == 0x8A9136AA
    assert crc32c(b"") == 0


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("gcp-secretmanager://p?conections_prefix=x", "not an option"),
        ("gcp-secretmanager://p?gcp_keyfile_dict={}", "gcp_keyfile_dict is a credential"),
        ("gcp-secretmanager://p?gcp_credential_config_file={}", "holds the content of a file"),
        ("gcp-secretmanager://p?project_id=q", "not an option"),
        ("gcp-secretmanager://p/path", "has a path"),
        ("gcp-secretmanager://p%2Fq", "not the id or number of a project"),
        ("gcp-secretmanager://p?connections_prefix=a/b", "names of secrets can't have"),
        ("gcp-secretmanager://p?sep=.", "names of secrets can't have"),
        ("gcp-secretmanager://p?connection_format=xml", "connection_format is json or uri"),
        ("gcp-secretmanager://p?api_endpoint=http://evil", "api_endpoint is not a host"),
        ("gcp-secretmanager://p?gcp_key_path=a&gcp_credential_config_file=b", "can't be combined"),
    ],
)
def test_an_address_that_is_wrong_is_told_without_quoting_it(address: str, message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        open_store(address, Settings())
    assert "evil" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "kind", "name"),
    [
        ({}, Kind.CONNECTIONS, "airflow-connections-my_Id"),
        ({}, Kind.VARIABLES, "airflow-variables-my_Id"),
        ({"sep": "_"}, Kind.VARIABLES, "airflow-variables_my_Id"),
        ({"connections_prefix": ""}, Kind.CONNECTIONS, "-my_Id"),
        ({"connections_prefix": "a-"}, Kind.CONNECTIONS, "a--my_Id"),
        ({"connections_prefix": "a", "sep": ""}, Kind.CONNECTIONS, "amy_Id"),
    ],
)
def test_a_secret_has_the_name_that_airflow_looks_for(
    make: Callable[..., Store], google_: fake.Fake, options: dict[str, str], kind: Kind, name: str
) -> None:
    store = make(**options)
    obj = WAREHOUSE if kind is Kind.CONNECTIONS else REGION
    obj = replace(obj, **{"conn_id" if kind is Kind.CONNECTIONS else "key": "my_Id"})
    assert do(store, create(obj)) == [None]
    assert list(google_.service.secrets) == [name]
    assert list(store.read(EVERYTHING).bundle) == [obj]


def test_a_kind_without_a_prefix_has_no_place(make: Callable[..., Store], google_: fake.Fake) -> None:
    store = make(variables_prefix="null")
    assert store.capabilities.kinds == {Kind.CONNECTIONS}
    google_.service.put("airflow-variables-a", b"1")
    assert list(store.read(EVERYTHING).bundle) == []
    assert list(store.problems(REGION)) == ["a variable has no prefix here"]


def test_what_is_below_the_longer_prefix_of_another_kind_is_of_that_kind(
    make: Callable[..., Store], google_: fake.Fake
) -> None:
    google_.service.put("airflow-connections-a", b'{"conn_type": "http"}')
    google_.service.put("airflow-config-smtp", b"x")
    google_.service.put("airflow-b", b"2")
    found = make(variables_prefix="airflow").read(EVERYTHING).bundle
    assert [(obj.kind, obj.id) for obj in found] == [(Kind.CONNECTIONS, "a"), (Kind.VARIABLES, "b")]


def test_only_names_that_begin_with_the_prefix_are_ours(make: Callable[..., Store], google_: fake.Fake) -> None:
    for name in ("my-airflow-variables-a", "airflow-variables-", "airflow-variablesb", "airflow-variables-c"):
        google_.service.put(name, b"1")
    assert list(make().read(EVERYTHING).bundle.variables) == ["c"]


def test_a_list_has_pages(make: Callable[..., Store], google_: fake.Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service_module, "_PAGE", 3)
    for number in range(10):
        google_.service.put(f"airflow-variables-v{number}", b"1")
    assert len(make().read(EVERYTHING).bundle.variables) == 10
    assert google_.service.log.count("ListSecrets") == 4 + 1  # and one of connections


def test_the_project_is_that_of_the_credentials_if_none_is_named(
    make: Callable[..., Store], google_: fake.Fake
) -> None:
    store = make(project="")
    assert store.describe().text == "Google Secret Manager, the project of the credentials"
    google_.service.put("airflow-variables-a", b"1")
    assert list(store.read(EVERYTHING).bundle.variables) == ["a"]
    assert store.describe().text == f"Google Secret Manager, project {fake.PROJECT}"


def test_what_airflow_makes_nothing_of_is_left_alone_and_told(make: Callable[..., Store], google_: fake.Fake) -> None:
    put = google_.service.put
    put("airflow-variables-disabled", b"1").versions[-1].state = fake.DISABLED
    put("airflow-variables-binary", b"\xff\xfe")
    put("airflow-connections-certificate", b"-----BEGIN")
    put("airflow-connections-broken", b'{"conn_type": ')
    put("airflow-connections-fine", b"http://h")
    store = make()
    found = store.read(EVERYTHING)
    assert [obj.id for obj in found.bundle] == ["fine"]
    notes = told(found)
    assert "disabled" in notes["airflow-variables-disabled"]
    assert "UTF-8" in notes["airflow-variables-binary"]
    assert notes.keys() == google_.service.secrets.keys() - {"airflow-connections-fine"}
    before = {name: list(secret.versions) for name, secret in google_.service.secrets.items()}
    for name in ("disabled", "binary"):
        variable = Variable(key=name, value=Text(SECRET))
        plan = planned([variable], store.read(EVERYTHING), store)
        assert plan.blocked
        assert SECRET not in str(plan.blocked)
        assert do(store, create(variable)) != [None]
    assert {name: list(secret.versions) for name, secret in google_.service.secrets.items()} == before


def test_a_secret_without_a_value_is_given_one(make: Callable[..., Store], google_: fake.Fake) -> None:
    google_.service.put("airflow-variables-empty")
    google_.service.put("airflow-variables-destroyed", b"1").versions[-1] = fake.Version(b"", fake.DESTROYED)
    store = make()
    found = store.read(EVERYTHING)
    assert list(found.bundle) == []
    assert found.notes == ()
    for name in ("empty", "destroyed"):
        assert do(store, create(Variable(key=name, value=Text("now")))) == [None]
    assert [obj.value for obj in store.read(EVERYTHING).bundle.variables.values()] == [Text("now")] * 2


def test_an_update_adds_a_version_and_keeps_the_ones_before(make: Callable[..., Store], google_: fake.Fake) -> None:
    google_.service.put("airflow-variables-region", b"old")
    store = make()
    found = store.read(EVERYTHING)
    (step,) = planned([REGION], found, store).writes
    assert do(store, step, before=found) == [None]
    assert [version.data for version in google_.service.secrets["airflow-variables-region"].versions] == [
        b"old",
        b"eu-west-1",
    ]


@pytest.mark.parametrize("action", [Action.UPDATE, Action.REPLACE, Action.DELETE])
def test_what_somebody_else_has_changed_meanwhile_is_left_as_it_is(
    make: Callable[..., Store], google_: fake.Fake, action: Action
) -> None:
    secret = google_.service.put("airflow-variables-region", b"old")
    store = make()
    found = store.read(EVERYTHING)
    (held,) = found.bundle
    secret.versions.append(fake.Version(b"theirs"))
    step = Step(held.kind, held.id, action, None if action is Action.DELETE else REGION, held)
    (error,) = do(store, step, before=found)
    assert error == "another program has changed it; run again"
    assert google_.service.secrets["airflow-variables-region"].versions[-1].data == b"theirs"


def test_what_somebody_else_has_made_meanwhile_is_left_as_it_is(
    make: Callable[..., Store], google_: fake.Fake
) -> None:
    store = make()
    assert list(store.read(EVERYTHING).bundle) == []
    google_.service.put("airflow-variables-region", b"theirs")
    assert do(store, create(REGION)) == ["a secret with its name exists already"]


def test_an_answer_that_was_lost_is_no_failure(make: Callable[..., Store], google_: fake.Fake) -> None:
    store = make()
    store.read(EVERYTHING)
    lost = iter((True,))

    def before(method: str, request: Any) -> None:
        if method == "CreateSecret" and next(lost, False):
            google_.service.create_secret(request)
            raise fake.Status("UNAVAILABLE")

    google_.service.before = before
    assert do(store, create(REGION)) == [None]
    assert list(store.read(EVERYTHING).bundle) == [REGION]


def test_one_request_too_many_is_sent_again_when_google_says(make: Callable[..., Store], google_: fake.Fake) -> None:
    google_.service.put("airflow-variables-region", b"eu-west-1")
    times = iter(range(3))

    def before(method: str, request: Any) -> None:
        if method == "AccessSecretVersion" and next(times, None) is not None:
            raise fake.out_of_quota(0.01)

    google_.service.before = before
    assert list(make().read(EVERYTHING).bundle) == [REGION]
    assert google_.service.log.count("AccessSecretVersion") == 4


def test_a_quota_that_stays_used_up_is_told(make: Callable[..., Store], google_: fake.Fake) -> None:
    def before(method: str, request: Any) -> None:
        raise fake.out_of_quota(0.01)

    google_.service.before = before
    with pytest.raises(TargetError, match="quota of the project is still used up"):
        make(retries=2).read(EVERYTHING)
    assert google_.service.log == ["ListSecrets"] * 3


def test_without_a_word_from_google_pauses_last_as_long_as_a_quota(google_: fake.Fake) -> None:
    from google.api_core.exceptions import ResourceExhausted, ServiceUnavailable

    pauses = _Pauses()
    seen = []
    for error in (ResourceExhausted("x"), ResourceExhausted("x"), ServiceUnavailable("x"), ResourceExhausted("x")):
        pauses.heed(error)
        seen.append(next(pauses))
    assert seen == [5, 10, 4, 40]
    pauses.heed(ResourceExhausted("x"))
    assert next(pauses) == 60


def test_a_short_fault_after_the_first_answer_is_waited_out(
    make: Callable[..., Store], google_: fake.Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "_LONGEST_PAUSE", 0.01)
    google_.service.put("airflow-variables-region", b"eu-west-1")
    times = iter(range(2))

    def before(method: str, request: Any) -> None:
        if method == "AccessSecretVersion" and next(times, None) is not None:
            raise fake.Status("UNAVAILABLE")

    google_.service.before = before
    assert list(make().read(EVERYTHING).bundle) == [REGION]


def test_new_secrets_are_kept_where_the_option_says(make: Callable[..., Store], google_: fake.Fake) -> None:
    google_.service.only_locations = frozenset({"europe-west1", "europe-west3"})
    (error,) = do(make(), create(REGION))
    assert error is not None
    assert "replication" in error
    assert do(make(replication="europe-west1,europe-west3"), create(REGION)) == [None]
    made = google_.service.secrets["airflow-variables-region"].replication.user_managed.replicas
    assert [replica.location for replica in made] == ["europe-west1", "europe-west3"]


def test_a_secret_that_got_no_value_says_so(make: Callable[..., Store], google_: fake.Fake) -> None:
    def before(method: str, request: Any) -> None:
        if method == "AddSecretVersion":
            raise fake.Status("PERMISSION_DENIED", f"the request was {request}")

    google_.service.before = before
    (error,) = do(make(), create(WAREHOUSE))
    assert error is not None
    assert error.startswith("the secret exists, but has no value yet: ")
    assert "refuses access to airflow-connections-warehouse" in error
    assert SECRET not in error


def test_a_refusal_of_one_secret_ends_the_reading(make: Callable[..., Store], google_: fake.Fake) -> None:
    google_.service.put("airflow-variables-a", b"1")
    google_.service.put("airflow-variables-b", b"2")

    def before(method: str, request: Any) -> None:
        if method == "AccessSecretVersion" and "variables-b" in request.name:
            raise fake.Status("PERMISSION_DENIED")

    google_.service.before = before
    with pytest.raises(TargetError, match="refuses access to airflow-variables-b") as caught:
        make().read(EVERYTHING)
    assert "--exclude" in str(caught.value.hint)
    assert [obj.id for obj in make().read(Selection(exclude=("b",))).bundle] == ["a"]


def test_another_project_and_an_api_that_is_off_are_told_apart(
    make: Callable[..., Store], google_: fake.Fake
) -> None:
    with pytest.raises(TargetError, match="refuses access to the project other") as caught:
        make(project="other").read(EVERYTHING)
    assert "check the project" in str(caught.value.hint)

    def before(method: str, request: Any) -> None:
        raise fake.disabled_api()

    google_.service.before = before
    with pytest.raises(TargetError, match="not enabled") as caught:
        make().read(EVERYTHING)
    assert "gcloud services enable" in str(caught.value.hint)


def test_what_was_damaged_on_its_way_is_not_taken(make: Callable[..., Store], google_: fake.Fake) -> None:
    google_.service.put("airflow-variables-region", b"eu-west-1")
    google_.service.damaged = True
    with pytest.raises(TargetError, match="damaged"):
        make().read(EVERYTHING)


def test_an_empty_value_and_a_name_that_is_too_long_are_told_before(make: Callable[..., Store]) -> None:
    store = make()
    assert "can't store empty values" in store.problems(Variable(key="a", value=Text("")))[0]
    assert store.problems(Variable(key="a" * 237, value=Text("1"))) == []
    assert "longer than the 255" in store.problems(Variable(key="a" * 238, value=Text("1")))[0]
    assert store.problems(Variable(key="a", value=Text("x" * 65536))) == []
    assert "65536 bytes" in store.problems(Variable(key="a", value=Text("é" * 32769)))[0]
    assert "surrogate" in store.problems(Variable(key="a", value=Text("\ud800")))[0]


def test_a_certificate_that_is_not_trusted_is_told_apart_from_an_absence(google_: fake.Fake) -> None:
    store = open_store(f"gcp-secretmanager://p?api_endpoint={google_.endpoint}", Settings())
    with pytest.raises(TargetError, match="certificate") as caught:
        store.read(EVERYTHING)
    assert "--ca-bundle" in str(caught.value.hint)
    store.close()


@pytest.mark.parametrize("scheme", ["http://", ""])
def test_a_proxy_of_the_environment_is_used_also_in_capitals(
    google_: fake.Fake, monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    with Site(lambda received: Answer(404)) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"{scheme}127.0.0.1:{proxy.port}")
        store = open_store("gcp-secretmanager://p?api_endpoint=google.invalid", Settings(retries=0))
        with pytest.raises(TargetError, match="can't be reached"):
            store.read(EVERYTHING)
        store.close()
        assert {(received.method, received.path) for received in proxy.log} == {("CONNECT", "google.invalid:443")}
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        monkeypatch.setenv("http_proxy", proxy.url)
        asked = len(proxy.log)
        direct = backend(google_)
        assert list(direct.read(EVERYTHING).bundle) == []
        direct.close()
        assert len(proxy.log) == asked


# Who we are


def backend(google_: fake.Fake, **kwargs: Any) -> Store:
    """The store of a backend that Airflow is configured with. The host is airconn's own option."""
    given = {"project_id": fake.PROJECT, "api_endpoint": google_.endpoint, **kwargs}
    return open_backend(GCP_SECRET_MANAGER, given, "airflow.cfg", Settings(ca_bundle=google_.bundle))


def test_a_key_in_the_kwargs_is_used_also_with_its_line_breaks_escaped(
    google_: fake.Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS")
    info = json.loads(google_.key_file.read_text())
    google_.service.put("airflow-variables-region", b"eu-west-1")
    for key in (info["private_key"], info["private_key"].replace("\n", "\\n")):
        store = backend(google_, gcp_keyfile_dict={**info, "private_key": key})
        assert list(store.read(EVERYTHING).bundle) == [REGION]
        assert "PRIVATE KEY" not in repr(store)
        store.close()


@pytest.mark.parametrize("as_text", [True, False])
def test_a_configuration_of_credentials_is_used(google_: fake.Fake, tmp_path: Path, as_text: bool) -> None:
    info = json.loads(google_.key_file.read_text())
    store = backend(google_, gcp_credential_config_file=json.dumps(info) if as_text else info)
    assert list(store.read(EVERYTHING).bundle) == []
    store.close()


def test_a_key_that_is_none_is_told_without_quoting_it(google_: fake.Fake, tmp_path: Path) -> None:
    path = tmp_path / "key.json"
    for text in (SECRET, "{}", json.dumps({"private_key": SECRET}), f"[{json.dumps(SECRET)}]"):
        path.write_text(text)
        with pytest.raises(UsageError, match="not a key or configuration") as caught:
            backend(google_, gcp_key_path=str(path)).read(EVERYTHING)
        assert SECRET not in f"{caught.value} {caught.value.hint} {caught.value.__cause__}"
    with pytest.raises(UsageError, match="can't be read: No such file"):
        backend(google_, gcp_key_path=str(tmp_path / "absent.json")).read(EVERYTHING)


def test_a_machine_without_credentials_is_told_how_to_get_some(
    google_: fake.Fake, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS")
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    with pytest.raises(TargetError, match="no usable credentials") as caught:
        backend(google_).read(EVERYTHING)
    assert "gcloud auth application-default login" in str(caught.value.hint)


def test_a_login_that_is_revoked_is_told_without_what_google_says(
    google_: fake.Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refresh(self: Any, request: Any) -> None:
        raise google.auth.exceptions.RefreshError(f"invalid_grant: {SECRET}")  # type: ignore[no-untyped-call]

    monkeypatch.setattr(google.oauth2.credentials.Credentials, "refresh", refresh)
    info = {"type": "authorized_user", "client_id": "c", "client_secret": SECRET, "refresh_token": SECRET}
    with pytest.raises(TargetError, match="refuses the credentials") as caught:
        backend(google_, gcp_credential_config_file=info).read(EVERYTHING)
    assert SECRET not in f"{caught.value} {caught.value.hint} {caught.value.__cause__}"


@pytest.mark.parametrize("chain", ["last@mine.iam.gserviceaccount.com", ["a@x", "last@mine.iam.gserviceaccount.com"]])
def test_another_account_is_acted_as(
    google_: fake.Fake, monkeypatch: pytest.MonkeyPatch, chain: str | list[str]
) -> None:
    seen: list[Any] = []

    def refresh(self: Any, request: Any) -> None:
        seen.append(self)
        raise google.auth.exceptions.RefreshError("no")  # type: ignore[no-untyped-call]

    monkeypatch.setattr(impersonated_credentials.Credentials, "refresh", refresh)
    with pytest.raises(TargetError, match="refuses the credentials"):
        backend(google_, impersonation_chain=chain).read(EVERYTHING)
    assert seen[0].service_account_email == "last@mine.iam.gserviceaccount.com"
    assert seen[0]._delegates == (["a@x"] if isinstance(chain, list) else None)


def test_a_token_of_another_key_is_refused(google_: fake.Fake, tmp_path: Path) -> None:
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    store = backend(google_, gcp_key_path=str(fake.write_key(tmp_path / "other.json", other)))
    with pytest.raises(TargetError, match="refuses the credentials"):
        store.read(EVERYTHING)
    store.close()


# The library


def test_a_library_that_is_missing_is_asked_for(google_: fake.Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "google.cloud.secretmanager_v1", None)
    with pytest.raises(UsageError, match="google-cloud-secret-manager, which isn't installed") as caught:
        backend(google_).read(EVERYTHING)
    assert caught.value.hint == command_for("gcp")


def test_nothing_but_the_error_is_said_and_the_environment_stays_as_it_is(google_: fake.Fake) -> None:
    script = f"""
import os, sys
from airconn.cli import run
before = dict(os.environ)
code = run(["list", "--from", "gcp-secretmanager://p?api_endpoint={google_.endpoint}"])
assert before == dict(os.environ)
sys.exit(code)
"""
    environ = {**os.environ, "AIRCONN_CA_BUNDLE": ""}
    done = subprocess.run([sys.executable, "-c", script], env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 5, done.stderr
    assert [line.partition(":")[0] for line in done.stderr.splitlines()] == ["error", "hint"]
    assert done.stdout == ""


def test_the_libraries_log_nothing(
    google_: fake.Fake, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(logging, "lastResort", logging.StreamHandler())
    store = backend(google_)
    store.read(EVERYTHING)
    logging.getLogger("google.auth").warning("hush")
    store.close()
    assert isinstance(logging.lastResort, logging.NullHandler)


def test_a_read_ends_at_the_deadline(make: Callable[..., Store], monkeypatch: pytest.MonkeyPatch) -> None:
    store = make()
    variables = [Variable(key=f"v{number}", value=Text("x")) for number in range(40)]
    assert not any(
        outcome.error for outcome in store.apply([Step(Kind.VARIABLES, v.key, Action.CREATE, v) for v in variables])
    )
    told: list[int] = []

    monkeypatch.setattr(base, "time", SimpleNamespace(monotonic=lambda: float(len(told))))

    def watch(what: str, done: int, total: int | None) -> None:
        told.append(done)

    with pytest.raises(TargetError, match="the deadline has passed"):
        store.read(EVERYTHING, Context(deadline=1.0, watch=watch))
    assert told == [1]
