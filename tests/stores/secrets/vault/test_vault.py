"""Vault without a server: addresses, credentials, who is spoken to and how, and what answers mean."""

from __future__ import annotations

import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import trustme

from airconn.airflow.versions import NEWEST
from airconn.config import Settings
from airconn.errors import InputError, TargetError, UsageError
from airconn.installed import command_for
from airconn.model import Action, Connection, Kind, Origin, Selection, Text, Variable, rules_for
from airconn.stores import open_backend, open_store
from airconn.stores.base import Store
from airconn.stores.secrets.vault.codec import VaultCodec
from airconn.stores.secrets.vault.options import VaultOptions
from airconn.stores.secrets.vault.server import base_url
from tests.integration.backends.judge import VAULT
from tests.stores.contract import do, step
from tests.stores.site import Answer, Received, Site

CANARY = "c4n4ry-s3cr3t"
EVERYTHING = Selection()
FULL = Connection(
    conn_id="c", conn_type="http", host="h", login="l", password=CANARY, port=1, extra=Text('{"b": 1.50, "a": 1}')
)
ORIGIN = Origin("vault://h/secret/connections/c")
NOTHING = Answer(404, {"errors": []})


def opened(site: Site, query: str = "", *, retries: int = 0, mount: str = "secret", **environ: str) -> Store:
    environ = {"VAULT_TOKEN": CANARY, **environ}
    return open_store(
        f"vault://127.0.0.1:{site.port}/{mount}{query}", Settings(environ=environ, retries=retries, timeout=3)
    )


def answering(answers: Mapping[str, Answer]) -> Callable[[Received], Answer]:
    """Answers by the end of the path; with nothing elsewhere."""

    def answer(received: Received) -> Answer:
        found = (answer for end, answer in answers.items() if received.path.endswith(end))
        return next(found, NOTHING)

    return answer


def failure(store: Store) -> TargetError | UsageError:
    with pytest.raises((TargetError, UsageError)) as caught:
        store.read(EVERYTHING)
    store.close()
    assert CANARY not in f"{caught.value} {caught.value.hint} {caught.value.where}"
    return caught.value


@pytest.mark.parametrize(
    ("host", "tls", "known", "url"),
    [
        ("vault.example.com", None, "", "https://vault.example.com"),
        ("vault.example.com:8200", False, "", "http://vault.example.com:8200"),
        ("localhost:8200", None, "", "http://localhost:8200"),
        ("127.0.0.1:8200", True, "", "https://127.0.0.1:8200"),
        ("[::1]:8200", None, "", "http://[::1]:8200"),
        ("[2001:db8::1]", None, "", "https://[2001:db8::1]"),
        ("v:8200", None, "http://v:8200", "http://v:8200"),
        ("V:8200", None, "https://v:8200/", "https://v:8200"),
        ("v:8200", True, "http://v:8200", "https://v:8200"),
        ("v:8200", None, "http://w:8200", "https://v:8200"),
        ("localhost", None, "https://localhost", "https://localhost"),
        ("", None, " https://gate.example.com/vault/ ", "https://gate.example.com/vault"),
    ],
)
def test_a_host_is_spoken_to_with_tls_unless_it_is_this_machine_or_somebody_says_otherwise(
    host: str, tls: bool | None, known: str, url: str
) -> None:
    assert base_url(host, None, tls, {"VAULT_ADDR": known}) == url


@pytest.mark.parametrize(
    ("address", "known", "message"),
    [
        ("vault:///secret", "", "no Vault is named"),
        ("vault:///secret", "localhost:8200", "VAULT_ADDR is not the URL of a Vault"),
        ("vault:///secret", f"https://u:{CANARY}@h", "VAULT_ADDR is not the URL of a Vault"),
        (f"vault:///secret?url=https://u:{CANARY}@h", "", "url is not the URL of a Vault"),
        ("vault://h/secret?url=https://g", "", "the address names a host, and url another one"),
        (f"vault://h/secret?token={CANARY}", "", "token is a credential"),
        (f"vault://u:{CANARY}@h/secret", "", "has a user name or a password in it"),
        ("vault://h%20i/secret", "", "the address has no valid host"),
        ("vault://h/secret?mount_point=other", "", "'mount_point' is not an option"),
        ("vault://h/secret?conections_path=x", "", "'conections_path' is not an option"),
        ("vault://h/secret?proxies=x", "", "'proxies' is not an option"),
        ("vault://h/secret?kv_engine_version=3", "", "kv_engine_version is 1 or 2"),
        ("vault://h/secret?kv_engine_version=two", "", "kv_engine_version is not a whole number"),
        ("vault://h/secret?connection_format=xml", "", "connection_format is json or uri"),
        ("vault://h/secret?auth_type=gcp", "", "airconn can't log in to Vault with auth_type gcp"),
        ("vault://h/secret?auth_type=tokn", "", "unknown auth_type"),
        ("vault://h/../sys", "", "mount_point is not a valid path for Vault"),
        ("vault://h/secret?connections_path=a,../b", "", "connections_path is not a valid path for Vault"),
    ],
)
def test_a_wrong_address_is_told_without_its_secrets(address: str, known: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        open_store(address, Settings(environ={"VAULT_ADDR": known}))
    assert message in caught.value.message
    assert CANARY not in f"{caught.value} {caught.value.hint}"


def test_airflow_s_options_are_taken_with_their_credentials_and_shown_without() -> None:
    kwargs = {
        "url": "https://vault.example.com",
        "token": CANARY,
        "connections_path": ["team/", "all"],
        "variables_path": None,
        "global_secrets_path": "common",
        "verify": "/ca.pem",
        "proxies": {"https": f"http://u:{CANARY}@p"},
        "timeout": 5,
    }
    store = open_backend(VAULT, kwargs, "airflow.cfg", Settings())
    assert store.describe().text == "vault at https://vault.example.com, mount secret"
    options = VaultOptions(**{**kwargs, "connections_path": ("team/", "all")})  # type: ignore[arg-type]
    assert CANARY not in repr(options)
    assert options.paths(Kind.CONNECTIONS) == ("team", "all", "common")
    assert options.paths(Kind.VARIABLES) == ("common",)
    with pytest.raises(UsageError, match="connections_path is not a valid path"):
        open_backend(VAULT, {"url": "https://v", "connections_path": [1]}, "airflow.cfg", Settings())


@pytest.mark.parametrize(
    ("kwargs", "known", "url"),
    [
        ({}, "", "http://localhost:8200"),
        ({}, " https://v:8200/ ", "https://v:8200"),
        ({"url": "https://w"}, "https://v:8200", "https://w"),
    ],
)
def test_an_airflow_that_is_told_no_server_has_the_one_that_hvac_takes(
    kwargs: dict[str, Any], known: str, url: str
) -> None:
    store = open_backend(VAULT, kwargs, "airflow.cfg", Settings(environ={"VAULT_ADDR": known}))
    assert store.describe().text == f"vault at {url}, mount secret"


def test_an_airflow_s_server_that_is_no_url_is_told_by_the_name_that_it_stands_under() -> None:
    with pytest.raises(UsageError, match="VAULT_ADDR is not the URL of a Vault"):
        open_backend(VAULT, {}, "airflow.cfg", Settings(environ={"VAULT_ADDR": "localhost:8200"}))


def test_without_a_mount_an_id_that_names_none_has_no_place() -> None:
    store = open_backend(VAULT, {"url": "https://v", "mount_point": None}, "airflow.cfg", Settings())
    assert store.problems(Connection(conn_id="c", conn_type="x")) == (
        "mount_point isn't set, so an id must begin with one (MOUNT/ID)",
    )
    assert store.problems(Connection(conn_id="kv/c", conn_type="x")) == ()


@pytest.mark.parametrize("text", ["a\ud800b", "\udfff"])
def test_half_a_character_is_refused_because_the_server_would_replace_it(text: str) -> None:
    store = open_store("vault://h/secret", Settings())
    assert "lone surrogate" in store.problems(Variable(key="v", value=Text(text)))[0]
    assert "lone surrogate" in store.problems(replace(FULL, password=text))[0]


def decode(kind: Kind, payload: Any) -> Connection | Variable:
    return VaultCodec(uri=False).decode(kind, "c", payload, rules_for(NEWEST), ORIGIN)


def test_a_connection_is_its_fields_with_its_extra_as_a_text_or_a_uri() -> None:
    assert VaultCodec(uri=False).encode(FULL) == {
        "conn_type": "http", "host": "h", "login": "l", "password": CANARY, "port": 1, "extra": '{"b": 1.50, "a": 1}',
    }  # fmt: skip
    assert decode(Kind.CONNECTIONS, VaultCodec(uri=False).encode(FULL)) == FULL
    plain = replace(FULL, extra=None, schema="")
    assert VaultCodec(uri=True).encode(plain) == {"conn_uri": f"http://l:{CANARY}@h:1/"}
    assert decode(Kind.CONNECTIONS, VaultCodec(uri=True).encode(plain)) == plain


@pytest.mark.parametrize(
    ("payload", "wanted"),
    [
        ({"conn_uri": "http://h"}, Connection(conn_id="c", conn_type="http", host="h", schema="")),
        ({"conn_uri": '{"conn_type": "x"}', "host": "other"}, Connection(conn_id="c", conn_type="x")),
        ({"conn_type": "x", "port": "5"}, Connection(conn_id="c", conn_type="x", port=5)),
        ({}, Connection(conn_id="c", conn_type="")),
        (
            {"conn_type": "x", "extra": {"é": [1.5, True, None]}},
            Connection(conn_id="c", conn_type="x", extra=Text('{"\\u00e9": [1.5, true, null]}')),
        ),
    ],
)
def test_a_connection_is_read_as_airflow_reads_it(payload: Any, wanted: Connection) -> None:
    assert decode(Kind.CONNECTIONS, payload) == wanted


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        (Kind.CONNECTIONS, {"user": CANARY}),
        (Kind.CONNECTIONS, {"conn_uri": "", "conn_type": "x"}),
        (Kind.CONNECTIONS, {"conn_uri": CANARY}),
        (Kind.CONNECTIONS, {"conn_uri": {"a": CANARY}}),
        (Kind.CONNECTIONS, [CANARY]),
        (Kind.VARIABLES, {}),
        (Kind.VARIABLES, {"value": None}),
        (Kind.VARIABLES, {"value": {"a": CANARY}}),
        (Kind.VARIABLES, {"values": CANARY}),
    ],
)
def test_what_airflow_makes_nothing_of_is_no_object(kind: Kind, payload: Any) -> None:
    with pytest.raises(InputError) as caught:
        decode(kind, payload)
    assert CANARY not in f"{caught.value} {caught.value.hint}"


@pytest.fixture
def log_in() -> Iterator[Site]:
    """Lets in by any way to log in, and has nothing."""

    def answer(received: Received) -> Answer:
        if "/v1/auth/" in received.path:
            return Answer(200, {"auth": {"client_token": "t0ken-0f-l0gin"}})
        return NOTHING

    with Site(answer) as site:
        yield site


@pytest.mark.parametrize(
    ("query", "environ", "path", "body"),
    [
        (
            "auth_type=approle&role_id=r",
            {"VAULT_SECRET_ID": CANARY},
            "approle/login",
            {"role_id": "r", "secret_id": CANARY},
        ),
        ("auth_type=approle", {"VAULT_ROLE_ID": "e"}, "approle/login", {"role_id": "e", "secret_id": None}),
        (
            "auth_type=approle&role_id=r&auth_mount_point=ci",
            {"VAULT_SECRET_ID": CANARY},
            "ci/login",
            {"role_id": "r", "secret_id": CANARY},
        ),
        ("auth_type=jwt&jwt_role=r&jwt_token_path=FILE", {}, "jwt/login", {"role": "r", "jwt": CANARY}),
        (
            "auth_type=jwt&jwt_role=r&jwt_token_path=FILE&auth_mount_point=gh",
            {},
            "gh/login",
            {"role": "r", "jwt": CANARY},
        ),
        (
            "auth_type=kubernetes&kubernetes_role=r&kubernetes_jwt_path=FILE",
            {},
            "kubernetes/login",
            {"role": "r", "jwt": CANARY},
        ),
        (
            "auth_type=userpass&username=ann",
            {"VAULT_PASSWORD": CANARY},
            "userpass/login/ann",
            {"password": CANARY},
        ),
        ("auth_type=ldap&username=ann", {"VAULT_PASSWORD": CANARY}, "ldap/login/ann", {"password": CANARY}),
    ],
)
def test_each_way_to_log_in(
    log_in: Site, tmp_path: Path, query: str, environ: dict[str, str], path: str, body: dict[str, Any]
) -> None:
    (tmp_path / "jwt").write_text(f"{CANARY}\n")
    store = opened(log_in, "?" + query.replace("FILE", str(tmp_path / "jwt")), VAULT_TOKEN="", **environ)
    assert len(store.read(EVERYTHING).bundle) == 0
    store.close()
    login, *others = log_in.log
    sent = {name: value for name, value in login.body.items() if name in body}
    assert (login.path, sent) == (f"/v1/auth/{path}", body | {k: v for k, v in sent.items() if body[k] is None})
    assert {received.headers["X-Vault-Token"] for received in others} == {"t0ken-0f-l0gin"}


@pytest.mark.parametrize(
    ("query", "missing"),
    [
        ("auth_type=approle", "role_id or VAULT_ROLE_ID"),
        ("auth_type=jwt", "jwt_role"),
        ("auth_type=jwt&jwt_role=r", "jwt_token_path"),
        ("auth_type=kubernetes", "kubernetes_role"),
        ("auth_type=userpass", "username"),
        ("auth_type=ldap&username=ann", "VAULT_PASSWORD"),
    ],
)
def test_what_is_missing_to_log_in_is_named(log_in: Site, query: str, missing: str) -> None:
    assert f"needs {missing}" in failure(opened(log_in, f"?{query}")).message
    assert log_in.log == []


def test_the_token_is_looked_for_in_airflow_s_order_and_then_where_vault_login_leaves_it(
    log_in: Site, tmp_path: Path
) -> None:
    (tmp_path / "token").write_text("0f-the-option\n")
    (tmp_path / ".vault-token").write_text("0f-the-home\n")

    def used(query: str = "", **environ: str) -> str:
        log_in.log.clear()
        store = opened(log_in, query, HOME=str(tmp_path), **environ)
        store.read(EVERYTHING)
        store.close()
        return str(log_in.log[-1].headers["X-Vault-Token"])

    assert used("?token_path=~/token") == "0f-the-option"
    assert used() == CANARY
    assert used(VAULT_TOKEN=f" {CANARY}\n") == CANARY
    assert used(VAULT_TOKEN="") == "0f-the-home"
    (tmp_path / ".vault-token").unlink()
    error = failure(opened(log_in, VAULT_TOKEN="", HOME=str(tmp_path)))
    assert "looked at token_path, VAULT_TOKEN and ~/.vault-token" in error.message
    assert "token_path names can't be read" in failure(opened(log_in, "?token_path=/nowhere")).message


@pytest.mark.parametrize("token", [f"{CANARY}\nx", f"{CANARY}é", f"{CANARY}\x7f"])
def test_a_token_that_no_request_can_carry_is_told_without_it(log_in: Site, token: str) -> None:
    assert "the token has characters" in failure(opened(log_in, VAULT_TOKEN=token)).message
    assert log_in.log == []


def test_the_namespace_goes_along(log_in: Site) -> None:
    for query, wanted in (("", "of-env"), ("?namespace=of/address", "of/address")):
        log_in.log.clear()
        store = opened(log_in, query, VAULT_NAMESPACE="of-env")
        store.read(EVERYTHING)
        store.close()
        assert {received.headers["X-Vault-Namespace"] for received in log_in.log} == {wanted}


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (Answer(403, {"errors": ["permission denied", CANARY]}), "it refuses the credentials"),
        (Answer(503, {"errors": ["Vault is sealed"]}), "it is sealed"),
        (Answer(503, CANARY), "it is not ready (503)"),
        (Answer(501, {"errors": ["not initialized"]}), "it is not initialized"),
        (Answer(501, CANARY), "is not a Vault"),
        (Answer(500, {"errors": ["local node not active but active cluster node not found"]}), "a standby"),
        (Answer(500, {"errors": [CANARY]}), "the server fails on it"),
        (Answer(502, CANARY), "a gateway in front of it gets no answer"),
        (Answer(504, CANARY), "a gateway in front of it gets no answer"),
        (Answer(429, {"errors": [CANARY]}), "it still refuses requests"),
        (
            Answer(400, "Client sent an HTTP request to an HTTPS server."),
            "it needs TLS, but the address is without TLS",
        ),
        (Answer(400, {"errors": [CANARY]}), "the server refuses it (400)"),
        (Answer(404, {"errors": ['no handler for route "secret/"']}), "no secrets engine at this path"),
        (Answer(404, CANARY), "is not a Vault"),
        (Answer(200, CANARY), "is not a Vault"),
        (Answer(200, {"hello": CANARY}), "its answer isn't that of a KV engine of version 2"),
        (Answer(200, [CANARY]), "is not a Vault"),
        (
            Answer(301, "", {"Location": f"https://127.0.0.1:1/{CANARY}"}),
            "it redirects to https://127.0.0.1:1, which",
        ),
        (Answer(301, "", {"Location": "/elsewhere"}), "is not a Vault"),
        (Answer(fate="reset"), "it can't be reached at http://127.0.0.1"),
    ],
)
def test_what_goes_wrong_is_told_apart_and_without_what_the_server_said(answer: Answer, message: str) -> None:
    with Site(lambda received: answer) as site:
        assert message in failure(opened(site)).message


def test_a_redirect_that_would_turn_a_write_into_a_read_is_no_write() -> None:
    """A GET of what is there already would look as if it had been written."""

    def answer(received: Received) -> Answer:
        if received.method == "POST":
            return Answer(302, "", {"Location": received.path})
        if received.path.endswith("/data/variables/v"):
            return Answer(200, {"data": {"data": {"value": "old"}, "metadata": {"version": 1}}})
        return NOTHING

    with Site(answer) as site:
        store = opened(site)
        found = store.read(Selection(ids=frozenset({(Kind.VARIABLES, "v")})))
        held = found.bundle.variables["v"]
        (error,) = do(store, step(Action.UPDATE, replace(held, value=Text("new")), held, "value"), before=found)
        store.close()
    assert error is not None
    assert "is not a Vault" in error


@pytest.mark.parametrize("port", [True, False], ids=["host and port", "host"])
def test_a_standby_sends_us_to_the_active_node_where_that_is_allowed(port: bool) -> None:
    def answer(received: Received) -> Answer:
        return (
            Answer(200, {"data": {"keys": ["v"]}})
            if received.method == "LIST" and is_variables(received)
            else (
                Answer(200, {"data": {"data": {"value": "x"}, "metadata": {"version": 1}}})
                if received.path.endswith("/data/variables/v")
                else NOTHING
            )
        )

    def is_variables(received: Received) -> bool:
        return received.path.endswith("metadata/variables")

    with Site(answer) as active:
        moved = lambda received: Answer(307, "", {"Location": f"{active.url}{received.path}"})  # noqa: E731
        with Site(moved) as standby:
            allowed = f"127.0.0.1:{active.port}" if port else "127.0.0.1"
            settings = Settings(environ={"VAULT_TOKEN": CANARY}, retries=0, allow_redirect=(allowed,))
            store = open_store(f"vault://127.0.0.1:{standby.port}/secret", settings)
            assert store.read(EVERYTHING).bundle.variables["v"].value == Text("x")
            store.close()
        assert {received.headers["X-Vault-Token"] for received in active.log} == {CANARY}


@pytest.mark.parametrize("status", [412, 429, 503])
def test_what_is_throttled_is_asked_again_after_the_time_that_it_says(status: int) -> None:
    refused = iter([True, True])

    def answer(received: Received) -> Answer:
        return Answer(status, {"errors": []}, {"Retry-After": "0"}) if next(refused, False) else NOTHING

    with Site(answer) as site:
        store = opened(site, retries=2)
        assert len(store.read(EVERYTHING).bundle) == 0
        store.close()


NOT_YET = [
    "Upgrading from non-versioned to versioned data. This backend will be unavailable for a brief period.",
    "Waiting for the primary to upgrade from non-versioned to versioned data.",
]


@pytest.mark.parametrize("said", NOT_YET)
def test_an_engine_that_is_being_made_ready_is_waited_for_and_written_to_once(said: str) -> None:
    refused = iter([True, True])
    written: list[Received] = []

    def answer(received: Received) -> Answer:
        if "/internal/ui/mounts/" in received.path or received.method != "POST":
            return NOTHING
        if next(refused, False):
            return Answer(400, {"errors": [said]})
        written.append(received)
        return Answer(200, {"data": {"version": 1}})

    with Site(answer) as site:
        store = opened(site, retries=2)
        assert do(store, step(Action.CREATE, FULL)) == [None]
        store.close()
    assert [received.path for received in written] == ["/v1/secret/data/connections/c"]


@pytest.mark.parametrize("said", NOT_YET)
def test_an_engine_that_stays_unready_is_told_as_such(said: str) -> None:
    with Site(lambda received: Answer(400, {"errors": [said, CANARY]})) as site:
        assert failure(opened(site, retries=1)).message == "its engine is being upgraded to version 2"


def test_what_the_server_refuses_for_another_reason_is_not_asked_again() -> None:
    with Site(lambda received: Answer(400, {"errors": ["no"]})) as site:
        assert failure(opened(site, retries=3)).message == "the server refuses it (400)"
        assert [received.path for received in site.log].count("/v1/secret/metadata/connections") == 1


def test_one_secret_that_may_not_be_read_is_an_error_of_the_whole_that_names_it() -> None:
    answers = {
        "metadata/connections": Answer(200, {"data": {"keys": ["a", "b"]}}),
        "data/connections/a": Answer(200, {"data": {"data": {"conn_type": "x"}, "metadata": {"version": 1}}}),
        "data/connections/b": Answer(403, {"errors": [f"permission denied {CANARY}"]}),
        "lookup-self": Answer(200, {"data": {}}),
    }
    with Site(answering(answers)) as site:
        error = failure(opened(site))
    assert error.message == "the policies of this token don't allow to read secret/data/connections/b"


def test_ids_that_no_secret_can_have_are_not_asked_for() -> None:
    ids = ("..", "a/../b", "/a", "a//b", "a/", "\u2028", "a\nb", "")
    with Site(lambda received: NOTHING) as site:
        store = opened(site)
        assert len(store.read(Selection(ids=frozenset((Kind.VARIABLES, id_) for id_ in ids))).bundle) == 0
        store.close()
        assert site.log == []


def test_a_netrc_is_nobody_s_business(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "netrc").write_text(f"machine 127.0.0.1 login u password {CANARY}\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with Site(lambda received: NOTHING) as site:
        store = opened(site)
        store.read(EVERYTHING)
        store.close()
        assert [received.headers["Authorization"] for received in site.log if received.headers["Authorization"]] == []


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def secure(authority: trustme.CA) -> Iterator[Site]:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    with Site(lambda received: NOTHING, tls=tls) as site:
        yield site


def test_a_certificate_is_trusted_by_whoever_says_so_and_by_nobody_else(
    secure: Site, authority: trustme.CA, tmp_path: Path
) -> None:
    bundle = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(bundle))
    for query, environ in (
        ("", {"VAULT_CACERT": str(bundle)}),
        (f"&verify={bundle}", {}),
        ("", {"VAULT_SKIP_VERIFY": "true"}),
        ("&verify=false", {}),
    ):
        store = opened(secure, f"?tls=true{query}", **environ)
        assert len(store.read(EVERYTHING).bundle) == 0
        store.close()
    given = Settings(environ={"VAULT_TOKEN": CANARY, "VAULT_SKIP_VERIFY": "no"}, retries=0, ca_bundle=bundle)
    store = open_store(f"vault://127.0.0.1:{secure.port}/secret?tls=true", given)
    assert len(store.read(EVERYTHING).bundle) == 0
    store.close()
    assert "its certificate is not trusted" in failure(opened(secure, "?tls=true")).message
    assert "names no file with certificates" in failure(opened(secure, "?tls=true", VAULT_CACERT="/none")).message
    (tmp_path / "garbage").write_text("garbage")
    wrong = opened(secure, "?tls=true", VAULT_CLIENT_CERT=str(tmp_path / "garbage"), VAULT_SKIP_VERIFY="1")
    assert "the client certificate and its key can't be read" in failure(wrong).message


def test_a_client_certificate_is_shown(authority: trustme.CA, tmp_path: Path) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    authority.configure_trust(tls)
    tls.verify_mode = ssl.CERT_REQUIRED
    ours = authority.issue_cert("us.example.com")
    ours.private_key_pem.write_to_path(str(tmp_path / "key.pem"))
    ours.cert_chain_pems[0].write_to_path(str(tmp_path / "cert.pem"))
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    environ = {
        "VAULT_CACERT": str(tmp_path / "ca.pem"),
        "VAULT_CLIENT_CERT": str(tmp_path / "cert.pem"),
        "VAULT_CLIENT_KEY": str(tmp_path / "key.pem"),
    }
    with Site(lambda received: NOTHING, tls=tls) as site:
        store = opened(site, "?tls=true", **environ)
        assert len(store.read(EVERYTHING).bundle) == 0
        store.close()


def test_a_server_without_tls_that_is_spoken_to_with_it_is_told(log_in: Site) -> None:
    assert "it doesn't use TLS, but the address does" in failure(opened(log_in, "?tls=true")).message


def test_a_missing_driver_is_asked_for_in_one_line() -> None:
    script = """
import sys
sys.modules["hvac"] = None
from airconn.__main__ import main
sys.argv = ["airconn", "list", "--from", "vault://127.0.0.1:1/secret"]
main()
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode != 0
    assert command_for("vault") in done.stderr
    assert "Traceback" not in done.stderr


def test_no_message_of_a_write_quotes_a_value() -> None:
    denied = {
        "secret/data/connections/c": Answer(400, {"errors": [CANARY]}),
        "lookup-self": Answer(200, {"data": {}}),
    }
    with Site(answering(denied)) as site:
        store = opened(site)
        (error,) = do(store, step(Action.CREATE, FULL))
        store.close()
    assert error == "the server refuses it (400)"


def test_an_address_where_nobody_is_is_told_at_once() -> None:
    store = open_store("vault://127.0.0.1:1/secret", Settings(environ={"VAULT_TOKEN": CANARY}, retries=20))
    began = time.monotonic()
    assert "it can't be reached" in failure(store).message
    assert time.monotonic() - began < 30


def test_a_port_that_was_forgotten_is_thought_of() -> None:
    environ = {"VAULT_TOKEN": CANARY}
    # Nobody is called so: names below .invalid are reserved for that (RFC 2606).
    hints = [
        failure(open_store(f"vault://nobody.invalid{port}/secret", Settings(environ=environ, timeout=3))).hint
        for port in ("", ":8200")
    ]
    assert ["8200" in (hint or "") for hint in hints] == [True, False]


def test_a_server_that_goes_away_for_a_moment_is_waited_for() -> None:
    with Site(lambda received: NOTHING) as site:
        store = opened(site, retries=5)
        assert len(store.read(EVERYTHING).bundle) == 0
    back: list[Site] = []

    def come_back() -> None:
        back.append(Site(lambda received: NOTHING, port=site.port).__enter__())

    timer = threading.Timer(0.4, come_back)
    timer.start()
    assert len(store.read(EVERYTHING).bundle) == 0
    store.close()
    timer.join()
    back[0].__exit__(None, None, None)


# A write whose answer is lost


@pytest.mark.parametrize("fate", ["cut", "stall"])
@pytest.mark.parametrize("what", ["create", "update", "delete"])
@pytest.mark.parametrize("done", [True, False])
def test_a_write_whose_answer_is_lost_is_looked_for(what: str, fate: str, done: bool) -> None:
    old, new = {"value": "old"}, {"value": "new"}
    there: list[dict[str, str]] = [] if what == "create" else [old]

    def answer(received: Received) -> Answer:
        if received.method == "LIST" or not received.path.endswith(("/data/variables/v", "/delete/variables/v")):
            return NOTHING
        if received.method == "GET":
            held = {"data": there[-1], "metadata": {"version": len(there)}} if there else None
            return Answer(200, {"data": held}) if held else NOTHING
        if done and "/delete/" in received.path:
            there.clear()
        elif done:
            there.append(received.body["data"])
        return Answer(200, {"data": {"version": len(there)}}, fate=fate)

    with Site(answer) as site:
        store = opened(site)
        found = store.read(Selection(ids=frozenset({(Kind.VARIABLES, "v")})))
        held = found.bundle.variables["v"] if what != "create" else Variable(key="v", value=Text("old"))
        steps = {
            "create": step(Action.CREATE, replace(held, value=Text("new"))),
            "update": step(Action.UPDATE, replace(held, value=Text("new")), held, "value"),
            "delete": step(Action.DELETE, None, held),
        }
        (error,) = do(store, steps[what], before=found)
        store.close()
    if done:
        assert error is None
        assert there == {"create": [new], "update": [old, new], "delete": []}[what]
    else:
        assert error is not None
        expected = "the connection broke off before" if fate == "cut" else "can't be reached"
        assert expected in error
