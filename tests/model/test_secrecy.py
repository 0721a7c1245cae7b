"""What is shown to a human, and what is rather not."""

from __future__ import annotations

import time

import pytest

from airconn.model import Connection, Text, Variable
from airconn.model.secrecy import is_secret, looks_secret
from airconn.model.secret_names import is_secret_name
from airconn.model.secret_values import may_be_secret
from airconn.model.sensitive import is_sensitive

SECRET_NAMES = """
    account_key pwd pass passphrase ssh_key hmac keyfile_json signing_key sslkey pat sas sig signature webhook creds
    credential cookie bearer jwt session dsn salt otp pin connection_string conn_str key keys apiKey APIKey db-pass
    SharedAccessKey session_token key2 s3key cert_key client_pfx webhook_path PWD GITHUB_PAT githubPat PGPASSWORD
    dbpass auth basic_auth ssh_private primary_key routing_key cookies fernet_key keytab AzureConnectionString
    """.split()  # noqa: SIM905
PLAIN_NAMES = """
    region_name role_arn sslmode sslrootcert sslcert account warehouse keyspace keepalives path pattern passive
    compass author authenticator auth_type public_key foreign_key partition_keys sort_key kms_key_id no_host_key_check
    session_parameters session_timeout key_path key.serializer signature_version monkey design assets include
    sasl.mechanism ssl.key.location timeout url host tables private_subnet feature_flags
    """.split()  # noqa: SIM905
SECRET_VALUES = [
    "sv=1&sig=s7",
    "https://h/x?key=abc",
    "https://h/?x=1&sig=abc",
    "https://hooks.slack.com/services/T0/B0/x",
    "https://discord.com/api/webhooks/1/abc",
    "https://acme.webhook.office.com/webhookb2/abc",
    "ghp_abcdefghijklmnop1234",
    "eyJhbGciOiJI.eyJzdWIiOiIx.abc",
    "postgres://u:p@h",
    "https://a-token@sentry.example.com/1",
    "jdbc:oracle:thin:scott/tiger@h:1521/x",
    "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=b==",
    "Server=h;Uid=a;Pwd=b",
    "pass: hello",
    "-----BEGIN CERTIFICATE-----",
    "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "0123456789abcdef0123456789abcdef",
    "x9Kq2LmZ7vTb4RpW8sYd",
    "q7x2m9k4w1z8v3n6b5c0r2t7",
]
PLAIN_VALUES = [
    "eu-west-1",
    "https://billing.example.com:8443/v2",
    "https://hooks.slack.com/services",
    "arn:aws:iam::123456789012:role/etl",
    "123e4567-e89b-12d3-a456-426614174000",
    "my-company-data-lake-prod-eu-west-1",
    "a@example.com,b@example.com",
    "abfss://container@account.dfs.core.windows.net/x",
    "ssh://git@github.com/x",
    "https://registry.npmjs.org/@scope/pkg",
    "/opt/airflow/dags/2024/Report.csv",
    "Report/Recipients/EU2024/Quarter1",
    "MyCompanyDataWarehouseProduction2024",
    "2024-01-01T00:00:00+00:00",
    "SELECT * FROM t WHERE id = 5",
    "host1.example.com:9092,host2.example.com:9092",
    "redis-session:6379",
    "no_host_key_check=true",
    'She said "it\'s #1" for $5\nand left',
    "",
]


@pytest.mark.parametrize("name", SECRET_NAMES)
def test_names_of_secrets_however_they_are_written(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize("name", PLAIN_NAMES)
def test_names_that_only_look_like_it(name: str) -> None:
    assert not is_secret_name(name)


@pytest.mark.parametrize("text", SECRET_VALUES)
def test_values_that_look_like_secrets(text: str) -> None:
    assert may_be_secret(text)


@pytest.mark.parametrize("text", PLAIN_VALUES)
def test_values_that_do_not(text: str) -> None:
    assert not may_be_secret(text)


def test_what_airflow_hides_is_still_told_by_its_own_list_alone() -> None:
    assert not any(is_sensitive(name) for name in ("account_key", "pwd", "GITHUB_PAT", "hmac", "session"))


def test_a_leaf_is_judged_by_all_names_above_it_and_a_flag_is_none() -> None:
    connection = Connection(conn_id="c", conn_type="x", extra=Text("{}"))
    assert is_secret(connection, "extra", ("creds", "id"), "x")
    assert not is_secret(connection, "extra", ("use_session",), "true")
    assert not is_secret(connection, "extra", ("session",), True)
    assert is_secret(Variable(key="PWD", value=Text("x")), "value", (), Text("x"))
    assert not is_secret(Variable(key="region", value=Text("x")), "value", (), Text("x"))


def test_json_in_a_text_is_judged_by_its_names() -> None:
    variable = Variable(key="config", value=Text(""))
    assert is_secret(variable, "value", (), Text('{"a": {"account_key": "x"}}'))
    assert is_secret(variable, "value", ("a",), '{"b": ["https://h/?sig=x"]}')
    assert not is_secret(variable, "value", (), Text('{"a": {"session": true, "b": [1, {}]}}'))


def test_a_value_on_the_command_line_is_refused_only_where_it_is_certain() -> None:
    assert looks_secret("https://u:p@h")
    assert looks_secret("ghp_abcdefghijklmnop1234")
    assert not looks_secret("0123456789abcdef0123456789abcdef")


@pytest.mark.parametrize("piece", ["a", "://", "a=b ", "://:", "A1a", "a.", ":\n", "key "])
def test_long_texts_take_no_time_beyond_their_length(piece: str) -> None:
    before = time.process_time()
    may_be_secret(piece * (10**6 // len(piece)))
    assert time.process_time() - before < 5
