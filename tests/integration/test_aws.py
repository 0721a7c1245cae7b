"""AWS's two places for secrets, on moto's server."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import boto3
import pytest
from moto.backends import get_backend
from moto.core.authorization import enable_iam_authentication
from moto.server import ThreadedMotoServer

from airconn.config import Settings
from airconn.errors import TargetError
from airconn.model import Action, AirflowObject, Connection, Kind, Selection, Text, Variable
from airconn.stores import open_backend, open_store
from airconn.stores.base import Context, Store
from airconn.stores.secrets.aws.secretsmanager import SecretsManager
from airconn.stores.secrets.service import Held
from tests.integration.backends import judge
from tests.integration.backends.agreement import BackendAgreement, Place
from tests.integration.faulty_proxy import FaultyProxy
from tests.stores import aws_models
from tests.stores.contract import FULL, SECRET, StoreContract, create, do, look, read_one, step

pytestmark = pytest.mark.xdist_group("moto")
logging.getLogger("werkzeug").setLevel(logging.ERROR)

REGION = "eu-west-1"
ACCOUNT = "123456789012"
KEYS = {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "s3cr3t-of-aws"}
SCHEMES = ("aws-secretsmanager", "aws-ssm")
VARIABLE = Variable(key="v", value=Text("x"))
FIELDS = ("conn_type", "description", "host", "schema", "login", "password", "port", "extra")


@pytest.fixture(autouse=True, scope="module")
def _models_are_read_once() -> None:
    aws_models.read_once()


@dataclass(frozen=True)
class Moto:
    """A server, and the keys of one who may do everything, for when it looks at keys."""

    url: str
    keys: dict[str, str]

    def client(self, service: str) -> Any:
        keys = {name.lower(): key for name, key in self.keys.items()}
        return boto3.client(service, endpoint_url=self.url, region_name=REGION, **keys)

    def keys_of(self, user: str, *actions: str) -> dict[str, str]:
        """The keys of a user who may do this."""
        iam = self.client("iam")
        iam.create_user(UserName=user)
        policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]}
        iam.put_user_policy(UserName=user, PolicyName="p", PolicyDocument=json.dumps(policy))
        key = iam.create_access_key(UserName=user)["AccessKey"]
        return {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}


@pytest.fixture(scope="session")
def moto() -> Iterator[Moto]:
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    yield Moto(url, Moto(url, KEYS).keys_of("admin", "*"))
    server.stop()


def settings(url: str, **environ: str) -> Settings:
    found = {**KEYS, "AWS_ENDPOINT_URL": url, "AWS_EC2_METADATA_DISABLED": "true", **environ}
    return Settings(environ=found, retries=2, timeout=10)


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

    service = "secretsmanager"
    prefix = "airflow/"

    def __init__(self, moto: Moto) -> None:
        self.moto = moto
        self.url = moto.url
        self.client = moto.client(self.service)

    @property
    def backend(self) -> Any:
        """What the server keeps, for what would take long through its front door."""
        return get_backend(self.service)[ACCOUNT][REGION]  # type: ignore[call-overload]

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
        nothing = dict.fromkeys(("secret_binary", "description", "tags", "kms_key_id", "client_request_token"))
        for key, value in values.items():
            name = f"{self.prefix}variables/{key}"
            self.backend.create_secret(
                name=name, secret_string=value, **nothing, replica_regions=[], force_overwrite=False
            )

    def clear(self) -> None:
        self.backend.reset()


class OfParameterStore(OfSecretsManager):
    """Looks into the Parameter Store with a client of its own."""

    service = "ssm"
    prefix = "/airflow/"

    def raw(self, name: str) -> str | None:
        try:
            found = self.client.get_parameter(Name=f"{self.prefix}{name}", WithDecryption=True)["Parameter"]
        except self.client.exceptions.ParameterNotFound:
            return None
        assert found["Type"] == "SecureString"
        return str(found["Value"])

    def put(self, name: str, text: str) -> None:
        self.client.put_parameter(Name=f"{self.prefix}{name}", Value=text, Type="SecureString")

    def put_variables(self, values: dict[str, str]) -> None:
        nothing = dict.fromkeys(("allowed_pattern", "keyid", "tier", "policies"))
        for key, value in values.items():
            self.backend.put_parameter(
                name=f"{self.prefix}variables/{key}", description="", value=value, parameter_type="SecureString",
                overwrite=False, tags=[], data_type="text", **nothing,
            )  # fmt: skip


@pytest.fixture
def secrets_manager(moto: Moto) -> OfSecretsManager:
    """Secrets Manager with nothing in it."""
    truth = OfSecretsManager(moto)
    truth.clear()
    return truth


@pytest.fixture
def parameter_store(moto: Moto) -> OfParameterStore:
    """The Parameter Store with nothing in it."""
    truth = OfParameterStore(moto)
    truth.clear()
    return truth


class AwsContract(StoreContract):
    scheme: ClassVar[str]
    impossible: ClassVar[int] = 3  # a key with blanks, and what the Parameter Store has no room for

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
    def locked_out(self, moto: Moto) -> Iterator[Callable[[], Store]]:
        wrong = settings(moto.url, **{**moto.keys, "AWS_SECRET_ACCESS_KEY": SECRET.strip()})
        with enable_iam_authentication():
            yield lambda: open_store(f"{self.scheme}://{REGION}", wrong)


class TestSecretsManager(AwsContract):
    scheme: ClassVar[str] = "aws-secretsmanager"
    many: ClassVar[int] = 1000  # ten pages, and 50 requests for the values

    @pytest.fixture
    def truth(self, secrets_manager: OfSecretsManager) -> OfSecretsManager:
        return secrets_manager


class TestParameterStore(AwsContract):
    scheme: ClassVar[str] = "aws-ssm"
    many: ClassVar[int] = 1000  # of which the server looks at each, for each page of ten

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
    found = (
        open_store(f"aws-secretsmanager://{REGION}", settings(secrets_manager.url))
        .read(Selection())
        .bundle.connections
    )
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
    assert len(store.read(Selection()).bundle) == 0
    secrets_manager.client.restore_secret(SecretId=f"airflow/connections/{FULL.conn_id}")
    assert read_one(store, FULL) is not None


def test_what_is_no_object_is_left_alone(secrets_manager: OfSecretsManager) -> None:
    secrets_manager.put("connections/notes", "canary")
    secrets_manager.client.create_secret(Name="airflow/connections/binary", SecretBinary=b"canary")
    secrets_manager.client.create_secret(Name="airflow/connections-of-others/x", SecretString="http://h")
    store = open_store(f"aws-secretsmanager://{REGION}", settings(secrets_manager.url))
    found = store.read(Selection())
    assert len(found.bundle) == 0
    assert sorted(note.where.rpartition("/")[2] for note in found.notes) == ["binary", "notes"]
    assert "canary" not in str(found)
    error = do(store, step(Action.CREATE, Connection(conn_id="notes", conn_type="x")))
    assert error == ["a secret with this name exists already"]
    assert secrets_manager.raw("connections/notes") == "canary"


@pytest.mark.parametrize("scheme", SCHEMES)
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
    assert store.capabilities.kinds == {Kind.CONNECTIONS}
    assert store.problems(Variable(key="v", value=Text("x")))
    assert "lookup_pattern" in store.problems(Connection(conn_id="b", conn_type="x"))[0]
    wanted = Connection(conn_id="A_b", conn_type="http", host="h")
    create(store, wanted)
    assert read_one(store, wanted) == wanted
    answer = judge.ask("3.3.2", backend, kwargs, connections=["A_b"], environ=ENVIRON)
    assert answer.connections["A_b"]["host"] == "h"  # type: ignore[index]


@pytest.mark.parametrize(
    ("backend", "kwargs", "id_"),
    [
        (judge.AWS_SECRETS_MANAGER, {"connections_prefix": "a__", "sep": "__"}, "x"),
        (judge.AWS_SECRETS_MANAGER, {"connections_prefix": "", "variables_prefix": None}, "b/c@d=e+f"),
        (judge.AWS_SECRETS_MANAGER, {"connections_prefix": "/"}, "x"),
        (judge.AWS_SSM, {"connections_prefix": "team/c/"}, "x/y"),
        (judge.AWS_SSM, {"connections_prefix": "", "variables_prefix": None}, "x"),
    ],
)
def test_names_are_those_that_airflow_looks_for(
    backend: str,
    kwargs: dict[str, Any],
    id_: str,
    secrets_manager: OfSecretsManager,
    parameter_store: OfParameterStore,
) -> None:
    kwargs = {**kwargs, "endpoint_url": secrets_manager.url, "region_name": REGION}
    store = open_backend(backend, kwargs, "kwargs", settings("http://127.0.0.1:1"))
    wanted = Connection(conn_id=id_, conn_type="http", host="h")
    create(store, wanted)
    answer = judge.ask("3.3.2", backend, kwargs, connections=[id_], environ=ENVIRON)
    assert (answer.connections[id_] or {}).get("host") == "h"
    assert [obj.id for obj in store.read(Selection(kinds=frozenset({Kind.CONNECTIONS}))).bundle] == [id_]


def test_a_secret_without_a_value_is_nothing_to_airflow_and_gets_one(secrets_manager: OfSecretsManager) -> None:
    secrets_manager.client.create_secret(Name="airflow/variables/v", Description="made by somebody else")
    store = open_store(f"aws-secretsmanager://{REGION}", settings(secrets_manager.url))
    assert len(store.read(Selection()).bundle) == 0
    create(store, VARIABLE)
    assert secrets_manager.raw("variables/v") == "x"
    assert secrets_manager.client.describe_secret(SecretId="airflow/variables/v")["Description"]


def test_what_is_beside_a_value_stays(secrets_manager: OfSecretsManager, parameter_store: OfParameterStore) -> None:
    secrets_manager.client.create_secret(
        Name="airflow/variables/v", SecretString="old", KmsKeyId="alias/team", Description="d"
    )
    parameter_store.client.put_parameter(
        Name="/airflow/variables/v", Value="y" * 5000, Type="SecureString", KeyId="alias/team", Tier="Advanced"
    )
    for scheme in SCHEMES:
        store = open_store(f"{scheme}://{REGION}", settings(secrets_manager.url))
        assert do(store, step(Action.UPDATE, VARIABLE, read_one(store, VARIABLE), "value")) == [None]
        assert read_one(store, VARIABLE) == VARIABLE
    found = secrets_manager.client.describe_secret(SecretId="airflow/variables/v")
    assert (found["KmsKeyId"], found["Description"]) == ("alias/team", "d")
    assert sorted(map(tuple, found["VersionIdsToStages"].values())) == [("AWSCURRENT",), ("AWSPREVIOUS",)]
    (found,) = parameter_store.client.describe_parameters()["Parameters"]
    assert (found["KeyId"], found["Version"]) == ("alias/team", 2)


def test_the_keys_of_a_database_s_secret_stay(secrets_manager: OfSecretsManager) -> None:
    secret = {
        "engine": "postgres", "username": "u", "password": "p", "host": "h", "port": 5432, "dbname": "d",
        "dbInstanceIdentifier": "db-1", "masterarn": "arn:aws:secretsmanager:x", "replication_password": SECRET,
    }  # fmt: skip
    for connection_format in ("json", "uri"):
        secrets_manager.put(f"connections/{connection_format}", json.dumps(secret))
        url = f"aws-secretsmanager://{REGION}?connection_format={connection_format}"
        store = open_store(url, settings(secrets_manager.url))
        held = read_one(store, Connection(conn_id=connection_format, conn_type=""))
        assert isinstance(held, Connection)
        new = replace(held, password="new", schema="s", extra=Text('{"a": 1}'))
        assert do(store, step(Action.UPDATE, new, held, "password", "schema", "extra")) == [None]
        after = json.loads(secrets_manager.raw(f"connections/{connection_format}") or "")
        assert after == {**secret, "password": "new", "schema": "s", "extra": {"a": 1}}
        assert read_one(store, new) == new
    options = {"endpoint_url": secrets_manager.url, "region_name": REGION}
    found = judge.ask("3.3.2", judge.AWS_SECRETS_MANAGER, options, connections=["json"], environ=ENVIRON)
    assert (found.connections["json"]["login"], found.connections["json"]["password"]) == ("u", "new")


def test_a_parameter_with_a_key_that_airflow_refuses_is_left_alone(parameter_store: OfParameterStore) -> None:
    text = json.dumps({"conn_type": "postgres", "host": "h", "dbInstanceIdentifier": "db-1"})
    parameter_store.put("connections/c", text)
    store = open_store(f"aws-ssm://{REGION}", settings(parameter_store.url))
    new = Connection(conn_id="c", conn_type="postgres")
    found = store.read(Selection())
    assert len(found.bundle) == 0
    reason = store.refusal(step(Action.CREATE, new), Context(before=found))
    assert "'dbInstanceIdentifier' is not a field of a connection" in reason
    assert do(store, step(Action.CREATE, new)) == ["a parameter with this name exists already"]
    assert parameter_store.raw("connections/c") == text


def test_what_somebody_else_writes_right_before_a_deletion_is_brought_back(
    secrets_manager: OfSecretsManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets_manager.put("variables/v", "x")
    store = open_store(f"aws-secretsmanager://{REGION}", settings(secrets_manager.url))
    found = look(store, VARIABLE)
    (held,) = found.bundle
    delete = SecretsManager.delete

    def write_before(self: SecretsManager, kind: Kind, id_: str, known: Held) -> None:
        secrets_manager.client.put_secret_value(SecretId="airflow/variables/v", SecretString="theirs")
        delete(self, kind, id_, known)

    monkeypatch.setattr(SecretsManager, "delete", write_before)
    deletion = step(Action.DELETE, None, held)
    assert do(store, deletion, before=found) == ["another program has changed it; run again"]
    assert secrets_manager.raw("variables/v") == "theirs"


@pytest.mark.parametrize("scheme", SCHEMES)
def test_what_somebody_else_changed_is_neither_written_over_nor_deleted(
    scheme: str, secrets_manager: OfSecretsManager, parameter_store: OfParameterStore
) -> None:
    truth = parameter_store if scheme == "aws-ssm" else secrets_manager
    store = open_store(f"{scheme}://{REGION}", settings(truth.url))
    other = replace(VARIABLE, value=Text("theirs"))
    for action in (Action.UPDATE, Action.REPLACE, Action.DELETE):
        truth.clear()
        create(store, VARIABLE)
        found = look(store, VARIABLE)
        (held,) = found.bundle
        somebody = open_store(f"{scheme}://{REGION}", settings(truth.url))
        assert do(somebody, step(Action.UPDATE, other, held, "value"), before=found) == [None]
        source = None if action is Action.DELETE else replace(VARIABLE, value=Text("ours"))
        late = step(action, source, held, "value")
        assert do(store, late, before=found) == ["another program has changed it; run again"]
        assert truth.raw("variables/v") == "theirs"
    truth.clear()
    create(store, VARIABLE)
    found = look(store, VARIABLE)
    truth.clear()
    late = step(Action.UPDATE, other, VARIABLE, "value")
    assert do(store, late, before=found) == ["another program has deleted it; run again"]
    assert truth.raw("variables/v") is None


@pytest.mark.parametrize("scheme", SCHEMES)
def test_who_may_read_and_write_need_not_be_let_list(
    scheme: str, secrets_manager: OfSecretsManager, parameter_store: OfParameterStore, moto: Moto
) -> None:
    may = {
        "aws-secretsmanager": ("secretsmanager:GetSecretValue", "secretsmanager:CreateSecret"),
        "aws-ssm": ("ssm:GetParameter", "ssm:PutParameter"),
    }
    keys = moto.keys_of(f"writer-{scheme}", *may[scheme])
    named = Selection(ids=frozenset({(Kind.VARIABLES, "v")}))
    with enable_iam_authentication():
        store = open_store(f"{scheme}://{REGION}", settings(moto.url, **keys))
        assert len(store.read(named).bundle) == 0
        create(store, VARIABLE)
        assert list(store.read(named).bundle) == [VARIABLE]
        with pytest.raises(TargetError, match="these credentials may not do"):
            store.read(Selection())
        (error,) = do(store, step(Action.DELETE, None, VARIABLE))
        assert "these credentials may not do" in str(error)


@pytest.mark.parametrize("fault", ["reset", "502", "lost"])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_request_that_goes_wrong_once_changes_nothing(
    scheme: str, fault: str, secrets_manager: OfSecretsManager, parameter_store: OfParameterStore
) -> None:
    truth = parameter_store if scheme == "aws-ssm" else secrets_manager
    later = replace(VARIABLE, value=Text("later"))

    def run(url: str) -> None:
        store = open_store(f"{scheme}://{REGION}", settings(url))
        create(store, VARIABLE)
        assert do(store, step(Action.UPDATE, later, read_one(store, VARIABLE), "value")) == [None]
        assert truth.raw("variables/v") == "later"
        assert len(store.read(Selection()).bundle) == 1
        assert do(store, step(Action.DELETE, None, later)) == [None]
        assert truth.raw("variables/v") is None

    with FaultyProxy(truth.url) as proxy:
        proxy.strike("", None)
        run(proxy.url)
        requests = len(proxy.seen)
        assert requests > 5
        for number in range(requests):
            truth.clear()
            proxy.strike(fault, number)
            run(proxy.url)


@pytest.mark.parametrize("scheme", SCHEMES)
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
    assert "3 pools skipped" in first.err
    again = airconn(*args, env=env)
    assert again.out.splitlines()[-1].endswith(": 0 created, 0 updated, 11 unchanged")
    assert airconn("diff", examples / "objects.json", f"{scheme}://{REGION}", env=env).code == 0


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("variables_prefix=", "without a prefix, any secret here may be read as one of Airflow's variables"),
        ("variables_prefix=/", "without a prefix, any secret here may be read as one of Airflow's variables"),
        ("connections_prefix=all&variables_prefix=all/", "have the prefix of another kind"),
    ],
)
def test_nothing_is_pruned_where_no_prefix_tells_whose_a_secret_is(
    airconn: Callable[..., Any], secrets_manager: OfSecretsManager, tmp_path: Path, query: str, said: str
) -> None:
    secrets_manager.client.create_secret(Name="of-somebody-else", SecretString="http://theirs")
    secrets_manager.client.create_secret(Name="all/theirs", SecretString="http://theirs")
    (tmp_path / "in.json").write_text('{"variables": {"ours": "x"}}')
    args = ("import", tmp_path / "in.json", "--to", f"aws-secretsmanager://{REGION}?{query}", "--prune", "--yes")
    result = airconn(*args, env=dict(settings(secrets_manager.url).environ))
    assert result.code == 4
    assert said in result.err
    assert result.err.endswith("nothing was written\n")
    names = {entry["Name"] for entry in secrets_manager.client.list_secrets()["SecretList"]}
    assert names == {"of-somebody-else", "all/theirs"}


def test_what_is_below_a_prefix_of_its_own_is_pruned(
    airconn: Callable[..., Any], secrets_manager: OfSecretsManager, tmp_path: Path
) -> None:
    secrets_manager.client.create_secret(Name="of-somebody-else", SecretString="http://theirs")
    secrets_manager.put("variables/old", "x")
    secrets_manager.put("connections/c", "http://h")
    (tmp_path / "in.json").write_text('{"variables": {"ours": "x"}}')
    args = ("import", tmp_path / "in.json", "--to", f"aws-secretsmanager://{REGION}", "--prune", "--yes")
    result = airconn(*args, env=dict(settings(secrets_manager.url).environ))
    assert (result.code, result.out.splitlines()[-1][-46:]) == (0, ": 1 created, 0 updated, 1 deleted, 0 unchanged")
    names = {entry["Name"] for entry in secrets_manager.client.list_secrets()["SecretList"]}
    assert names == {"of-somebody-else", "airflow/variables/ours", "airflow/connections/c"}
