"""Finding out what listens at an address."""

from __future__ import annotations

import socket
from collections.abc import Callable

import pytest

from airconn.config import Settings
from airconn.credentials import Credentials
from airconn.errors import ExitCode, TargetError
from airconn.model import AirflowVersion, Kind, Selection
from airconn.stores.airflow_api.access import access
from airconn.stores.base import Store
from tests.stores.airflow_api.conftest import LOOKED_AT, PASSWORD, airflow, with_password, with_token
from tests.stores.site import Answer, Received, Site

Serve = Callable[..., Site]
Connect = Callable[..., Store]


def complaint(store: Store) -> tuple[str, str]:
    """The message and the hint of the error that a store answers with."""
    with pytest.raises(TargetError) as caught:
        store.describe()
    assert caught.value.exit_code is ExitCode.TARGET
    assert PASSWORD not in f"{caught.value} {caught.value.hint}"
    assert caught.value.where == store.address
    return caught.value.message, caught.value.hint or ""


@pytest.mark.parametrize("version", ["3.3.2", "3.0.6", "3.1.0rc1", "2.7.3", "2.10.5+astro.1"])
def test_it_says_which_airflow_it_talks_to_and_asks_once(version: str, serve: Serve, connect: Connect) -> None:
    site = serve(airflow(version))
    store = connect(f"{site.url}/home", Settings())
    assert store.describe().text == store.describe().text == f"airflow {version} at {site.url}"
    assert store.describe().airflow == AirflowVersion.parse(version)
    assert len(site.log) == (1 if version.startswith("3") else 2)


def test_an_airflow_below_a_path(serve: Serve, connect: Connect) -> None:
    def answer(received: Received) -> Answer:
        if received.path == "/deployment/x/api/v2/version":
            return Answer(body={"version": "3.1.8"})
        return Answer(404, "<html>")

    site = serve(answer)
    assert connect(f"{site.url}/deployment/x/").describe().text == f"airflow 3.1.8 at {site.url}/deployment/x"


def test_an_airflow_that_is_too_old(serve: Serve, connect: Connect) -> None:
    message, hint = complaint(connect(serve(airflow("2.6.3")).url))
    assert "2.6.3" in message
    assert "2.7" in hint


def test_nothing_listens(connect: Connect) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = with_password(retries=4, named_by="AIRCONN_URL")
    message, hint = complaint(connect(f"http://127.0.0.1:{port}", settings))
    assert message == "nothing listens there"
    assert hint == "is the Airflow running? the address comes from AIRCONN_URL"


def test_a_name_that_does_not_resolve(connect: Connect) -> None:
    message, _ = complaint(connect("http://no-such-host.invalid", with_token()))
    assert message == "the name no-such-host.invalid doesn't resolve"


def test_a_server_that_says_nothing(serve: Serve, connect: Connect) -> None:
    site = serve(lambda _: Answer(fate="stall"))
    message, hint = complaint(connect(site.url, with_token(timeout=0.2, retries=0)))
    assert message == "no answer within 0.2 seconds"
    assert "--timeout" in hint


def test_a_server_that_hangs_up(serve: Serve, connect: Connect) -> None:
    message, _ = complaint(connect(serve(lambda _: Answer(fate="reset")).url, with_token(retries=0)))
    assert "broke" in message


@pytest.mark.parametrize(
    "answer",
    [Answer(body={"version": "hunter2"}), Answer(body={"hello": 1}),
     Answer(body=[1]), Answer(404, {"detail": "Not Found"}), Answer(404, "<html>nginx</html>"), Answer(body=b"\xff")],
    ids=str,
)  # fmt: skip
def test_what_is_no_airflow(answer: Answer, serve: Serve, connect: Connect) -> None:
    message, hint = complaint(connect(serve(lambda _: answer).url))
    assert message == "the server that answers is not an Airflow"
    assert "/api/v2/version" in hint


def test_an_airflow_with_a_path_that_leads_nowhere(serve: Serve, connect: Connect) -> None:
    message, hint = complaint(connect(serve(lambda _: Answer(404, "<title>Airflow 404</title>")).url))
    assert "Airflow" in message
    assert "start page" in hint


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("https://sso.example.org/login?next=hunter2", "it redirects to a login page at https://sso.example.org"),
        ("/login/?next=hunter2", "it redirects to a login page"),
        ("https://other.example.org/x?token=hunter2", "it redirects to https://other.example.org"),
        ("https://127.0.0.1/api/v2/version", "it redirects to https"),
        ("", "it redirects to another page"),
    ],
)
def test_a_redirect_is_told_and_not_followed(location: str, expected: str, serve: Serve, connect: Connect) -> None:
    site = serve(lambda _: Answer(302, headers={"Location": location}))
    message, hint = complaint(connect(site.url, with_token()))
    assert message == expected
    assert hint
    assert "hunter2" not in message + hint
    assert {received.path for received in site.log} == {"/api/v2/version", "/api/v1/version"}


def test_credentials_do_not_go_along_with_a_redirect_of_a_list(serve: Serve, connect: Connect) -> None:
    other = serve(airflow("3.3.2"))

    def respond(received: Received) -> Answer | None:
        if received.path.endswith("/variables"):
            return Answer(307, headers={"Location": f"{other.url}/api/v2/variables"})
        return None

    store = connect(serve(airflow("3.3.2", respond)).url, with_token())
    with pytest.raises(TargetError, match="redirects"):
        store.read(Selection(kinds=frozenset({Kind.VARIABLES})))
    assert other.log == []


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (500, "it answers with status 500"),
        (502, "it can't be reached by the gateway in front of it (status 502)"),
        (503, "it can't be reached by the gateway in front of it (status 503)"),
        (522, "it can't be reached by the gateway in front of it (status 522)"),
        (429, "it gets too many requests"),
        (511, "it is behind a portal that needs a login first"),
    ],
)
def test_a_server_that_is_not_well(status: int, expected: str, serve: Serve, connect: Connect) -> None:
    message, _ = complaint(connect(serve(lambda _: Answer(status, "<html>")).url, with_token(retries=0)))
    assert message == expected


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("<!DOCTYPE html><title>Grafana</title>hunter2", "an HTML page answers GET /api/v2/version"),
        ("<!-- x -->\n<html><input type='password'>hunter2", "a login page (HTML) answers GET /api/v2/version"),
        ("<html><title>Sign in to Airflow</title>hunter2", "a login page (HTML) answers GET /api/v2/version"),
        ("<html>Sign in with your company's account: hunter2", "a login page (HTML) answers GET /api/v2/version"),
        ("<html><title>Airflow</title>hunter2", "this is an Airflow, but its API doesn't answer here"),
    ],
)
def test_a_page_where_the_api_was_expected(page: str, expected: str, serve: Serve, connect: Connect) -> None:
    message, hint = complaint(connect(serve(lambda _: Answer(body=page)).url))
    assert message.startswith(expected)
    assert "address" in hint
    assert "hunter2" not in message + hint


def test_a_page_that_calls_itself_json(serve: Serve, connect: Connect) -> None:
    answer = Answer(body="<!doctype HTML><html>", headers={"Content-Type": "application/json"})
    message, _ = complaint(connect(serve(lambda _: answer).url))
    assert message.startswith("an HTML page answers")


@pytest.mark.parametrize(
    "page", ["The plain HTTP request was sent to HTTPS port", "Client sent an HTTP request to an HTTPS server."]
)
def test_a_tls_port_that_says_so(page: str, serve: Serve, connect: Connect) -> None:
    site = serve(lambda _: Answer(400, page))
    message, hint = complaint(connect(site.url))
    assert (message, hint) == ("it speaks TLS", f"use {site.url.replace('http:', 'https:')}")


@pytest.mark.parametrize("status", [401, 403])
def test_a_gateway_that_wants_credentials_and_there_are_none(status: int, serve: Serve, connect: Connect) -> None:
    nothing = Settings(credentials=Credentials(looked_at=LOOKED_AT))
    message, hint = complaint(connect(serve(lambda _: Answer(status)).url, nothing))
    assert message == "needs credentials, and none are set"
    assert hint == "set one of these: AIRCONN_TOKEN, AIRCONN_USERNAME and AIRCONN_PASSWORD (airconn help login)"


@pytest.mark.parametrize("settings", [with_token("hunter2"), with_password()], ids=["token", "password"])
def test_a_gateway_that_refuses_the_credentials(settings: Settings, serve: Serve, connect: Connect) -> None:
    message, hint = complaint(connect(serve(lambda _: Answer(401)).url, settings))
    assert message == "it refuses the credentials"
    assert "AIRCONN_" in hint


def test_a_gateway_that_lets_a_token_in(serve: Serve, connect: Connect) -> None:
    def respond(received: Received) -> Answer | None:
        return None if received.headers.get("Authorization") == "Bearer a-token" else Answer(302)

    assert "3.1.8" in connect(serve(airflow("3.1.8", respond)).url, with_token()).describe().text


def test_a_gateway_with_nobody_behind_it_is_asked_as_often_as_the_retries_say(serve: Serve, connect: Connect) -> None:
    site = serve(lambda _: Answer(503, "<html>", headers={"Retry-After": "0"}))
    message, _ = complaint(connect(site.url, with_password(retries=1)))
    assert message == "it can't be reached by the gateway in front of it (status 503)"
    assert [received.path for received in site.log] == [*["/api/v2/version"] * 2, "/api/v1/version"]


def test_a_gateway_that_knows_only_the_paths_of_airflow_2(serve: Serve, connect: Connect) -> None:
    def answer(received: Received) -> Answer:
        if received.path == "/api/v1/version":
            return Answer(body={"version": "2.11.2"})
        return Answer(503, "no server is available")

    site = serve(answer)
    assert connect(site.url).describe().text == f"airflow 2.11.2 at {site.url}"


def test_an_airflow_of_composer_that_is_named_by_its_url_says_which_address_it_has() -> None:
    found = access("https://x-dot-europe-west1.composer.googleusercontent.com", Settings())
    assert "composer://PROJECT/LOCATION/ENVIRONMENT" in found.login_hint()
    found.close()


def test_headers_that_the_front_does_not_accept_are_named_without_their_values() -> None:
    credentials = Credentials(
        headers={"Cf-Access-Client-Id": "c4nary"}, header_source="AIRCONN_HEADER_CF_ACCESS_CLIENT_ID"
    )
    found = access("https://airflow.example.com", Settings(credentials=credentials))
    assert "doesn't accept AIRCONN_HEADER_CF_ACCESS_CLIENT_ID: wrong, or expired?" in found.login_hint()
    assert "c4nary" not in found.login_hint()
    found.close()
