"""How steps go into requests, and what becomes of each. What servers make of them: tests/integration/test_bulk.py."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from airconn.model import Action, Connection, Outcome, Pool, Step, Text, Variable
from airconn.stores.base import DEFAULT_CONTEXT, Context, Store
from tests.stores.airflow_api.conftest import airflow, with_token
from tests.stores.contract import step
from tests.stores.site import Answer, Received, Site

Serve = Callable[..., Site]
Connect = Callable[..., Store]


class Bulk:
    """Takes whatever is sent to a collection, unless `spoil` has an answer to it."""

    def __init__(self, spoil: Callable[[dict[str, Any]], Answer | None] = lambda action: None) -> None:
        self.spoil = spoil
        self.actions: list[dict[str, Any]] = []
        self.create_only = False
        self.asked = 0

    def __call__(self, received: Received) -> Answer | None:
        if received.method == "POST" and received.path != "/auth/token":
            return Answer(201, {})
        if received.method != "PATCH":
            return None
        if received.path.count("/") > 3:
            return Answer(200, {})
        (action,) = received.body["actions"]
        self.actions.append(action)
        ids = [id_of(entity) for entity in action["entities"]]
        if ids[0].startswith("airconn-"):
            self.actions.pop()
            self.asked += 1
            return (
                Answer(403, {"detail": "Forbidden"}) if self.create_only else Answer(200, {"update": {"success": []}})
            )
        return self.spoil(action) or Answer(200, {action["action"]: {"success": ids, "errors": []}})

    def sizes(self) -> list[tuple[str, int]]:
        return [(action["action"], len(action["entities"])) for action in self.actions]


def id_of(entity: Any) -> str:
    if isinstance(entity, str):
        return entity
    return str(next(entity[name] for name in ("connection_id", "key", "name", "pool") if name in entity))


def connections(number: int, **fields: Any) -> list[Step]:
    return [
        step(Action.CREATE, Connection(conn_id=f"c{n:04}", conn_type="t", **{"password": f"pw-{n:06}", **fields}))
        for n in range(number)
    ]


def variables(number: int, action: Action = Action.CREATE) -> list[Step]:
    made = [Variable(key=f"v{n:04}", value=Text("x")) for n in range(number)]
    if action is Action.UPDATE:
        return [step(action, obj, Variable(key=obj.key, value=Text("old")), "value") for obj in made]
    return [step(action, *((None, obj) if action is Action.DELETE else (obj,))) for obj in made]


def errors(outcomes: list[Outcome]) -> list[str | None]:
    return [outcome.error for outcome in outcomes]


def carried_out(store: Store, steps: list[Step], context: Context = DEFAULT_CONTEXT) -> list[Outcome]:
    outcomes = list(store.apply(steps, context))
    assert [outcome.step for outcome in outcomes] == steps
    return outcomes


def test_requests_grow_with_their_success(serve: Serve, connect: Connect) -> None:
    bulk = Bulk()
    assert not any(errors(carried_out(connect(serve(airflow("3.3.2", bulk)).url), variables(1500))))
    assert [size for _, size in bulk.sizes()] == [25, 50, 100, 200, 400, 500, 225]


def test_a_step_is_taken_when_its_request_is_next(serve: Serve, connect: Connect) -> None:
    taken: list[int] = []
    outcomes = connect(serve(airflow("3.3.2", Bulk())).url).apply(
        taken.append(number) or each  # type: ignore[func-returns-value]
        for number, each in enumerate(variables(100))
    )
    next(iter(outcomes))
    assert len(taken) == 25


def test_kinds_actions_and_large_values_part_requests(serve: Serve, connect: Connect) -> None:
    bulk = Bulk()
    large = [step(Action.CREATE, Variable(key=f"z{n}", value=Text("x" * 200_000))) for n in range(5)]
    pools = [step(Action.CREATE, Pool(name=f"p{n}", slots=1)) for n in range(3)]
    steps = [*variables(3), *large, *pools, *variables(4, Action.UPDATE), *variables(2, Action.DELETE)]
    assert not any(errors(carried_out(connect(serve(airflow("3.3.2", bulk)).url), steps)))
    assert bulk.sizes() == [("create", 5), ("create", 2), ("create", 3), ("update", 4), ("delete", 2)]
    assert bulk.actions[-2]["update_mask"] == ["value"]


@pytest.mark.parametrize("action", [Action.CREATE, Action.UPDATE])
def test_a_request_that_is_too_large_is_halved_and_so_are_the_next(
    action: Action, serve: Serve, connect: Connect
) -> None:
    bulk = Bulk(lambda action: Answer(413, "too large") if len(action["entities"]) > 10 else None)
    assert not any(errors(carried_out(connect(serve(airflow("3.3.2", bulk)).url), variables(60, action))))
    assert [size for _, size in bulk.sizes()] == [25, 13, 7, 6, 12, 6, 6, 6, 6, 6, 6, 6, 5]


def test_one_that_is_refused_is_found_in_halves_and_told_in_the_words_of_the_server(
    serve: Serve, connect: Connect
) -> None:
    def spoil(action: dict[str, Any]) -> Answer | None:
        if any(id_of(entity) == "v0013" for entity in action["entities"]):
            return Answer(200, {"create": {"success": [], "errors": [{"error": "exists", "status_code": 409}]}})
        return None

    def respond(received: Received) -> Answer | None:
        if received.method == "POST" and received.body.get("key") == "v0013":
            return Answer(409, {"detail": "exists"})
        return bulk(received)

    bulk = Bulk(spoil)
    outcomes = carried_out(connect(serve(airflow("3.3.2", respond)).url), variables(25))
    assert {outcome.step.id: outcome.error for outcome in outcomes if outcome.error} == {
        "v0013": "one with this id exists already"
    }


def test_rights_for_single_objects_are_enough(serve: Serve, connect: Connect) -> None:
    bulk = Bulk(lambda action: Answer(403, {"detail": "Forbidden"}))
    site = serve(airflow("3.0.6", bulk))
    assert not any(errors(carried_out(connect(site.url), variables(25))))
    assert len(site.sent("POST", "/variables")) == 25


def test_without_rights_one_more_request_is_enough(serve: Serve, connect: Connect) -> None:
    def respond(received: Received) -> Answer | None:
        return Answer(403, {"detail": "Forbidden"}) if received.method in ("POST", "PATCH") else None

    site = serve(airflow("3.3.2", respond))
    assert set(errors(carried_out(connect(site.url), variables(25)))) == {
        "these credentials may not create variables"
    }
    assert len(site.sent("POST", "/variables")) == 1


@pytest.mark.parametrize("answer", [Answer(200, "<html>Sign in</html>"), Answer(200, {"ok": True}), Answer(204, "")])
def test_an_answer_of_no_airflow_is_no_success(answer: Answer, serve: Serve, connect: Connect) -> None:
    site = serve(airflow("3.3.2", Bulk(lambda action: answer)))
    assert all("not known" in (error or "") for error in errors(carried_out(connect(site.url), variables(25))))
    assert len(site.sent("POST", "/variables")) == 0


def test_credentials_that_are_not_accepted_any_more_are_not_tried_for_each(serve: Serve, connect: Connect) -> None:
    site = serve(airflow("3.3.2", Bulk(lambda action: Answer(401, {"detail": "Token Expired"}))))
    told = set(errors(carried_out(connect(site.url, with_token()), variables(25))))
    assert told == {"the credentials are no longer accepted"}
    assert len(site.sent("PATCH")) == 1


def test_a_lost_answer_is_looked_for_and_what_is_missing_sent_again(serve: Serve, connect: Connect) -> None:
    """The server did half of it, as one does that is given it twice while a gateway gives up."""
    lost = [True]

    def spoil(action: dict[str, Any]) -> Answer | None:
        return Answer(fate="reset") if lost and lost.pop() else None

    def respond(received: Received) -> Answer | None:
        key = received.path.rpartition("/")[2]
        if received.method == "GET" and key < "v0010" and key.startswith("v0"):
            shown = {"description": None, "is_encrypted": True}
            return Answer(body={"key": key, "value": "x" if key != "v0000" else "of another", **shown})
        return bulk(received)

    bulk = Bulk(spoil)
    outcomes = carried_out(connect(serve(airflow("3.3.2", respond)).url), variables(25))
    assert errors(outcomes) == ["the answer was lost, and one with other values exists now", *[None] * 24]
    assert [id_of(entity) for action in bulk.actions[1:] for entity in action["entities"]] == [
        f"v{n:04}" for n in range(10, 25)
    ]


DEAD = [Answer(fate="reset"), Answer(502, "<html>"), Answer(503, "<html>"), Answer(429, "", {"Retry-After": "9999"})]


@pytest.mark.parametrize("answer", DEAD, ids=["reset", "502", "503", "429"])
@pytest.mark.parametrize("action", [Action.CREATE, Action.UPDATE, Action.DELETE])
@pytest.mark.parametrize("version", ["3.3.2", "2.11.2"])
def test_a_server_that_is_gone_is_not_asked_for_each(
    version: str, action: Action, answer: Answer, serve: Serve, connect: Connect
) -> None:
    gone: list[Received] = []

    def respond(received: Received) -> Answer | None:
        if gone or received.method in ("PATCH", "POST", "DELETE"):
            gone.append(received)
            return answer
        return None

    store = connect(serve(airflow(version, respond)).url, with_token(retries=0))
    outcomes = carried_out(store, variables(600, action))
    assert all(errors(outcomes))
    assert (outcomes[-1].error or "").startswith("not tried: ")
    assert len(gone) < 20


def test_a_request_that_takes_too_long_is_halved_until_it_does_not(serve: Serve, connect: Connect) -> None:
    for action in (Action.CREATE, Action.UPDATE, Action.DELETE):
        bulk = Bulk(lambda action: Answer(fate="stall") if len(action["entities"]) > 10 else None)
        store = connect(serve(airflow("3.3.2", bulk)).url, with_token(timeout=0.3))
        assert not any(errors(carried_out(store, variables(25, action))))
        assert [size for _, size in bulk.sizes()] == [25, 13, 7, 6, 12, 6, 6]


def test_an_update_of_connections_before_3_0_4_goes_by_itself(serve: Serve, connect: Connect) -> None:
    """There, one of many clears the extra that it doesn't name; so passwords can't come later either."""
    for version, sizes in (("3.0.3", [("create", 25)]), ("3.0.4", [("create", 25), ("update", 25), ("update", 2)])):
        bulk = Bulk()
        held = [Connection(conn_id=f"d{n}", conn_type="t", host="old", extra=Text("{}")) for n in range(2)]
        changed = [replace(obj, host="new") for obj in held]
        updates = [step(Action.UPDATE, new, old, "host") for new, old in zip(changed, held, strict=True)]
        store = connect(serve(airflow(version, bulk)).url)
        assert not any(errors(carried_out(store, [*connections(25), *updates])))
        assert bulk.sizes() == sizes


def test_an_error_of_one_object_is_not_told_of_the_others(serve: Serve, connect: Connect) -> None:
    """Where a user has no right to the request of many, the first one by itself is refused for another reason."""

    def respond(received: Received) -> Answer | None:
        if received.method == "POST" and received.body.get("key") == "v0000":
            return Answer(422, {"detail": "no"})
        return Bulk(lambda action: Answer(403, {"detail": "Forbidden"}))(received)

    outcomes = carried_out(connect(serve(airflow("3.0.6", respond)).url), variables(25))
    assert [bool(outcome.error) for outcome in outcomes] == [True] + [False] * 24


def test_what_stands_for_itself_goes_by_itself(serve: Serve, connect: Connect) -> None:
    """A team, which the server forgets when many are created; default_pool; and what hides something."""
    bulk = Bulk()
    site = serve(airflow("3.3.2", bulk))
    team = [step(Action.CREATE, Variable(key=f"t{n}", value=Text("x"), team_name="team")) for n in range(2)]
    own = step(Action.UPDATE, Pool(name="default_pool", slots=3), Pool(name="default_pool", slots=1), "slots")
    other = step(Action.UPDATE, Pool(name="p", slots=3), Pool(name="p", slots=1), "slots")
    carried_out(connect(site.url), [*team, own, other])
    assert [sent.path.rpartition("/")[2] for sent in (*site.sent("POST"), *site.sent("PATCH"))][-4:] == [
        *["variables"] * 2,
        "default_pool",
        "p",
    ]
    assert bulk.actions == []


@pytest.mark.parametrize("version", ["3.0.6", "3.1.8"])
def test_before_3_2_a_variable_is_updated_as_a_whole(version: str, serve: Serve, connect: Connect) -> None:
    bulk = Bulk()
    held = [Variable(key=f"v{n}", value=Text("old"), description="d") for n in range(2)]
    wanted = [Variable(key=obj.key, value=Text("new"), description="other") for obj in held]
    steps = [step(Action.UPDATE, new, old, "value") for new, old in zip(wanted, held, strict=True)]
    carried_out(connect(serve(airflow(version, bulk)).url), steps)
    assert bulk.actions[0]["entities"][0] == {"key": "v0", "value": "new", "description": "d"}
    assert "update_mask" not in bulk.actions[0]


@pytest.mark.parametrize("body", [{"status": "maintenance"}, {"error": "nope"}, {"key": "another"}])
def test_a_json_answer_that_names_no_object_of_ours_is_no_success(
    body: dict[str, Any], serve: Serve, connect: Connect
) -> None:
    def respond(received: Received) -> Answer | None:
        return Answer(200, body) if received.method in ("POST", "PATCH") else None

    store = connect(serve(airflow("3.3.2", respond)).url)
    assert all("not known" in (error or "") for error in errors(carried_out(store, variables(1))))
    assert all("not known" in (error or "") for error in errors(carried_out(store, variables(1, Action.UPDATE))))


def test_a_server_that_goes_silent_over_what_is_there_is_not_asked_for_each(serve: Serve, connect: Connect) -> None:
    """The answer to the first request is lost, all of its objects are there, and then nobody answers any more."""
    held: list[str] = []
    asked: list[str] = []

    def respond(received: Received) -> Answer | None:
        id_ = received.path.rpartition("/")[2]
        if received.method == "GET" and id_ in held:
            empty = dict.fromkeys(("description", "host", "login", "schema", "port", "extra"))
            return Answer(body={**empty, "connection_id": id_, "conn_type": "t", "password": "***"})
        if received.method == "PATCH" and id_ in held:
            asked.append(id_)
            return Answer(fate="reset")
        if received.method == "PATCH":
            held.extend(entity["connection_id"] for entity in received.body["actions"][0]["entities"])
            return Answer(fate="reset")
        return None

    store = connect(serve(airflow("3.3.2", respond)).url, with_token(retries=0))
    told = errors(carried_out(store, connections(25, password="shared")))
    assert all(told)
    assert len(asked) == 2
    assert (told[-1] or "").startswith("whether it was written is not known; not tried again: ")
