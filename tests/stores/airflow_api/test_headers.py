"""Headers of the user for what is in front of an Airflow: in each request to it, and in no message."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

import pytest

from airconn.config import Settings
from airconn.credentials import CredentialCommand, Credentials
from airconn.errors import AirconnError, TargetError, UsageError
from airconn.model import Action, Kind, Selection, Step, Text, Variable
from airconn.stores.base import Store
from airconn.stores.http.transport import merged
from tests.stores.airflow_api.conftest import airflow
from tests.stores.site import Answer, Received, Site

Serve = Callable[..., Site]
Connect = Callable[..., Store]
VARIABLES = Selection(kinds=frozenset({Kind.VARIABLES}))
ID, SECRET = "canary-id.access", "canary-secret-of-cloudflare"
CLOUDFLARE = {"Cf-Access-Client-Id": ID, "Cf-Access-Client-Secret": SECRET}
SOURCE = "AIRCONN_HEADER_CF_ACCESS_CLIENT_ID, AIRCONN_HEADER_CF_ACCESS_CLIENT_SECRET"


def guarded(version: str, respond: Callable[[Received], Answer | None] = lambda _: None) -> Callable[..., Answer]:
    """An Airflow behind Cloudflare Access: what brings no service token is redirected to its login page."""
    behind = airflow(version, respond)

    def answer(received: Received) -> Answer:
        if any(received.headers.get(name) != value for name, value in CLOUDFLARE.items()):
            return Answer(302, "", {"Location": "https://team.cloudflareaccess.com/cdn-cgi/access/login/x?kid=1"})
        return behind(received)

    return answer


def settings(**known: Any) -> Settings:
    given = {"headers": CLOUDFLARE, "header_source": SOURCE, **known}
    return Settings(credentials=Credentials(**given), retries=0, timeout=5.0)


def error_of(call: Callable[[], object]) -> AirconnError:
    with pytest.raises(AirconnError) as caught:
        call()
    assert "canary" not in f"{caught.value} {caught.value.hint} {caught.value!r}"
    return caught.value


@pytest.mark.parametrize("version", ["2.11.2", "3.3.2"])
@pytest.mark.parametrize(
    "login", [{}, {"token": "t"}, {"username": "ann", "password": "p"}], ids=["none", "token", "password"]
)
def test_every_request_has_them_the_first_one_and_the_login_too(
    version: str, login: dict[str, str], serve: Serve, connect: Connect
) -> None:
    site = serve(guarded(version, lambda received: Answer(201, {}) if received.method == "PATCH" else None))
    store = connect(site.url, settings(**login))
    store.read(Selection())
    step = Step(Kind.VARIABLES, "k", Action.CREATE, Variable(key="k", value=Text("v")))
    list(store.apply([step]))
    store.close()
    assert len(site.log) > 3
    for received in site.log:
        assert {name: received.headers[name] for name in CLOUDFLARE} == CLOUDFLARE
    paths = {received.path for received in site.log}
    if login.get("username"):
        assert {"/auth/token", "/login/"} & paths


def test_without_them_the_login_page_in_front_says_which_variables_there_are(serve: Serve, connect: Connect) -> None:
    error = error_of(lambda: connect(serve(guarded("3.3.2")).url, Settings()).read(VARIABLES))
    assert "login page at https://team.cloudflareaccess.com" in error.message
    assert "AIRCONN_HEADER_<NAME>" in (error.hint or "")


def test_the_cookies_of_a_session_and_those_of_the_user_are_one_header(serve: Serve) -> None:
    sent = {"Accept": "x", "Cookie": "session=ours; _csrf=1"}
    both = merged(sent, {"Cookie": "_oauth2_proxy=canary; session=theirs", "User-Agent": "mine"})
    assert both == {"Accept": "x", "User-Agent": "mine", "Cookie": "_oauth2_proxy=canary; session=ours; _csrf=1"}
    assert merged({"User-Agent": "a", "A": "b"}, {"user-agent": "mine"}) == {"A": "b", "user-agent": "mine"}
    assert merged({"A": "b"}, {"cookie": "c=d"}) == {"A": "b", "cookie": "c=d"}
    assert merged({"A": "b"}, {}) == {"A": "b"}


@pytest.mark.parametrize("version", ["2.11.2", "3.3.2"])
def test_an_authorization_is_the_login_and_is_sent_as_it_is(version: str, serve: Serve, connect: Connect) -> None:
    """A service account's key at Astronomer Private Cloud has no `Bearer` before it."""

    def respond(received: Received) -> Answer | None:
        return None if received.headers.get("Authorization") == "canary-bare-key" else Answer(401, {"detail": "no"})

    site = serve(airflow(version, respond))
    known = {"headers": {"Authorization": "canary-bare-key"}, "source": "AIRCONN_HEADER_AUTHORIZATION"}
    connect(site.url, settings(**known)).read(VARIABLES)
    known["headers"] = {"Authorization": "canary-wrong"}
    error = error_of(
        lambda: connect(site.url, settings(**{**known, "header_source": known["source"]})).read(VARIABLES)
    )
    assert "refuses the credentials" in error.message
    assert error.hint == "the credentials come from AIRCONN_HEADER_AUTHORIZATION (airconn help login)"


def test_headers_alone_that_are_not_enough_are_told(serve: Serve, connect: Connect) -> None:
    def respond(received: Received) -> Answer | None:
        return None if "version" in received.path else Answer(401, {"detail": "Not authenticated"})

    error = error_of(lambda: connect(serve(guarded("3.3.2", respond)).url, settings()).read(VARIABLES))
    assert error.message == f"it needs more credentials than those in {SOURCE}, or refuses them"


def test_an_error_that_echoes_a_header_is_not_shown(serve: Serve, connect: Connect) -> None:
    def respond(received: Received) -> Answer | None:
        seen = str(received.headers)
        return None if "version" in received.path else Answer(400, {"detail": f"bad request: {seen}"})

    error = error_of(lambda: connect(serve(guarded("3.3.2", respond)).url, settings(token="t")).read(VARIABLES))
    assert error.message == "GET /api/v2/variables answers with status 400"


@pytest.mark.parametrize("part", [SECRET[:12], "Basic", "c2VjcmV0", SECRET])
def test_not_even_a_part_of_one_is_shown(part: str, serve: Serve, connect: Connect) -> None:
    def respond(received: Received) -> Answer | None:
        return None if "version" in received.path else Answer(400, {"detail": f"not {part}"})

    known = {"headers": {"Proxy-Authorization": "Basic c2VjcmV0", "Cookie": f"a={SECRET}"}}
    error = error_of(lambda: connect(serve(airflow("3.3.2", respond)).url, settings(**known)).read(VARIABLES))
    assert error.message == "GET /api/v2/variables answers with status 400"


def command(printed: str, field: str = "headers", header: str = "Cf-Access-Client-Secret") -> CredentialCommand:
    return CredentialCommand(field, header, (sys.executable, "-c", printed), f"header {header!r} of @prod")


def test_commands_are_run_once_before_the_first_request_and_not_before(
    serve: Serve, connect: Connect, tmp_path: Any
) -> None:
    count = tmp_path / "count"
    script = f"open({str(count)!r}, 'a').write('x'); print({SECRET!r})"
    site = serve(guarded("3.3.2"))
    known = {"headers": {"Cf-Access-Client-Id": ID}, "commands": (command(script),)}
    store = connect(site.url, settings(**known))
    assert not count.exists()
    store.read(Selection())
    store.read(VARIABLES)
    assert count.read_text() == "x"


def test_a_password_comes_from_a_command(serve: Serve, connect: Connect) -> None:
    site = serve(airflow("3.3.2"))
    known = Credentials(username="ann", commands=(command("print('a pass word ')", "password", ""),), source="X")
    connect(site.url, Settings(credentials=known)).read(VARIABLES)
    (login,) = site.sent("POST", "/auth/token")
    assert login.body == {"username": "ann", "password": "a pass word "}


@pytest.mark.parametrize(
    ("script", "message", "kind"),
    [
        ("import sys; print('canary'); sys.exit(3)", "failed with exit code 3", TargetError),
        ("print()", "printed no value", TargetError),
        ("print('canary\\x00')", "can't be sent as a header", UsageError),
        ("print('canary é')", "can't be sent as a header", UsageError),
    ],
)
def test_a_command_that_prints_no_header_is_told_by_its_setting(
    script: str, message: str, kind: type[AirconnError], serve: Serve, connect: Connect
) -> None:
    site = serve(guarded("3.3.2"))
    error = error_of(lambda: connect(site.url, settings(commands=(command(script),))).read(VARIABLES))
    assert isinstance(error, kind)
    assert message in error.message
    assert error.message.startswith("header 'Cf-Access-Client-Secret' of @prod")
    assert site.log == []


def test_a_proxy_does_not_get_what_is_for_the_gateway_behind_it(
    serve: Serve, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = serve(airflow("3.3.2"))
    monkeypatch.setenv("http_proxy", proxy.url)
    known = settings(headers={"Proxy-Authorization": "Bearer canary"})
    error = error_of(lambda: connect("http://airflow.example.com", known).read(VARIABLES))
    assert "the proxy would get the Proxy-Authorization" in error.message
    assert proxy.log == []
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    connect(proxy.url, known).read(VARIABLES)
    assert proxy.log[0].headers["Proxy-Authorization"] == "Bearer canary"


def test_a_command_ends_with_the_run(serve: Serve, connect: Connect) -> None:
    site = serve(guarded("3.3.2"))
    known = settings(commands=(command("import time; time.sleep(600)"),)).credentials
    began = time.monotonic()
    late = Settings(credentials=known, deadline=began + 0.5)
    error = error_of(lambda: connect(site.url, late).read(VARIABLES))
    assert error.message == "the deadline has passed"
    assert time.monotonic() - began < 120
    assert site.log == []


def counting(path: Any, ends: int = 99) -> CredentialCommand:
    """Prints `key-0`, `key-1` and so on, up to `ends`."""
    script = (
        f"import pathlib; p = pathlib.Path({str(path)!r}); n = int(p.read_text()) if p.exists() else 0; "
        f"p.write_text(str(n + 1)); print(f'canary-key-{{min(n, {ends})}}')"
    )
    return command(script, header="X-Key")


@pytest.mark.parametrize("status", [401, 302])
@pytest.mark.parametrize("version", ["2.11.2", "3.3.2"])
def test_a_header_that_expires_in_mid_run_is_renewed_by_its_command(
    version: str, status: int, serve: Serve, connect: Connect, tmp_path: Any
) -> None:
    current = ["canary-key-0"]
    behind = airflow(version, lambda received: Answer(201, {}) if received.method == "POST" else None)

    def answer(received: Received) -> Answer:
        if received.headers["X-Key"] == current[0]:
            return behind(received)
        return Answer(status, "", {"Location": "https://sso.example.com/login"} if status == 302 else {})

    site = serve(answer)
    known = Credentials(token="t", source="X", commands=(counting(tmp_path / "n"),))
    store = connect(site.url, Settings(credentials=known, retries=0))
    store.read(Selection())
    current[0] = "canary-key-1"
    store.read(VARIABLES)
    step = Step(Kind.VARIABLES, "k", Action.CREATE, Variable(key="k", value=Text("v")))
    current[0] = "canary-key-2"
    (outcome,) = store.apply([step])
    assert outcome.error is None
    assert (tmp_path / "n").read_text() == "3"


def test_a_command_that_prints_the_same_header_again_is_not_run_for_ever(
    serve: Serve, connect: Connect, tmp_path: Any
) -> None:
    is_open = [True]
    behind = airflow("3.3.2")
    site = serve(lambda received: behind(received) if is_open[0] else Answer(401, {"detail": "no"}))
    known = Credentials(token="t", source="X", commands=(counting(tmp_path / "n", ends=0),))
    store = connect(site.url, Settings(credentials=known, retries=0))
    store.read(VARIABLES)
    is_open[0] = False
    for _ in range(3):
        error = error_of(lambda: store.read(VARIABLES))
        assert error.message == "it no longer accepts the credentials"
    assert (tmp_path / "n").read_text() == "2"
