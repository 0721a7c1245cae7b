"""TLS, proxies, time-outs, and what is repeated when something goes wrong on the way."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import trustme

from airconn.config import Settings
from airconn.errors import TargetError, UsageError
from airconn.model import Kind, Selection
from airconn.stores import open_store
from airconn.stores.airflow_api.transport import Request, Transport
from airconn.stores.base import Store
from tests.stores.airflow_api.conftest import PASSWORD, airflow, with_password, with_token
from tests.stores.site import Answer, Received, Site

Serve = Callable[..., Site]
Connect = Callable[..., Store]
VARIABLES = Selection(kinds=frozenset({Kind.VARIABLES}))


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def bundle(authority: trustme.CA, tmp_path: Path) -> Path:
    path = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(path)
    return path


def served_by(authority: trustme.CA, name: str = "127.0.0.1") -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


def complaint(store: Store) -> tuple[str, str]:
    with pytest.raises(TargetError) as caught:
        store.describe()
    assert PASSWORD not in f"{caught.value} {caught.value.hint}"
    return caught.value.message, caught.value.hint or ""


def test_tls_with_an_authority_of_ones_own(
    authority: trustme.CA, bundle: Path, serve: Serve, connect: Connect
) -> None:
    site = serve(airflow("3.3.2"), tls=served_by(authority))
    assert connect(site.url, with_token(ca_bundle=bundle)).describe() == f"airflow 3.3.2 at {site.url}"


def test_the_authorities_of_the_system_are_used_and_ssl_cert_file_names_them(
    authority: trustme.CA, bundle: Path, serve: Serve, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = serve(airflow("3.3.2"), tls=served_by(authority))
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    assert "3.3.2" in connect(site.url).describe()


def test_a_certificate_of_an_unknown_authority(authority: trustme.CA, serve: Serve, connect: Connect) -> None:
    site = serve(airflow("3.3.2"), tls=served_by(authority))
    message, hint = complaint(connect(site.url, with_password(retries=9)))
    assert message.startswith("its certificate is not trusted: ")
    assert "--ca-bundle" in hint
    assert site.log == []


def test_a_certificate_for_another_name(authority: trustme.CA, bundle: Path, serve: Serve, connect: Connect) -> None:
    site = serve(airflow("3.3.2"), tls=served_by(authority, "example.org"))
    message, _ = complaint(connect(site.url, with_token(ca_bundle=bundle)))
    assert message == "its certificate is for another name"


def test_https_where_only_http_is_spoken(serve: Serve, connect: Connect) -> None:
    site = serve(airflow("3.3.2"))
    message, hint = complaint(connect(site.url.replace("http://", "https://")))
    assert message == "it doesn't speak TLS"
    assert "http://" in hint


def test_a_client_certificate(
    authority: trustme.CA, bundle: Path, tmp_path: Path, serve: Serve, connect: Connect
) -> None:
    context = served_by(authority)
    context.verify_mode = ssl.CERT_REQUIRED
    authority.configure_trust(context)
    site = serve(airflow("3.3.2"), tls=context)
    mine = authority.issue_cert("ann@example.org")
    both, cert, key = tmp_path / "both.pem", tmp_path / "cert.pem", tmp_path / "key.pem"
    mine.private_key_and_cert_chain_pem.write_to_path(both)
    mine.cert_chain_pems[0].write_to_path(cert)
    mine.private_key_pem.write_to_path(key)
    for settings in (
        with_token(ca_bundle=bundle, client_cert=both),
        with_token(ca_bundle=bundle, client_cert=cert, client_key=key),
    ):
        assert "3.3.2" in connect(site.url, settings).describe()
    message, hint = complaint(connect(site.url, with_token(ca_bundle=bundle, retries=0)))
    assert "TLS" in message or "broke" in message
    assert "client certificate" in hint or "broke" in message


def test_files_that_tls_can_not_use_are_named(bundle: Path, tmp_path: Path, authority: trustme.CA) -> None:
    empty = tmp_path / "empty.pem"
    empty.write_text("")
    key = tmp_path / "key.pem"
    authority.issue_cert("a@example.org").private_key_pem.write_to_path(key)
    bad = [
        (with_token(ca_bundle=tmp_path / "gone.pem"), "gone.pem"),
        (with_token(ca_bundle=tmp_path), str(tmp_path)),
        (with_token(ca_bundle=empty), "empty.pem"),
        (with_token(client_cert=empty), "empty.pem"),
        (with_token(client_cert=bundle), "authority.pem"),
        (with_token(client_cert=bundle, client_key=key), "authority.pem"),
        (with_token(client_key=key), "no client certificate"),
    ]
    for settings, named in bad:
        with pytest.raises(UsageError, match=r"client|CA bundle") as caught:
            open_store("https://localhost", settings)
        assert named in str(caught.value)


def test_a_proxy_of_the_environment_is_used_with_its_credentials(
    serve: Serve, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = serve(airflow("3.3.2", lambda received: None))
    monkeypatch.setenv("http_proxy", f"http://ann:hunter%2F2@127.0.0.1:{site.port}")
    store = connect("http://airflow.example.invalid", with_token())
    assert store.describe() == "airflow 3.3.2 at http://airflow.example.invalid"
    assert site.log[0].headers["Host"] == "airflow.example.invalid"
    assert site.log[0].headers["Proxy-Authorization"] == "Basic YW5uOmh1bnRlci8y"


def test_hosts_in_no_proxy_are_asked_directly(
    serve: Serve, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    site, proxy = serve(airflow("3.3.2")), serve(airflow("2.11.2"))
    monkeypatch.setenv("http_proxy", proxy.url)
    monkeypatch.setenv("no_proxy", "example.org,127.0.0.1")
    assert "3.3.2" in connect(site.url).describe()
    assert proxy.log == []


def test_a_proxy_that_is_not_there_or_refuses(
    serve: Serve, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = serve(airflow("3.3.2"))
    for address in ("http://ann:hunter2@127.0.0.1:1", f"http://ann:hunter2@127.0.0.1:{proxy.port}"):
        monkeypatch.setenv("https_proxy", address)
        message, hint = complaint(connect("https://airflow.example.invalid", with_token(retries=0)))
        assert message == "the proxy can't be reached or refuses to connect"
        assert "HTTPS_PROXY" in hint
        assert "hunter2" not in message + hint


class Flaky:
    """Answers with `trouble` the first times, and then as an Airflow would."""

    def __init__(self, trouble: Answer, times: int, path: str = "/variables") -> None:
        self.trouble, self.times, self.path = trouble, times, path
        self.seen = 0

    def __call__(self, received: Received) -> Answer | None:
        if not received.path.endswith(self.path):
            return None
        self.seen += 1
        if self.seen <= self.times:
            return self.trouble
        return None if received.method == "GET" else Answer(200, {})


TROUBLES = [Answer(fate="reset"), Answer(body={}, fate="cut"), Answer(502), Answer(503), Answer(504),
            Answer(429, headers={"Retry-After": "0"})]  # fmt: skip


@pytest.mark.parametrize("trouble", TROUBLES, ids=str)
def test_what_only_reads_is_repeated(trouble: Answer, serve: Serve, connect: Connect) -> None:
    flaky = Flaky(trouble, 2)
    store = connect(serve(airflow("3.3.2", flaky)).url, with_token(retries=2))
    assert len(store.read(VARIABLES)) == 0
    assert flaky.seen == 3


@pytest.mark.parametrize("trouble", TROUBLES[:3], ids=str)
def test_and_that_has_an_end(trouble: Answer, serve: Serve, connect: Connect) -> None:
    flaky = Flaky(trouble, 99)
    store = connect(serve(airflow("3.3.2", flaky)).url, with_token(retries=1))
    with pytest.raises(TargetError):
        store.read(VARIABLES)
    assert flaky.seen == 2


def test_an_answer_that_is_an_error_is_not_asked_for_again(serve: Serve, connect: Connect) -> None:
    flaky = Flaky(Answer(500, "Internal Server Error"), 99)
    store = connect(serve(airflow("3.3.2", flaky)).url, with_token(retries=3))
    with pytest.raises(TargetError, match="500"):
        store.read(VARIABLES)
    assert flaky.seen == 1


@pytest.mark.parametrize("method", ["POST", "DELETE"])
@pytest.mark.parametrize("trouble", TROUBLES[:3], ids=str)
def test_what_may_not_be_done_twice_is_sent_once(method: str, trouble: Answer, serve: Serve) -> None:
    flaky = Flaky(trouble, 99)
    transport = Transport(serve(airflow("3.3.2", flaky)).url, with_token(retries=3))
    try:
        reply = transport.send(Request(method, "/variables", body={}), {})
        assert reply.status == trouble.status == 502
    except TargetError:
        assert trouble.fate
    finally:
        transport.close()
    assert flaky.seen == 1


@pytest.mark.parametrize("trouble", TROUBLES[:3], ids=str)
def test_setting_fields_to_the_same_values_is_repeated(trouble: Answer, serve: Serve) -> None:
    flaky = Flaky(trouble, 1)
    transport = Transport(serve(airflow("3.3.2", flaky)).url, with_token(retries=3))
    assert transport.send(Request("PATCH", "/variables", body={}), {}).status == 200
    transport.close()
    assert flaky.seen == 2


def test_a_pause_that_the_server_asks_for_has_an_end(
    serve: Serve, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    flaky = Flaky(Answer(429, headers={"Retry-After": "86400"}), 1)
    connect(serve(airflow("3.3.2", flaky)).url, with_token(retries=2)).read(VARIABLES)
    assert pauses == [30]


def test_a_server_that_restarts_in_mid_run_is_waited_for(connect: Connect) -> None:
    with Site(airflow("3.3.2")) as site:
        store = connect(site.url, with_token(retries=6))
        store.describe()
    later = Site(airflow("3.3.2"), port=site.port)
    timer = threading.Timer(0.3, later.__enter__)
    timer.start()
    try:
        assert len(store.read(VARIABLES)) == 0
    finally:
        timer.join()
        later.__exit__(None, None, None)


def test_the_url_of_a_request_is_sent_as_it_was_encoded(serve: Serve) -> None:
    site = serve(airflow("3.3.2"))
    transport = Transport(f"{site.url}/x", Settings())
    transport.send(Request("GET", "/v/%2E%2E/a%2Fb%20%C3%A9", (("m", "a b"), ("m", "é"))), {})
    transport.close()
    assert site.log[0].path == "/x/v/%2E%2E/a%2Fb%20%C3%A9"
    assert site.log[0].query == [("m", "a b"), ("m", "é")]
