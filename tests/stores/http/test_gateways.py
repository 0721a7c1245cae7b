"""Answers of what is in front of a server, told from its own."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from airconn.stores.http.gateways import fault, is_page, redirected
from airconn.stores.http.messages import Reply
from airconn.stores.http.server import RestServer

SERVER = RestServer("http://airflow:8080")


def reply(status: int = 200, body: bytes = b"", kind: str = "", **others: object) -> Reply:
    return Reply(status, kind, others.get("to"), body, others.get("asked"))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("body", "kind", "expected"),
    [
        (b"<p>x", "text/html", True),
        (b"\n <!-- a\nb --> <!DOCTYPE  html>", "application/json", True),
        (b"<HTML lang=en>", "", True),
        (b"<?xml version='1.0'?><x/>", "text/xml", False),
        (b"{}", "text/html", False),
        (b"<htmlish>", "", False),
        (b"", "text/html", False),
    ],
)
def test_a_page_is_known_by_its_type_or_its_beginning(body: bytes, kind: str, expected: bool) -> None:
    assert is_page(reply(body=body, kind=kind)) is expected


@pytest.mark.parametrize(
    "to",
    [
        "/login/?next=x",
        "https://login.example.com/x",
        "https://accounts.example.com/o/oauth2/v2/auth?client_id=1",
        "https://idp.example.com/adfs/ls",
        "https://sso.example.com",
        "/oauth2/start",
        "/users/SignIn",
        "/authorize",
    ],
)
def test_a_redirect_to_a_login_page(to: str) -> None:
    error = redirected(reply(302, to=to), SERVER, login_hint="a token")
    assert error.message.startswith("it redirects to a login page")
    assert error.hint == "a token"
    for told in ("next", "client_id"):
        assert told not in error.message


@pytest.mark.parametrize(
    "to", ["https://authors.example.com/x", "/catalogue", "/assort", None, "https://[/", "http://x:y/"]
)
def test_a_redirect_to_elsewhere(to: str | None) -> None:
    message = redirected(reply(302, to=to), SERVER, login_hint="").message
    assert message.startswith("it redirects to ")
    assert "login" not in message


def test_a_redirect_without_a_scheme_keeps_that_of_the_request() -> None:
    to = urlsplit(SERVER.base).scheme
    message = redirected(reply(302, to="//other.example.com:81/x"), SERVER, login_hint="").message
    assert message == f"it redirects to {to}://other.example.com:81"


def test_what_a_status_says_that_is_no_airflows_own() -> None:
    assert fault(reply(429)) == "gets too many requests"
    assert fault(reply(429, asked=90.4)) == "gets too many requests, and requires a pause of 90 seconds"
    assert [status for status in (200, 302, 401, 404, 409, 500, 501) if fault(reply(status))] == []
    assert all(fault(reply(status)) for status in (413, 502, 503, 504, 511, 520, 524))
