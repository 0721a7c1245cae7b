"""Bad networks before a real Airflow: what goes by is waited out, and all else is told in words, each its own."""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from airconn.config import Settings
from airconn.credentials import Credentials
from airconn.errors import TargetError
from airconn.model import Kind
from airconn.stores.http.messages import Request
from airconn.stores.http.retries import Backoff
from airconn.stores.http.transport import Transport
from tests.integration.conftest import on_worker_of
from tests.integration.faulty_proxy import PASSING, SSO, FaultyProxy
from tests.integration.prediction import raw
from tests.integration.program import WatchedProxy
from tests.integration.target import Target
from tests.stores.airflow_api.conftest import session_of

VERSIONS = [pytest.param(version, marks=on_worker_of(version)) for version in ("3.3.2", "2.11.2")]
SECRET = "hunter2-of-the-network"
LIST = {"3.3.2": "/api/v2/variables", "2.11.2": "/api/v1/variables"}


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is waited for before a repeat, and no proxy of the machine has a part."""
    monkeypatch.setattr(Transport, "backoff", Backoff(first=0))
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def held(number: int = 3) -> dict[str, Any]:
    empty = {"description": None, "login": None, "host": None, "port": None, "schema": None, "extra": None}
    return {
        "connections": {f"c{n}": {"conn_type": "http", **empty, "password": SECRET} for n in range(number)},
        "variables": {f"v{n}": {"value": f"value {n}", "description": None} for n in range(number)},
        "pools": {},
    }


@pytest.fixture(params=VERSIONS)
def target(
    request: pytest.FixtureRequest, shared_sandbox: Callable[[str], Any], airconn: Callable[..., Any], tmp_path: Path
) -> Iterator[Target]:
    target = Target(shared_sandbox(request.param), airconn, tmp_path)
    target.seed(raw(held()))
    yield target
    target.wipe()


@pytest.fixture
def proxy(target: Target) -> Iterator[FaultyProxy]:
    with FaultyProxy(target.box.url) as proxy:
        yield proxy


def through(proxy: FaultyProxy, **others: str) -> dict[str, str]:
    return {"AIRCONN_URL": proxy.url, "AIRCONN_TIMEOUT": "5", "AIRCONN_RETRIES": "2", **others}


def error_of(done: Any, code: int = 5) -> str:
    """What a run says that failed before it did anything: one error, and no secret."""
    assert (done.code, done.out) == (code, ""), done
    assert done.err.count("error:") == 1, done.err
    assert SECRET not in done.err
    assert "Traceback" not in done.err
    return str(done.err)


def test_whatever_goes_by_is_waited_out(target: Target, proxy: FaultyProxy) -> None:
    """At each request of a run that reads, each fault in turn."""
    plain = target.airconn("export", **through(proxy))
    assert plain.code == 0
    requests = len(proxy.seen)
    for at in range(requests):
        for fault in [fault for number, fault in enumerate(PASSING) if (number + at) % 3 == 0 or at < 2]:
            waits = {"AIRCONN_TIMEOUT": "0.5"} if fault == "late" else {}
            proxy.strike(fault, at)
            done = target.airconn("export", **through(proxy, **waits))
            at_fault = (fault, at, proxy.seen, done.err)
            assert (done.code, done.out) == (0, plain.out), at_fault
            assert SECRET not in done.err


@pytest.mark.parametrize("fault", PASSING)
def test_what_does_not_go_by_is_tried_as_often_as_retries_say_and_told(
    fault: str, target: Target, proxy: FaultyProxy
) -> None:
    waits = {"AIRCONN_TIMEOUT": "0.3"} if fault == "late" else {}
    expected = {
        "late": "no answer within 0.3 seconds",
        "429": "gets too many requests",
        "503": "status 503",
        "busy": "status 503",
        "504": "status 504",
        "502": "status 502",
        "lost 502": "status 502",
    }.get(fault, "the connection broke")
    proxy.strike(fault, 1, times=None)
    said = error_of(target.airconn("export", "--retries", "1", **through(proxy, **waits)))
    assert expected in said
    assert len(proxy.seen) <= 1 + 2 * 2  # each of the requests that two threads may have begun


def test_chance_never_makes_a_part_of_it_look_like_the_whole(target: Target, proxy: FaultyProxy) -> None:
    plain = target.airconn("export", **through(proxy))
    for seed in range(12):
        proxy.strike_at_random(0.25, seed)
        done = target.airconn("export", **through(proxy, AIRCONN_TIMEOUT="0.5"))
        assert SECRET not in done.err
        if done.code == 0:
            assert done.out == plain.out, (seed, proxy.struck)
        else:
            assert proxy.struck, seed
            error_of(done)


@pytest.mark.parametrize(
    ("fault", "expected", "advice"),
    [
        ("login", "a login page (HTML) answers GET /api/", "single sign-on"),
        ("page", "an HTML page answers GET /api/", "open the address in a browser"),
        ("redirect", f"it redirects to a login page at {SSO}", "token"),
        ("407", "the proxy needs credentials, or refuses these", "USER:PASSWORD@"),
        ("511", "it is behind a portal", "try again"),
    ],
)
def test_others_that_answer_are_told_apart(
    fault: str, expected: str, advice: str, target: Target, proxy: FaultyProxy
) -> None:
    target.airconn("list", "--variables", **through(proxy))
    at = next(number for number, request in enumerate(proxy.seen) if LIST[target.box.version] in request)
    for first in (at, 0):
        proxy.strike(fault, first, times=None)
        said = error_of(target.airconn("list", "--variables", **through(proxy)))
        assert expected in said
        if first:
            assert advice in said
        proxy.strike(fault, first, times=None)
        assert "nothing was written" in error_of(target.airconn("delete", "variables/v0", "--yes", **through(proxy)))


def test_the_page_that_the_web_interface_has_for_any_address(target: Target, proxy: FaultyProxy) -> None:
    said = error_of(target.airconn("list", **through(proxy, AIRCONN_URL=f"{proxy.url}/some/page")))
    assert "this is an Airflow, but its API doesn't answer here" in said
    assert "start page" in said


def test_a_forward_proxy(target: Target, proxy: FaultyProxy, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = target.airconn("export")
    monkeypatch.setenv("http_proxy", proxy.url.replace("//", "//ann:hunter2@"))
    done = target.airconn("export")
    assert (done.code, done.out) == (0, plain.out)
    assert len(proxy.seen) > 2
    proxy.strike("407", 0, times=None)
    said = error_of(target.airconn("export"))
    assert "the proxy needs credentials, or refuses these" in said
    assert "hunter2" not in said
    said = error_of(target.airconn("export", AIRCONN_URL="https://airflow.example.invalid"))
    assert "resolve" in said
    monkeypatch.setenv("https_proxy", proxy.url)
    proxy.strike("", None)
    said = error_of(target.airconn("export", AIRCONN_URL="https://airflow.example.invalid"))
    assert "the proxy doesn't connect (status 403)" in said


def test_tls_before_it(target: Target, tmp_path: Path) -> None:
    authority, other = trustme.CA(), trustme.CA()
    trusted, untrusted, mine = tmp_path / "ca.pem", tmp_path / "other.pem", tmp_path / "mine.pem"
    authority.cert_pem.write_to_path(trusted)
    other.cert_pem.write_to_path(untrusted)
    authority.issue_cert("ann@example.org").private_key_and_cert_chain_pem.write_to_path(mine)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.configure_trust(context)
    plain = target.airconn("export")
    for wanted in (False, True):
        context.verify_mode = ssl.CERT_REQUIRED if wanted else ssl.CERT_NONE
        with FaultyProxy(target.box.url, tls=context) as proxy:
            how = ("export", "--ca-bundle", trusted, *(("--client-cert", mine) if wanted else ()))
            done = target.airconn(*how, **through(proxy))
            assert (done.code, done.out) == (0, plain.out)
            # A broken connection is one here as well.
            proxy.strike("reset", len(proxy.seen) - 1)
            done = target.airconn(*how, **through(proxy))
            assert (done.code, done.out) == (0, plain.out)
            said = error_of(target.airconn("export", "--ca-bundle", untrusted, **through(proxy)))
            assert "its certificate is not trusted" in said
            address = proxy.url.replace("https:", "http:")
            said = error_of(target.airconn("export", **through(proxy, AIRCONN_URL=address)))
            assert "TLS" in said
            assert "https:" in said
            if wanted:
                said = error_of(target.airconn("export", "--ca-bundle", trusted, **through(proxy)))
                assert "client certificate" in said


def test_a_deadline_before_the_first_write(target: Target, proxy: FaultyProxy, tmp_path: Path) -> None:
    source = tmp_path / "more.json"
    source.write_text(json.dumps({"variables": {"new": "x"}}))
    target.airconn("import", source, "--dry-run", **through(proxy))
    for at in range(len(proxy.seen)):
        proxy.strike("late", at, times=None)
        done = target.airconn("import", source, "--deadline", "0.8", **through(proxy, AIRCONN_TIMEOUT="60"))
        said = error_of(done)
        assert "deadline" in said
        assert "nothing was written" in said
    assert "new" not in target.database()["variables"]


def test_a_deadline_in_the_middle_of_writing(target: Target, tmp_path: Path) -> None:
    """What is on its way is finished and told as done, passwords that come later among it; all else isn't begun."""
    wanted = {f"c{number:02}": {"conn_type": "http", "password": f"pw-{number:05}"} for number in range(40)}
    source = tmp_path / "connections.json"
    source.write_text(json.dumps({"connections": wanted}))
    before = target.database()["connections"].keys()

    def hold(number: int, request: str) -> str:
        if number > 1:  # Airflow 3 is asked first whether connections may be changed
            time.sleep(max(0.0, begun + 4.2 - time.monotonic()))
        return ""

    begun = time.monotonic()
    with WatchedProxy(target.box.url, hold) as proxy:
        done = target.airconn("import", source, "--deadline", "4", AIRCONN_URL=proxy.url)
    assert done.code == 1, done
    assert "the deadline has passed" in done.err
    created = [line.split()[1].partition("/")[2] for line in done.out.splitlines() if line.startswith("  +")]
    assert 0 < len(created) < 40
    assert f"{len(created)} created, 0 updated, 0 unchanged, {40 - len(created)} not done" in done.out
    held = target.database()["connections"]
    assert held.keys() - before == {*created}
    assert all(held[id_]["password"] == wanted[id_]["password"] for id_ in created)
    assert target.airconn("import", source).code == 0
    held = target.database()["connections"]
    assert {id_: held[id_]["password"] for id_ in wanted} == {id_: each["password"] for id_, each in wanted.items()}


def test_a_refused_password_is_sent_once(target: Target, proxy: FaultyProxy) -> None:
    said = error_of(target.airconn("export", **through(proxy, AIRCONN_PASSWORD="hunter2")))
    assert "refuses" in said
    assert "AIRCONN_USERNAME and AIRCONN_PASSWORD" in said
    with_password = [request for request in proxy.seen if "version" not in request]
    assert len(with_password) == 1


def test_threads_with_a_refused_password_send_it_once(target: Target, proxy: FaultyProxy) -> None:
    known = Credentials(username="admin", password="hunter2", source="AIRCONN_PASSWORD")
    session = session_of(target.box.version, proxy.url, Settings(credentials=known))
    errors = at_once(4, lambda: session.get(Request("GET", LIST[target.box.version]), Kind.VARIABLES))
    session.close()
    assert [isinstance(error, TargetError) for error in errors] == [True] * 4
    assert len(proxy.seen) == 1


def test_credentials_that_are_refused_in_mid_run_are_not_sent_for_each_object(
    target: Target, proxy: FaultyProxy, tmp_path: Path
) -> None:
    source = tmp_path / "more.json"
    source.write_text(json.dumps({"variables": {f"new{n}": "x" for n in range(40)}}))
    target.airconn("import", source, "--dry-run", **through(proxy))
    reads = len(proxy.seen)
    proxy.strike("401", reads, times=None)
    done = target.airconn("import", source, **through(proxy))
    assert done.code == 1
    assert "credentials" in done.out
    assert len(proxy.seen) - reads <= 10, proxy.seen[reads:]


def at_once(number: int, call: Callable[[], Any]) -> list[Any]:
    """What comes of calls that begin together: what they give, or the error they raise."""
    results: list[Any] = []
    barrier = threading.Barrier(number)

    def run() -> None:
        barrier.wait()
        try:
            results.append(call())
        except Exception as error:  # noqa: BLE001 - it is looked at
            results.append(error)

    threads = [threading.Thread(target=run) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_a_token_that_expires(make_sandbox: Callable[..., Any], airconn: Callable[..., Any], tmp_path: Path) -> None:
    box = make_sandbox("3.3.2", settings={"api_auth": {"jwt_expiration_time": "3", "jwt_leeway": "0"}})
    target = Target(box, airconn, tmp_path)
    target.seed(raw(held(250)))
    with FaultyProxy(box.url) as proxy:
        # Several threads meet it at the same time: one of them logs in again.
        known = Credentials(username=box.username, password=box.password)
        session = session_of("3.3.2", proxy.url, Settings(credentials=known))
        request = Request("GET", "/api/v2/variables")
        for logins in (1, 2):
            results = at_once(4, lambda: session.get(request, Kind.VARIABLES)["total_entries"])
            assert results == [250] * 4
            assert sum("POST /auth/token" in seen for seen in proxy.seen) == logins
            time.sleep(4)
        session.close()
        # A token of one's own can't be renewed, and is said to have expired, early and late.
        fresh = session_of("3.3.2", box.url, Settings(credentials=known))
        fresh.get(request, Kind.VARIABLES)
        token = fresh.auth.headers()["Authorization"].removeprefix("Bearer ")
        fresh.close()
        mine = Credentials(token=token, source="AIRCONN_TOKEN")
        session = session_of("3.3.2", proxy.url, Settings(credentials=mine))
        assert session.get(request, Kind.VARIABLES)["total_entries"] == 250
        time.sleep(4)
        errors = at_once(4, lambda: session.get(request, Kind.VARIABLES))
        session.close()
        assert {str(error) for error in errors} == {f"{proxy.url}: the token has expired"}
        how = {"AIRCONN_URL": proxy.url, "AIRCONN_TOKEN": token, "AIRCONN_USERNAME": "", "AIRCONN_PASSWORD": ""}
        said = error_of(target.airconn("export", **how))
        assert "the token has expired" in said
        assert "AIRCONN_TOKEN_COMMAND" in said
        assert token not in said
        # A whole run that lasts longer than its tokens.
        proxy.strike("", None)
        done = target.airconn("export", AIRCONN_URL=proxy.url)
        assert done.code == 0
        assert len(json.loads(done.out)["variables"]) == 250
