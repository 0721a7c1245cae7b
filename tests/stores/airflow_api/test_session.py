"""Credentials that are refused in mid-run, and answers that aren't the ones that were hoped for."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from airconn.config import Settings
from airconn.credentials import Credentials
from airconn.errors import TargetError
from airconn.model import Action, Kind, Selection, Step, Text, Variable
from airconn.stores.base import Store
from airconn.stores.http.faults import NoAnswer
from airconn.stores.http.messages import Request
from tests.stores.airflow_api.conftest import PASSWORD, airflow, session_of, with_password, with_token
from tests.stores.site import Answer, Received, Site
from tests.stores.test_jwt_claims import token

Serve = Callable[..., Site]
Connect = Callable[..., Store]
VARIABLES = Selection(kinds=frozenset({Kind.VARIABLES}))


class Door:
    """Lets everybody in until it is shut."""

    def __init__(self, status: int = 401) -> None:
        self.status = status
        self.shut = False
        self.tries = 0

    def __call__(self, received: Received) -> Answer | None:
        if "version" in received.path or "/login" in received.path or not self.shut:
            return None
        self.tries += 1
        return Answer(self.status, {"detail": "no", "title": "no"})


@pytest.mark.parametrize(
    ("version", "settings", "status"),
    [("2.11.2", with_password(), 401), ("2.11.2", with_password(), 403), ("3.3.2", with_token(), 401)],
    ids=["password", "password, as the public", "token"],
)
def test_credentials_that_are_refused_in_mid_run_are_not_shown_again(
    version: str, settings: Settings, status: int, serve: Serve, connect: Connect
) -> None:
    door = Door(status)
    store = connect(serve(airflow(version, door)).url, settings)
    store.read(VARIABLES)
    door.shut = True
    wanted = [Variable(key=f"k{number}", value=Text("v")) for number in range(50)]
    outcomes = list(store.apply([Step(Kind.VARIABLES, variable.key, Action.CREATE, variable) for variable in wanted]))
    assert len(outcomes) == 50
    assert all(outcome.error for outcome in outcomes)
    with pytest.raises(TargetError) as caught:
        store.read(VARIABLES)
    assert caught.value.message == "it no longer accepts the credentials"
    assert caught.value.hint == "the credentials come from AIRCONN_TOKEN (airconn help login)"
    assert door.tries <= 4  # at most one for each thread


def test_a_token_that_has_expired_is_said_to_have(serve: Serve, connect: Connect) -> None:
    door = Door()
    door.shut = True
    old = token({"exp": 1})
    settings = with_token(credentials=Credentials(token=old, source="AIRCONN_PROD_TOKEN"))
    with pytest.raises(TargetError) as caught:
        connect(serve(airflow("3.3.2", door)).url, settings).read(VARIABLES)
    assert caught.value.message == "the token has expired"
    assert "AIRCONN_PROD_TOKEN" in (caught.value.hint or "")
    assert "AIRCONN_TOKEN_COMMAND" in (caught.value.hint or "")
    assert old not in f"{caught.value} {caught.value.hint}"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Answer(body="<html>Log in, hunter2"), "a login page (HTML) answers GET /api/v2/variables instead of"),
        (Answer(body="<html>It works! hunter2"), "an HTML page answers GET /api/v2/variables instead of"),
        (Answer(body="hunter2"), "its answer to GET /api/v2/variables is not a JSON object"),
        (Answer(body=["hunter2"]), "its answer to GET /api/v2/variables is not a JSON object"),
        (Answer(302, "hunter2", {"Location": "https://sso.example.com/x"}), "it redirects to a login page at https:"),
        (Answer(302, "hunter2", {"Location": "https://[sso]/hunter2"}), "it redirects to "),
        (Answer(302, "hunter2", {"Location": "//["}), "it redirects to "),
        (Answer(302, "hunter2", {"Location": "http://h:99999999/"}), "it redirects to "),
        (Answer(429, "hunter2"), "it gets too many requests"),
        (Answer(502, "<html>hunter2"), "it can't be reached by the gateway in front of it (status 502)"),
        (Answer(511, "<html>hunter2"), "it is behind a portal that needs a login first"),
        (Answer(407, "<html>hunter2"), "the proxy needs credentials, or refuses these"),
    ],
)
def test_others_that_answer_are_told_apart(answer: Answer, expected: str, serve: Serve, connect: Connect) -> None:
    def respond(received: Received) -> Answer | None:
        return answer if received.path.endswith("/variables") else None

    with pytest.raises(TargetError) as caught:
        connect(serve(airflow("3.3.2", respond)).url, with_token(retries=0)).read(VARIABLES)
    assert caught.value.message.startswith(expected)
    assert caught.value.hint
    assert "hunter2" not in f"{caught.value} {caught.value.hint}"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Answer(body="<html><input type=password>"), "a login page (HTML) answers POST /auth/token"),
        (Answer(302, headers={"Location": "/oauth2/start"}), "it redirects to a login page"),
        (Answer(503), "it can't be reached by the gateway in front of it (status 503)"),
        (Answer(404, {"detail": "Not Found"}), "it gives no token for a user name and a password"),
    ],
)
def test_logging_in_where_others_answer(answer: Answer, expected: str, serve: Serve, connect: Connect) -> None:
    def respond(received: Received) -> Answer | None:
        return answer if received.path == "/auth/token" else None

    with pytest.raises(TargetError) as caught:
        connect(serve(airflow("3.3.2", respond)).url, with_password(retries=0)).read(VARIABLES)
    assert caught.value.message.startswith(expected)
    assert PASSWORD not in f"{caught.value} {caught.value.hint}"


@pytest.mark.parametrize(
    "trouble", [Answer(502), Answer(fate="reset"), Answer(429, headers={"Retry-After": "0"})], ids=str
)
def test_logging_in_is_repeated_when_it_goes_wrong_on_the_way(trouble: Answer, serve: Serve) -> None:
    troubles: list[Any] = [trouble, trouble, None]

    def respond(received: Received) -> Answer | None:
        return troubles.pop(0) if received.path == "/auth/token" else None

    session = session_of("3.3.2", serve(airflow("3.3.2", respond)).url, with_password(retries=2))
    assert session.get(Request("GET", "/api/v2/variables"), Kind.VARIABLES)["total_entries"] == 0
    session.close()
    assert troubles == []


def test_a_token_command_that_fails_is_not_run_for_each_request(
    serve: Serve, connect: Connect, tmp_path: Path
) -> None:
    """It works at first; then its token is refused, and it has no other one."""
    script, runs = tmp_path / "token.py", tmp_path / "runs"
    script.write_text(
        "import pathlib, sys\n"
        f"runs = pathlib.Path({str(runs)!r})\n"
        "again = runs.exists()\n"
        "runs.open('a').write('x')\n"
        "sys.exit(3) if again else print('a-token')\n"
    )
    door = Door()
    settings = with_token(credentials=Credentials(token_command=(sys.executable, str(script))))
    store = connect(serve(airflow("2.11.2", door)).url, settings)
    store.read(VARIABLES)
    door.shut = True
    for _ in range(5):
        with pytest.raises(TargetError, match="the token command failed with exit code 3"):
            store.read(VARIABLES)
    assert runs.read_text() == "xx"


@pytest.mark.parametrize("renewed", [True, False])
def test_that_a_write_may_have_been_done_is_not_forgotten_over_a_new_login(renewed: bool, serve: Serve) -> None:
    """The first answer is lost, the second is that the token has expired, and what follows knows of the first."""
    answers = [Answer(502, "<html>"), Answer(401, {"detail": "Token Expired"}), Answer(409, {"detail": "exists"})]
    logins = iter(range(9))

    def respond(received: Received) -> Answer | None:
        if received.path == "/auth/token":
            number = next(logins)
            return Answer(201, {"access_token": f"t{number}"}) if renewed or not number else Answer(401, {})
        return answers.pop(0) if received.method == "PATCH" else None

    session = session_of("3.3.2", serve(airflow("3.3.2", respond)).url, with_password(retries=2))
    session.get(Request("GET", "/api/v2/variables"), Kind.VARIABLES)
    request = Request("PATCH", "/api/v2/variables", body={}, repeatable=True)
    if renewed:
        reply = session.send(request)
        assert (reply.status, reply.doubtful) == (409, True)
    else:
        with pytest.raises(NoAnswer) as caught:
            session.send(request)
        assert caught.value.maybe_done
    session.close()
