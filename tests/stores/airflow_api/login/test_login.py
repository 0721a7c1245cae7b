"""Who we are: tokens, passwords, commands, and what happens when they expire."""

from __future__ import annotations

import base64
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from airconn.config import Settings
from airconn.credentials import Credentials
from airconn.errors import AirconnError, UsageError
from airconn.model import Action, Kind, Selection, Step, Text, Variable
from airconn.stores.base import Store
from tests.stores.airflow_api.conftest import LOOKED_AT, PASSWORD, airflow, with_password, with_token
from tests.stores.site import Answer, Received, Site

Serve = Callable[..., Site]
Connect = Callable[..., Store]
VARIABLES = Selection(kinds=frozenset({Kind.VARIABLES}))


class Tokens:
    """Lets in who has the current token, and gives it to who has the password."""

    def __init__(self, *, refusal: Answer | None = None) -> None:
        self.current = 0
        self.refusal = refusal or Answer(401, {"detail": "Token Expired"})
        self.open_to_all = False
        self._lock = threading.Lock()

    def expire(self) -> None:
        with self._lock:
            self.current += 1

    def __call__(self, received: Received) -> Answer | None:
        if received.path == "/auth/token":
            known = received.body == {"username": "ann", "password": PASSWORD}
            if known or (received.method == "GET" and self.open_to_all):
                return Answer(201, {"access_token": f"token-{self.current}"})
            return Answer(401, {"detail": "Invalid credentials"})
        if "version" in received.path:
            return None
        return None if received.headers.get("Authorization") == f"Bearer token-{self.current}" else self.refusal


def error_of(call: Callable[[], object]) -> AirconnError:
    with pytest.raises(AirconnError) as caught:
        call()
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    for secret in (PASSWORD, "hunter2", "token-"):
        assert secret not in f"{caught.value} {caught.value.hint} {caught.value!r}"
    return caught.value


def test_a_token_is_sent_as_it_is_to_both_apis(serve: Serve, connect: Connect) -> None:
    for version in ("3.3.2", "2.11.2"):
        site = serve(airflow(version))
        connect(site.url, with_token("a.b-c")).read(VARIABLES)
        assert site.log[-1].headers["Authorization"] == "Bearer a.b-c"


def test_airflow_2_gets_the_password_as_utf_8(serve: Serve, connect: Connect) -> None:
    site = serve(airflow("2.11.2"))
    known = Credentials(username="änn", password="🔑:x")
    connect(site.url, Settings(credentials=known)).read(VARIABLES)
    scheme, _, pair = site.log[-1].headers["Authorization"].partition(" ")
    assert (scheme, base64.b64decode(pair).decode()) == ("Basic", "änn:🔑:x")


def test_airflow_3_gives_a_token_once(serve: Serve, connect: Connect) -> None:
    site = serve(airflow("3.3.2", Tokens()))
    store = connect(site.url, with_password())
    store.read(Selection())
    assert len(site.sent("POST", "/auth/token")) == 1


@pytest.mark.parametrize(
    "refusal", [Answer(401, {"detail": "Token Expired"}), Answer(403, {"detail": "Invalid JWT token"})], ids=str
)
def test_a_token_that_expires_in_mid_run_is_renewed(refusal: Answer, serve: Serve, connect: Connect) -> None:
    tokens = Tokens(refusal=refusal)
    site = serve(airflow("3.3.2", tokens))
    store = connect(site.url, with_password())
    store.read(VARIABLES)
    tokens.expire()
    store.read(VARIABLES)
    assert len(site.sent("POST", "/auth/token")) == 2


def test_a_write_is_repeated_after_logging_in_again_since_it_was_not_carried_out(
    serve: Serve, connect: Connect
) -> None:
    tokens = Tokens()

    def respond(received: Received) -> Answer | None:
        refused = tokens(received)
        if refused is None and received.method == "POST":
            return Answer(201, {})
        return refused

    site = serve(airflow("3.3.2", respond))
    store = connect(site.url, with_password())
    store.read(VARIABLES)
    tokens.expire()
    wanted = Variable(key="k", value=Text("v"))
    (outcome,) = store.apply([Step(Kind.VARIABLES, "k", Action.CREATE, wanted)])
    assert outcome.error is None
    assert len(site.sent("POST", "/variables")) == 2


def test_a_refused_password_fails_at_once(serve: Serve, connect: Connect) -> None:
    site = serve(airflow("3.3.2", Tokens()))
    known = Credentials(
        username="ann", password="hunter2", source="AIRCONN_USERNAME and AIRCONN_PASSWORD", looked_at=LOOKED_AT
    )
    error = error_of(lambda: connect(site.url, Settings(credentials=known)).read(VARIABLES))
    assert error.message == "it refuses the user name or the password"
    assert "AIRCONN_USERNAME and AIRCONN_PASSWORD" in (error.hint or "")
    assert len(site.sent("POST", "/auth/token")) == 1


def test_a_refused_password_is_not_tried_again(serve: Serve, connect: Connect) -> None:
    site = serve(airflow("3.3.2", Tokens()))
    store = connect(site.url, Settings(credentials=Credentials(username="ann", password="hunter2", source="X")))
    for _ in range(3):
        error = error_of(lambda: store.read(VARIABLES))
        assert error.message == "it refuses the user name or the password"
    assert len(site.sent("POST", "/auth/token")) == 1


def test_a_refused_token_is_not_tried_again(serve: Serve, connect: Connect) -> None:
    site = serve(airflow("3.3.2", Tokens()))
    error = error_of(lambda: connect(site.url, with_token("hunter2")).read(VARIABLES))
    assert error.message == "it refuses the credentials"
    assert error.hint == "the credentials come from AIRCONN_TOKEN (airconn help login)"
    assert len(site.sent("GET", "/variables")) == 1


def test_an_auth_manager_that_gives_no_tokens(serve: Serve, connect: Connect) -> None:
    def respond(received: Received) -> Answer | None:
        return Answer(404, {"error": "API route not found"}) if received.path == "/auth/token" else None

    error = error_of(lambda: connect(serve(airflow("3.3.2", respond)).url, with_password()).read(VARIABLES))
    assert "404" in error.message
    assert "AIRCONN_TOKEN" in (error.hint or "")


@pytest.mark.parametrize("version", ["3.3.2", "2.11.2"])
@pytest.mark.parametrize("status", [401, 403])
def test_no_credentials_where_some_are_wanted(version: str, status: int, serve: Serve, connect: Connect) -> None:
    def respond(received: Received) -> Answer | None:
        return Answer(status, {"detail": None, "title": "no"}) if "version" not in received.path else None

    store = connect(serve(airflow(version, respond)).url, Settings(credentials=Credentials(looked_at=LOOKED_AT)))
    error = error_of(lambda: store.read(VARIABLES))
    assert error.message == "needs credentials, and none are set"
    assert error.hint == "set one of these: AIRCONN_TOKEN, AIRCONN_USERNAME and AIRCONN_PASSWORD (airconn help login)"


def test_an_airflow_that_gives_everybody_a_token(serve: Serve, connect: Connect) -> None:
    """`simple_auth_manager_all_admins`, as local development environments have it."""
    tokens = Tokens()
    tokens.open_to_all = True
    site = serve(airflow("3.3.2", tokens))
    assert len(connect(site.url, Settings()).read(Selection()).bundle) == 0
    assert len(site.sent("GET", "/auth/token")) == 1


def test_airflow_2_with_fab_answers_403_to_wrong_credentials(serve: Serve, connect: Connect) -> None:
    def respond(received: Received) -> Answer | None:
        return Answer(403, {"detail": None, "title": "Forbidden"}) if "version" not in received.path else None

    error = error_of(lambda: connect(serve(airflow("2.11.2", respond)).url, with_password()).read(VARIABLES))
    assert error.message == "it refuses the credentials, or they may not read variables"


def test_who_was_let_in_once_may_not_everything(serve: Serve, connect: Connect) -> None:
    def respond(received: Received) -> Answer | None:
        return Answer(403, {"detail": "Forbidden"}) if received.path.endswith("/pools") else None

    error = error_of(lambda: connect(serve(airflow("3.3.2", respond)).url, with_token()).read(Selection()))
    assert error.message == "these credentials may not read pools"


@pytest.fixture
def command(tmp_path: Path) -> Callable[[str], Settings]:
    """Settings with a token command that runs this Python."""

    def make(script: str) -> Settings:
        path = tmp_path / "command.py"
        path.write_text(f"import sys, time, pathlib\nHERE = pathlib.Path({str(tmp_path)!r})\n{script}")
        return Settings(credentials=Credentials(token_command=(sys.executable, str(path))), retries=0)

    return make


def test_the_first_line_that_a_command_prints_is_the_token(
    serve: Serve, connect: Connect, command: Callable[[str], Settings]
) -> None:
    site = serve(airflow("2.11.2"))
    settings = command("print('hunter2', 'more', sep='\\n'); print('chatter', file=sys.stderr)")
    connect(site.url, settings).read(VARIABLES)
    assert site.log[-1].headers["Authorization"] == "Bearer hunter2"


def test_a_command_is_run_again_when_its_token_has_expired(
    serve: Serve, connect: Connect, command: Callable[[str], Settings]
) -> None:
    tokens = Tokens()
    settings = command(
        "count = HERE / 'count'\nn = int(count.read_text()) if count.exists() else 0\n"
        "count.write_text(str(n + 1)); print(f'token-{n}')"
    )
    store = connect(serve(airflow("3.3.2", tokens)).url, settings)
    store.read(VARIABLES)
    tokens.expire()
    store.read(VARIABLES)


@pytest.mark.parametrize(
    ("script", "message", "hint"),
    [
        (
            "print('hunter2'); print('log in first\\nhunter2', file=sys.stderr); sys.exit(3)",
            "exit code 3",
            "run it yourself",
        ),
        ("pass", "printed no token", "first line"),
        ("print()", "printed no token", "first line"),
        (
            "print('Using an Astro API Token')",
            "but the line 'Using an Astro API Token'",
            "AIRCONN_TOKEN=$ASTRO_API_TOKEN",
        ),
        ("print('a hunter2')", "allowed in a token", "in quotes"),
    ],
)
def test_a_command_that_gives_no_token(
    script: str, message: str, hint: str, serve: Serve, connect: Connect, command: Callable[[str], Settings]
) -> None:
    site = serve(airflow("3.3.2"))
    store = connect(site.url, command(script))
    error = error_of(lambda: store.read(VARIABLES))
    assert message in error.message
    assert hint in (error.hint or "")
    assert "hunter2" not in f"{error} {error.hint}"


def test_a_command_that_is_not_there(serve: Serve, connect: Connect) -> None:
    settings = Settings(credentials=Credentials(token_command=("/no/such/command", "--password", "hunter2")))
    error = error_of(lambda: connect(serve(airflow("3.3.2")).url, settings).read(VARIABLES))
    assert isinstance(error, UsageError)
    assert error.message == (
        "the program of the token command, '/no/such/command', can't be run: No such file or directory"
    )


@pytest.mark.parametrize("token", ["hunter2\r\nX-Evil: 1", "hunter2 x", "hünter2"])
def test_a_token_that_can_not_stand_in_a_header_is_refused(token: str, serve: Serve, connect: Connect) -> None:
    site = serve(airflow("3.3.2"))
    error = error_of(lambda: connect(site.url, with_token(token)).read(VARIABLES))
    assert isinstance(error, UsageError)
    assert len(site.sent("GET", "/variables")) == 0


def test_threads_that_meet_an_expired_token_log_in_once(serve: Serve, connect: Connect) -> None:
    tokens = Tokens()

    def respond(received: Received) -> Answer | None:
        refused = tokens(received)
        if refused is not None or "/connections" not in received.path:
            return refused
        name = received.path.rpartition("/")[2]
        return Answer(body={"connection_id": name, "conn_type": "t", "extra": None})

    site = serve(airflow("2.11.2", respond))
    settings = Settings(credentials=Credentials(token_command=(sys.executable, "-c", "print('token-1')")))
    tokens.expire()
    ids = frozenset((Kind.CONNECTIONS, f"c{index}") for index in range(8))
    assert len(connect(site.url, settings).read(Selection(ids=ids)).bundle) == 8
