"""Passwords that are sent after their connections were created: when they are, and what becomes of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from airconn.model import Action, Connection
from airconn.model.reading import PutOff
from airconn.stores.base import Context, Settles, Store
from tests.stores.airflow_api.conftest import airflow, with_password, with_token
from tests.stores.airflow_api.test_batches import Bulk, carried_out, connections, errors
from tests.stores.contract import step
from tests.stores.site import Answer, Received, Site

Serve = Callable[..., Site]
Connect = Callable[..., Store]


def test_a_connection_of_a_team_is_created_with_its_password(serve: Serve, connect: Connect) -> None:
    bulk = Bulk()
    ours = Connection(conn_id="d", conn_type="t", password="pw", team_name="ours")
    steps = [*connections(24), step(Action.CREATE, ours)]
    assert not any(errors(carried_out(connect(serve(airflow("3.3.2", bulk)).url), steps)))
    assert bulk.sizes() == [("create", 25), ("update", 24)]
    assert bulk.actions[0]["entities"][24]["password"] == "pw"


def test_once_a_password_is_not_taken_the_next_come_with_their_connections(serve: Serve, connect: Connect) -> None:
    def spoil(action: dict[str, Any]) -> Answer | None:
        return Answer(422, {"detail": "no"}) if action["action"] == "update" else None

    def respond(received: Received) -> Answer | None:
        single = received.method == "PATCH" and "/connections/" in received.path
        return Answer(422, {"detail": "no"}) if single else bulk(received)

    bulk = Bulk(spoil)
    told = errors(carried_out(connect(serve(airflow("3.3.2", respond)).url), connections(75)))
    assert ["without its password" in (error or "") for error in told] == [True] * 25 + [False] * 50
    assert bulk.sizes()[-1] == ("create", 50)
    assert all(entity["password"] for entity in bulk.actions[-1]["entities"])


def test_many_passwords_come_after_their_connections(serve: Serve, connect: Connect) -> None:
    bulk = Bulk()
    store = connect(serve(airflow("3.3.2", bulk)).url)
    steps = [*connections(24, host="h"), step(Action.CREATE, Connection(conn_id="none", conn_type="t"))]
    assert not any(errors(carried_out(store, steps)))
    assert bulk.sizes() == [("create", 25), ("update", 24)]
    assert not any("password" in entity for entity in bulk.actions[0]["entities"])
    # All that the password belongs to: another run may have written the connection in between.
    none = dict.fromkeys(("description", "login", "schema", "port", "extra"))
    whole = {"connection_id": "c0003", "conn_type": "t", "host": "h", "password": "pw-000003", **none}
    assert bulk.actions[1]["entities"][3] == whole


def test_who_may_create_and_not_change_creates_connections_with_their_passwords(
    serve: Serve, connect: Connect
) -> None:
    bulk = Bulk()
    bulk.create_only = True
    assert not any(errors(carried_out(connect(serve(airflow("3.3.2", bulk)).url), connections(100))))
    assert bulk.sizes() == [("create", 25), ("create", 50), ("create", 25)]
    assert all(entity["password"] for action in bulk.actions for entity in action["entities"])
    assert bulk.asked == 1


def test_whether_we_may_change_connections_is_asked_once(serve: Serve, connect: Connect) -> None:
    bulk = Bulk()
    assert not any(errors(carried_out(connect(serve(airflow("3.3.2", bulk)).url), connections(100))))
    assert bulk.sizes() == [
        ("create", 25),
        ("update", 25),
        ("create", 50),
        ("update", 50),
        ("create", 25),
        ("update", 25),
    ]
    assert bulk.asked == 1


@pytest.mark.parametrize("why", ["few", "the same", "whole"])
def test_few_passwords_come_with_their_connections(why: str, serve: Serve, connect: Connect) -> None:
    bulk = Bulk()
    store = connect(serve(airflow("3.3.2", bulk)).url)
    number, fields = {"few": (20, {}), "the same": (25, {"password": "pw"}), "whole": (25, {})}[why]
    assert not any(errors(carried_out(store, connections(number, **fields), Context(whole=why == "whole"))))
    assert bulk.sizes() == [("create", number)]
    assert all(entity["password"] for entity in bulk.actions[0]["entities"])


def test_a_password_that_looks_like_a_mask_comes_with_its_connection(serve: Serve, connect: Connect) -> None:
    bulk = Bulk()
    literal = Connection(conn_id="d", conn_type="t", password="***", literal=frozenset({"password"}))
    steps = [*connections(24), step(Action.CREATE, literal)]
    assert not any(errors(carried_out(connect(serve(airflow("3.3.2", bulk)).url), steps)))
    assert bulk.sizes() == [("create", 25), ("update", 24)]
    assert bulk.actions[0]["entities"][24]["password"] == "***"


def test_a_password_that_is_not_taken_is_an_error_of_its_connection(serve: Serve, connect: Connect) -> None:
    def spoil(action: dict[str, Any]) -> Answer | None:
        return Answer(422, {"detail": "no"}) if action["action"] == "update" else None

    def respond(received: Received) -> Answer | None:
        if received.path.endswith("/c0007"):
            return Answer(422, {"detail": [{"loc": ["body", "password"], "msg": "too odd", "input": "pw-000007"}]})
        return bulk(received)

    bulk = Bulk(spoil)
    outcomes = carried_out(connect(serve(airflow("3.3.2", respond)).url), connections(25))
    (told,) = [error for error in errors(outcomes) if error]
    assert outcomes[7].error == told
    assert told == (
        "it was created without its password, which could not be written; import it again: "
        "Airflow refuses it (422): password: too odd"
    )


def test_where_it_is_not_known_whether_a_connection_is_there_its_password_is_said_to_lack(
    serve: Serve, connect: Connect
) -> None:
    """The first request is lost, and so is what looks for what became of it."""
    lost: list[Received] = []

    def respond(received: Received) -> Answer | None:
        if lost or (received.method == "PATCH" and "airconn-" not in str(received.body)):
            lost.append(received)
            return Answer(504, "<html>Gateway Timeout</html>")
        return bulk(received)

    bulk = Bulk()
    steps = [*connections(24), step(Action.CREATE, Connection(conn_id="none", conn_type="t"))]
    outcomes = carried_out(connect(serve(airflow("3.3.2", respond)).url, with_token(retries=0)), steps)
    lacks = "if it exists now, its password is missing: import it again"
    assert [lacks in (outcome.error or "") for outcome in outcomes] == [True] * 24 + [False]


@pytest.mark.parametrize("status", [401, 500, 502, 302])
def test_a_login_that_fails_between_two_requests_leaves_no_password_out_unsaid(
    status: int, serve: Serve, connect: Connect
) -> None:
    logins: list[int] = []

    def respond(received: Received) -> Answer | None:
        if received.path == "/auth/token":
            logins.append(status)
            return None if len(logins) == 1 else Answer(status, "no")
        if bulk.actions and received.method in ("PATCH", "POST"):
            return Answer(401, {"detail": "Token Expired"})
        return bulk(received)

    bulk = Bulk()
    store = connect(serve(airflow("3.3.2", respond)).url, with_password(retries=0))
    outcomes = carried_out(store, connections(25))
    assert all("without its password" in (outcome.error or "") for outcome in outcomes)
    assert len(logins) < 6


@pytest.mark.parametrize(("number", "shared", "told"), [(1000, 0, True), (999, 0, False), (1100, 900, False)])
def test_what_it_costs_the_server_to_learn_many_passwords_is_told(
    number: int, shared: int, told: bool, serve: Serve, connect: Connect
) -> None:
    store = connect(serve(airflow("3.3.2", Bulk())).url)
    outcomes = carried_out(store, [*connections(number)[shared:], *connections(shared, password="p")])
    assert not any(errors(outcomes))
    notes = [note for outcome in outcomes for note in outcome.notes]
    said = "takes about 20 s once: Airflow then learns the 1,000 new"
    assert [said in note.message for note in notes] == [True] * told
    assert [type(note) for note in notes] == [PutOff] * told
    assert list(outcomes[-1].notes) == notes


@pytest.mark.parametrize(
    ("passwords", "time"), [(1000, "about 20 s"), (2000, "about 80 s"), (3000, "about 3 min"), (20_000, "about 2 h")]
)
def test_the_time_to_learn_passwords_grows_with_their_square(
    passwords: int, time: str, serve: Serve, connect: Connect
) -> None:
    outcomes = carried_out(connect(serve(airflow("3.3.2", Bulk())).url), connections(passwords))
    assert [f"takes {time} once" in note.message for note in outcomes[-1].notes] == [True]


def test_settling_lists_all_connections_in_small_pages(serve: Serve, connect: Connect) -> None:
    listed = [{"connection_id": f"c{n:03}", "conn_type": "t"} for n in range(60)]
    asked: list[tuple[int, int]] = []

    def respond(received: Received) -> Answer | None:
        if received.method != "GET" or not received.path.endswith("/connections"):
            return None
        limit, offset = (int(dict(received.query)[name]) for name in ("limit", "offset"))
        asked.append((offset, limit))
        return Answer(200, {"connections": listed[offset : offset + limit], "total_entries": 60})

    seen: list[tuple[str, int, int | None]] = []
    store = connect(serve(airflow("3.3.2", respond)).url)
    assert isinstance(store, Settles)
    store.settle(Context(watch=lambda *told: seen.append(told)))
    assert {offset for offset, _ in asked} >= {0, 24, 48}
    assert {limit for _, limit in asked[-3:]} == {25}
    assert seen[-1] == ("waiting for Airflow to learn passwords", 60, 60)


def test_connections_that_a_gateway_has_created_twice_get_their_passwords(serve: Serve, connect: Connect) -> None:
    """It sends the first request once more, and passes on the second answer: that all of them exist."""
    held: dict[str, dict[str, Any]] = {}
    empty = dict.fromkeys(("description", "host", "login", "schema", "port", "extra", "password"))

    def spoil(action: dict[str, Any]) -> Answer | None:
        for entity in action["entities"]:
            held[entity["connection_id"]] = {**empty, **held.get(entity["connection_id"], {}), **entity}
        exist = {"success": [], "errors": [{"error": "exists", "status_code": 409}]}
        return Answer(200, {"create": exist}) if action["action"] == "create" else None

    def respond(received: Received) -> Answer | None:
        id_ = received.path.rpartition("/")[2]
        if received.method == "GET" and id_ in held:
            return Answer(body={**held[id_], "password": "***" if held[id_]["password"] else None})
        if received.method == "POST" and (received.body or {}).get("connection_id") in held:
            return Answer(409, {"detail": "exists"})
        if received.method == "PATCH" and id_ in held:
            held[id_]["password"] = received.body["password"]
        return bulk(received)

    bulk = Bulk(spoil)
    assert not any(errors(carried_out(connect(serve(airflow("3.3.2", respond)).url), connections(25))))
    assert [each["password"] for each in held.values()] == [f"pw-{n:06}" for n in range(25)]


@pytest.mark.parametrize("stranger", [Answer(200, "<html>Sign in</html>"), Answer(200, {})], ids=["page", "JSON"])
@pytest.mark.parametrize("times", [1, 2])
def test_passwords_that_a_stranger_answers_to_are_sent_once_more(
    stranger: Answer, times: int, serve: Serve, connect: Connect
) -> None:
    strangers = [stranger] * times

    def spoil(action: dict[str, Any]) -> Answer | None:
        return strangers.pop() if action["action"] == "update" and strangers else None

    bulk = Bulk(spoil)
    told = errors(carried_out(connect(serve(airflow("3.3.2", bulk)).url), connections(25)))
    assert [error is None for error in told] == [times == 1] * 25
    assert bulk.sizes() == [("create", 25), ("update", 25), ("update", 25)]


@pytest.mark.parametrize("status", [401, 403])
def test_what_may_be_there_is_said_to_lack_its_password_whatever_is_answered_then(
    status: int, serve: Serve, connect: Connect
) -> None:
    """The first answer is that it is busy, and the second one a refusal."""
    answers = [Answer(status, {"detail": "no"}), Answer(503, "<html>", {"Retry-After": "0"})]

    def spoil(action: dict[str, Any]) -> Answer | None:
        return answers.pop() if answers else Answer(status, {"detail": "no"})

    def respond(received: Received) -> Answer | None:
        refused = received.method == "POST" and received.path != "/auth/token"
        return Answer(status, {"detail": "no"}) if refused else bulk(received)

    bulk = Bulk(spoil)
    told = errors(carried_out(connect(serve(airflow("3.3.2", respond)).url), connections(25)))
    assert all("its password is missing: import it again" in (error or "") for error in told)
