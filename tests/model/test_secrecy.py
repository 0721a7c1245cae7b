"""What is shown to a human, and what is rather not."""

from __future__ import annotations

import time
from typing import Any

import pytest

from airconn.airflow.masked_names import is_sensitive
from airconn.model import Connection, Text, Variable
from airconn.model.jsontext import JsonPath
from airconn.model.leaves import leaves_of
from airconn.model.secrecy import is_secret
from airconn.model.secret_names import is_hidden_name, is_secret_name
from airconn.model.secret_values import is_certain, may_be_secret

SECRET_NAMES = """
    account_key pwd pass passphrase ssh_key hmac keyfile_json signing_key sslkey pat sas sig signature webhook creds
    credential cookie bearer jwt session dsn salt otp pin connection_string conn_str key keys apiKey APIKey db-pass
    SharedAccessKey session_token key2 s3key cert_key client_pfx webhook_path PWD GITHUB_PAT githubPat PGPASSWORD
    dbpass auth basic_auth ssh_private primary_key routing_key cookies fernet_key keytab AzureConnectionString
    pw ldap_bind_pw dbpw root_pw rootPw psw pswd db_pswd PINCODE pin_code p12 client_p12 p12_file pfx
    basic.auth.user.info schema.registry.basic.auth.user.info access_code auth_code unlock_code code_verifier
    seed_phrase wallet_seed mnemonic assertion client_assertion ticket session_ids s3_secret_key S3_ACCESS_KEY
    senha kennwort passwort contrasena contraseña CONTRASEÑA mot_de_passe motdepasse motDePasse пароль
    """.split()  # noqa: SIM905
PLAIN_NAMES = """
    region_name role_arn sslmode sslrootcert sslcert account warehouse keyspace keepalives path pattern passive
    compass author authenticator auth_type public_key foreign_key partition_keys sort_key kms_key_id no_host_key_check
    session_parameters session_timeout key_path key.serializer signature_version monkey design assets include
    sasl.mechanism ssl.key.location timeout url host tables private_subnet feature_flags
    sessions max_sessions seed random_seed s3_key s3Key S3_KEYS dest_s3_key country_code process_code code_challenge
    client_assertion_type ticket_id userinfo_endpoint impasse p12_path
    """.split()  # noqa: SIM905
NAMES_HIDDEN_IN_VAIN = """
    tokenizer tokenizer_path max_tokens MAX_TOKENS maxNewTokens token_url access_token_url token_uri token_endpoint
    secret_name secretName secrets_path secret_arn token_path token_type password_length
    """.split()  # noqa: SIM905
NAMES_HIDDEN_WELL = """
    token tokens max_token tokenizer_token tokenizer_proxy secret_id token_id access_key_id secret_url password_url
    webhook_url_path sas_token_url token_url_password proxy
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
SECRETS_BEHIND_NAMES = [
    "db:\n  pass: hunter2",
    "a:\n  b:\n    pw: hunter2",
    "A=\npass=hunter2",
    "db = pass: hunter2",
    "db: {pass: hunter2}",
    "{pass:hunter2}",
    "[db]\npw = hunter2",
    "?pw=hunter2",
    "'pw' => 'hunter2'",
    "contraseña: hunter2",
    "contrasen\u0303a: hunter2",
    "mot de passe : hunter2",
    "Access code: 1234",
    "- name: DB_PW\n  value: hunter2",
    "{'name': 'pw', 'value': 'hunter2'}",
    '<add key="pw" value="hunter2"/>',
    '<entry key="pw">hunter2</entry>',
    "<name>fs.pw</name>\n<value>hunter2</value>",
    "<password>hunter2</password>",
    "<pw kind='1'><![CDATA[hunter2]]></pw>",
    'x = {"list":[{"name":"password","value":"hunter2"}]}',
]
SECRETS_OF_COMMANDS = [
    "--password hunter2",
    "run --pw hunter2 now",
    "--pass=hunter2",
    "-Dpw=hunter2",
    "mysql -phunter2",
    "mysqldump -u root -p'hunter2' db",
    "curl -u user:hunter2 https://h",
    "curl --user user:hunter2 https://h",
    "sshpass -p hunter2 ssh h",
    "redis-cli -h h -a hunter2",
    "docker login -u u -p hunter2",
    "ldapsearch -x -w hunter2",
    "smbclient -U u%hunter2",
    "sqlplus -s scott/tiger@orcl",
    "machine h login u password hunter2",
    "login u password hunter2",
    "create user u identified by hunter2",
    "alter user u password 'hunter2'",
]
SECRETS_BY_FORM = [
    "u:hunter2@h:5432/db",
    ":hunter2@redis:6379",
    "scott/tiger@h:1521/x",
    "scott/tiger@//h:1521/x",
    "host:5432:db:user:pw",
    "# ours\n*:*:*:user:hunter2",
    "root:$6$abc$def",
    "SSWS 00abc",
    "Token abc",
    "ApiKey abc",
    "https://f.azurewebsites.net/api/f?code=abcdefgh",
    "123456789:AAHdqTcvCH1",
    "abc8Q~defghijklmno",
    "abandon " * 11 + "about",
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
    "db:\n  host: h\n  port: 5432",
    "a: b@example.com",
    "mailto:a@example.com",
    "hive/_HOST@EXAMPLE.COM",
    "actions/checkout@v4",
    "00:11:22:33:44:55",
    "2001:0db8:1234:5678:9abc:def0:1:2",
    "registry:5000/img:1@sha256:abc",
    "docker run -u 1000:1000 -p 8080:80 img",
    "mysql -h h -P 3306 -p db",
    "curl -u user https://h",
    "serve --tokenizer bert --max-tokens 5",
    "token_url=https://h/oauth/token secret_name=prod/db s3_key=a/b.csv",
    "arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/db",
    "Token based authentication is used",
    "<key_path>x</key_path>",
    "- name: REGION\n  value: eu",
    "the first of all that are here and now is what one takes of it",
    "",
]


@pytest.mark.parametrize("name", SECRET_NAMES)
def test_names_of_secrets_however_they_are_written(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize("name", PLAIN_NAMES)
def test_names_that_only_look_like_it(name: str) -> None:
    assert not is_secret_name(name)


@pytest.mark.parametrize("name", NAMES_HIDDEN_IN_VAIN)
def test_names_that_airflow_hides_in_vain(name: str) -> None:
    assert is_sensitive(name)
    assert not is_hidden_name(name)


@pytest.mark.parametrize("name", NAMES_HIDDEN_WELL)
def test_names_that_only_look_as_if_they_were_hidden_in_vain(name: str) -> None:
    assert is_hidden_name(name)


@pytest.mark.parametrize("text", [*SECRET_VALUES, *SECRETS_BEHIND_NAMES, *SECRETS_OF_COMMANDS, *SECRETS_BY_FORM])
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


def masked(value: str, key: str = "config") -> list[JsonPath]:
    """The leaves that are masked of a variable, and likewise of an extra."""
    variable = Variable(key=key, value=Text(value))
    connection = Connection(conn_id="c", conn_type="x", extra=Text(value))
    paths = [path for path, leaf in leaves_of(variable.value).items() if is_secret(variable, "value", path, leaf)]
    if value.startswith("{") and key == "config":
        leaves: dict[JsonPath, Any] = leaves_of(connection.extra)
        assert paths == [path for path, leaf in leaves.items() if is_secret(connection, "extra", path, leaf)]
    return paths


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ('{"list":[{"name":"password","value":"hunter2"}]}', [("list", 0, "value")]),
        ('{"list":[{"name":"region","value":"eu"}]}', []),
        ('[{"Name": "DB_PW", "Value": {"a": "hunter2"}, "x": 1}]', [(0, "Value", "a")]),
        ('[["password", "hunter2"], ["user", "u"]]', [(0, 1)]),
        ('["--password", "hunter2"]', [(1,)]),
        ('["run", "--pin", 1234, "--size", 1]', [(2,)]),
        ('{"args": ["mysql", "-u", "root", "-phunter2", "db"]}', [("args", 3)]),
        ('["curl", "-u", "user:hunter2", "https://h"]', [(2,)]),
        ('["--token-url", "https://h", "--max-tokens", "5"]', []),
    ],
)
def test_a_leaf_is_judged_by_what_stands_beside_it(text: str, paths: list[JsonPath]) -> None:
    assert masked(text) == paths
    variable = Variable(key="config", value=Text(text))
    assert is_secret(variable, "value", (), variable.value) == bool(paths)


def test_what_airflow_hides_in_vain_is_shown_unless_its_value_is_a_secret() -> None:
    assert masked('{"tokenizer": "bert", "max_tokens": 5, "secret_name": "db", "token_url": "https://h/t"}') == []
    assert masked('{"token_url": "https://u:p@h", "token_uri": "https://h?sig=x"}') == [
        ("token_url",),
        ("token_uri",),
    ]
    assert masked("https://h/t", key="token_url") == masked("prod/db", key="secret_name") == []
    assert masked("https://u:p@h/t", key="token_url") == [()]


def test_what_is_below_a_name_that_airflow_hides_is_masked_whatever_the_name_says() -> None:
    assert masked('{"secret_name": {"x": "a"}, "secrets": {"name": "b"}}') == [
        ("secret_name", "x"),
        ("secrets", "name"),
    ]
    assert masked('{"x": "a"}', key="secret_name") == [("x",)]


def test_what_is_masked_by_its_form_is_not_refused_on_the_command_line() -> None:
    for text in ("scott/tiger@h:1521/x", "host:5432:db:user:pw", "curl -u user:hunter2", "db:\n  pass: hunter2"):
        assert may_be_secret(text)
        assert not is_certain(text)


def test_a_value_on_the_command_line_is_refused_only_where_it_is_certain() -> None:
    assert is_certain("https://u:p@h")
    assert is_certain("ghp_abcdefghijklmnop1234")
    assert not is_certain("0123456789abcdef0123456789abcdef")


LONG_PIECES = [
    "?code=",
    "mysql ",
    "--pw ",
    "name:",
    "<a ",
    "a:b@",
    "a/",
    "login x ",
    "token ",
    "abc ",
    "1:",
    "\\",
    " ",
    "-",
]


@pytest.mark.parametrize("piece", ["a", "://", "a=b ", "://:", "A1a", "a.", ":\n", "key ", *LONG_PIECES])
def test_long_texts_take_no_time_beyond_their_length(piece: str) -> None:
    before = time.process_time()
    may_be_secret(piece * (4 * 10**5 // len(piece)))
    assert time.process_time() - before < 2
