"""The deadline passes while objects are written: what is begun is finished, and nothing else is begun."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from airconn.config import Settings
from airconn.model import Action, Connection, Kind, Outcome, Pool, Selection, Step, Variable
from airconn.stores.base import Store
from tests.stores.airflow_api.conftest import airflow, with_password, with_token
from tests.stores.airflow_api.test_batches import Bulk, connections, errors, variables
from tests.stores.contract import step
from tests.stores.site import Answer, Received, Site

Serve = Callable[..., Site]
Connect = Callable[..., Store]


class Hour:
    """A deadline that passes when a test says so."""

    def __init__(self) -> None:
        self.is_over = False

    def end(self) -> None:
        self.is_over = True

    def settings(self, **others: Any) -> Settings:
        return with_token(deadline=time.monotonic() + 3600, **{"retries": 4, **others})


@pytest.fixture
def hour(monkeypatch: pytest.MonkeyPatch) -> Hour:
    hour = Hour()
    monkeypatch.setattr(Settings, "seconds_left", lambda _: -1.0 if hour.is_over else 3600.0)
    return hour


def carried_out(store: Store, steps: list[Step]) -> list[Outcome]:
    """Those of a caller who takes no step after the deadline has no part in what is tested here: all are taken."""
    outcomes = list(store.apply(steps))
    assert [outcome.step for outcome in outcomes] == steps
    return outcomes


TROUBLES = [
    Answer(fate="stall"),
    Answer(fate="reset"),
    Answer(502, "<html>"),
    Answer(429, "", {"Retry-After": "0"}),
    Answer(413, "<html>"),
    Answer(403, {"detail": "Forbidden"}),
    Answer(422, {"detail": []}),
    Answer(500, "Internal Server Error"),
]


@pytest.mark.parametrize("trouble", TROUBLES, ids=str)
@pytest.mark.parametrize("version", ["3.3.2", "2.11.2"])
def test_what_goes_wrong_at_the_deadline_is_not_tried_in_another_way(
    version: str, trouble: Answer, hour: Hour, serve: Serve, connect: Connect
) -> None:
    writes: list[Received] = []

    def respond(received: Received) -> Answer | None:
        if received.method not in ("PATCH", "POST") or received.path == "/auth/token":
            return None
        writes.append(received)
        hour.end()
        return trouble

    store = connect(
        serve(airflow(version, respond)).url, hour.settings(timeout=0.5 if trouble.fate == "stall" else 5.0)
    )
    store.read(Selection(kinds=frozenset({Kind.VARIABLES})))
    told = errors(carried_out(store, variables(60)))
    assert all(told)
    if version == "3.3.2":
        assert (told[-1], len(writes)) == ("not tried: the deadline has passed", 1)
    else:
        assert (told[-1] or "").startswith("not tried: ")
        assert len(writes) <= 2  # which are sent at a time


@pytest.mark.parametrize("trouble", TROUBLES[2:4], ids=str)
def test_what_was_deleted_to_be_created_anew_is_created(
    trouble: Answer, hour: Hour, serve: Serve, connect: Connect
) -> None:
    troubles = [trouble] if trouble.status == 429 else []
    created: list[str] = []

    def respond(received: Received) -> Answer | None:
        if received.method == "DELETE":
            hour.end()
            return Answer(204, "")
        if received.method == "POST" and received.path != "/auth/token":
            created.append(received.body["connection_id"])
            return troubles.pop() if troubles else Answer(201, {})
        return None

    store = connect(serve(airflow("3.3.2", respond)).url, hour.settings())
    old = [Connection(conn_id=f"c{number}", conn_type="http") for number in range(2)]
    told = errors(carried_out(store, [step(Action.REPLACE, each, each) for each in old]))
    assert told == [None, "not tried: the deadline has passed"]
    assert created == ["c0"] * (1 + (trouble.status == 429))


@pytest.mark.parametrize("trouble", TROUBLES[1:5], ids=str)
def test_connections_that_were_created_get_their_passwords(
    trouble: Answer, hour: Hour, serve: Serve, connect: Connect
) -> None:
    troubles = [trouble]

    def spoil(action: dict[str, Any]) -> Answer | None:
        if action["action"] == "create":
            hour.end()
            return None
        return troubles.pop() if troubles else None

    bulk = Bulk(spoil)
    store = connect(serve(airflow("3.3.2", bulk)).url, hour.settings())
    told = errors(carried_out(store, connections(50)))
    assert told == [None] * 25 + ["not tried: the deadline has passed"] * 25
    assert bulk.sizes()[:2] == [("create", 25), ("update", 25)]


@pytest.mark.parametrize("version", ["3.3.2", "2.11.2"])
def test_a_step_that_was_taken_to_see_where_a_request_ends_is_not_begun(
    version: str, hour: Hour, serve: Serve, connect: Connect
) -> None:
    bulk = Bulk()

    def respond(received: Received) -> Answer | None:
        if received.method in ("PATCH", "POST") and "/variables" in received.path:
            hour.end()
        return bulk(received)

    site = serve(airflow(version, respond))
    steps = [*variables(1), step(Action.CREATE, Pool(name="p", slots=1))]
    assert errors(carried_out(connect(site.url, hour.settings()), steps)) == [
        None,
        "not tried: the deadline has passed",
    ]
    assert site.sent("POST", "/pools") == []


def test_what_a_variable_lacks_yet_is_sent(hour: Hour, serve: Serve, connect: Connect) -> None:
    """Airflow 2.7 takes its description in a second request."""
    troubles = [Answer(502, "<html>")]

    def respond(received: Received) -> Answer | None:
        if received.method == "POST":
            hour.end()
            return Answer(200, {})
        if received.method == "PATCH":
            return troubles.pop() if troubles else Answer(200, {})
        return None

    site = serve(airflow("2.7.3", respond))
    (wanted,) = variables(1)
    assert isinstance(wanted.source, Variable)
    described = step(Action.CREATE, Variable(key=wanted.id, value=wanted.source.value, description="d"))
    assert errors(carried_out(connect(site.url, hour.settings()), [described])) == [None]
    assert len(site.sent("PATCH")) == 2


def test_reads_after_the_writes_keep_the_deadline(hour: Hour, serve: Serve, connect: Connect) -> None:
    store = connect(serve(airflow("3.3.2", Bulk())).url, hour.settings())
    assert errors(carried_out(store, variables(3))) == [None] * 3
    hour.end()
    with pytest.raises(Exception, match="the deadline has passed"):
        store.read(Selection())


def test_nothing_is_written_where_the_deadline_passes_while_it_is_asked_what_may_be_written(
    hour: Hour, serve: Serve, connect: Connect
) -> None:
    bulk = Bulk()

    def respond(received: Received) -> Answer | None:
        if "airconn-" in str(received.body):
            hour.end()
        return bulk(received)

    outcomes = carried_out(connect(serve(airflow("3.3.2", respond)).url, hour.settings()), connections(25))
    assert (bulk.asked, bulk.actions) == (1, [])
    assert all(outcome.untried for outcome in outcomes)


def test_what_completes_an_object_logs_in_and_looks_as_often_as_it_has_to(
    hour: Hour, serve: Serve, connect: Connect
) -> None:
    """The token has expired, the server that gives another is busy, and so is the one that is asked what there is."""
    once = {"token": [Answer(502, "<html>")], "update": [Answer(401, {"detail": "Token Expired"})]}

    def spoil(action: dict[str, Any]) -> Answer | None:
        if action["action"] == "create":
            hour.end()
            return None
        return once["update"].pop() if once["update"] else None

    bulk = Bulk(spoil)
    given = iter(range(9))

    def respond(received: Received) -> Answer | None:
        if received.path == "/auth/token" and hour.is_over and once["token"]:
            return once["token"].pop()
        if received.path == "/auth/token":
            return Answer(201, {"access_token": f"token-{next(given)}"})
        return bulk(received)

    settings = replace(with_password(retries=4), deadline=hour.settings().deadline)
    store = connect(serve(airflow("3.3.2", respond)).url, settings)
    assert errors(carried_out(store, connections(25))) == [None] * 25
    assert once == {"token": [], "update": []}


def test_a_connection_that_was_deleted_is_created_though_looking_fails_for_a_while(
    hour: Hour, serve: Serve, connect: Connect
) -> None:
    troubles = {"POST": [Answer(502, "<html>")], "GET": [Answer(502, "<html>")]}
    old = Connection(conn_id="c0", conn_type="http")

    def respond(received: Received) -> Answer | None:
        if received.method == "DELETE":
            hour.end()
            return Answer(204, "")
        if received.method == "POST" and received.path != "/auth/token":
            return troubles["POST"].pop() if troubles["POST"] else Answer(201, {})
        if received.method == "GET" and received.path.endswith("/c0"):
            missing = Answer(404, {"detail": "The Connection with ID: `c0` was not found"})
            return troubles["GET"].pop() if troubles["GET"] else missing
        return None

    store = connect(serve(airflow("3.3.2", respond)).url, hour.settings())
    assert errors(carried_out(store, [step(Action.REPLACE, old, old)])) == [None]
    assert troubles == {"POST": [], "GET": []}


def test_what_was_refused_among_many_at_the_deadline_may_be_there(hour: Hour, serve: Serve, connect: Connect) -> None:
    """So it is where a gateway has sent the request twice: that they exist is said of what the first one made."""

    def spoil(action: dict[str, Any]) -> Answer | None:
        hour.end()
        return Answer(200, {"create": {"success": [], "errors": [{"error": "exists", "status_code": 409}]}})

    store = connect(serve(airflow("3.3.2", Bulk(spoil))).url, hour.settings())
    outcomes = carried_out(store, connections(25))
    told = "whether it was written is not known; not tried again: the deadline has passed"
    lacks = "if it exists now, its password is missing: import it again"
    assert set(errors(outcomes)) == {f"{told}; {lacks}"}
    assert not any(outcome.untried for outcome in outcomes)
