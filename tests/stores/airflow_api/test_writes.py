"""What is sent to write something, and what becomes of it when the answer is lost. The contract has real servers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from threading import Lock
from time import sleep
from typing import Any

import pytest

from airconn.errors import TargetError
from airconn.model import REDACTED, Action, Bundle, Connection, Kind, Pool, Selection, Step, Text, Variable
from airconn.plan import Policy, make_plan
from airconn.stores.airflow_api.writes import ApiWriter
from airconn.stores.base import DEFAULT_CONTEXT, Context, Store
from tests.stores.airflow_api.conftest import airflow, with_password, with_token
from tests.stores.contract import decoy, do, rules_of, step
from tests.stores.site import Answer, Received, Site

Serve = Callable[..., Site]
Connect = Callable[..., Store]
SECRET = "hunter2/secret+word"
VARIABLE = Variable(key="k", value=Text(SECRET), description="d")
CONNECTION = Connection(conn_id="c", conn_type="t", host="h", password=SECRET, extra=Text('{"a": 1}'))


class Place:
    """An Airflow that holds variables, and in which a test spoils the first answers to a method."""

    def __init__(self, **spoiled: list[tuple[bool, Answer]]) -> None:
        self.held: dict[str, dict[str, Any]] = {}
        self.spoiled = spoiled
        """By method: whether the request is carried out, and what is answered then."""

    def __call__(self, received: Received) -> Answer | None:
        if "/variables" not in received.path:
            return None
        carried_out, spoiled = True, None
        if self.spoiled.get(received.method):
            carried_out, spoiled = self.spoiled[received.method].pop(0)
        answer = self.answer(received) if carried_out else None
        return spoiled or answer

    def answer(self, received: Received) -> Answer | None:
        key = received.path.rpartition("/")[2]
        if received.method == "POST":
            if received.body["key"] in self.held:
                return Answer(409, {"detail": f"exists, and you sent {SECRET}"})
            self.held[received.body["key"]] = {"description": None, **received.body, "is_encrypted": True}
            return Answer(201, {})
        if key in self.held:
            if received.method == "DELETE":
                del self.held[key]
                return Answer(204, "")
            return Answer(body=self.held[key])
        return Answer(404, {"detail": "The Variable with key: `k` was not found"}) if key == "k" else None


def lost(*, done: bool) -> tuple[bool, Answer]:
    return done, Answer(fate="reset")


def only_error(store: Store, wanted: Step, context: Context = DEFAULT_CONTEXT) -> str | None:
    (outcome,) = store.apply([wanted], context)
    assert SECRET not in (outcome.error or "")
    return outcome.error


def test_a_lost_answer_to_a_create_that_was_done_is_no_error(serve: Serve, connect: Connect) -> None:
    place = Place(POST=[lost(done=True)])
    site = serve(airflow("3.3.2", place))
    assert only_error(connect(site.url), step(Action.CREATE, VARIABLE)) is None
    assert len(site.sent("POST")) == 1


def test_a_create_that_did_not_arrive_is_sent_once_more(serve: Serve, connect: Connect) -> None:
    place = Place(POST=[lost(done=False)])
    site = serve(airflow("3.3.2", place))
    assert only_error(connect(site.url), step(Action.CREATE, VARIABLE)) is None
    assert len(site.sent("POST")) == 2
    assert place.held["k"]["value"] == SECRET


def test_a_create_that_never_arrives_is_an_error(serve: Serve, connect: Connect) -> None:
    site = serve(airflow("3.3.2", Place(POST=[lost(done=False)] * 9)))
    assert "broke" in (only_error(connect(site.url), step(Action.CREATE, VARIABLE)) or "")
    assert len(site.sent("POST")) == 2


def test_a_create_that_arrived_late_is_no_error(serve: Serve, connect: Connect) -> None:
    """The first one is carried out after we have looked for it, so that the second one meets it."""
    place = Place(POST=[lost(done=False)])
    place.spoiled["GET"] = [(True, Answer(404, {"detail": "The Variable with key: `k` was not found"}))]
    site = serve(airflow("3.3.2", place))
    store = connect(site.url, with_token())
    place.held["k"] = {"key": "k", "value": SECRET, "description": "d", "is_encrypted": True}
    store.read(Selection(kinds=frozenset({Kind.POOLS})))
    assert only_error(store, step(Action.CREATE, VARIABLE)) is None


def test_a_lost_answer_and_an_object_with_other_values_is_an_error(serve: Serve, connect: Connect) -> None:
    place = Place(POST=[lost(done=False)])
    place.held["k"] = {"key": "k", "value": "other", "description": None, "is_encrypted": True}
    error = only_error(connect(serve(airflow("3.3.2", place)).url), step(Action.CREATE, VARIABLE))
    assert error == "the answer was lost, and one with other values exists now"
    assert place.held["k"]["value"] == "other"


def test_a_lost_answer_to_a_delete(serve: Serve, connect: Connect) -> None:
    for fates, expected, times in (
        ([True], None, 1),
        ([False], None, 2),
        ([False, True], None, 2),
        ([False] * 2, "broke", 2),
    ):
        place = Place(DELETE=[lost(done=fate) for fate in fates])
        place.held["k"] = {"key": "k", "value": "x", "description": None, "is_encrypted": True}
        site = serve(airflow("3.3.2", place))
        error = only_error(connect(site.url), step(Action.DELETE, None, VARIABLE))
        assert (error is None) if expected is None else (expected in (error or ""))
        assert len(site.sent("DELETE")) == times


@pytest.mark.parametrize(
    "answer",
    [Answer(200, "<html>Welcome to nginx!</html>"), Answer(404, "<html>Not Found</html>"), Answer(200, {})],
    ids=["page", "no such page", "JSON"],
)
def test_a_delete_that_somebody_else_answers_is_no_success(answer: Answer, serve: Serve, connect: Connect) -> None:
    place = Place(DELETE=[(False, answer)])
    place.held["k"] = {"key": "k", "value": "x", "description": None, "is_encrypted": True}
    assert only_error(connect(serve(airflow("3.3.2", place)).url), step(Action.DELETE, None, VARIABLE))
    assert place.held


@pytest.mark.parametrize("status", [502, 503, 504])
@pytest.mark.parametrize("done", [True, False])
def test_a_gateway_that_gives_up_on_a_delete_leaves_it_to_be_looked_for(
    status: int, done: bool, serve: Serve, connect: Connect
) -> None:
    place = Place(DELETE=[(done, Answer(status, "<html>Bad Gateway</html>"))] * 2)
    place.held["k"] = {"key": "k", "value": "x", "description": None, "is_encrypted": True}
    error = only_error(connect(serve(airflow("3.3.2", place)).url), step(Action.DELETE, None, VARIABLE))
    assert error == (None if done else f"the server can't be reached by the gateway in front of it (status {status})")


def test_a_replace_that_fails_half_way_says_that_the_old_one_is_gone(serve: Serve, connect: Connect) -> None:
    place = Place(
        POST=[(False, Answer(422, {"detail": [{"loc": ["body", "value"], "msg": SECRET, "input": SECRET}]}))]
    )
    place.held["k"] = {"key": "k", "value": "x", "description": None, "is_encrypted": True}
    error = only_error(connect(serve(airflow("3.3.2", place)).url), step(Action.REPLACE, VARIABLE, VARIABLE))
    assert error == "it was deleted, and creating it again failed: Airflow refuses it (422): value"


def test_a_replace_whose_delete_may_have_been_done_says_so(serve: Serve, connect: Connect) -> None:
    """And it isn't sent again: if the first one comes late, it would delete what has taken its place."""
    place = Place(DELETE=[lost(done=False)])
    place.held["k"] = {"key": "k", "value": "x", "description": None, "is_encrypted": True}
    site = serve(airflow("3.3.2", place))
    error = only_error(connect(site.url), step(Action.REPLACE, VARIABLE, VARIABLE))
    assert (error or "").endswith("it may be deleted by now, and is not created again")
    assert site.sent("POST", "/variables") == []
    assert len(site.sent("DELETE")) == 1


class NoCreating:
    """An Airflow with connections and variables, in which one may delete and, after so many of a kind, not create."""

    def __init__(self, may_create: int, answer: Answer) -> None:
        self.may_create = may_create
        self.answer = answer
        self.held = {f"{kind}/{n}" for kind in ("connections", "variables") for n in range(6)}
        self.created: dict[str, int] = {}
        self.lock = Lock()

    def __call__(self, received: Received) -> Answer | None:
        kind, _, id_ = received.path.partition("/api/")[2].partition("/")[2].partition("/")
        if received.method == "DELETE":
            with self.lock:
                self.held.remove(f"{kind}/{id_}")
            return Answer(204, "")
        if received.method != "POST" or kind not in ("connections", "variables"):
            return None
        sleep(0.02)
        with self.lock:
            self.created[kind] = self.created.get(kind, 0) + 1
            if self.created[kind] > self.may_create:
                return self.answer
            self.held.add(f"{kind}/{received.body.get('connection_id') or received.body.get('key')}")
            return Answer(201, {})


def replacements() -> list[Step]:
    connections = [Connection(conn_id=str(n), conn_type="t") for n in range(6)]
    variables = [Variable(key=str(n), value=Text("x")) for n in range(6)]
    return [step(Action.REPLACE, obj, obj) for obj in (*connections, *variables)]


@pytest.mark.parametrize("version", ["2.11.2", "3.3.2"])
@pytest.mark.parametrize("answer", [Answer(403, {"detail": "Forbidden"}), Answer(fate="reset")])
def test_where_nothing_can_be_created_one_object_is_lost_and_no_other_is_begun(
    answer: Answer, version: str, serve: Serve, connect: Connect
) -> None:
    place = NoCreating(0, answer)
    site = serve(airflow(version, place))
    deletion = step(Action.DELETE, None, Variable(key="5", value=Text("x")))
    outcomes = list(connect(site.url).apply([*replacements()[:-1], deletion]))
    first, *others, last = outcomes
    assert (first.error or "").startswith("it was deleted, and creating it again failed: ")
    assert not first.untried
    assert all(outcome.untried for outcome in others)
    why = "not tried: it would be deleted first, and connections/0 could not be created again"
    assert {outcome.error for outcome in others} == {why}
    assert last.error is None  # what is to go anyway does
    assert [sent.path.rpartition("/api/")[2][3:] for sent in site.sent("DELETE")] == ["connections/0", "variables/5"]


@pytest.mark.parametrize(("version", "at_most"), [("2.11.2", 4), ("3.3.2", 1)])
def test_where_creating_ends_in_mid_run_no_more_is_lost_than_was_begun(
    version: str, at_most: int, serve: Serve, connect: Connect
) -> None:
    place = NoCreating(2, Answer(403, {"detail": "over quota"}))
    store = connect(serve(airflow(version, place)).url)
    outcomes = list(store.apply(replacements()))
    lost = [outcome for outcome in outcomes if outcome.error and not outcome.untried]
    assert 1 <= len(lost) <= at_most
    assert len(place.held) == 12 - len(lost)
    assert {f"{outcome.step.kind.value}/{outcome.step.id}" for outcome in lost}.isdisjoint(place.held)
    assert sum(outcome.untried for outcome in outcomes) == 12 - 2 - len(lost)


def test_the_first_of_each_kind_is_replaced_alone(serve: Serve, connect: Connect) -> None:
    """Who may create connections may not be allowed to create variables."""

    def respond(received: Received) -> Answer | None:
        if received.method == "POST" and received.path.endswith("/variables"):
            return Answer(403, {"detail": "Forbidden"})
        return place(received)

    place = NoCreating(6, Answer(500, ""))
    outcomes = list(connect(serve(airflow("2.11.2", respond)).url).apply(replacements()))
    assert [bool(outcome.error) for outcome in outcomes] == [False] * 6 + [True] * 6
    assert [outcome.untried for outcome in outcomes] == [False] * 7 + [True] * 5
    assert len(place.held) == 11


@pytest.mark.parametrize(("status", "untouched"), [(401, True), (403, True), (405, True), (500, False), (422, False)])
def test_what_nobody_may_delete_is_known_to_be_there(
    status: int, untouched: bool, serve: Serve, connect: Connect
) -> None:
    def respond(received: Received) -> Answer | None:
        return Answer(status, {"detail": "no"}) if received.method == "DELETE" else None

    outcomes = list(connect(serve(airflow("3.3.2", respond)).url).apply(replacements()[:2]))
    assert [outcome.untouched for outcome in outcomes] == [untouched] * 2
    assert all(outcome.error for outcome in outcomes)


def test_where_a_deletion_may_still_come_no_other_object_is_replaced(serve: Serve, connect: Connect) -> None:
    def respond(received: Received) -> Answer | None:
        if "/variables/" in received.path and received.method in ("GET", "DELETE"):
            return Answer(504, "<html>Gateway Timeout</html>")
        return None

    site = serve(airflow("2.11.2", respond))
    outcomes = list(connect(site.url, with_token(retries=0)).apply(replacements()[6:]))
    assert (outcomes[0].error or "").endswith("it may be deleted by now, and is not created again")
    why = "not tried: it would be deleted first, and it is not known whether variables/0 still is there"
    assert {outcome.error for outcome in outcomes[1:]} == {why}
    assert len(site.sent("DELETE")) == 1


def test_a_fault_of_airconn_after_the_deletion_says_that_it_was_deleted(
    serve: Serve, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError(SECRET)

    monkeypatch.setattr(ApiWriter, "_create", broken)
    store = connect(serve(airflow("3.3.2", NoCreating(9, Answer()))).url)
    error = only_error(store, replacements()[0])
    assert error == "it was deleted, and creating it again failed: a fault of airconn itself: RuntimeError"


class Vault:
    """An Airflow 3 that holds one connection, and a gateway that does with the first POST what a test says."""

    def __init__(self, *, held: dict[str, Any] | None, fate: str) -> None:
        self.held = held
        self.fate = fate
        self.patched: list[dict[str, Any]] = []

    def __call__(self, received: Received) -> Answer | None:
        if "/connections" not in received.path:
            return None
        if received.method == "POST":
            return self.create(received.body)
        if received.method == "PATCH":
            self.patched.append(received.body)
            assert self.held is not None
            self.held |= {name: received.body[name] for key, name in received.query if key == "update_mask"}
            return Answer(200, {})
        if received.path.endswith("/c"):
            shown = self.held and {**self.held, "password": "***" if self.held["password"] else None}
            return (
                Answer(body=shown) if shown else Answer(404, {"detail": "The Connection with ID: `c` was not found"})
            )
        return None

    def create(self, body: dict[str, Any]) -> Answer:
        if self.held is not None and not self.fate:
            return Answer(409, {"detail": "exists"})
        fate, self.fate = self.fate, ""
        if fate in ("done, lost", "sent twice"):
            empty = dict.fromkeys(("description", "host", "login", "schema", "port", "extra", "password"))
            self.held = {**empty, **body}
        return Answer(409, {"detail": "exists"}) if fate == "sent twice" else Answer(fate="reset")


THEIRS = {
    "connection_id": "c", "conn_type": "t", "description": None, "host": "h", "login": None, "schema": None,
    "port": None, "extra": '{"a": 1}', "password": "theirs",
}  # fmt: skip


@pytest.mark.parametrize(
    ("fate", "held", "whole", "error", "password"),
    [
        ("done, lost", None, False, None, SECRET),
        ("done, lost", None, True, None, SECRET),
        ("sent twice", None, False, None, SECRET),
        ("not done, lost", THEIRS, False, None, SECRET),
        ("", THEIRS, False, None, SECRET),
        ("", {**THEIRS, "password": None}, False, None, SECRET),
        ("", THEIRS, True, "one with this id exists already", "theirs"),
        ("", {**THEIRS, "host": "other"}, False, "one with this id exists already", "theirs"),
        ("", {**THEIRS, "extra": '{"a": 1, "token": "***"}'}, False, "one with this id exists already", "theirs"),
        ("not done, lost", {**THEIRS, "extra": '{"a": 1, "token": "***"}'}, False, "the answer was lost", "theirs"),
        ("not done, lost", {**THEIRS, "host": "other"}, False, "the answer was lost, and one with other", "theirs"),
    ],
)
def test_what_is_not_shown_of_an_object_that_is_there_after_all_is_written_once_more(
    fate: str, held: dict[str, Any] | None, whole: bool, error: str | None, password: str,
    serve: Serve, connect: Connect,
) -> None:  # fmt: skip
    """Nobody knows whose it is: ours, sent twice by a gateway, or that of another run with another password."""
    vault = Vault(held=dict(held) if held else None, fate=fate)
    store = connect(serve(airflow("3.3.2", vault)).url)
    told = only_error(store, step(Action.CREATE, CONNECTION), Context(whole=whole))
    assert (told or "").startswith(error or "")
    assert (told is None) is (error is None)
    assert vault.held is not None
    assert vault.held["password"] == password
    assert all(body.keys() >= {"password"} for body in vault.patched)


@pytest.mark.parametrize("fate", ["", "not done, lost"])
@pytest.mark.parametrize("source", [REDACTED, None])
def test_a_connection_without_a_password_is_not_one_that_has_one(
    fate: str, source: Any, serve: Serve, connect: Connect
) -> None:
    """Airflow 3 tells whether there is one. A source in which it is hidden says nothing of it, and isn't written."""
    vault = Vault(held=dict(THEIRS), fate=fate)
    wanted = replace(CONNECTION, password=source)
    told = only_error(connect(serve(airflow("3.3.2", vault)).url), step(Action.CREATE, wanted))
    assert told
    assert vault.patched == []


def test_who_may_not_change_what_is_there_is_told_that_it_is_there(serve: Serve, connect: Connect) -> None:
    vault = Vault(held=dict(THEIRS), fate="")

    def respond(received: Received) -> Answer | None:
        return Answer(403, {"detail": "Forbidden"}) if received.method == "PATCH" else vault(received)

    store = connect(serve(airflow("3.3.2", respond)).url)
    assert only_error(store, step(Action.CREATE, CONNECTION)) == "one with this id exists already"
    vault.held, vault.fate = None, "done, lost"
    told = only_error(store, step(Action.CREATE, CONNECTION)) or ""
    assert told.startswith("it exists now, and its hidden values could not be written again: ")


def test_a_replace_that_a_stranger_answers_is_no_success(serve: Serve, connect: Connect) -> None:
    place = Place(POST=[(False, Answer(200, {"status": "ok"}))])
    place.held["k"] = {"key": "k", "value": "x", "description": None, "is_encrypted": True}
    error = only_error(connect(serve(airflow("3.3.2", place)).url), step(Action.REPLACE, VARIABLE, VARIABLE))
    assert (error or "").startswith("it was deleted, and creating it again failed: ")
    assert place.held == {}


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Answer(409, {"detail": f"UNIQUE {SECRET}"}), "one with this id exists already"),
        (Answer(403, {"detail": "Forbidden"}), "these credentials may not create variables"),
        (Answer(500, f"Error with {SECRET}"), "Airflow fails on it (500); the server's log has the reason"),
        (Answer(400, {"detail": "no good"}), "Airflow refuses it (400): no good"),
        (Answer(418, "tea"), "Airflow answers with status 418"),
    ],
)
def test_a_refused_write_is_told_in_words(answer: Answer, expected: str, serve: Serve, connect: Connect) -> None:
    store = connect(serve(airflow("3.3.2", Place(POST=[(False, answer)]))).url)
    assert only_error(store, step(Action.CREATE, VARIABLE)) == expected


def test_credentials_are_tried_before_the_first_write(serve: Serve, connect: Connect) -> None:
    def respond(received: Received) -> Answer | None:
        return Answer(401, {"detail": "Not authenticated"}) if "variables" in received.path else None

    site = serve(airflow("2.11.2", respond))
    with pytest.raises(TargetError, match="refuses the credentials"):
        do(connect(site.url, with_password()), step(Action.CREATE, VARIABLE))
    assert site.sent("POST") == []


def test_a_server_that_goes_away_in_mid_run_is_not_tried_for_each_step(connect: Connect) -> None:
    with Site(airflow("2.11.2", Place())) as site:
        store = connect(site.url, with_token(retries=0))
        store.describe()
        outcomes = store.apply([step(Action.CREATE, Variable(key=f"k{n}", value=Text("x"))) for n in range(40)])
        assert next(iter(outcomes)).error is None
    errors = [outcome.error or "" for outcome in outcomes]
    assert len(errors) == 39
    assert all(error.startswith("not tried") for error in errors[-20:])
    # Four are on their way at a time; of those, and of two more, it takes an answer that doesn't come.
    assert 1 <= sum("not tried" not in error for error in errors if error) <= 8


def requests(
    version: str, wanted: Step, serve: Serve, connect: Connect
) -> list[tuple[str, str, dict[str, str], Any]]:
    """The writing requests that a step leads to, in an Airflow that takes everything and holds nothing."""

    def respond(received: Received) -> Answer | None:
        if received.method == "GET" or "token" in received.path:
            return None
        return Answer(204, "") if received.method == "DELETE" else Answer(200, {})

    site = serve(airflow(version, respond))
    assert do(connect(site.url), wanted) == [None]
    return [
        (each.method, each.path.partition("/api/")[2], dict(each.query), each.body)
        for each in site.log
        if each.method != "GET"
    ]


def test_what_is_sent_to_create(serve: Serve, connect: Connect) -> None:
    body = {"connection_id": "c", "conn_type": "t", "host": "h", "password": SECRET, "extra": '{"a": 1}'}
    for version, api in (("3.0.6", "v2"), ("3.3.2", "v2"), ("2.11.2", "v1")):
        sent = requests(version, step(Action.CREATE, CONNECTION), serve, connect)
        assert sent == [("POST", f"{api}/connections", {}, body)]
    team = Connection(conn_id="c", conn_type="t", team_name="a")
    bodies = [requests(version, step(Action.CREATE, team), serve, connect)[0][3] for version in ("3.3.2", "3.1.8")]
    assert [each.get("team_name") for each in bodies] == ["a", None]


def test_a_description_that_the_first_call_loses_is_sent_again(serve: Serve, connect: Connect) -> None:
    """2.7.3 drops it from `POST /variables`."""
    create, describe = requests("2.7.3", step(Action.CREATE, VARIABLE), serve, connect)
    assert create == ("POST", "v1/variables", {}, {"key": "k", "value": SECRET, "description": "d"})
    assert describe == (
        "PATCH", "v1/variables/k", {"update_mask": "description"}, {"key": "k", "value": "", "description": "d"},
    )  # fmt: skip
    assert len(requests("2.11.2", step(Action.CREATE, VARIABLE), serve, connect)) == 1


def test_what_is_sent_to_update_a_connection(serve: Serve, connect: Connect) -> None:
    source = Connection(conn_id="c", conn_type="new", host=None, port=5)
    wanted = step(Action.UPDATE, source, CONNECTION, "host", "port")
    same = {"description": None, "login": None, "schema": None}
    assert requests("2.11.2", wanted, serve, connect) == [
        ("PATCH", "v1/connections/c", {}, {"host": None, "port": 5, **same}),
    ]
    ((method, path, _, body),) = requests("3.3.2", wanted, serve, connect)
    assert (method, path) == ("PATCH", "v2/connections/c")
    assert body == {"connection_id": "c", "conn_type": "t", "host": None, "port": 5, **same}


def test_a_password_is_sent_with_what_it_belongs_to(serve: Serve, connect: Connect) -> None:
    """Else a password of this run ends up beside the host that another one writes at the same time."""
    source = replace(CONNECTION, login="u", port=5)
    held = replace(source, password=REDACTED)
    for version in ("2.11.2", "3.3.2"):
        rules = rules_of(connect(serve(airflow(version)).url), DEFAULT_CONTEXT)
        wanted = make_plan(Bundle.of([source]), Bundle.of([held]), rules).writes[0]
        assert wanted.written == {"password"}
        ((_, _, _, body),) = requests(version, wanted, serve, connect)
        assert body.pop("connection_id", "c") == "c"
        assert body == {
            "conn_type": "t", "host": "h", "login": "u", "port": 5, "schema": None, "description": None,
            "extra": '{"a": 1}', "password": SECRET,
        }  # fmt: skip


def test_what_a_merge_takes_from_the_target_is_not_written_again(serve: Serve, connect: Connect) -> None:
    """The source doesn't say it, and what was read may be another's by now."""
    held = replace(CONNECTION, login="theirs", password=REDACTED)
    rules = rules_of(connect(serve(airflow("3.3.2")).url), DEFAULT_CONTEXT)
    source = Connection(conn_id="c", conn_type="t", host="new")
    wanted = make_plan(Bundle.of([source]), Bundle.of([held]), rules, Policy(lacking="keep")).writes[0]
    ((_, _, _, body),) = requests("3.3.2", wanted, serve, connect)
    assert body.keys().isdisjoint({"login", "password", "extra"})
    assert body["host"] == "new"


def test_what_is_sent_to_update_a_pool(serve: Serve, connect: Connect) -> None:
    held = Pool(name="p", slots=1, description="d", include_deferred=True)
    wanted = step(Action.UPDATE, Pool(name="p", slots=5), held, "slots")
    assert requests("2.11.2", wanted, serve, connect) == [
        ("PATCH", "v1/pools/p", {"update_mask": "slots"}, {"name": "p", "slots": 5}),
    ]
    assert requests("3.3.2", wanted, serve, connect) == [
        ("PATCH", "v2/pools/p", {"update_mask": "slots"},
         {"pool": "p", "slots": 5, "description": "d", "include_deferred": True}),
    ]  # fmt: skip


def test_the_description_of_a_hidden_variable_is_changed_without_its_value(serve: Serve, connect: Connect) -> None:
    source = Variable(key="k", value=REDACTED, description="new")
    for version, api in (("2.11.2", "v1"), ("3.3.2", "v2")):
        sent = requests(version, step(Action.UPDATE, source, VARIABLE, "description"), serve, connect)
        assert sent == [
            ("PATCH", f"{api}/variables/k", {"update_mask": "description"},
             {"key": "k", "value": "", "description": "new"}),
        ]  # fmt: skip


def test_airflow_2_clears_a_description_only_with_the_value_at_hand(serve: Serve, connect: Connect) -> None:
    bare = Variable(key="k", value=Text("new"))
    held = Variable(key="k", value=Text("old"), description="d")
    for names, value in ((("description",), "old"), (("description", "value"), "new")):
        sent = requests("2.11.2", step(Action.UPDATE, bare, held, *names), serve, connect)
        assert sent == [("POST", "v1/variables", {}, {"key": "k", "value": value})]
    hidden = Variable(key="k", value=REDACTED, description="d")
    store = connect(serve(airflow("2.11.2")).url)
    (error,) = do(store, step(Action.UPDATE, bare, hidden, "description"))
    assert "hidden" in (error or "")


def test_the_description_of_the_default_pool(serve: Serve, connect: Connect) -> None:
    held = Pool(name="default_pool", slots=128, description="Default pool", include_deferred=False)
    wanted = step(Action.UPDATE, decoy(held), held, "description", "slots")
    ((_, _, query, _),) = requests("2.11.2", wanted, serve, connect)
    assert query == {"update_mask": "description,slots"}
    site = serve(airflow("3.3.2"))
    assert "default_pool" in (only_error(connect(site.url), wanted) or "")
    assert site.sent("PATCH") == []


def test_an_update_that_writes_nothing_sends_nothing(serve: Serve, connect: Connect) -> None:
    assert requests("3.3.2", step(Action.UPDATE, CONNECTION, CONNECTION), serve, connect) == []


def test_kinds_are_written_where_they_belong(serve: Serve, connect: Connect) -> None:
    for obj in (CONNECTION, VARIABLE, Pool(name="p", slots=1)):
        ((method, path, _, _),) = requests("3.3.2", step(Action.DELETE, None, obj), serve, connect)
        assert (method, path) == ("DELETE", f"v2/{obj.kind.value}/{obj.id}")
    assert len(Kind) == 3


class Growing:
    """An Airflow 3 with connections; somebody adds a key to the extra of one after its first reading."""

    def __init__(self, number: int, of: str = "") -> None:
        none = dict.fromkeys(("description", "host", "login", "schema", "port", "password"))
        self.held = {
            f"c{n:02}": {"connection_id": f"c{n:02}", "conn_type": "t", "extra": '{"a": 1}', **none}
            for n in range(number)
        }
        self.of = of
        self.written: set[str] = set()

    def add(self) -> None:
        self.held[self.of]["extra"] = '{"a": 1, "token": "***"}'

    def __call__(self, received: Received) -> Answer | None:
        id_ = received.path.rpartition("/")[2]
        if "/connections" not in received.path:
            return None
        if received.method == "GET":
            rows = list(self.held.values())
            return Answer(
                body={"connections": rows, "total_entries": len(rows)} if id_ == "connections" else self.held[id_]
            )
        if received.method == "PATCH" and id_ != "connections":
            self.written.add(id_)
            return Answer(body={"connection_id": id_})
        ids = [entity["connection_id"] for entity in received.body["actions"][0]["entities"]]
        self.written |= set(ids)
        return Answer(body={"update": {"success": ids, "errors": []}})


@pytest.mark.parametrize("number", [1, 3, 30])
@pytest.mark.parametrize("version", ["3.3.2", "2.11.2"])
def test_a_key_that_comes_between_the_reading_and_a_merge_is_not_destroyed(
    number: int, version: str, serve: Serve, connect: Connect
) -> None:
    growing = Growing(number, "c00")
    store = connect(serve(airflow(version, growing)).url)
    sources = [Connection(conn_id=id_, conn_type="t", extra=Text('{"b": 2}')) for id_ in growing.held]
    selection = Selection(kinds=frozenset({Kind.CONNECTIONS}))
    rules = rules_of(store, DEFAULT_CONTEXT)
    plan = make_plan(Bundle.of(sources), store.read(selection).bundle, rules, Policy(lacking="keep"))
    growing.add()
    outcomes = list(store.apply(plan.writes))
    assert [outcome.error for outcome in outcomes] == [
        "another program has changed it; run again",
        *[None] * (number - 1),
    ]
    assert growing.written == growing.held.keys() - {"c00"}
