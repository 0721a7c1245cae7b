"""AWS's two places for secrets, on moto's server."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import boto3
import pytest
from moto.server import ThreadedMotoServer

from airconn.config import Settings
from airconn.errors import TargetError, UsageError
from airconn.model import Action, AirflowObject, Connection, Kind, Selection, Text, Variable
from airconn.stores import open_backend, open_store
from airconn.stores.base import Store
from tests.integration.backends import judge
from tests.integration.backends.agreement import BackendAgreement, Place
from tests.stores.contract import FULL, SECRET, StoreContract, create, do, read_one, step
from tests.stores.site import Answer, Site

pytestmark = pytest.mark.xdist_group("moto")
logging.getLogger("werkzeug").setLevel(logging.ERROR)

REGION = "eu-west-1"
KEYS = {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "s3cr3t-of-aws"}
FIELDS = ("conn_type", "description", "host", "schema", "login", "password", "port", "extra")


@pytest.fixture(scope="session")
def moto() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def settings(url: str, **environ: str) -> Settings:
    found = {**KEYS, "AWS_ENDPOINT_URL": url, "AWS_EC2_METADATA_DISABLED": "true", **environ}
    return Settings(environ=found, retries=2, timeout=10)


def client(url: str, service: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=url,
        region_name=REGION,
        aws_access_key_id=KEYS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=KEYS["AWS_SECRET_ACCESS_KEY"],
    )


def decoded(kind: Kind, id_: str, text: str) -> AirflowObject:
    if kind is Kind.VARIABLES:
        return Variable(key=id_, value=Text(text))
    found = json.loads(text)
    extra, port = found.get("extra"), found.get("port")
    fields = {name: found.get(name) for name in FIELDS if name not in ("extra", "port", "conn_type", "password")}
    return Connection(
        conn_id=id_,
        conn_type=found["conn_type"],
        password=found.get("password") or None,
        port=None if port is None else int(port),
        extra=None if extra is None else Text(extra if isinstance(extra, str) else json.dumps(extra)),
        **fields,
    )


class OfSecretsManager:
    """Looks into Secrets Manager with a client of its own."""

    prefix = "airflow/"

    def __init__(self, url: str) -> None:
        self.url = url
        self.client = client(url, "secretsmanager")

    def raw(self, name: str) -> str | None:
        try:
            return self.client.get_secret_value(SecretId=f"{self.prefix}{name}")["SecretString"]  # type: ignore[no-any-return]
        except (
            self.client.exceptions.ResourceNotFoundException,
            self.client.exceptions.InvalidRequestException,
        ):
            return None

    def put(self, name: str, text: str) -> None:
        self.client.create_secret(Name=f"{self.prefix}{name}", SecretString=text)

    def get(self, kind: Kind, id_: str) -> AirflowObject | None:
        text = self.raw(f"{kind.value}/{id_}")
        return None if text is None else decoded(kind, id_, text)

    def put_variables(self, values: dict[str, str]) -> None:
        for key, value in values.items():
            self.put(f"variables/{key}", value)

    def clear(self) -> None:
        pages = self.client.get_paginator("list_secrets").paginate(IncludePlannedDeletion=True)
        for name in [entry["Name"] for page in pages for entry in page["SecretList"]]:
            self.client.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)


class OfParameterStore(OfSecretsManager):
    """Looks into the Parameter Store with a client of its own."""

    prefix = "/airflow/"

    def __init__(self, url: str) -> None:
        self.url = url
        self.client = client(url, "ssm")

    def raw(self, name: str) -> str | None:
        try:
            found = self.client.get_parameter(Name=f"{self.prefix}{name}", WithDecryption=True)["Parameter"]
        except self.client.exceptions.ParameterNotFound:
            return None
        assert found["Type"] == "SecureString"
        return str(found["Value"])

    def put(self, name: str, text: str) -> None:
        self.client.put_parameter(Name=f"{self.prefix}{name}", Value=text, Type="SecureString")

    def clear(self) -> None:
        pages = self.client.get_paginator("describe_parameters").paginate()
        for name in [entry["Name"] for page in pages for entry in page["Parameters"]]:
            self.client.delete_parameter(Name=name)


@pytest.fixture
def secrets_manager(moto: str) -> OfSecretsManager:
    """Secrets Manager with nothing in it."""
    truth = OfSecretsManager(moto)
    truth.clear()
    return truth


@pytest.fixture
def parameter_store(moto: str) -> OfParameterStore:
    """The Parameter Store with nothing in it."""
    truth = OfParameterStore(moto)
    truth.clear()
    return truth


def answering(code: str, status: int = 400) -> Callable[[Any], Answer]:
    """A service that has one answer to everything."""
    return lambda received: Answer(status, {"__type": code, "message": f"canary {SECRET}"})


class AwsContract(StoreContract):
    scheme: ClassVar[str]
    impossible: ClassVar[int] = 3  # a key with blanks, and what the Parameter Store has no room for
    many: ClassVar[int] = 1000

    @pytest.fixture
    def store(self, truth: OfSecretsManager) -> Iterator[Store]:
        store = open_store(f"{self.scheme}://{REGION}", settings(truth.url))
        yield store
        store.close()

    @pytest.fixture
    def unreachable(self) -> Callable[[], Store]:
        nobody = settings("http://127.0.0.1:1", AWS_SECRET_ACCESS_KEY=SECRET.strip())
        return lambda: open_store(f"{self.scheme}://{REGION}", nobody)

    @pytest.fixture
    def locked_out(self) -> Iterator[Callable[[], Store]]:
        with Site(answering("UnrecognizedClientException")) as site:
            yield lambda: open_store(f"{self.scheme}://{REGION}", settings(site.url))


class TestSecretsManager(AwsContract):
    scheme: ClassVar[str] = "aws-secretsmanager"

    @pytest.fixture
    def truth(self, secrets_manager: OfSecretsManager) -> OfSecretsManager:
        return secrets_manager


class TestParameterStore(AwsContract):
    scheme: ClassVar[str] = "aws-ssm"
    many: ClassVar[int] = 301

    @pytest.fixture
    def truth(self, parameter_store: OfParameterStore) -> OfParameterStore:
        return parameter_store


ENVIRON = {**KEYS, "AWS_DEFAULT_REGION": REGION}


class TestAirflowFindsItInSecretsManager(BackendAgreement):
    exceptions: ClassVar[int] = 250  # ids of all kinds of letters

    @pytest.fixture
    def place(self, secrets_manager: OfSecretsManager) -> Place:
        url = secrets_manager.url
        store = open_store(f"aws-secretsmanager://{REGION}", settings(url))
        kwargs = {"endpoint_url": url, "region_name": REGION}
        return Place(store, judge.AWS_SECRETS_MANAGER, kwargs, ENVIRON)


class TestAirflowFindsItInTheParameterStore(BackendAgreement):
    exceptions: ClassVar[int] = 250

    @pytest.fixture
    def place(self, parameter_store: OfParameterStore) -> Place:
        url = parameter_store.url
        store = open_store(f"aws-ssm://{REGION}", settings(url))
        return Place(store, judge.AWS_SSM, {"endpoint_url": url, "region_name": REGION}, ENVIRON)


def test_the_keys_of_a_secret_are_read_as_airflow_reads_them(secrets_manager: OfSecretsManager) -> None:
    cases = {
        "aliases": {"engine": "postgres", "user": "u", "pass": "p", "server": "h", "database": "d", "port": "5432"},
        "first": {"conn_id": "my_id", "conn_type": "postgres", "key": "k", "password": "p"},
        "ignored": {"conn_type": "http", "description": "d", "dbname": "x", "uri": "http://x"},
        "extra": {"conn_type": "http", "extra": {"a": [1, None]}},
    }
    for id_, fields in cases.items():
        secrets_manager.put(f"connections/{id_}", json.dumps(fields))
    secrets_manager.put("connections/uri", "http://u:p@h/s?x=1")
    found = open_store(f"aws-secretsmanager://{REGION}", settings(secrets_manager.url)).read(Selection()).connections
    for version in judge.AIRFLOW_VERSIONS:
        answer = judge.ask(
            version,
            judge.AWS_SECRETS_MANAGER,
            {"endpoint_url": secrets_manager.url, "region_name": REGION},
            connections=list(found),
            environ=ENVIRON,
        )
        for id_ in cases:
            fields = {name: getattr(found[id_], name) for name in FIELDS}
            fields["extra"] = fields["extra"] and fields["extra"].text
            assert answer.connections[id_] == {**fields}, id_
    assert sorted(found) == sorted([*cases, "uri"])


def test_what_was_deleted_can_be_had_back(secrets_manager: OfSecretsManager) -> None:
    store = open_store(f"aws-secretsmanager://{REGION}", settings(secrets_manager.url))
    create(store, FULL)
    assert do(store, step(Action.DELETE, None, FULL)) == [None]
    assert len(store.read(Selection())) == 0
    secrets_manager.client.restore_secret(SecretId=f"airflow/connections/{FULL.conn_id}")
    assert read_one(store, FULL) is not None


def test_what_is_no_object_is_left_alone(secrets_manager: OfSecretsManager) -> None:
    secrets_manager.put("connections/notes", "canary")
    secrets_manager.client.create_secret(Name="airflow/connections/binary", SecretBinary=b"canary")
    secrets_manager.client.create_secret(Name="airflow/connections-of-others/x", SecretString="http://h")
    store = open_store(f"aws-secretsmanager://{REGION}", settings(secrets_manager.url))
    assert len(store.read(Selection())) == 0
    assert sorted(note.where.rpartition("/")[2] for note in store.notes) == ["binary", "notes"]
    assert "canary" not in str(store.notes)
    error = do(store, step(Action.CREATE, Connection(conn_id="notes", conn_type="x")))
    assert error == ["there is a secret of this name already"]
    assert secrets_manager.raw("connections/notes") == "canary"


@pytest.mark.parametrize("scheme", ["aws-secretsmanager", "aws-ssm"])
def test_options_of_airflow_say_what_it_looks_for(
    scheme: str, secrets_manager: OfSecretsManager, parameter_store: OfParameterStore
) -> None:
    where = "airflow.cfg [secrets] backend_kwargs"
    kwargs = {
        "connections_prefix": "/team/c/",
        "variables_prefix": None,
        "connections_lookup_pattern": "^a_",
        "region_name": REGION,
        "endpoint_url": secrets_manager.url,
    }
    backend = judge.AWS_SSM if scheme == "aws-ssm" else judge.AWS_SECRETS_MANAGER
    store = open_backend(backend, kwargs, where, settings("http://127.0.0.1:1"))
    assert store.kinds == {Kind.CONNECTIONS}
    assert store.problems(Variable(key="v", value=Text("x")))
    assert "lookup_pattern" in store.problems(Connection(conn_id="b", conn_type="x"))[0]
    wanted = Connection(conn_id="A_b", conn_type="http", host="h")
    create(store, wanted)
    assert read_one(store, wanted) == wanted
    answer = judge.ask("3.3.2", backend, kwargs, connections=["A_b"], environ=ENVIRON)
    assert answer.connections["A_b"]["host"] == "h"  # type: ignore[index]


@pytest.mark.parametrize("scheme", ["aws-secretsmanager", "aws-ssm"])
def test_errors_of_aws_are_told_in_words_and_quote_nothing(scheme: str) -> None:
    for code, message in (
        ("ExpiredTokenException", "AWS refuses the credentials"),
        ("AccessDeniedException", "these credentials may not do"),
        ("ThrottlingException", "too many requests"),
        ("InternalServiceError", "AWS answers InternalServiceError"),
    ):
        with Site(answering(code, 500 if code.startswith("Internal") else 400)) as site:
            store = open_store(f"{scheme}://{REGION}", Settings(environ=settings(site.url).environ, retries=0))
            with pytest.raises(TargetError, match=message) as caught:
                store.read(Selection())
            assert "canary" not in f"{caught.value} {caught.value.hint}"


def test_what_is_throttled_is_asked_again(parameter_store: OfParameterStore) -> None:
    answers = iter([Answer(400, {"__type": "ThrottlingException", "message": "slow down"})])
    page = {"Parameters": [{"Name": "/airflow/variables/v", "Value": "x", "Version": 1}]}
    with Site(lambda received: next(answers, Answer(200, page))) as site:
        store = open_store(f"aws-ssm://{REGION}?connections_prefix=null", settings(site.url))
        assert store.read(Selection()).variables["v"].value == Text("x")


def test_who_nobody_is_is_told() -> None:
    nobody = Settings(environ={"AWS_EC2_METADATA_DISABLED": "true"}, retries=0)
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID"):
            patch.delenv(name, raising=False)
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
        patch.setenv("AWS_CONFIG_FILE", "/nowhere")
        with pytest.raises(TargetError, match="there are no AWS credentials"):
            open_store(f"aws-ssm://{REGION}", nobody).read(Selection())
        with pytest.raises(UsageError, match="nothing says which region"):
            open_store("aws-ssm://", nobody).read(Selection())


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("aws-ssm://eu-west-1/team", "goes on behind the region"),
        ("aws-ssm://eu-west-1?aws_secret_access_key=canary", "is a credential"),
        ("aws-secretsmanager://eu-west-1?conections_prefix=x", "'conections_prefix' is no option"),
        ("aws-secretsmanager://eu-west-1?variables_lookup_pattern=(", "no regular expression"),
    ],
)
def test_a_wrong_address_is_told(address: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        open_store(address, Settings())
    assert message in str(caught.value)
    assert "canary" not in f"{caught.value} {caught.value.hint}"


@pytest.mark.parametrize("scheme", ["aws-secretsmanager", "aws-ssm"])
def test_the_main_job_by_hand(
    airconn: Callable[..., Any],
    secrets_manager: OfSecretsManager,
    parameter_store: OfParameterStore,
    examples: Path,
    scheme: str,
) -> None:
    env = dict(settings(secrets_manager.url).environ)
    args = ("import", examples / "objects.json", "--to", f"{scheme}://{REGION}", "--exclude", "feature_flags")
    first = airconn(*args, env=env)
    assert first.code == 0, first.err
    assert first.out.splitlines()[-1].endswith(": 11 created, 0 updated, 0 unchanged")
    assert "3 pools left out" in first.err
    again = airconn(*args, env=env)
    assert again.out.splitlines()[-1].endswith(": 0 created, 0 updated, 11 unchanged")
    assert airconn("diff", examples / "objects.json", f"{scheme}://{REGION}", env=env).code == 0
