"""`airconn doctor`: each thing that can be wrong is a line with its remedy, and no credential is in any of them."""

from __future__ import annotations

import contextlib
import datetime as dt
import io
import json
import socket
import socketserver
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
import trustme

from airconn import __version__
from airconn.cli import run
from airconn.cli.app import App
from tests.conftest import Result
from tests.stores.airflow_api.conftest import airflow
from tests.stores.site import Answer, Received, Site

AirconnRun = Callable[..., Result]
PASSWORD = "hunter2/secret+word"
LOGIN = {"AIRCONN_USERNAME": "ann-of-finance", "AIRCONN_PASSWORD": PASSWORD}


@pytest.fixture(autouse=True)
def _direct(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)


@pytest.fixture
def serve() -> Iterator[Callable[..., Site]]:
    with ExitStack() as stack:
        yield lambda answer, **options: stack.enter_context(Site(answer, **options))


def checks(result: Result) -> dict[str, dict[str, Any]]:
    """The checks of a JSON report by their names, of which each is there once."""
    report = json.loads(result.out)
    named = {check["name"]: check for check in report["checks"]}
    assert len(named) == len(report["checks"])
    assert report["exit_code"] == result.code
    return named


def doctor(airconn: AirconnRun, url: str, *options: str, **env: str) -> tuple[int, dict[str, dict[str, Any]]]:
    result = airconn("doctor", url, "--output", "json", "--timeout", "5", *options, env={**LOGIN, **env})
    for secret in (PASSWORD, LOGIN["AIRCONN_USERNAME"], *env.values()):
        assert secret not in result.out + result.err or secret in url
    return result.code, checks(result)


def test_all_is_well_with_an_airflow_that_lets_the_user_in(airconn: AirconnRun, serve: Callable[..., Site]) -> None:
    site = serve(airflow("3.3.2"))
    code, found = doctor(airconn, site.url)
    assert code == 0
    assert found["credentials"]["text"] == "a login, from AIRCONN_USERNAME and AIRCONN_PASSWORD"
    assert found["version"]["text"] == "Airflow 3.3.2, whose REST API is /api/v2"
    assert (found["clock"]["result"], found["login"]["result"]) == ("ok", "ok")
    assert found["TLS"]["result"] == "not used"
    assert not site.sent("DELETE")
    assert not site.sent("PATCH")


def test_a_report_for_people_has_headings_hints_and_a_legend(airconn: AirconnRun) -> None:
    result = airconn("doctor", "http://nosuch.invalid")
    assert result.code == 5
    for text in (
        "This machine\n",
        "Configuration\n",
        "Network\n",
        "  x name  ",
        "hint: ",
        "x failed",
        "(exit code 5)",
    ):
        assert text in result.out
    assert result.out.count("nosuch.invalid doesn't resolve") == 1
    assert max(len(line) for line in result.out.splitlines() if "/" not in line) <= 80
    quiet = airconn("doctor", "-q", "http://nosuch.invalid")
    assert "  ✓" not in quiet.out
    assert "  x name" in quiet.out


def test_a_name_that_does_not_resolve_ends_the_way(airconn: AirconnRun) -> None:
    code, found = doctor(airconn, "http://nosuch.invalid")
    assert (code, found["name"]["result"], found["version"]["result"]) == (5, "failed", "unknown")
    assert "connection" not in found


def test_a_port_without_a_server_is_said(airconn: AirconnRun) -> None:
    with Site(lambda _: Answer()) as site:
        url = site.url
    code, found = doctor(airconn, url)
    assert (code, found["connection"]["result"]) == (5, "failed")
    assert f"nothing listens on port {url.rpartition(':')[2]}" in found["connection"]["text"]
    assert "is the Airflow running?" in found["connection"]["hint"]


def tls(authority: trustme.CA, **options: Any) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", **options).configure_cert(context)
    return context


def test_a_certificate_that_is_not_trusted_is_described(
    airconn: AirconnRun, serve: Callable[..., Site], tmp_path: Path
) -> None:
    authority = trustme.CA(organization_name="Example Gateway")
    site = serve(airflow("3.3.2"), tls=tls(authority))
    code, found = doctor(airconn, site.url)
    assert (code, found["TLS"]["result"]) == (5, "failed")
    assert "not trusted" in found["TLS"]["text"]
    assert "issued by " in found["TLS"]["text"]
    assert "looked at the system's authorities" in found["TLS"]["text"]
    assert "--ca-bundle" in found["TLS"]["hint"]

    bundle = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(bundle)
    code, found = doctor(airconn, site.url, "--ca-bundle", str(bundle))
    assert (code, found["TLS"]["result"]) == (0, "ok")
    assert f"trusted by {bundle}" in found["TLS"]["text"]
    assert "expires 3000-01-01 (in " in found["TLS"]["text"]


@pytest.mark.parametrize(("days", "result", "word"), [(-1, "failed", "has expired"), (5, "warning", "in 4 days")])
def test_a_certificate_at_its_end_is_warned_of(
    airconn: AirconnRun, serve: Callable[..., Site], tmp_path: Path, days: int, result: str, word: str
) -> None:
    authority = trustme.CA()
    now = dt.datetime.now(dt.timezone.utc)
    ends, begins = now + dt.timedelta(days=days), now - dt.timedelta(days=9)
    site = serve(airflow("3.3.2"), tls=tls(authority, not_before=begins, not_after=ends))
    bundle = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(bundle)
    code, found = doctor(airconn, site.url, "--ca-bundle", str(bundle))
    assert (code, found["TLS"]["result"]) == (0 if days > 0 else 5, result)
    assert word in found["TLS"]["text"]


def test_the_proxy_is_named_without_its_password(
    airconn: AirconnRun, serve: Callable[..., Site], monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = serve(lambda _: Answer(502))
    monkeypatch.setenv("HTTPS_PROXY", f"http://proxyuser:pr0xy-secret@127.0.0.1:{proxy.port}")
    result = airconn("doctor", "https://airflow.invalid", "--output", "json")
    assert result.code == 5
    assert "pr0xy-secret" not in result.out
    assert "proxyuser" not in result.out
    found = checks(result)
    assert found["proxy"]["text"] == f"http://127.0.0.1:{proxy.port}, from HTTPS_PROXY"
    assert found["TLS"]["text"] == "the proxy doesn't connect (status 403)"
    monkeypatch.setenv("NO_PROXY", "airflow.invalid")
    found = checks(airconn("doctor", "https://airflow.invalid", "--output", "json"))
    assert found["proxy"]["text"] == "none: NO_PROXY names this host, so HTTPS_PROXY isn't used"


class _Tunnel(socketserver.StreamRequestHandler):
    """A proxy that connects everything to one server."""

    target: int

    def handle(self) -> None:
        while self.rfile.readline().strip():
            pass
        self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
        with socket.create_connection(("127.0.0.1", self.target)) as there:
            back = threading.Thread(target=self._pump, args=(there, self.connection), daemon=True)
            back.start()
            self._pump(self.connection, there)
            back.join(5)

    @staticmethod
    def _pump(source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)


def test_the_certificate_is_looked_at_through_a_proxy(
    airconn: AirconnRun, serve: Callable[..., Site], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    site = serve(airflow("3.3.2"), tls=tls(authority))
    handler = type("Tunnel", (_Tunnel,), {"target": site.port})
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler) as proxy:
        proxy.daemon_threads = True
        threading.Thread(target=proxy.serve_forever, args=(0.02,), daemon=True).start()
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.server_address[1]}")
        code, found = doctor(airconn, site.url, "--ca-bundle", str(tmp_path / "authority.pem"))
        proxy.shutdown()
    assert (code, found["TLS"]["result"], found["login"]["result"]) == (0, "ok", "ok")
    assert "which is the proxy" in found["connection"]["text"]


def test_a_login_page_in_front_is_recognized(airconn: AirconnRun, serve: Callable[..., Site]) -> None:
    page = "<html><body>Sign in <input type='password'></body></html>"
    code, found = doctor(airconn, serve(lambda _: Answer(200, page)).url)
    assert (code, found["version"]["result"]) == (5, "failed")
    assert "a login page (HTML)" in found["version"]["text"]
    redirect = Answer(302, "", {"Location": "https://login.example.com/authorize?client_id=abc"})
    code, found = doctor(airconn, serve(lambda _: redirect).url)
    assert (code, found["version"]["result"]) == (5, "failed")
    assert "login.example.com" in found["version"]["text"]
    assert "client_id" not in json.dumps(found)


def test_a_server_that_is_not_an_airflow_is_said(airconn: AirconnRun, serve: Callable[..., Site]) -> None:
    code, found = doctor(airconn, serve(lambda _: Answer(404, "<html>nothing here</html>")).url)
    assert (code, found["version"]["text"]) == (5, "the server that answers is not an Airflow")


def test_a_wrong_password_fails_the_login_and_not_the_version(
    airconn: AirconnRun, serve: Callable[..., Site]
) -> None:
    def refuse(received: Received) -> Answer | None:
        return Answer(401, {"detail": "Invalid credentials"}) if received.path == "/auth/token" else None

    code, found = doctor(airconn, serve(airflow("3.3.2", refuse)).url)
    assert (code, found["version"]["result"], found["login"]["result"]) == (5, "ok", "failed")
    assert found["login"]["text"] == "it refuses the user name or the password"


def command_that(directory: Path, script: str) -> str:
    (directory / "command").write_text(f"#!/bin/sh\n{script}\n")
    (directory / "command").chmod(0o755)
    return str(directory / "command")


def with_password_command(directory: Path, url: str, words: list[str]) -> dict[str, str]:
    """The environ of a user whose @prod has a command for its password."""
    text = f'[addresses.prod]\nurl = "{url}"\nusername = "ann"\npassword_command = {json.dumps(words)}\n'
    (directory / "own.toml").write_text(text)
    return {"AIRCONN_CONFIG": str(directory / "own.toml")}


def test_a_password_command_that_fails_is_the_login_after_the_network(
    airconn: AirconnRun, serve: Callable[..., Site], tmp_path: Path
) -> None:
    site = serve(airflow("3.3.2"))
    env = with_password_command(tmp_path, site.url, [command_that(tmp_path, "exit 3")])
    result = airconn("doctor", "@prod", "--output", "json", env=env)
    found = checks(result)
    assert (result.code, found["connection"]["result"], found["login"]["result"]) == (5, "ok", "failed")
    assert found["login"]["text"] == "password_command of @prod failed with exit code 3"
    assert found["login"]["hint"] == "run it yourself to see its output"
    assert found["address"]["result"] == "ok"
    assert found["version"]["text"] == "not asked, since the credentials can't be read"
    assert list(found).index("connection") < list(found).index("login")


def test_a_password_command_that_is_missing_is_a_wrong_configuration(
    airconn: AirconnRun, serve: Callable[..., Site], tmp_path: Path
) -> None:
    env = with_password_command(tmp_path, serve(airflow("3.3.2")).url, ["/nosuch/program"])
    result = airconn("doctor", "@prod", "--output", "json", env=env)
    assert (result.code, checks(result)["login"]["result"]) == (2, "failed")


def test_a_name_that_does_not_resolve_is_told_before_a_password_command_runs(
    airconn: AirconnRun, tmp_path: Path
) -> None:
    words = [command_that(tmp_path, f"touch {tmp_path}/ran; exit 3")]
    env = with_password_command(tmp_path, "http://nosuch.invalid", words)
    result = airconn("doctor", "@prod", "--output", "json", env=env)
    found = checks(result)
    assert (result.code, found["name"]["result"], "login" in found) == (5, "failed", False)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(("minutes", "words"), [(7, "7 minutes ahead of"), (-300, "5 hours behind")])
def test_a_clock_that_differs_is_a_warning(
    airconn: AirconnRun, serve: Callable[..., Site], monkeypatch: pytest.MonkeyPatch, minutes: int, words: str
) -> None:
    there = formatdate(time.time() + minutes * 60, usegmt=True)
    monkeypatch.setattr(BaseHTTPRequestHandler, "date_time_string", lambda *_: there)
    code, found = doctor(airconn, serve(airflow("3.3.2")).url)
    assert (code, found["clock"]["result"]) == (0, "warning")
    assert found["clock"]["text"] == f"the server's clock is {words} the one of this machine"


def forbid(*methods: str) -> Callable[[Received], Answer | None]:
    def respond(received: Received) -> Answer | None:
        forbidden = received.method in methods and not received.path.startswith("/auth/")
        return Answer(403, {"detail": "Forbidden"}) if forbidden else None

    return respond


def test_rights_that_would_be_logged_are_asked_for_only_on_request(
    airconn: AirconnRun, serve: Callable[..., Site]
) -> None:
    site = serve(airflow("3.3.2", forbid("POST", "PATCH", "DELETE")))
    _, found = doctor(airconn, site.url)
    assert found["pools"]["result"] == "unknown"
    assert found["pools"]["text"] == "0 found; you may read; not asked: create, update, delete"
    assert "--ask-writes" in found["pools"]["hint"]
    assert found["connections"]["text"].startswith("0 found; you may read; you may not create; not asked: ")
    asked = [(one.method, one.path) for one in site.log if one.method != "GET"]
    assert asked == [("POST", "/auth/token"), ("POST", "/api/v2/connections/test")]

    _, found = doctor(airconn, site.url, "--ask-writes")
    text = "0 found; you may read; you may not create, update or delete"
    assert [found[kind]["text"] for kind in ("connections", "variables", "pools")] == [text] * 3
    writes = [one for one in site.log if one.method in ("POST", "PATCH", "DELETE") and one.path != "/auth/token"]
    assert all(not one.body for one in writes)
    ids = [one.path.rpartition("/")[2] for one in writes if one.method != "POST"]
    assert len(ids) == 6
    assert all(id_.startswith("airconn-doctor-") for id_ in ids)


def test_a_gateway_that_lets_no_delete_through_is_no_answer(airconn: AirconnRun, serve: Callable[..., Site]) -> None:
    def respond(received: Received) -> Answer | None:
        return Answer(403, "<html>blocked</html>") if received.method == "DELETE" else None

    _, found = doctor(airconn, serve(airflow("3.3.2", respond)).url, "--ask-writes")
    assert found["pools"]["text"] == "0 found; you may read and update; no clear answer: create, delete"


def test_roles_that_can_be_read_settle_all_rights(airconn: AirconnRun, serve: Callable[..., Site]) -> None:
    def respond(received: Received) -> Answer | None:
        if received.path == "/auth/fab/v1/users/ann-of-finance":
            return Answer(body={"roles": [{"name": "Loader"}]})
        if received.path == "/auth/fab/v1/roles/Loader":
            names = [("can_read", "Connections"), ("can_create", "Connections"), ("can_edit", "Variables")]
            return Answer(body={"actions": [{"action": {"name": a}, "resource": {"name": r}} for a, r in names]})
        return None

    _, found = doctor(airconn, serve(airflow("3.1.8", respond)).url)
    assert found["connections"]["text"] == "0 found; you may read and create; you may not update or delete"
    assert found["variables"]["text"] == "0 found; you may read and update; you may not create or delete"


def test_a_configuration_that_is_wrong_does_not_stop_the_rest(
    airconn: AirconnRun, serve: Callable[..., Site], tmp_path: Path
) -> None:
    (tmp_path / "airconn.toml").write_text("url = x\n")
    result = airconn("doctor", "--output", "json")
    assert result.code == 2
    assert checks(result)["files"]["text"].startswith("airconn.toml:1:")
    code, found = doctor(airconn, serve(airflow("3.3.2")).url)
    assert code == 2
    assert (found["files"]["result"], found["version"]["result"], found["login"]["result"]) == ("failed", "ok", "ok")


def test_the_files_and_the_source_of_each_setting_are_named(airconn: AirconnRun, tmp_path: Path) -> None:
    (tmp_path / "airconn.toml").write_text('url = "@dev"\n[addresses]\ndev = "http://nosuch.invalid"\n')
    result = airconn("doctor", "--output", "json", env={**LOGIN, "AIRCONN_TIMEOUT": "3"})
    found = checks(result)
    assert found["airconn.toml"]["text"].endswith("airconn.toml: url, addresses")
    assert found["environment"]["text"] == (
        "AIRCONN_CONFIG, AIRCONN_PASSWORD, AIRCONN_STATE_DIR, AIRCONN_TIMEOUT, AIRCONN_USERNAME"
    )
    assert found["address"]["result"] == "failed"  # a project's file may not have them sent in clear
    assert result.code == 2


@pytest.mark.parametrize(
    "address",
    ["http://ann:hunter2@localhost:8080", "http://localhost:8080?token=hunter2", "airflow-cli:false hunter2"],
)
def test_what_an_address_holds_is_not_shown(airconn: AirconnRun, address: str) -> None:
    result = airconn("doctor", address)
    assert result.code in (2, 5)
    assert "hunter2" not in result.out + result.err


def test_files_and_other_places_are_read(airconn: AirconnRun, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("AIRFLOW_VAR_A=1\nAIRFLOW_CONN_B=http://user:hunter2@host\n")
    result = airconn("doctor", str(tmp_path / ".env"), "--output", "json")
    assert (result.code, checks(result)["content"]["text"]) == (0, "1 connection, 1 variable, 0 pools")
    assert "hunter2" not in result.out
    (tmp_path / ".env").write_text("AIRFLOW_CONN_B=http://user:hunter2@host:port\n")
    result = airconn("doctor", str(tmp_path / ".env"), "--output", "json")
    assert (result.code, checks(result)["content"]["result"]) == (3, "failed")
    assert airconn("doctor", str(tmp_path / "gone.env")).code in (3, 5)


def test_a_backend_that_does_not_answer_fails(airconn: AirconnRun) -> None:
    env = {"VAULT_ADDR": "http://127.0.0.1:9", "VAULT_TOKEN": "hvs.secret"}
    result = airconn("doctor", "vault:///secret", "--retries", "0", "--output", "json", env=env)
    assert (result.code, checks(result)["access"]["result"]) == (5, "failed")
    assert "hvs.secret" not in result.out


def test_a_report_of_the_version_is_short(airconn: AirconnRun) -> None:
    plain = f"airconn {__version__}\n"
    assert airconn("version").out == plain
    verbose = airconn("version", "-v").out
    assert verbose.startswith(plain)
    assert "Python" in verbose
    assert "extras: " in verbose
    assert set(json.loads(airconn("version", "--output", "json").out)) >= {"airconn", "python", "platform", "extras"}


def test_ctrl_c_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(socket, "getaddrinfo", interrupted)
    app = App(io.BytesIO(), io.StringIO(), io.StringIO(), {"AIRCONN_CONFIG": ""}, tmp_path)
    assert run(["doctor", "http://a.example.com"], app) == 130
    assert app.stderr.getvalue() == "interrupted\n"  # type: ignore[attr-defined]


def test_names_of_users_in_paths_and_accounts_are_not_shown(
    airconn: AirconnRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    result = airconn("doctor", str(tmp_path / "ann@example.com.env"))
    assert result.code == 3
    assert str(tmp_path) + "/" not in result.out
    assert "~/…@example.com.env" in result.out
