"""What stands for a secret and isn't one, and what only looks like it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from airconn.formats import get_format
from airconn.formats.base import ReadOptions
from airconn.model import MASK, REDACTED, AirflowObject, Connection, Text, Variable
from airconn.model.placeholder_forms import PlaceholderType
from airconn.model.placeholder_search import form_of
from airconn.model.placeholders import all_placeholders, placeholders, samples, type_of

FERNET = "gAAAAABmZ2Vx" + "aB3_-xY9" * 11 + "=="


@pytest.mark.parametrize(
    ("type_", "texts"),
    [
        (
            PlaceholderType.MASK,
            ["****", "********", "<hidden>", "[REDACTED]", "[Filtered]", "(sensitive value)", "••••••", "# secret"],
        ),
        (PlaceholderType.MASK, ["REDACTED", "__redacted__", " <redacted>\n"]),
        (
            PlaceholderType.REFERENCE,
            ["op://prod/db/password", "vault:secret/data/db#PASSWORD", ">>vault:secret/data/db#PASSWORD"],
        ),
        (
            PlaceholderType.REFERENCE,
            ["ref+awssecrets://db/password", "secretref+vault://db#/pw", "aws-sm://db", "aws-sm:db/pw"],
        ),
        (
            PlaceholderType.REFERENCE,
            ["akv://kv/db", "sm://project/db", "@Microsoft.KeyVault(SecretUri=https://kv/s)"],
        ),
        (PlaceholderType.CIPHERTEXT, ["ENC[AES256_GCM,data:p673w==,iv:YY=,tag:A==,type:str]", "ENC[PKCS7,MIIBeQYJ]"]),
        (
            PlaceholderType.CIPHERTEXT,
            ["encrypted:BKx0aXyzBKx0aXyzBKx0aXyz", "$ANSIBLE_VAULT;1.1;AES256\n6231\n6432", FERNET],
        ),
        (
            PlaceholderType.CIPHERTEXT,
            [
                "-----BEGIN AGE ENCRYPTED FILE-----\nYWdl\n-----END AGE ENCRYPTED FILE-----",
                "vault:v1:8SDd3WHDOjf7mq69",
            ],
        ),
        (
            PlaceholderType.TEMPLATE,
            ["{{ db_password }}", "{{a}}{{b}}", "${DB_PW}", "${A}-${B}", "$(cat /run/pw)", "<%= @pw %>", "%{pw}"],
        ),
    ],
)
def test_the_types(type_: PlaceholderType, texts: list[str]) -> None:
    assert [type_of(text) for text in texts] == [type_] * len(texts)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hunter2",
        "***",
        "a****",
        "p****d",
        "redacted-db",
        "<hidden",
        "hidden",
        "secret",
        "[1, 2]",
        "(555) 0100",
        "op://",
        "vault",
        "vault:8200",
        "vault:hunter2",
        "vault://host:8200/kv",
        "ref+x",
        "https://sm/x",
        "awssm",
        "ENC",
        "ENC[]",
        "encrypted:no",
        "gAAAAABshort",
        "-----BEGIN PRIVATE KEY-----\nx",
        "pa$$w0rd",
        "$DB",
        "a${b",
        "x${y}z",
        "{}",
        "{{}",
        "{{}}",
        "a%b",
        "%{",
        "50%",
        "$2b$12$abcdefghijklmnopqrstuv",
        "arn:aws:secretsmanager:eu:1:secret:db",
    ],
)
def test_what_is_none(text: str) -> None:
    assert type_of(text) is None


def test_a_long_text_is_quick() -> None:
    for text in ("{{}}{{" * 20_000, "${a}" * 20_000 + "$", "vault:" + "a/" * 20_000 + " ", "<%a%>-" * 20_000):
        type_of(text)


def names(obj: AirflowObject) -> list[str]:
    return [each.name for each in placeholders(obj, masks_anywhere=True)]


def conn(extra: str | None = None, **fields: Any) -> Connection:
    return Connection(conn_id="c", **{"conn_type": "http", **fields}, extra=None if extra is None else Text(extra))


def test_certain_masks_are_found_everywhere_and_all_else_in_the_place_of_a_secret() -> None:
    assert names(conn('{"status": "redacted", "label": "(hidden)"}', description="[secret]")) == []
    assert names(conn('{"token": "redacted"}', password="(sensitive value)")) == ["password", "extra.token"]
    assert names(conn(host="op://a/b/c", login="${USER}", schema="{{ ds }}")) == []
    assert names(conn(host="<hidden>", login="****")) == ["host", "login"]
    assert names(conn('{"a": {"token": ["${T}"]}, "path": "{{ ds }}", "x": "[REDACTED]"}')) == [
        "extra.a.token[0]",
        "extra.x",
    ]
    assert names(conn("{{ extra }}")) == ["extra"]
    assert names(conn("$ANSIBLE_VAULT;1.1;AES256\n62")) == ["extra"]
    assert names(conn('{"s3_key": "{{ ds }}", "ssh_pass": "op://a/b/c"}')) == ["extra.ssh_pass"]
    assert names(conn('{"token": "\\u0024{T}"}')) == ["extra.token"]
    assert names(Variable(key="db_password", value=Text("${PW}"))) == ["value"]
    assert names(Variable(key="query", value=Text("{{ ds }}"))) == []
    assert names(Variable(key="api", value=Text('{"url": "${URL}", "auth": {"api_key": "${KEY}"}}'))) == [
        "value.auth.api_key"
    ]


def test_a_whole_connection_that_is_a_reference_has_its_scheme_as_the_type() -> None:
    assert names(conn(conn_type="op", host="prod")) == ["conn_type"]
    assert names(conn(conn_type="vault", host="vault.example.com")) == []


@pytest.mark.parametrize(
    "value",
    [
        "vault:secret/data/db#uri",
        "ref+vault://path#/key",
        "ref+awssecrets://path#/key",
        "secretref+https://example.com/db",
        "aws-sm://prod/db",
        "aws-sm:prod/db",
        "aws-secretsmanager://prod/db",
        "keyvault://vault/db",
        "gcp-sm://project/db",
        "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db",
        "encrypted:BDqDBibm4wsYqMpCjTQ6BsDHmMadg9K3dAt+Z9HPMfLEIRVz50hmLXPXRuDBXaJi",
    ],
)
def test_a_reference_that_is_read_as_the_uri_of_a_connection_is_one(value: str) -> None:
    parsed = get_format("env").parse(f"AIRFLOW_CONN_DB={value}\n", ".env", ReadOptions())
    assert [names(obj) for obj in parsed.bundle] == [["conn_type"]]
    [obj] = parsed.bundle
    assert names(replace(obj, genuine=frozenset({("conn_type", ())}))) == []  # type: ignore[call-arg]


@pytest.mark.parametrize(
    "value",
    [
        "vault://vault.example.com/a/b",
        "vault://?url=https%3A%2F%2Fvault%2Fa",
        "vault:///secret",
        "aws://",
        "azure-key-vault://x",
    ],
)
def test_a_connection_of_such_a_service_is_none(value: str) -> None:
    parsed = get_format("env").parse(f"AIRFLOW_CONN_DB={value}\n", ".env", ReadOptions())
    assert [names(obj) for obj in parsed.bundle] == [[]]


def test_a_connection_whose_fields_are_all_hidden_is_none() -> None:
    for conn_type in ("http", "vault", "encrypted"):
        hidden = Connection(conn_id="c", conn_type=conn_type, host=REDACTED, schema=REDACTED, extra=REDACTED)
        assert names(hidden) == []


def test_what_encrypts_all_of_a_file_is_found_everywhere() -> None:
    sops = "ENC[AES256_GCM,data:p673w==,iv:CCYw=,tag:cpYj==,type:str]"
    assert names(Variable(key="region", value=Text(sops))) == ["value"]
    assert names(conn(host=sops, login="$ANSIBLE_VAULT;1.1;AES256\n62")) == ["host", "login"]
    assert names(Variable(key="region", value=Text("ENC[x]"))) == []


@pytest.mark.parametrize("mask", ["****", "<hidden>", "%3Chidden%3E", "[REDACTED]", "REDACTED", "•••"])
def test_a_mask_that_is_the_password_of_a_uri_is_one(mask: str) -> None:
    assert names(Variable(key="db", value=Text(f"postgres://etl:{mask}@db/x"))) == ["value"]
    assert names(conn(f'{{"jdbc": "x postgres://etl:{mask}@db/x y"}}')) == ["extra.jdbc"]


@pytest.mark.parametrize("password", ["hunter2", "***", "a****", "xxxx", "{{ pw }}", "${PW}", "%"])
def test_another_password_of_a_uri_is_none(password: str) -> None:
    assert names(Variable(key="db", value=Text(f"postgres://etl:{password}@db/x"))) == []


def test_what_is_hidden_or_genuine_is_none() -> None:
    assert names(conn(extra='{"token": "***"}')) == []
    hidden = Text.of('{"token": "***", "b": "****"}')
    assert isinstance(hidden, Text)
    assert names(Connection(conn_id="c", conn_type="http", password=MASK, extra=hidden)) == ["extra.b"]
    genuine = frozenset({("extra", ("b",))})
    assert names(Connection(conn_id="c", conn_type="http", extra=hidden, genuine=genuine)) == []


@pytest.mark.parametrize("name", ["uris.json", "connection_json.json"])
def test_nothing_that_real_airflows_read_is_taken_for_one(name: str) -> None:
    cases = json.loads((Path(__file__).parents[1] / "formats" / "cases" / "airflow" / name).read_text())
    fields = ("conn_type", "description", "host", "login", "password", "schema")
    for case in cases:
        for read in (case["airflow_2_11"], case["airflow_3_3"]):
            if "conn_type" in read:
                given = {field: read.get(field) for field in fields}
                assert names(conn(read.get("extra"), **{**given, "conn_type": given["conn_type"] or ""})) == []


def test_a_mask_in_a_description_is_a_text_like_others_to_an_import() -> None:
    obj = Connection(conn_id="c", conn_type="http", description="# secret", login="****", password="real")
    assert [each.name for each in placeholders(obj)] == ["login"]
    assert [each.name for each in placeholders(obj, masks_anywhere=True)] == ["description", "login"]


def test_the_210_cases_of_real_airflows_have_nothing_to_be_filled_in_either() -> None:
    for name in ("uris.json", "connection_json.json"):
        cases = json.loads((Path(__file__).parents[1] / "formats" / "cases" / "airflow" / name).read_text())
        for case in cases:
            for read in (case["airflow_2_11"], case["airflow_3_3"]):
                if "conn_type" in read:
                    fields = {key: read.get(key) for key in ("host", "login", "password", "schema")}
                    obj = conn(read.get("extra"), conn_type=read["conn_type"] or "", **fields)
                    assert list(all_placeholders(obj)) == []


def test_json_text_inside_of_json_is_taken_apart() -> None:
    key = json.dumps({"type": "service_account", "private_key": "<hidden>"})
    obj = conn(json.dumps({"keyfile_dict": key, "project": "p"}))
    [found] = placeholders(obj)
    assert (found.name, found.place) == ("extra.keyfile_dict.private_key", "extra.keyfile_dict")
    assert names(replace(obj, genuine=frozenset({("extra", ("keyfile_dict",))}))) == []
    deeper = json.dumps({"a": json.dumps({"b": json.dumps([{"password": "op://a/b/c"}])})})
    assert names(Variable(key="config", value=Text(deeper))) == ["value.a.b[0].password"]
    assert names(conn(password=key)) == ["password.private_key"]


def test_a_mask_of_airflow_in_json_text_inside_of_json_is_one() -> None:
    hidden = json.dumps({"keyfile": json.dumps({"private_key": "***"})})
    assert names(conn(hidden)) == ["extra.keyfile.private_key"]


@pytest.mark.parametrize("text", ["password=****;user=x", "Server=h;Pwd=<hidden>", "https://h/?token=[REDACTED]&a=1"])
def test_a_mask_in_a_connection_string_is_one(text: str) -> None:
    assert names(conn(json.dumps({"dsn_text": text}))) == ["extra.dsn_text"]
    assert names(Variable(key="db", value=Text(text))) == ["value"]


def test_a_template_in_a_uri_counts_in_the_place_of_a_secret_alone() -> None:
    uri = "postgres://etl:{{ pw }}@db/x"
    assert names(Variable(key="db", value=Text(uri))) == []
    assert names(Variable(key="db_dsn", value=Text(uri))) == ["value"]


def test_what_is_everyday_outside_of_a_password_is_one_as_a_password() -> None:
    for text in ("arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf", "projects/p/secrets/s/versions/1"):
        assert names(conn(password=text)) == ["password"]
        assert names(Variable(key="db_secret", value=Text(text))) == []


def test_names_that_say_where_a_secret_is_may_have_templates() -> None:
    for key in ("secret_name", "token_url", "private_key_file", "password_file", "cache_key", "session"):
        assert names(Variable(key=key, value=Text("{{ ds }}"))) == []
    for key in ("db_password", "api_token", "client_secret", "pwd", "secret_id", "webhook_url", "access_key_id"):
        assert names(Variable(key=key, value=Text("{{ ds }}"))) == ["value"]


def test_texts_to_be_filled_in_are_found_in_the_places_of_secrets() -> None:
    obj = conn('{"token": "your-token", "path": "<path>"}', password="CHANGEME", host="<host>", login="TODO")
    assert [each.name for each in samples(obj)] == ["password", "extra.token"]
    assert list(placeholders(obj, masks_anywhere=True)) == []
    assert [each.name for each in samples(replace(obj, genuine=frozenset({("password", ())})))] == ["extra.token"]


@pytest.mark.parametrize(
    "text", ["<hidden>", "****", "[REDACTED]", "${CONN}", "gcp-sm://p/x", "projects/p/secrets/x"]
)
def test_a_connection_that_is_a_placeholder_as_a_whole_is_one(text: str) -> None:
    [obj] = get_format("env").parse(f"AIRFLOW_CONN_DB='{text}'\n", ".env", ReadOptions()).bundle
    assert [each.words for each in placeholders(obj)][-1:] == [
        f"all of it is {form_of(text).what}, not a connection"  # type: ignore[union-attr]
    ]
