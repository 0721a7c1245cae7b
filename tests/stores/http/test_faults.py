"""Requests that got no answer, in words: TLS, proxies, broken connections."""

from __future__ import annotations

import pickle
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
import trustme

from airconn.errors import TargetError
from airconn.stores.base import Store
from airconn.stores.http.faults import NoAnswer, OutOfTime
from tests.stores.airflow_api.conftest import PASSWORD, airflow, with_password, with_token
from tests.stores.site import Answer, Site

Serve = Callable[..., Site]
Connect = Callable[..., Store]


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
    assert connect(site.url, with_token(ca_bundle=bundle)).describe().text == f"airflow 3.3.2 at {site.url}"


def test_the_authorities_of_the_system_are_used_and_ssl_cert_file_names_them(
    authority: trustme.CA, bundle: Path, serve: Serve, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = serve(airflow("3.3.2"), tls=served_by(authority))
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    assert "3.3.2" in connect(site.url).describe().text


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
    assert message == "it doesn't use TLS"
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
        assert "3.3.2" in connect(site.url, settings).describe().text
    message, hint = complaint(connect(site.url, with_token(ca_bundle=bundle, retries=0)))
    assert "TLS" in message or "broke" in message
    assert "client certificate" in hint or "broke" in message


def test_a_certificate_that_has_expired_or_is_not_valid_yet(
    authority: trustme.CA, bundle: Path, serve: Serve, connect: Connect
) -> None:
    now = datetime.now(timezone.utc)
    for first, last, expected in (
        (now - timedelta(9), now - timedelta(1), "its certificate has expired"),
        (now + timedelta(1), now + timedelta(9), "its certificate is not valid yet"),
    ):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1", not_before=first, not_after=last).configure_cert(context)
        site = serve(airflow("3.3.2"), tls=context)
        message, hint = complaint(connect(site.url, with_token(ca_bundle=bundle)))
        assert message == expected
        assert "clock" in hint


def test_a_certificate_that_is_signed_by_itself(tmp_path: Path, serve: Serve, connect: Connect) -> None:
    own = trustme.CA()
    chain = tmp_path / "own.pem"
    own.private_key_pem.write_to_path(chain)
    own.cert_pem.write_to_path(chain, append=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    message, hint = complaint(connect(serve(airflow("3.3.2"), tls=context).url))
    assert "self-signed" in message
    assert "--ca-bundle" in hint


def test_http_where_only_https_is_spoken(authority: trustme.CA, serve: Serve, connect: Connect) -> None:
    site = serve(airflow("3.3.2"), tls=served_by(authority))
    message, hint = complaint(connect(site.url.replace("https://", "http://"), with_token(retries=9)))
    assert "TLS" in message + hint
    assert "https:" in hint
    assert site.log == []


@contextmanager
def answering(raw: bytes) -> Iterator[str]:
    """An address that answers whatever comes with some bytes, once, and ends the connection."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            with server.accept()[0] as peer:
                peer.recv(65536)
                peer.sendall(raw)

        thread = threading.Thread(target=answer)
        thread.start()
        yield f"127.0.0.1:{server.getsockname()[1]}"
        thread.join()


def test_a_tls_alert_in_answer_to_http(connect: Connect) -> None:
    with answering(b"\x15\x03\x03\x00\x02\x02\x46") as address:
        message, hint = complaint(connect(f"http://{address}", with_token(timeout=2.0)))
    assert (message, hint) == ("it needs TLS", f"use https://{address}")


@pytest.mark.parametrize(("scheme", "advice"), [("http", "https://"), ("https", "client certificate")])
def test_a_first_connection_that_breaks(scheme: str, advice: str, connect: Connect) -> None:
    with answering(b"") as address:
        message, hint = complaint(connect(f"{scheme}://{address}", with_token(retries=0)))
    assert message == "the connection broke off before the answer was complete"
    assert advice in hint


def test_a_proxy_of_the_environment_is_used_with_its_credentials(
    serve: Serve, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = serve(airflow("3.3.2", lambda received: None))
    monkeypatch.setenv("http_proxy", f"http://ann:hunter%2F2@127.0.0.1:{site.port}")
    store = connect("http://airflow.example.invalid", with_token())
    assert store.describe().text == "airflow 3.3.2 at http://airflow.example.invalid"
    assert site.log[0].headers["Host"] == "airflow.example.invalid"
    assert site.log[0].headers["Proxy-Authorization"] == "Basic YW5uOmh1bnRlci8y"


def test_hosts_in_no_proxy_are_asked_directly(
    serve: Serve, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    site, proxy = serve(airflow("3.3.2")), serve(airflow("2.11.2"))
    monkeypatch.setenv("http_proxy", proxy.url)
    monkeypatch.setenv("no_proxy", "example.org,127.0.0.1")
    assert "3.3.2" in connect(site.url).describe().text
    assert proxy.log == []


def test_a_proxy_that_is_not_there(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    for scheme in ("http", "https"):
        monkeypatch.setenv(f"{scheme}_proxy", "http://ann:hunter2@127.0.0.1:1")
        message, hint = complaint(connect(f"{scheme}://airflow.example.invalid", with_token(retries=9)))
        assert message == "the proxy can't be reached"
        assert "HTTPS_PROXY" in hint
        assert "hunter2" not in message + hint


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (403, "the proxy doesn't connect (status 403)"),
        (503, "the proxy doesn't connect (status 503)"),
        (407, "the proxy needs credentials, or refuses these"),
    ],
)
def test_a_proxy_that_refuses_to_connect(
    status: int, expected: str, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    with answering(b"HTTP/1.1 %d hunter2\r\nContent-Length: 0\r\n\r\n" % status) as address:
        monkeypatch.setenv("https_proxy", f"http://ann:hunter2@{address}")
        message, hint = complaint(connect("https://airflow.example.invalid", with_token(retries=9)))
    assert message == expected
    assert "HTTPS_PROXY" in hint
    assert "hunter2" not in message + hint


def test_a_proxy_that_wants_credentials_for_plain_http(
    serve: Serve, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = serve(lambda _: Answer(407, "<html>hunter2", headers={"Proxy-Authenticate": "Basic"}))
    monkeypatch.setenv("http_proxy", proxy.url)
    message, hint = complaint(connect("http://airflow.example.invalid", with_token(retries=9)))
    assert message == "the proxy needs credentials, or refuses these"
    assert "USER:PASSWORD@" in hint
    assert len(proxy.log) == 1


def test_an_error_page_of_a_proxy(serve: Serve, connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = serve(lambda _: Answer(504, "<html>hunter2"))
    monkeypatch.setenv("http_proxy", proxy.url)
    message, _ = complaint(connect("http://airflow.example.invalid", with_token(retries=0)))
    assert message == "it can't be reached by the gateway in front of it (status 504)"


def test_an_error_stays_itself_between_processes() -> None:
    for error in (
        NoAnswer("m", where="w", hint="h", maybe_done=True, passing=True),
        OutOfTime("m", where="w", maybe_done=True),
    ):
        copy = pickle.loads(pickle.dumps(error))
        assert type(copy) is type(error)
        assert vars(copy) == vars(error)
        assert "deadline" in (error.hint or "") or error.hint == "h"
