"""What is repeated when something goes wrong on the way, and what the deadline ends."""

from __future__ import annotations

import contextlib
import socket
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from airconn.config import Settings
from airconn.credentials import Credentials
from airconn.errors import TargetError
from airconn.model import Kind, Selection
from airconn.stores.base import Store
from airconn.stores.http.faults import NoAnswer, OutOfTime
from airconn.stores.http.messages import Reply, Request, unknown_fate
from airconn.stores.http.retries import Backoff
from airconn.stores.http.transport import Transport
from tests.stores.airflow_api.conftest import airflow, with_password, with_token
from tests.stores.site import Answer, Received, Site

Serve = Callable[..., Site]
Connect = Callable[..., Store]
VARIABLES = Selection(kinds=frozenset({Kind.VARIABLES}))


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
            Answer(429, headers={"Retry-After": "0"}), Answer(500)]  # fmt: skip


@pytest.mark.parametrize("trouble", TROUBLES, ids=str)
def test_what_only_reads_is_repeated(trouble: Answer, serve: Serve, connect: Connect) -> None:
    flaky = Flaky(trouble, 2)
    store = connect(serve(airflow("3.3.2", flaky)).url, with_token(retries=2))
    assert len(store.read(VARIABLES).bundle) == 0
    assert flaky.seen == 3


@pytest.mark.parametrize("trouble", TROUBLES[:3], ids=str)
def test_and_that_has_an_end(trouble: Answer, serve: Serve, connect: Connect) -> None:
    flaky = Flaky(trouble, 99)
    store = connect(serve(airflow("3.3.2", flaky)).url, with_token(retries=1))
    with pytest.raises(TargetError):
        store.read(VARIABLES)
    assert flaky.seen == 2


@pytest.mark.parametrize("status", [400, 401, 404, 409, 501])
def test_an_answer_that_is_an_error_is_not_asked_for_again(status: int, serve: Serve) -> None:
    assert sent(serve, Answer(status, "no"), Request("GET", "/variables"))[1] == 1


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


def test_a_server_that_restarts_in_mid_run_is_waited_for(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Transport, "backoff", Backoff())
    with Site(airflow("3.3.2")) as site:
        store = connect(site.url, with_token(retries=6))
        store.describe()
    later = Site(airflow("3.3.2"), port=site.port)
    timer = threading.Timer(0.3, later.__enter__)
    timer.start()
    try:
        assert len(store.read(VARIABLES).bundle) == 0
    finally:
        timer.join()
        later.__exit__(None, None, None)


class Pauses:
    """Stands for the event that ends pauses, and notes how long they would be."""

    def __init__(self) -> None:
        self.noted: list[float] = []

    def wait(self, seconds: float) -> bool:
        self.noted.append(seconds)
        return False

    def set(self) -> None:
        pass


def pauses_of(transport: Transport) -> list[float]:
    pauses = Pauses()
    transport._closed = pauses  # type: ignore[assignment]
    return pauses.noted


def sent(serve: Serve, trouble: Answer, request: Request, **settings: Any) -> tuple[Reply | NoAnswer, int]:
    """What comes of a request that always meets a trouble, and how often it came."""
    flaky = Flaky(trouble, 99)
    transport = Transport(serve(airflow("3.3.2", flaky)).url, with_token(**{"retries": 3, **settings}))
    try:
        return transport.send(request, {}), flaky.seen
    except NoAnswer as error:
        return error, flaky.seen
    finally:
        transport.close()


@pytest.mark.parametrize("trouble", TROUBLES[:5], ids=str)
def test_what_is_said_not_to_be_repeatable_is_not_repeated(trouble: Answer, serve: Serve) -> None:
    result, times = sent(serve, trouble, Request("PATCH", "/variables", body={}, repeatable=False))
    assert times == 1
    assert result.maybe_done if isinstance(result, NoAnswer) else unknown_fate(result)


@pytest.mark.parametrize("trouble", TROUBLES[:5], ids=str)
def test_what_is_said_to_be_repeatable_is_repeated(trouble: Answer, serve: Serve) -> None:
    assert sent(serve, trouble, Request("DELETE", "/variables", repeatable=True))[1] == 4


@pytest.mark.parametrize("method", ["POST", "DELETE", "PATCH"])
@pytest.mark.parametrize(
    "trouble",
    [Answer(429), Answer(429, headers={"Retry-After": "0"}), Answer(503, headers={"Retry-After": "0"})],
    ids=str,
)
def test_what_the_server_says_that_it_did_not_take_is_sent_again(method: str, trouble: Answer, serve: Serve) -> None:
    assert sent(serve, trouble, Request(method, "/variables", body={}, repeatable=False))[1] == 4


def test_an_answer_too_late_is_waited_for_as_long_as_the_request_says(serve: Serve) -> None:
    late = Answer(fate="stall")
    result, times = sent(serve, late, Request("POST", "/variables", body={}, timeout=0.1), timeout=9.0)
    assert isinstance(result, NoAnswer)
    assert (result.message, result.maybe_done, times) == ("no answer within 0.1 seconds", True, 1)
    result, _ = sent(serve, late, Request("POST", "/variables", body={}, timeout=9.0), timeout=0.1)
    assert "broke" in str(result)


class LastWords(Pauses):
    """Ends a site while its next request is waited for."""

    def __init__(self, site: Site) -> None:
        super().__init__()
        self.site = site

    def wait(self, seconds: float) -> bool:
        self.site.__exit__(None, None, None)
        return super().wait(seconds)


def test_what_an_earlier_try_may_have_done_is_not_forgotten() -> None:
    """The first try may have been carried out, and the second one finds nobody."""
    site = Site(airflow("3.3.2", lambda _: Answer(504))).__enter__()
    transport = Transport(site.url, with_token(retries=1))
    transport._closed = LastWords(site)  # type: ignore[assignment]
    with pytest.raises(NoAnswer, match="nothing listens") as caught:
        transport.send(Request("PATCH", "/variables", body={}), {})
    assert caught.value.maybe_done


def test_the_fate_of_a_request_that_a_gateway_answers_is_not_known() -> None:
    known = {
        status: unknown_fate(Reply(status, "", None, b"")) for status in (200, 409, 429, 500, 502, 503, 504, 524)
    }
    assert [status for status, unknown in known.items() if unknown] == [502, 503, 504, 524]


def test_a_pause_is_as_long_as_the_server_asks(serve: Serve) -> None:
    flaky = Flaky(Answer(429, headers={"Retry-After": "17"}), 1)
    transport = Transport(serve(airflow("3.3.2", flaky)).url, with_token())
    pauses = pauses_of(transport)
    assert transport.send(Request("GET", "/api/v2/variables"), {}).status == 200
    assert pauses == [17]


def test_a_server_that_asks_for_a_pause_of_hours_is_not_asked_again(serve: Serve, connect: Connect) -> None:
    flaky = Flaky(Answer(429, headers={"Retry-After": "86400"}), 99)
    store = connect(serve(airflow("3.3.2", flaky)).url, with_token(retries=9))
    with pytest.raises(TargetError, match="gets too many requests, and requires a pause of 86400 seconds"):
        store.read(VARIABLES)
    assert flaky.seen == 1


def test_who_closes_ends_the_pauses(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Transport, "backoff", Backoff(first=3600, longest=3600))
    flaky = Flaky(Answer(503), 99)
    transport = Transport(serve(airflow("3.3.2", flaky)).url, with_token(retries=9))
    ends: list[Exception] = []

    def ask() -> None:
        try:
            transport.send(Request("GET", "/variables"), {})
        except NoAnswer as error:
            ends.append(error)

    threads = [threading.Thread(target=ask, daemon=True) for _ in range(2)]
    for thread in threads:
        thread.start()
    while flaky.seen < 2:
        time.sleep(0.01)
    transport.close()
    for thread in threads:
        thread.join(10)
    assert len(ends) == flaky.seen == 2


def until(seconds: float, **others: Any) -> Settings:
    """Settings with a deadline in so many seconds."""
    return with_token(**{"deadline": time.monotonic() + seconds, **others})


def out_of_time(call: Callable[[], object]) -> OutOfTime:
    with pytest.raises(OutOfTime) as caught:
        call()
    assert "--deadline" in (caught.value.hint or "")
    return caught.value


def test_nothing_is_asked_after_the_deadline(serve: Serve, connect: Connect) -> None:
    site = serve(airflow("3.3.2"))
    error = out_of_time(connect(site.url, until(-1)).describe)
    assert (error.message, error.maybe_done, site.log) == ("the deadline has passed", False, [])


def test_an_answer_is_waited_for_until_the_deadline(serve: Serve) -> None:
    site = serve(lambda _: Answer(fate="stall"))
    transport = Transport(site.url, until(0.2, timeout=60.0, retries=9))
    error = out_of_time(lambda: transport.send(Request("GET", "/x", timeout=99.0), {}))
    assert (error.message, error.maybe_done) == ("no answer before the deadline", True)
    assert len(site.log) == 1


@pytest.mark.parametrize(
    ("trouble", "method", "doubtful"),
    [
        (Answer(429, headers={"Retry-After": "60"}), "POST", False),
        (Answer(503, headers={"Retry-After": "60"}), "GET", True),
        (Answer(502), "GET", True),
        (Answer(fate="reset"), "GET", True),
    ],
    ids=str,
)
def test_no_pause_goes_beyond_the_deadline(
    trouble: Answer, method: str, doubtful: bool, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Transport, "backoff", Backoff(first=100, longest=100))
    result, times = sent(serve, trouble, Request(method, "/variables"), deadline=time.monotonic() + 30)
    assert isinstance(result, OutOfTime)
    assert result.message.endswith("and the deadline leaves no time for another try")
    assert (result.maybe_done, times) == (doubtful, 1)


@pytest.mark.parametrize("writing", [False, True])
def test_an_answer_that_comes_by_drops_ends_at_the_deadline(writing: bool) -> None:
    """No drop is late, so that only the deadline can end it, or the time-out of what was begun before."""
    dropped = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip() -> None:
            with server.accept()[0] as peer, contextlib.suppress(OSError):
                peer.recv(65536)
                peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
                for _ in range(250):
                    if dropped.wait(0.02):
                        return
                    peer.sendall(b" ")

        thread = threading.Thread(target=drip)
        thread.start()
        settings = until(0.2, timeout=0.3) if writing else until(0.3, timeout=60.0)
        transport = Transport(f"http://127.0.0.1:{server.getsockname()[1]}", settings)
        with transport.deadline.finishing() if writing else contextlib.nullcontext():
            error = out_of_time(lambda: transport.send(Request("GET", "/x"), {}))
        dropped.set()
        thread.join()
    assert (error.message, error.maybe_done) == ("no complete answer before the deadline", True)


def test_a_long_answer_is_whole_with_a_deadline_too(serve: Serve) -> None:
    text = "é" * 300_000
    site = serve(lambda _: Answer(body=text))
    for settings in (until(60), with_token()):
        transport = Transport(site.url, settings)
        assert transport.send(Request("GET", "/x"), {}).body.decode() == text
        transport.close()


@pytest.mark.parametrize("left", [None, 60], ids=["no deadline", "deadline"])
@pytest.mark.parametrize("chunked", [False, True])
def test_an_answer_that_breaks_off_is_none(left: float | None, chunked: bool) -> None:
    settings = until(left) if left else with_token()
    head = b"Transfer-Encoding: chunked\r\n\r\n9\r\n" if chunked else b"Content-Length: 9\r\n\r\n"
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            with server.accept()[0] as peer:
                peer.recv(65536)
                peer.sendall(b"HTTP/1.1 200 OK\r\n" + head + b"{}")

        thread = threading.Thread(target=answer)
        thread.start()
        transport = Transport(f"http://127.0.0.1:{server.getsockname()[1]}", settings)
        with pytest.raises(NoAnswer, match="broke") as caught:
            transport.send(Request("POST", "/x", body={}), {})
        thread.join()
    assert caught.value.maybe_done


@pytest.mark.parametrize("left", [None, 60], ids=["no deadline", "deadline"])
@pytest.mark.parametrize(
    "head",
    [
        "Content-Length: 99999999999999999999999",
        "Transfer-Encoding: chunked\r\n\r\n-5",
        "Transfer-Encoding: chunked\r\n\r\nq",
    ],
)
def test_an_answer_that_breaks_the_rules_of_http_is_none(head: str, left: float | None) -> None:
    settings = until(left, retries=0) if left else with_token(retries=0)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            with server.accept()[0] as peer:
                peer.recv(65536)
                peer.sendall(f"HTTP/1.1 200 OK\r\n{head}\r\n\r\n{{}}".encode())

        thread = threading.Thread(target=answer)
        thread.start()
        transport = Transport(f"http://127.0.0.1:{server.getsockname()[1]}", settings)
        with pytest.raises(NoAnswer) as caught:
            transport.send(Request("POST", "/x", body={}), {})
        thread.join()
    assert caught.value.maybe_done


def test_a_token_command_is_ended_by_the_deadline(serve: Serve, connect: Connect) -> None:
    site = serve(airflow("3.3.2"))
    slow = Credentials(token_command=(sys.executable, "-c", "import time; time.sleep(60)"))
    out_of_time(lambda: connect(site.url, until(0.5, credentials=slow)).read(VARIABLES))
    assert [received.path for received in site.log] == ["/api/v2/version"]


def test_logging_in_is_ended_by_the_deadline(serve: Serve, connect: Connect) -> None:
    def respond(received: Received) -> Answer | None:
        return Answer(fate="stall") if received.path == "/auth/token" else None

    deadline = time.monotonic() + 0.3
    site = serve(airflow("3.3.2", respond))
    out_of_time(lambda: connect(site.url, with_password(deadline=deadline, timeout=60.0)).read(VARIABLES))


def test_nothing_is_sent_again_after_the_deadline(serve: Serve) -> None:
    flaky = Flaky(Answer(502), 99)
    transport = Transport(serve(airflow("3.3.2", flaky)).url, until(-1, retries=9))
    with transport.deadline.finishing():
        assert transport.send(Request("PATCH", "/variables", body={}), {}).status == 502
        assert flaky.seen == 1
        assert transport.send(Request("PATCH", "/variables", body={}, late=True), {}).status == 502
        assert flaky.seen == 11
    with pytest.raises(OutOfTime):
        transport.send(Request("GET", "/variables"), {})
    assert flaky.seen == 11
    transport.close()


def test_the_url_of_a_request_is_sent_as_it_was_encoded(serve: Serve) -> None:
    site = serve(airflow("3.3.2"))
    transport = Transport(f"{site.url}/x", Settings())
    transport.send(Request("GET", "/v/%2E%2E/a%2Fb%20%C3%A9", (("m", "a b"), ("m", "é"))), {})
    transport.close()
    assert site.log[0].path == "/x/v/%2E%2E/a%2Fb%20%C3%A9"
    assert site.log[0].query == [("m", "a b"), ("m", "é")]
