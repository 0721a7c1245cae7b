"""The session of Airflow 2 that spares it the verification of the password in each request."""

from __future__ import annotations

import threading
import time
from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import pytest

from airconn.config import Settings
from airconn.credentials import Credentials
from airconn.errors import TargetError
from airconn.model import Action, AirflowObject, Kind, Selection, Step, Text, Variable
from airconn.stores.base import Store
from airconn.stores.http.messages import Request
from tests.stores.airflow_api.conftest import PASSWORD, airflow, session_of, with_password, with_token
from tests.stores.site import Answer, Received, Site

Serve = Callable[..., Site]
Connect = Callable[..., Store]
VARIABLES = Selection(kinds=frozenset({Kind.VARIABLES}))
FORM = """<form><input id="timezone-other"></form>
<form class="form" action="" method="post" name="login">
<input id="csrf_token" name="csrf_token" type="hidden" value="a-csrf-token">
<input autofocus id="username" name="username" required size="80" type="text" value="">
<input id="password" name="password" required size="80" type="password" value="">
<input class="btn" type="submit" value="Sign In"></form>"""
OPENID = """<form action="" method="post" name="login"><input name="csrf_token" type="hidden" value="t">
<input name="openid" type="text"><input name="remember_me" type="checkbox"></form>"""
PAGE_COOKIE = "session=page-0; HttpOnly; Path=/; SameSite=Lax"


@dataclass
class Fab:
    """An Airflow 2 with FAB: the password opens sessions, and either of them the API."""

    page: Answer = field(default_factory=lambda: Answer(body=FORM, headers={"Set-Cookie": PAGE_COOKIE}))
    refusal: Answer | None = None
    """What it answers to the form, in place of opening a session."""
    ended: Answer = field(default_factory=lambda: Answer(403, {"title": "Forbidden", "detail": None}))
    attributes: str = "; HttpOnly; Path=/; SameSite=Lax"
    prefix: str = ""
    logout: str = "POST"
    forbidden: str = "\0"
    logins: int = 0
    sessions: set[str] = field(default_factory=set)
    forms: list[Received] = field(default_factory=list)
    used: list[str] = field(default_factory=list)
    """How each request to the API said who sent it."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, received: Received) -> Answer | None:
        with self.lock:
            path = received.path.removeprefix(self.prefix)
            if path == "/login/":
                return self.log_in(received)
            if path == "/logout/":
                return self.log_out(received)
            return None if path.endswith("/version") else self.check(received, path)

    def log_in(self, received: Received) -> Answer:
        if received.method == "GET":
            known = self.cookie(received) in self.sessions
            return Answer(302, "", {"Location": f"{self.prefix}/"}) if known else self.page
        self.forms.append(received)
        self.logins += 1
        if self.refusal:
            return self.refusal
        form = dict(parse_qsl(received.body))
        if self.cookie(received) != "page-0" or form.get("csrf_token") != "a-csrf-token":
            return Answer(400, "<html>The CSRF token is missing.</html>")
        if (form.get("username"), form.get("password")) != ("ann", PASSWORD):
            return Answer(302, "", {"Location": "/login/?next=%2Fhome", "Set-Cookie": "session=page-1"})
        name = f"opened-{self.logins}-cookie"
        self.sessions.add(name)
        return Answer(302, "", {"Location": f"{self.prefix}/home", "Set-Cookie": f"session={name}{self.attributes}"})

    def log_out(self, received: Received) -> Answer:
        if received.method != self.logout:
            return Answer(405, "<html>Airflow 405</html>")
        if received.method == "POST" and dict(parse_qsl(received.body)) != {"csrf_token": "a-csrf-token"}:
            return Answer(400, "")
        self.sessions.discard(self.cookie(received))
        return Answer(302, "", {"Location": "/"})

    def check(self, received: Received, path: str) -> Answer | None:
        scheme, _, pair = (received.headers.get("Authorization") or "").partition(" ")
        cookie = self.cookie(received)
        self.used.append("cookie" if cookie else scheme.lower())
        if cookie in self.sessions or (scheme == "Basic" and b64decode(pair).decode() == f"ann:{PASSWORD}"):
            return Answer(403, {"title": "Forbidden", "detail": None}) if self.forbidden in path else None
        return self.ended

    def end_sessions(self) -> None:
        with self.lock:
            self.sessions.clear()

    @staticmethod
    def cookie(received: Received) -> str:
        pairs = dict(pair.partition("=")[::2] for pair in (received.headers.get("Cookie") or "").split("; "))
        return pairs.get("session", "")


def read_often(store: Store, times: int = 3) -> None:
    for _ in range(times):
        store.read(VARIABLES)


def connection_named(id_: str, received: Received) -> Answer | None:
    path = received.path.endswith(f"/connections/{id_}")
    return Answer(body={"connection_id": id_, "conn_type": "t", "extra": None}) if path else None


def with_connections(fab: Fab) -> Callable[[Received], Answer | None]:
    """Every connection is there."""

    def respond(received: Received) -> Answer | None:
        refused = fab(received)
        if refused is not None or "/connections/" not in received.path:
            return refused
        return connection_named(received.path.rpartition("/")[2], received)

    return respond


def ids(number: int) -> Selection:
    return Selection(ids=frozenset((Kind.CONNECTIONS, f"c{index}") for index in range(number)))


def create(key: str) -> Step:
    wanted: AirflowObject = Variable(key=key, value=Text("v"))
    return Step(Kind.VARIABLES, key, Action.CREATE, wanted)


@pytest.mark.parametrize("version", ["2.7.3", "2.11.2"])
def test_the_password_is_verified_once_by_itself_and_once_for_the_session(
    version: str, serve: Serve, connect: Connect
) -> None:
    fab = Fab()
    store = connect(serve(airflow(version, with_connections(fab))).url, with_password())
    assert len(store.read(ids(40)).bundle) == 40
    assert fab.used == ["basic"] + ["cookie"] * 39
    assert fab.logins == 1


def test_what_needs_one_request_opens_no_session(serve: Serve, connect: Connect) -> None:
    fab = Fab()
    site = serve(airflow("2.11.2", fab))
    store = connect(site.url, with_password())
    store.read(VARIABLES)
    store.close()
    assert fab.used == ["basic"]
    assert not [received for received in site.log if "log" in received.path]


def test_writes_go_with_the_session(serve: Serve, connect: Connect) -> None:
    fab = Fab()

    def respond(received: Received) -> Answer | None:
        return fab(received) or (Answer(200, {}) if received.method == "POST" else None)

    store = connect(serve(airflow("2.11.2", respond)).url, with_password())
    read_often(store)
    assert [outcome.error for outcome in store.apply([create("k"), create("l")])] == [None, None]
    assert set(fab.used[1:]) == {"cookie"}


def test_the_form_comes_from_its_page_with_the_cookies_of_the_page(serve: Serve, connect: Connect) -> None:
    fab = Fab()
    site = serve(airflow("2.11.2", fab))
    read_often(connect(site.url, with_password()))
    (form,) = fab.forms
    assert form.headers["Referer"] == f"{site.url}/login/"
    assert form.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert "Authorization" not in form.headers
    assert fab.cookie(form) == "page-0"


def test_an_airflow_below_a_path(serve: Serve, connect: Connect) -> None:
    fab = Fab(prefix="/deployments/a")
    inner = airflow("2.11.2", fab)

    def respond(received: Received) -> Answer:
        assert received.path.startswith("/deployments/a/")
        bare = received.path.removeprefix("/deployments/a")
        return inner(Received(received.method, bare, received.query, received.headers, received.body))

    store = connect(serve(respond).url + "/deployments/a", with_password())
    read_often(store)
    store.close()
    assert fab.used == ["basic", "cookie", "cookie"]
    assert not fab.sessions


def test_the_cookie_of_a_load_balancer_stays(serve: Serve, connect: Connect) -> None:
    fab = Fab(page=Answer(body=FORM, headers={"Set-Cookie": "node=7"}))
    site = serve(airflow("2.11.2", fab))
    fab.refusal = Answer(302, "", {"Location": "/home", "Set-Cookie": "session=opened"})
    fab.sessions.add("opened")
    read_often(connect(site.url, with_password()))
    assert site.log[-1].headers["Cookie"] == "node=7; session=opened"


@pytest.mark.parametrize("version", ["2.7.3", "2.11.2", "3.3.2"])
def test_a_token_opens_no_session(version: str, serve: Serve, connect: Connect) -> None:
    site = serve(airflow(version))
    store = connect(site.url, with_token())
    read_often(store)
    store.close()
    assert not [received for received in site.log if "log" in received.path]


def test_airflow_3_is_asked_for_a_token_and_for_no_session(serve: Serve, connect: Connect) -> None:
    site = serve(airflow("3.3.2"))
    read_often(connect(site.url, with_password()))
    assert not [received for received in site.log if "log" in received.path]


NO_FORMS = {
    "nothing": Answer(404, "<html>Airflow 404</html>"),
    "a failure": Answer(500, "<html>Ooops</html>"),
    "a redirect": Answer(302, "", {"Location": "https://sso.example/login", "Set-Cookie": PAGE_COOKIE}),
    "no page": Answer(body={"login": FORM}, headers={"Set-Cookie": PAGE_COOKIE}),
    "OpenID": Answer(body=OPENID, headers={"Set-Cookie": PAGE_COOKIE}),
    "OAuth": Answer(body='<a href="/login/google">google</a>', headers={"Set-Cookie": PAGE_COOKIE}),
    "no cookie": Answer(body=FORM),
    "a broken connection": Answer(fate="reset"),
    "a page that breaks off": Answer(body=FORM, headers={"Set-Cookie": PAGE_COOKIE}, fate="cut"),
    "a redirect to no URL": Answer(302, "", {"Location": "https://[x]/", "Set-Cookie": PAGE_COOKIE}),
    "markup that html.parser fails on": Answer(body=f"<![foo[{FORM}", headers={"Set-Cookie": PAGE_COOKIE}),
}
for _what, _old, _new in (
    ("a form for another place", 'action=""', 'action="https://sso.example/"'),
    ("a form for another page", 'action=""', 'action="/signin"'),
    ("a form for no URL", 'action=""', 'action="https://[x]/"'),
    ("a form for another port", 'action=""', 'action="//127.0.0.1:1/login/"'),
    ("a form with a second factor", "<input class", '<input name="otp"><input class'),
    ("a form with a choice", "<input class", '<select name="realm"></select><input class'),
    ("a form without a CSRF token", 'name="csrf_token"', 'name="other"'),
    ("an empty CSRF token", "a-csrf-token", ""),
    ("a form that shows the password in the address", 'method="post"', 'method="get"'),
    ("a form that shows the password", 'type="password"', 'type="text"'),
    ("two forms", "</form>\n", f"</form>\n{FORM}"),
):
    NO_FORMS[_what] = Answer(body=FORM.replace(_old, _new), headers={"Set-Cookie": PAGE_COOKIE})


@pytest.mark.parametrize("what", NO_FORMS)
def test_the_password_is_sent_to_no_page_but_the_one_of_fab(what: str, serve: Serve, connect: Connect) -> None:
    fab = Fab(page=NO_FORMS[what])
    site = serve(airflow("2.11.2", fab))
    read_often(connect(site.url, with_password()), 5)
    assert fab.used == ["basic"] * 5
    assert not fab.forms
    assert len(site.sent("GET", "/login/")) == 1


@pytest.mark.parametrize("attributes", ["; Secure", "; HttpOnly;secure;Path=/"])
def test_a_secure_cookie_is_not_sent_in_clear_to_another_machine(
    attributes: str, serve: Serve, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    fab = Fab(page=Answer(body=FORM, headers={"Set-Cookie": f"session=page-0{attributes}"}))
    site = serve(airflow("2.11.2", fab))
    monkeypatch.setenv("http_proxy", site.url)
    read_often(connect("http://airflow.example", with_password()))
    assert fab.used == ["basic"] * 3
    assert not fab.forms


def test_a_secure_cookie_is_sent_to_this_machine(serve: Serve, connect: Connect) -> None:
    fab = Fab(attributes="; Secure; Path=/")
    read_often(connect(serve(airflow("2.11.2", fab)).url, with_password()))
    assert fab.used == ["basic", "cookie", "cookie"]


@pytest.mark.parametrize(
    "refusal",
    [
        Answer(429, "<html>5 per 40 second</html>", {"Retry-After": "40"}),
        Answer(302, "", {"Location": "/login/?next=%2Fhome", "Set-Cookie": "session=page-1"}),
        Answer(302, "", {"Location": "/home"}),
        Answer(302, "", {"Location": "/home", "Set-Cookie": "session=page-0"}),
        Answer(302, "", {"Location": "https://[x]/", "Set-Cookie": "session=page-1"}),
        Answer(302, "", {"Location": "/home", "Set-Cookie": "session=; Max-Age=0"}),
        Answer(200, FORM, {"Set-Cookie": "session=page-1"}),
        Answer(400, "<html>The CSRF tokens do not match.</html>"),
        Answer(503, "<html>Busy</html>", {"Retry-After": "1"}),
        Answer(fate="reset"),
        Answer(fate="stall"),
    ],
    ids=str,
)
def test_where_no_session_is_opened_each_request_has_the_password(
    refusal: Answer, serve: Serve, connect: Connect
) -> None:
    fab = Fab(refusal=refusal)
    read_often(connect(serve(airflow("2.11.2", fab)).url, with_password(retries=3)), 5)
    assert fab.used == ["basic"] * 5
    assert fab.logins == 1


def test_a_login_page_that_hangs_costs_one_time_out(serve: Serve, connect: Connect) -> None:
    fab = Fab(page=Answer(fate="stall"))
    site = serve(airflow("2.11.2", fab))
    read_often(connect(site.url, with_password(timeout=0.3, retries=3)))
    assert fab.used == ["basic"] * 3
    assert len(site.sent("GET", "/login/")) == 1


@pytest.mark.parametrize("status", [401, 403])
def test_a_wrong_password_is_tried_once_by_threads_that_begin_together(
    status: int, serve: Serve, connect: Connect
) -> None:
    fab = Fab(ended=Answer(status, {"title": "no", "detail": None}))

    def respond(received: Received) -> Answer | None:
        time.sleep(0.3)  # until all of them are at the door
        return fab(received)

    site = serve(airflow("2.11.2", respond))
    known = Credentials(username="ann", password="wrong", source="AIRCONN_USERNAME and AIRCONN_PASSWORD")
    session = session_of("2.11.2", site.url, Settings(credentials=known))
    start = threading.Barrier(4)
    seen: list[Any] = []

    def read() -> None:
        start.wait()
        try:
            session.get(Request("GET", "/api/v1/connections/x"), Kind.CONNECTIONS)
        except TargetError as error:
            seen.append((error.message, error.hint))

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    session.close()
    words = "it refuses the credentials" + (", or they may not read connections" if status == 403 else "")
    hint = "the credentials come from AIRCONN_USERNAME and AIRCONN_PASSWORD (airconn help login)"
    assert seen == [(words, hint)] * 4
    assert fab.used == ["basic"]
    assert fab.logins == 0


def test_who_was_turned_away_may_ask_for_something_else(serve: Serve) -> None:
    fab = Fab(forbidden="/pools")
    session = session_of("2.11.2", serve(airflow("2.11.2", fab)).url, with_password())
    assert [session.send(Request("GET", f"/api/v1/{kind}")).status for kind in ("pools", "variables")] == [403, 200]
    session.close()


ENDED = [Answer(401, {"title": "Unauthorized"}), Answer(403, {"title": "Forbidden"})]
ENDED.append(Answer(302, "", {"Location": "/logout/"}))


@pytest.mark.parametrize("ended", ENDED, ids=str)
def test_a_session_that_ends_in_mid_run_is_followed_by_another(ended: Answer, serve: Serve, connect: Connect) -> None:
    fab = Fab(ended=ended)
    store = connect(serve(airflow("2.11.2", fab)).url, with_password())
    read_often(store, 20)
    fab.end_sessions()
    read_often(store, 20)
    assert fab.used == ["basic"] + ["cookie"] * 40
    assert fab.logins == 2


def test_a_write_is_repeated_after_that_since_it_was_not_carried_out(serve: Serve, connect: Connect) -> None:
    fab = Fab()

    def respond(received: Received) -> Answer | None:
        if received.method == "POST" and received.path.endswith("/variables"):
            if fab.logins == 1:
                fab.end_sessions()
            return fab(received) or Answer(200, {"key": "k"})
        return fab(received)

    site = serve(airflow("2.11.2", respond))
    store = connect(site.url, with_password())
    read_often(store, 20)
    (outcome,) = store.apply([create("k")])
    assert outcome.error is None
    assert len(site.sent("POST", "/variables")) == 2


def test_sessions_that_end_at_once_are_given_up(serve: Serve, connect: Connect) -> None:
    """As behind a load balancer over webservers that have a `secret_key` each."""
    fab = Fab()
    store = connect(serve(airflow("2.11.2", fab)).url, with_password())
    for _ in range(8):
        read_often(store, 2)
        fab.end_sessions()
    assert fab.used == ["basic", "cookie", "cookie"] + ["basic"] * 14
    assert fab.logins == 1


def test_a_session_that_can_not_be_renewed_gives_way_to_the_password(serve: Serve, connect: Connect) -> None:
    fab = Fab()
    store = connect(serve(airflow("2.11.2", fab)).url, with_password())
    read_often(store, 20)
    fab.end_sessions()
    fab.refusal = Answer(429, "")
    read_often(store, 3)
    assert fab.used[-4:] == ["cookie", "basic", "basic", "basic"]
    assert fab.logins == 2


def test_a_password_that_is_changed_in_mid_run_is_tried_once_more(serve: Serve, connect: Connect) -> None:
    fab = Fab(ended=Answer(401, {"title": "Unauthorized", "detail": None}))
    changed = False

    def respond(received: Received) -> Answer | None:
        if changed and "Authorization" in received.headers:
            fab.used.append("basic")
            return fab.ended
        return fab(received)

    store = connect(serve(airflow("2.11.2", respond)).url, with_password())
    read_often(store, 20)
    fab.end_sessions()
    changed, fab.refusal = True, Answer(302, "", {"Location": "/login/", "Set-Cookie": "session=page-1"})
    with pytest.raises(TargetError, match="the credentials"):
        store.read(VARIABLES)
    assert fab.logins == 2
    assert fab.used[-2:] == ["cookie", "basic"]


def test_what_one_may_not_do_is_no_reason_to_log_in_again(serve: Serve, connect: Connect) -> None:
    fab = Fab(forbidden="/pools")
    store = connect(serve(airflow("2.11.2", fab)).url, with_password())
    read_often(store, 20)
    for _ in range(3):
        with pytest.raises(TargetError, match="these credentials may not read pools"):
            store.read(Selection(kinds=frozenset({Kind.POOLS})))
    read_often(store)
    assert fab.logins == 1
    assert set(fab.used[1:]) == {"cookie"}


def test_threads_share_one_session_and_renew_it_once(serve: Serve, connect: Connect) -> None:
    fab = Fab()
    store = connect(serve(airflow("2.11.2", with_connections(fab))).url, with_password())
    assert len(store.read(ids(40)).bundle) == 40
    fab.end_sessions()
    assert len(store.read(ids(40)).bundle) == 40
    assert fab.logins == 2
    assert fab.used.count("basic") == 1


@pytest.mark.parametrize("method", ["POST", "GET"])
def test_the_session_is_ended_at_the_end(method: str, serve: Serve, connect: Connect) -> None:
    fab = Fab(logout=method)
    site = serve(airflow("2.11.2", fab))
    store = connect(site.url, with_password())
    read_often(store)
    assert len(fab.sessions) == 1
    store.close()
    assert not fab.sessions
    store.close()
    assert len(site.sent("POST", "/logout/")) == 1


@pytest.mark.parametrize("fate", ["reset", "stall", "cut", ""])
def test_an_end_that_fails_is_no_failure(fate: str, serve: Serve, connect: Connect) -> None:
    fab = Fab()

    def respond(received: Received) -> Answer | None:
        return Answer(500, "", fate=fate) if received.path == "/logout/" else fab(received)

    site = serve(airflow("2.11.2", respond))
    store = connect(site.url, with_password(timeout=0.5))
    read_often(store)
    store.close()
    assert len(site.sent("POST", "/logout/")) == 1


def test_a_cookie_stands_in_no_message(serve: Serve, connect: Connect) -> None:
    fab = Fab()

    def respond(received: Received) -> Answer | None:
        refused = fab(received)
        if refused is None and received.method == "POST":
            return Answer(400, {"title": "Bad Request", "detail": f"no: {received.headers['Cookie']}"})
        return refused

    store = connect(serve(airflow("2.11.2", respond)).url, with_password())
    read_often(store)
    (outcome,) = store.apply([create("k")])
    assert outcome.error
    assert "400" in outcome.error
    assert "opened-1-cookie" not in outcome.error


def test_a_session_shows_no_cookie_in_its_repr(serve: Serve) -> None:
    session = session_of("2.11.2", serve(airflow("2.11.2", Fab())).url, with_password())
    for _ in range(3):
        session.send(Request("GET", "/api/v1/variables"))
    assert "opened-1-cookie" in session.auth.secrets()
    (way,) = session.auth._ways.values()
    assert "opened" not in f"{vars(session)} {vars(session.auth)} {vars(way)['_session']!r}"
    session.close()
    assert "opened-1-cookie" not in session.auth.secrets()
