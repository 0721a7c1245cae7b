"""What the tests of the REST store share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any
from urllib.parse import unquote

import pytest

from airconn.airflow.rest_api import dialect_for
from airconn.config import Settings
from airconn.credentials import Credentials
from airconn.model import AirflowVersion
from airconn.stores import open_store
from airconn.stores.airflow_api.access import access
from airconn.stores.airflow_api.session import Session
from airconn.stores.base import Store
from airconn.stores.http.retries import Backoff
from airconn.stores.http.transport import Transport
from tests.stores.site import Answer, Received, Site

PASSWORD = "hunter2/secret+word"
LOOKED_AT = ("AIRCONN_TOKEN", "AIRCONN_USERNAME and AIRCONN_PASSWORD")
Respond = Callable[[Received], Answer | None]


@pytest.fixture(autouse=True)
def _direct(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy and no authority of the machine has a part in these tests."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is waited for before a repeat, unless the server asks for it."""
    monkeypatch.setattr(Transport, "backoff", Backoff(first=0))


def with_password(**others: Any) -> Settings:
    known = Credentials(username="ann", password=PASSWORD, source="AIRCONN_TOKEN", looked_at=LOOKED_AT)
    return Settings(**{"credentials": known, "retries": 1, "timeout": 5.0, **others})


def session_of(version: str, url: str, settings: Settings) -> Session:
    """A session with an Airflow of which the version is known already."""
    return Session(access(url, settings), dialect_for(AirflowVersion.parse(version)))


def with_token(token: str = "a-token", **others: Any) -> Settings:
    return Settings(
        **{
            "credentials": Credentials(token=token, source="AIRCONN_TOKEN", looked_at=LOOKED_AT),
            "retries": 1,
            **others,
        }
    )


def airflow(version: str, respond: Respond = lambda _: None) -> Callable[[Received], Answer]:
    """The answers of an Airflow of this version to what `respond` leaves alone: its version, tokens, no objects."""
    prefix = "/api/v2" if version.startswith("3") else "/api/v1"

    def answer(received: Received) -> Answer:
        mine = respond(received)
        if mine is not None:
            return named(received, mine)
        if received.path == f"{prefix}/version":
            return Answer(body={"version": version, "git_version": None})
        if received.path == "/auth/token" and received.method == "POST":
            return Answer(201, {"access_token": "fresh-token"})
        kind = received.path.removeprefix(f"{prefix}/")
        if received.method == "GET" and kind in ("connections", "variables", "pools"):
            return Answer(body={kind: [], "total_entries": 0})
        if received.path.startswith(prefix) and received.method == "GET" and "/" in kind:
            return Answer(404, {"title": "Variable not found", "detail": "The Variable with key: `x` was not found"})
        return Answer(404, "<html>Airflow 404</html>")

    return answer


def named(received: Received, answer: Answer) -> Answer:
    """An answer to a write that is `{}` names the object, as an Airflow's does."""
    if (
        answer.fate
        or answer.status not in (200, 201)
        or answer.body != {}
        or received.method not in ("POST", "PATCH")
    ):
        return answer
    body = received.body if isinstance(received.body, dict) else {}
    names = {"connection_id": "connection_id", "key": "key", "name": "name", "pool": "name"}
    told = {names[name]: value for name, value in body.items() if name in names}
    if received.method == "PATCH":
        id_ = unquote(received.path.rpartition("/")[2])
        told = dict.fromkeys(("connection_id", "key", "name"), id_)
    return Answer(answer.status, told, answer.headers)


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def serve(stack: ExitStack) -> Callable[..., Site]:
    """Starts a site; it ends with the test."""
    return lambda answer, **options: stack.enter_context(Site(answer, **options))


@pytest.fixture
def connect(stack: ExitStack) -> Callable[[str, Settings], Store]:
    """Opens a store; it is closed before its site ends."""

    def connect(url: str, settings: Settings | None = None) -> Store:
        store = open_store(url, settings or with_token())
        stack.callback(store.close)
        return store

    return connect
