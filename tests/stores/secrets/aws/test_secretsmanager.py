"""Secrets Manager without a server: what stands in a secret, and how one is read, made, changed and deleted."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from airconn.airflow.versions import NEWEST
from airconn.errors import InputError
from airconn.model import Action, Connection, Kind, Origin, Selection, Text, Variable, rules_for
from airconn.stores.base import Store
from airconn.stores.secrets.aws.secretsmanager import SecretsManagerCodec, SecretsManagerOptions
from tests.stores.contract import do, step
from tests.stores.secrets.fake_aws import CANARY, FakeAws, refusal
from tests.stores.site import Answer

ORIGIN = Origin("aws-secretsmanager://eu-west-1/airflow/connections/c")
VARIABLE = Variable(key="v", value=Text("x"))
VARIABLES = Selection(kinds=frozenset({Kind.VARIABLES}))
NAME = "airflow/variables/v"
EXISTS = refusal("ResourceExistsException")
FIELDS = ("conn_type", "login", "password", "host", "port", "schema", "extra", "description")


def decoded(text: str, **options: Any) -> Connection:
    found = SecretsManagerCodec(SecretsManagerOptions(**options)).decode(
        Kind.CONNECTIONS, "c", text, rules_for(NEWEST), ORIGIN
    )
    assert isinstance(found, Connection)
    return found


def fields(connection: Connection) -> dict[str, Any]:
    found = {name: getattr(connection, name) for name in FIELDS}
    found["extra"] = found["extra"] and found["extra"].text
    return {name: value for name, value in found.items() if value is not None}


def test_the_keys_of_a_secret_may_be_called_otherwise() -> None:
    aliases = {
        "login": ("login", "user", "username", "user_name"),
        "password": ("password", "pass", "key"),
        "host": ("host", "remote_host", "server"),
        "schema": ("database", "schema"),
        "conn_type": ("conn_type", "conn_id", "connection_type", "engine"),
    }
    for name, words in aliases.items():
        for word in words:
            secret = json.dumps({word: "x"} if name == "conn_type" else {"conn_type": "http", word: "x"})
            assert getattr(decoded(secret), name) == "x", word


@pytest.mark.parametrize(
    ("secret", "wanted"),
    [
        ({"conn_id": "my_id", "conn_type": "postgres"}, {"conn_type": "my_id"}),
        ({"conn_type": "http", "key": "k", "password": "p"}, {"conn_type": "http", "password": "k"}),
        ({"conn_type": "http", "password": "p", "key": "k"}, {"conn_type": "http", "password": "p"}),
        ({"conn_type": "http", "user": None, "login": "l"}, {"conn_type": "http"}),
        ({"engine": "my-type", "dbname": "d", "uri": "http://x", "description": "d"}, {"conn_type": "my_type"}),
        ({"conn_type": "http", "port": "80"}, {"conn_type": "http", "port": 80}),
        ({"conn_type": "http", "port": 0}, {"conn_type": "http"}),
        ({"conn_type": "http", "port": "0"}, {"conn_type": "http", "port": 0}),
        ({"conn_type": "http", "extra": {"a": 1}}, {"conn_type": "http", "extra": '{"a": 1}'}),
        ({"conn_type": "http", "extra": '{"a":1}'}, {"conn_type": "http", "extra": '{"a":1}'}),
        ({}, {"conn_type": ""}),
    ],
)
def test_the_first_of_the_words_counts_in_the_order_of_the_secret(
    secret: dict[str, Any], wanted: dict[str, Any]
) -> None:
    found = decoded(f" {json.dumps(secret)}\n")
    assert fields(found) == wanted
    assert "description" in found.unsaid


def test_more_words_come_after_those_that_there_are() -> None:
    words = {"user": ["who"], "host": ["where"]}
    secret = json.dumps({"conn_type": "http", "who": "w", "where": "h", "login": "l"})
    assert fields(decoded(secret, extra_conn_words=words)) == {"conn_type": "http", "login": "w", "host": "h"}


def test_a_uri_is_read_as_everywhere() -> None:
    assert fields(decoded(" http://u:p@h:1/s?a=b ")) == {
        "conn_type": "http", "login": "u", "password": "p", "host": "h", "port": 1, "schema": "s",
        "extra": '{"a": "b"}',
    }  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        *("", "  ", CANARY, f'"{CANARY}"', '{"a": ', '{"a": 1, "a": 2}', '{"conn_type": ["x"]}', '{"port": "x"}'),
        '{"conn_type": "http", "login": 5}',  # a number as login to Airflow, of which it can't make a URI
    ],
)
def test_what_is_no_connection_is_none(text: str) -> None:
    with pytest.raises(InputError) as caught:
        decoded(text)
    assert CANARY not in f"{caught.value} {caught.value.hint}"


def test_values_that_are_percent_encoded_are_decoded_where_the_backend_does() -> None:
    secret = {"engine": "http", "pass": "a%2Fb", "extra": '{"a": "%20"}', "port": "80"}
    found = decoded(json.dumps(secret), are_secret_values_urlencoded=True)
    assert fields(found) == {"conn_type": "http", "password": "a/b", "extra": '{"a": " "}', "port": 80}
    found = decoded(json.dumps({**secret, "extra": {"a": "%20"}}), are_secret_values_urlencoded=True)
    assert fields(found)["extra"] == '{"a": "%20"}'
    with pytest.raises(InputError, match="it is not a text"):
        decoded(json.dumps({**secret, "port": 80}), are_secret_values_urlencoded=True)


@pytest.mark.parametrize("options", [{}, {"are_secret_values_urlencoded": True}, {"connection_format": "uri"}])
def test_what_is_written_is_read_again(options: dict[str, Any]) -> None:
    connection = Connection(
        conn_id="c", conn_type="http", login="l@%2F", password="é/%25", host="h", schema="s", port=0,
        extra=Text('{"a": "%20", "n": 1.50}'),
    )  # fmt: skip
    text = SecretsManagerCodec(SecretsManagerOptions(**options)).encode(connection)
    assert fields(decoded(text, **options)) == fields(connection)


def test_nothing_is_written_that_a_backend_would_take_for_something_else() -> None:
    connection = Connection(conn_id="c", conn_type="http", description="d", login="l", host="h", port=1, schema="s")
    text = SecretsManagerCodec(SecretsManagerOptions()).encode(connection)
    assert json.loads(text) == {"conn_type": "http", "login": "l", "host": "h", "port": 1, "schema": "s"}


RDS = {
    "password": CANARY,
    "dbname": "warehouse",
    "engine": "postgresql",
    "port": "5432",
    "dbInstanceIdentifier": "prod-1",
    "host": "db.example.com",
    "username": "etl",
    "masterarn": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:master",
    "replication_password": {"of": [1.50, CANARY]},
}


def written_over(secret: dict[str, Any], connection: Connection, **options: Any) -> dict[str, Any]:
    """What an update makes of a secret."""
    codec, text = SecretsManagerCodec(SecretsManagerOptions(**options)), json.dumps(secret)
    after = codec.encode_over(connection, codec.kept(Kind.CONNECTIONS, text), rules_for(NEWEST))
    assert fields(decoded(after, **options)) == fields(decoded(codec.encode(connection), **options))
    found = json.loads(after)
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("connection_format", ["json", "uri"])
def test_an_update_keeps_the_keys_that_airflow_does_not_read_and_the_names_of_those_that_it_does(
    connection_format: str,
) -> None:
    held = decoded(json.dumps(RDS))
    new = replace(held, login="new", port=5433, schema="s", extra=Text('{"a": 1}'))
    assert list(written_over(RDS, new, connection_format=connection_format).items()) == [
        *{**RDS, "username": "new", "port": "5433"}.items(),
        ("schema", "s"),
        ("extra", {"a": 1}),
    ]
    unset = {"schema": ""} if connection_format == "uri" else {}
    assert written_over(RDS, held, connection_format=connection_format) == {**RDS, **unset}


@pytest.mark.parametrize(
    ("secret", "change", "wanted"),
    [
        ({"user": "a", "login": "b"}, {"login": "c"}, {"user": "c", "login": "b"}),
        ({"user": "a", "login": "b"}, {"login": None}, {"user": None, "login": "b"}),
        ({"server": "h", "own": 1}, {"host": None}, {"server": None, "own": 1}),
        ({"own": None}, {"conn_type": "my_type"}, {"own": None, "conn_type": "my_type"}),
        ({"own": 1, "extra": "{}"}, {"extra": Text('{"a": 1}')}, {"own": 1, "extra": '{"a": 1}'}),
        ({"own": 1, "extra": {"b":  2}}, {"extra": Text('{"a":1}')}, {"own": 1, "extra": '{"a":1}'}),
        ({"own": 1, "port": 1}, {"port": 2}, {"own": 1, "port": 2}),
        ({"engine": "my-type", "own": "d"}, {"host": "h"}, {"engine": "my-type", "own": "d", "host": "h"}),
    ],
)  # fmt: skip
def test_what_an_update_writes_stands_under_the_key_that_counts(
    secret: dict[str, Any], change: dict[str, Any], wanted: dict[str, Any]
) -> None:
    secret = {**secret} if "conn_type" in change or "engine" in secret else {"conn_type": "http", **secret}
    result = written_over(secret, replace(decoded(json.dumps(secret)), **change))
    result.pop("conn_type", None) if "conn_type" not in wanted else None
    assert result == wanted


def test_values_that_are_percent_encoded_stay_so_and_those_of_other_keys_as_they_are() -> None:
    secret = {"conn_type": "http", "user": "a%20b", "pass": "x%2fy", "own": "50%"}
    held = decoded(json.dumps(secret), are_secret_values_urlencoded=True)
    new = replace(held, login="c d")
    found = written_over(secret, new, are_secret_values_urlencoded=True)
    assert found == {"conn_type": "http", "user": "c%20d", "pass": "x%2fy", "own": "50%"}


def test_a_key_that_stands_for_two_fields_is_not_written_to() -> None:
    codec = SecretsManagerCodec(SecretsManagerOptions(extra_conn_words={"user": ["key"]}))
    kept = codec.kept(Kind.CONNECTIONS, json.dumps({"conn_type": "http", "key": "k", "own": 1}))
    with pytest.raises(InputError, match="stands for several fields"):
        codec.encode_over(Connection(conn_id="c", conn_type="http", login="l", password="p"), kept, rules_for(NEWEST))


@pytest.mark.parametrize("text", ["http://h", '{"conn_type": "http", "extra": {"own": 1}}', '{"a": 1, "a": 2}', "{"])
def test_what_has_no_key_of_its_own_is_not_kept(text: str) -> None:
    assert SecretsManagerCodec(SecretsManagerOptions()).kept(Kind.CONNECTIONS, text) is None
    assert SecretsManagerCodec(SecretsManagerOptions()).kept(Kind.VARIABLES, json.dumps(RDS)) is None


@pytest.mark.parametrize("is_read", [True, False])
def test_a_secret_of_a_database_is_updated_in_place(is_read: bool) -> None:
    held = decoded(json.dumps(RDS))
    current = {"Name": "airflow/connections/c", "SecretString": json.dumps(RDS), "VersionId": "1"}
    with FakeAws({"ListSecrets": {"SecretList": []}, "GetSecretValue": current, "PutSecretValue": {}}) as fake:
        store = fake.open("aws-secretsmanager")
        if is_read:
            store.read(Selection(ids=frozenset({(Kind.CONNECTIONS, "c")})))
        assert do(store, step(Action.UPDATE, replace(held, host="new"), held, "host")) == [None]
        (body,) = fake.bodies("PutSecretValue")
        assert CANARY not in repr(store.__dict__)
    assert json.loads(body["SecretString"]) == {**RDS, "host": "new"}


def created(answers: dict[str, Any]) -> tuple[list[str | None], list[str]]:
    """What becomes of the creation of a variable, and what was asked for."""
    with FakeAws({"ListSecrets": {"SecretList": []}, **answers}) as fake:
        errors = do(fake.open("aws-secretsmanager"), step(Action.CREATE, VARIABLE))
        assert CANARY not in str(errors)
        return errors, fake.asked[1:]


@pytest.mark.parametrize("code", ["ResourceExistsException", "InvalidRequestException"])
def test_what_is_marked_for_deletion_is_restored_and_written(code: str) -> None:
    assert created(
        {
            "CreateSecret": refusal(code),
            "DescribeSecret": {"DeletedDate": 1.0},
            "RestoreSecret": {},
            "PutSecretValue": {},
        }
    ) == ([None], ["CreateSecret", "DescribeSecret", "RestoreSecret", "PutSecretValue"])


def test_what_was_deleted_does_not_come_back_where_the_new_value_cannot_be_written() -> None:
    errors, asked = created(
        {
            "CreateSecret": refusal("InvalidRequestException"),
            "DescribeSecret": {"DeletedDate": 1.0},
            "RestoreSecret": {},
            "PutSecretValue": refusal("EncryptionFailure"),
            "DeleteSecret": {},
        }
    )
    assert errors == ["its key (KMS) can't be used"]
    assert asked[-1] == "DeleteSecret"


def test_a_secret_without_a_value_gets_one() -> None:
    for stages in ({}, {"VersionIdsToStages": {}}, {"VersionIdsToStages": {"1": ["AWSPENDING"]}}):
        assert created({"CreateSecret": EXISTS, "DescribeSecret": stages, "PutSecretValue": {}}) == (
            [None],
            ["CreateSecret", "DescribeSecret", "PutSecretValue"],
        )


def test_a_secret_with_a_value_is_not_written_over() -> None:
    described = {"VersionIdsToStages": {"1": ["AWSCURRENT"]}}
    value = {"Name": NAME, "SecretString": "other"}
    errors, asked = created({"CreateSecret": EXISTS, "DescribeSecret": described, "GetSecretValue": value})
    assert errors == ["a secret with this name exists already"]
    assert "PutSecretValue" not in asked


def test_a_creation_whose_answer_was_lost_is_one() -> None:
    described = {"VersionIdsToStages": {"1": ["AWSCURRENT"]}}
    value = {"Name": NAME, "SecretString": "x"}
    errors, _ = created({"CreateSecret": EXISTS, "DescribeSecret": described, "GetSecretValue": value})
    assert errors == [None]


def test_another_reason_not_to_create_is_told() -> None:
    errors, _ = created({"CreateSecret": refusal("InvalidRequestException")})
    assert errors == ["it is marked for deletion, a replica, or another service's: AWS doesn't change it"]


def test_what_is_sent_twice_can_be_known_again() -> None:
    with FakeAws({"ListSecrets": {"SecretList": []}, "CreateSecret": Answer(fate="reset")}) as fake:
        do(fake.open("aws-secretsmanager", retries=1), step(Action.CREATE, VARIABLE))
        first, second = fake.bodies("CreateSecret")
        assert first == second
        assert len(first["ClientRequestToken"]) >= 32


def test_a_key_is_used_for_what_is_new() -> None:
    with FakeAws({"ListSecrets": {"SecretList": []}, "CreateSecret": {}}) as fake:
        assert do(fake.open("aws-secretsmanager", "?kms_key_id=alias/team"), step(Action.CREATE, VARIABLE)) == [None]
        (body,) = fake.bodies("CreateSecret")
        assert (body["Name"], body["SecretString"], body["KmsKeyId"]) == (NAME, "x", "alias/team")


@pytest.mark.parametrize("code", ["ResourceNotFoundException", "InvalidRequestException"])
def test_what_is_gone_is_none_and_deleted(code: str) -> None:
    with FakeAws({"GetSecretValue": refusal(code), "DeleteSecret": refusal(code)}) as fake:
        store = fake.open("aws-secretsmanager")
        assert len(store.read(Selection(ids=frozenset({(Kind.VARIABLES, "v")}))).bundle) == 0
        assert do(store, step(Action.DELETE, None, VARIABLE)) == [None]


def test_a_deletion_can_be_taken_back() -> None:
    answers = {"GetSecretValue": {"Name": NAME, "SecretString": "x", "VersionId": "1"}, "DeleteSecret": {}}
    with FakeAws({"ListSecrets": {"SecretList": []}, **answers}) as fake:
        assert do(fake.open("aws-secretsmanager"), step(Action.DELETE, None, VARIABLE)) == [None]
        assert fake.bodies("DeleteSecret") == [{"SecretId": NAME}]


@pytest.mark.parametrize(
    ("current", "restored", "wanted"),
    [
        ("1", {}, None),
        ("2", {}, "another program has changed it; run again"),
        ("2", refusal("AccessDeniedException"), "`aws secretsmanager restore-secret` restores it"),
    ],
)
def test_what_somebody_else_writes_right_before_a_deletion_is_brought_back(
    current: str, restored: Answer | dict[str, Any], wanted: str | None
) -> None:
    stages = {"1": ["AWSPREVIOUS"], current: ["AWSCURRENT"]}
    answers = {
        "GetSecretValue": {"Name": NAME, "SecretString": "x", "VersionId": "1"},
        "DeleteSecret": {},
        "DescribeSecret": {"DeletedDate": 1.0, "VersionIdsToStages": stages},
        "RestoreSecret": restored,
    }
    with FakeAws({"ListSecrets": {"SecretList": []}, **answers}) as fake:
        (error,) = do(fake.open("aws-secretsmanager"), step(Action.DELETE, None, VARIABLE))
        assert error == wanted or (error is not None and wanted is not None and error.endswith(wanted))
        assert fake.asked.count("RestoreSecret") == (current == "2")


def listing(count: int, values: Callable[[Any], Answer | dict[str, Any]]) -> FakeAws:
    names = [f"airflow/variables/v{number:03}" for number in range(count)]
    pages = [names[start : start + 100] for start in range(0, count, 100)]

    def page(body: Any) -> dict[str, Any]:
        assert body["Filters"] == [{"Key": "name", "Values": ["airflow/variables/"]}]
        number = int(body.get("NextToken", 0))
        more = {"NextToken": str(number + 1)} if number + 1 < len(pages) else {}
        return {"SecretList": [{"Name": name} for name in pages[number]], **more}

    single = {"GetSecretValue": lambda body: value_of(body["SecretId"])}
    return FakeAws({"ListSecrets": page, "BatchGetSecretValue": values, **single})


def value_of(name: str) -> dict[str, Any]:
    return {"Name": name, "SecretString": name[-3:], "VersionId": "1"}


def values(store: Store) -> dict[str, Any]:
    return {key: obj.value for key, obj in store.read(VARIABLES).bundle.variables.items()}


ALL = {f"v{number:03}": Text(f"{number:03}") for number in range(250)}


def test_values_come_twenty_at_a_time() -> None:
    with listing(250, lambda body: {"SecretValues": [value_of(name) for name in body["SecretIdList"]]}) as fake:
        assert values(fake.open("aws-secretsmanager")) == ALL
        assert fake.asked.count("BatchGetSecretValue") == 13
        assert "GetSecretValue" not in fake.asked


def test_what_a_batch_does_not_give_is_asked_for_by_itself() -> None:
    with listing(250, lambda body: {"SecretValues": [value_of(name) for name in body["SecretIdList"][1:]]}) as fake:
        assert values(fake.open("aws-secretsmanager")) == ALL
        assert fake.asked.count("GetSecretValue") == 13


def test_who_may_not_read_batches_reads_one_by_one() -> None:
    with listing(25, lambda body: refusal("AccessDeniedException")) as fake:
        assert len(values(fake.open("aws-secretsmanager"))) == 25
        assert fake.asked.count("GetSecretValue") == 25


def test_what_is_binary_is_left_alone() -> None:
    def binary(body: Any) -> dict[str, Any]:
        return {"SecretValues": [{"Name": body["SecretIdList"][0], "SecretBinary": "eA=="}]}

    with listing(1, binary) as fake:
        found = fake.open("aws-secretsmanager").read(VARIABLES)
        assert list(found.bundle) == []
        (note,) = found.notes
        assert note.message == "it is binary, which Airflow can't read: left alone"
        assert note.where.endswith("airflow/variables/v000")
