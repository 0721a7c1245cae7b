"""Answers of what stands in front of an Airflow, told from its own."""

from __future__ import annotations

import base64
import json
import time
from urllib.parse import urlsplit

import pytest

from airconn.stores.http.gateways import has_run_out, is_page, redirected, trouble
from airconn.stores.http.transport import Reply

BASE = "http://airflow:8080"


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
    error = redirected(reply(302, to=to), BASE, login_hint="a token")
    assert error.message.startswith("it redirects to a login page")
    assert error.hint == "a token"
    for told in ("next", "client_id"):
        assert told not in error.message


@pytest.mark.parametrize(
    "to", ["https://authors.example.com/x", "/catalogue", "/assort", None, "https://[/", "http://x:y/"]
)
def test_a_redirect_to_elsewhere(to: str | None) -> None:
    message = redirected(reply(302, to=to), BASE, login_hint="").message
    assert message.startswith("it redirects to ")
    assert "login" not in message


def test_a_redirect_without_a_scheme_keeps_that_of_the_request() -> None:
    to = urlsplit(BASE).scheme
    message = redirected(reply(302, to="//other.example.com:81/x"), BASE, login_hint="").message
    assert message == f"it redirects to {to}://other.example.com:81"


def test_what_a_status_says_that_is_no_airflows_own() -> None:
    assert trouble(reply(429)) == "is asked too often"
    assert trouble(reply(429, asked=90.4)) == "is asked too often, and wants to be left alone for 90 seconds"
    assert [status for status in (200, 302, 401, 404, 409, 500, 501) if trouble(reply(status))] == []
    assert all(trouble(reply(status)) for status in (413, 502, 503, 504, 511, 520, 524))


def token(claims: object) -> str:
    middle = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"eyJhbGciOiJub25lIn0.{middle}.c2ln"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (token({"exp": time.time() - 60}), True),
        (token({"exp": str(int(time.time()) - 60)}), True),
        (token({"exp": time.time() + 86400}), False),
        (token({"exp": None}), False),
        (token({"exp": float("nan")}), False),
        (token({"exp": 10**400}), False),
        (token({}), False),
        (token([1]), False),
        ("a.b.c", False),
        ("a.é.c", False),
        ("..", False),
        ("opaque", False),
        (None, False),
    ],
    ids=lambda value: str(value)[:9],
)
def test_a_token_that_says_of_itself_that_it_has_expired(text: str | None, expected: bool) -> None:
    assert has_run_out(text) is expected
