"""What a write of the Environment Manager does where others write as well, or where Astro does something else."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any

import pytest

from airconn.model import Action, AirflowObject, Connection, Kind, Selection, Step, Text, Variable
from airconn.model.reading import Reading
from airconn.stores.astro.environment import pacing, writing
from airconn.stores.astro.environment.store import EnvironmentManagerStore
from airconn.stores.base import Context
from tests.stores.astro.environment.places import opened
from tests.stores.astro.fake_astro import FakeAstro, Refusal, running
from tests.stores.astro.schema import Call
from tests.stores.astro.switches import Switches
from tests.stores.contract import step
from tests.stores.site import Answer, Received, Site

DB = Connection(conn_id="db", conn_type="postgres", host="h", login="l", password="s3cr3t", extra=Text('{"a": 1}'))
CONTEXT = Context(writes=frozenset({Kind.CONNECTIONS, Kind.VARIABLES}))
UPDATE, CREATE = "UpdateEnvironmentObject", "CreateEnvironmentObject"
Hook = Callable[[Call, Received], None]


@pytest.fixture
def store(astro: FakeAstro) -> Iterator[EnvironmentManagerStore]:
    astro.staging = astro.add_deployment("staging")  # type: ignore[attr-defined]
    store = opened(astro)
    yield store
    store.close()


def put_db(astro: FakeAstro, **others: Any) -> None:
    content = {"type": "postgres", "host": "h", "login": "l", "password": "s3cr3t", "extra": {"a": 1}}
    links = {astro.deployment: {"host": "dev", "password": "0verride"}}
    astro.put("CONNECTION", "db", content, **{"description": "d", "links": links, **others})


def look(store: EnvironmentManagerStore) -> Reading:
    return store.read(Selection(), CONTEXT)


def written(store: EnvironmentManagerStore, before: Reading | None, *steps: Step) -> list[str | None]:
    return [outcome.error for outcome in store.apply(steps, replace(CONTEXT, before=before))]


def new_host(store: EnvironmentManagerStore, before: Reading, host: str = "h2") -> list[str | None]:
    held = before.bundle.connections["db"]
    return written(store, before, step(Action.UPDATE, replace(held, host=host), held, "host"))


def in_the_way(operation: str, act: Callable[[dict[str, Any]], None], times: int = 1) -> Hook:
    """A hook that does something to the body of the next calls of an operation."""
    left = [times]

    def hook(call: Call, received: Received) -> None:
        if call.operation == operation and left[0] > 0:
            left[0] -= 1
            act(received.body)

    return hook


def refuse(status: int = 400) -> Callable[[dict[str, Any]], None]:
    def act(body: dict[str, Any]) -> None:
        raise Refusal(status, "s3cr3t is not to be told")

    return act


def test_a_link_made_after_the_plan_is_not_lost(astro: FakeAstro, store: EnvironmentManagerStore) -> None:
    put_db(astro)
    before = look(store)
    held = astro.find("db")
    held.links.append(replace(held.links[0], scope_entity_id=astro.staging, overrides={"login": "x"}))  # type: ignore[attr-defined]
    held.description, held.content["login"] = "by another", "l2"
    state = held.state()
    assert new_host(store, before) == [None]
    assert astro.find("db").state() == {**state, "content": {**state["content"], "host": "h2"}}


def test_what_was_deleted_after_the_plan_is_not_made_again(astro: FakeAstro, store: EnvironmentManagerStore) -> None:
    put_db(astro)
    before = look(store)
    astro.objects.clear()
    (error,) = new_host(store, before)
    assert error is not None
    assert "another program has deleted" in error
    assert astro.objects == {}


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (lambda body: body["links"].clear(), "the link to the Deployment {dep} is gone"),
        (lambda body: body["excludeLinks"].clear(), "the Deployment {staging} is not excluded any more"),
        (lambda body: body.update(autoLinkDeployments=True), "it is linked to each Deployment now"),
        (lambda body: body.update(description="other"), "its description isn't the one that was sent"),
        (lambda body: body["connection"].update(login="x"), "login isn't the one that was sent"),
        (lambda body: body["connection"].update(extra={"a": 2}), "extra.a isn't the one that was sent"),
        (lambda body: body["connection"].update(extra={"a": 1, "b": 1}), "extra.b is there, and was not sent"),
        (
            lambda body: body["links"][0].update(overrides={"unsetFields": ["password"]}),
            "the override of password for the Deployment {dep} is gone",
        ),
    ],
)
def test_what_astro_changes_besides_is_an_error(
    astro: FakeAstro, store: EnvironmentManagerStore, act: Callable[[dict[str, Any]], None], words: str
) -> None:
    put_db(astro, exclude_links=(astro.staging,))  # type: ignore[attr-defined]
    before = look(store)
    astro.before = in_the_way(UPDATE, act)
    (error,) = new_host(store, before)
    assert error is not None
    assert words.format(dep=astro.deployment, staging=astro.staging) in error  # type: ignore[attr-defined]
    assert "s3cr3t" not in error
    assert "0verride" not in error


def test_an_override_that_astro_changes_is_an_error(astro: FakeAstro, store: EnvironmentManagerStore) -> None:
    """If all overrides of the link are shown: an answer without secrets leaves out those with a hidden one."""
    put_db(astro, links={astro.deployment: {"host": "dev"}})
    before = look(store)
    astro.before = in_the_way(UPDATE, lambda body: body["links"][0].update(overrides={"connection": {"host": "x"}}))
    (error,) = new_host(store, before)
    assert error is not None
    assert f"the override of host for the Deployment {astro.deployment} is gone or has changed" in error


@pytest.mark.parametrize("form", ["object left out", "field left out", "blank"])
def test_an_override_that_the_answer_hides_is_no_alarm(form: str) -> None:
    with running(Switches(hidden_overrides=form, secret_extra="by name as well")) as astro:
        overrides = {"host": "dev", "password": "0verride", "extra": {"token": "0verride", "a": 1, "b": {"c": 1}}}
        put_db(astro, links={astro.deployment: overrides})
        store = opened(astro)
        assert new_host(store, look(store)) == [None]
        store.close()


def test_a_lost_link_is_told_with_the_request_that_restores_it(
    astro: FakeAstro, store: EnvironmentManagerStore
) -> None:
    put_db(astro)
    before = look(store)
    astro.before = in_the_way(UPDATE, lambda body: body["links"].clear())
    (error,) = new_host(store, before)
    assert error is not None
    start = error.index('{"links"')
    body, end = json.JSONDecoder().raw_decode(error[start:])
    assert body == {
        "links": [{"scope": "DEPLOYMENT", "scopeEntityId": astro.deployment}],
        "excludeLinks": [],
        "autoLinkDeployments": False,
    }
    assert f"set these overrides again: host, password for {astro.deployment}" in error[start + end :]


def test_a_password_that_astro_drops_is_an_error(astro: FakeAstro, store: EnvironmentManagerStore) -> None:
    put_db(astro)
    before = look(store)
    astro.switches = Switches(connection_fields_omitted="cleared")
    astro.before = in_the_way(UPDATE, lambda body: body["connection"].pop("password"))
    (error,) = new_host(store, before)
    assert error is not None
    assert "password is gone" in error


def test_what_exists_already_is_an_error_and_what_is_the_same_is_done(
    astro: FakeAstro, store: EnvironmentManagerStore
) -> None:
    put_db(astro, description="", links={})
    empty = Reading()
    assert written(store, empty, step(Action.CREATE, DB)) == [None]
    (error,) = written(store, empty, step(Action.CREATE, replace(DB, host="other")))
    assert error == "it exists already; run again to update it"
    assert astro.find("db").content["host"] == "h"


def test_a_key_that_another_scope_has_is_told() -> None:
    with running(Switches(same_key_in_both_scopes="refused")) as astro:
        astro.put("AIRFLOW_VARIABLE", "v", {"value": "1"}, deployment=astro.deployment)
        store = opened(astro)
        (error,) = written(store, Reading(), step(Action.CREATE, Variable(key="v", value=Text("2"))))
        store.close()
    assert error is not None
    assert "in another scope" in error


LOST = (Answer(fate="reset"), Answer(502, "<html>Bad Gateway"), Answer(500, "<html>"), Answer(200, "<html>"))


@contextmanager
def losing_answers(astro: FakeAstro, method: str, instead: Answer) -> Iterator[EnvironmentManagerStore]:
    """A store in front of the fake, whose answers to its first write are replaced after it was done."""
    lost: list[str] = []

    def answer(received: Received) -> Answer:
        found = astro.answer(received)
        if received.method == method and (not lost or method == "DELETE"):
            lost.append(received.path)
            return instead
        return found

    with ExitStack() as stack:
        site = stack.enter_context(Site(answer))
        astro.url = f"{site.url}/v1"
        store = opened(astro)
        stack.callback(store.close)
        yield store
    assert lost


lost_answers = pytest.mark.parametrize("instead", LOST, ids=["reset", "502", "500", "not JSON"])


@lost_answers
def test_a_create_whose_answer_is_lost_is_looked_for(astro: FakeAstro, instead: Answer) -> None:
    with losing_answers(astro, "POST", instead) as store:
        assert written(store, Reading(), step(Action.CREATE, DB)) == [None]
    assert len(astro.objects) == 1
    assert len(astro.calls(CREATE)) == 1


@lost_answers
def test_an_update_whose_answer_is_lost_is_looked_for(astro: FakeAstro, instead: Answer) -> None:
    put_db(astro)
    with losing_answers(astro, "POST", instead) as store:
        assert new_host(store, look(store)) == [None]
    assert astro.find("db").content["host"] == "h2"
    assert len(astro.calls(UPDATE)) == 1


@lost_answers
def test_a_replacement_whose_answers_are_lost_is_looked_for(astro: FakeAstro, instead: Answer) -> None:
    put_db(astro)
    state = astro.find("db").state()
    with losing_answers(astro, "POST", instead) as store:
        assert replaced(store, look(store)) == [None]
    assert astro.find("db").state() == {**state, "content": {**state["content"], "type": "mysql"}}


@pytest.mark.parametrize("instead", LOST[:3], ids=["reset", "502", "500"])
def test_a_delete_whose_answer_is_lost_is_done(astro: FakeAstro, instead: Answer) -> None:
    put_db(astro)
    with losing_answers(astro, "DELETE", instead) as store:
        before = look(store)
        assert written(store, before, step(Action.DELETE, None, before.bundle.connections["db"])) == [None]
    assert astro.objects == {}


def test_a_replacement_that_loses_a_link_is_an_error(astro: FakeAstro, store: EnvironmentManagerStore) -> None:
    put_db(astro)
    astro.before = in_the_way(CREATE, lambda body: body["links"].clear())
    (error,) = replaced(store, look(store))
    assert error is not None
    assert f"the link to the Deployment {astro.deployment} is gone" in error
    assert "set these overrides again: host, password" in error


def test_a_delete_of_which_nothing_is_known_is_an_error(astro: FakeAstro) -> None:
    put_db(astro)

    def answer(received: Received) -> Answer:
        gone = any(one.method == "DELETE" for one in site.log)
        return Answer(fate="reset") if gone else astro.answer(received)

    with Site(answer) as site:
        astro.url = f"{site.url}/v1"
        store = opened(astro)
        before = look(store)
        held = before.bundle.connections["db"]
        (outcome,) = store.apply([step(Action.DELETE, None, held)], replace(CONTEXT, before=before))
        store.close()
    assert outcome.error is not None
    assert not outcome.untouched


def replaced(store: EnvironmentManagerStore, before: Reading) -> list[str | None]:
    held = before.bundle.connections["db"]
    return written(store, before, step(Action.REPLACE, replace(held, conn_type="mysql"), held))


def test_a_replacement_has_the_links_of_the_old_one(astro: FakeAstro, store: EnvironmentManagerStore) -> None:
    put_db(astro, exclude_links=(astro.staging,))  # type: ignore[attr-defined]
    state = astro.find("db").state()
    assert replaced(store, look(store)) == [None]
    assert astro.find("db").state() == {**state, "content": {**state["content"], "type": "mysql"}}


@pytest.mark.parametrize("change", [{"description": "by another"}, {"content": {"type": "postgres", "host": "h3"}}])
def test_what_another_writer_changed_after_the_plan_is_not_replaced(
    astro: FakeAstro, store: EnvironmentManagerStore, change: dict[str, Any]
) -> None:
    put_db(astro)
    before, held = look(store), astro.find("db")
    for name, value in change.items():
        setattr(held, name, value)
    state = held.state()
    (error,) = replaced(store, before)
    assert error == "another program has changed it; run again"
    assert astro.find("db").state() == state


def test_an_object_that_can_not_be_made_anew_is_put_back(astro: FakeAstro, store: EnvironmentManagerStore) -> None:
    put_db(astro)
    state = astro.find("db").state()
    astro.before = in_the_way(CREATE, refuse(), times=1)
    (error,) = replaced(store, look(store))
    assert error is not None
    assert "the old one was restored" in error
    assert astro.find("db").state() == state
    assert "s3cr3t" not in error


def test_an_object_that_stays_deleted_is_told_with_its_links_and_nothing_more_is_replaced(
    astro: FakeAstro, store: EnvironmentManagerStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "_AT_A_TIME", 1)
    put_db(astro)
    astro.put("CONNECTION", "other", {"type": "a"})
    before = look(store)
    astro.before = in_the_way(CREATE, refuse(), times=99)
    steps = [
        step(Action.REPLACE, replace(held, conn_type="mysql"), held) for held in before.bundle.connections.values()
    ]
    first, second = written(store, before, *steps)
    assert first is not None
    assert first.startswith("it was deleted, and creating it again failed")
    assert astro.deployment in first
    assert "s3cr3t" not in first
    assert second == "not tried: connections/db could not be created again"
    assert [held.object_key for held in astro.objects.values()] == ["other"]


def refusals(store: EnvironmentManagerStore, source: AirflowObject, *names: str) -> tuple[str, str]:
    """Why an update and a replacement are refused by the plan, which `apply` refuses as well."""
    before = look(store)
    held = before.bundle.get(source.kind, source.id)
    found = []
    for wanted in (step(Action.UPDATE, source, held, *names), step(Action.REPLACE, source, held)):
        reason = store.refusal(wanted, replace(CONTEXT, before=before))
        (error,) = written(store, before, wanted) if reason else (reason,)
        assert error == reason
        found.append(reason)
    return found[0], found[1]


def test_a_link_to_something_else_than_a_deployment_is_never_dropped() -> None:
    with running(checks_answers=False) as astro:
        put_db(astro)
        astro.find("db").links[0].scope = "PROJECT"
        store = opened(astro)
        for reason in refusals(store, replace(DB, host="h2", description="d"), "host"):
            assert reason == "it has links to something else than a Deployment, which an update would remove"
        store.close()
        assert astro.calls(UPDATE, CREATE, "DeleteEnvironmentObject") == []


@pytest.mark.parametrize("form", ["object left out", "field left out", "blank"])
@pytest.mark.parametrize(
    ("override", "name"),
    [({"password": "0verride"}, "password"), ({"host": "h", "extra": {"token": "0verride"}}, "extra.token")],
)
def test_a_hidden_override_is_never_lost_by_a_replacement(override: dict[str, Any], name: str, form: str) -> None:
    switches = Switches(show_secrets="refused", hidden_overrides=form, secret_extra="by name as well")
    with running(switches) as astro:
        astro.put("CONNECTION", "db", {"type": "a"}, links={astro.deployment: override})
        store = opened(astro)
        update, replacement = refusals(store, Connection(conn_id="db", conn_type="b"), "conn_type")
        assert update == "Astro can't change the conn_type of a connection"
        assert "hidden overrides of its links: " in replacement
        assert f"{name} (Deployment {astro.deployment})" in replacement
        store.close()


def test_writes_keep_to_the_documented_rates_and_are_no_slower(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pacing, "WINDOW", 2.05)
    with running(Switches(rate_limits=True)) as astro:
        store = opened(astro)
        began = time.monotonic()
        steps = [step(Action.CREATE, Variable(key=f"v{number}", value=Text("x"))) for number in range(15)]
        assert written(store, Reading(), *steps) == [None] * 15
        took = time.monotonic() - began
        store.close()
    assert astro.calls(status=429) == []
    assert 2 < took < 4


def test_a_pace_lets_the_first_calls_through_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pacing, "WINDOW", 1.0)
    now = [100.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    pace = pacing.Pace(4, lambda: now[0], sleep)
    sent = []
    for _ in range(10):
        pace.wait()
        sent.append(now[0] - 100)
    assert sent == [0, 0, 0, 0, 1, 1.25, 1.5, 1.75, 2, 2.25]
    now[0] += 60
    pace.wait()
    assert now[0] == 162.25


def test_nothing_is_sent_that_could_clear_a_secret_or_an_override(
    astro: FakeAstro, store: EnvironmentManagerStore
) -> None:
    put_db(astro)
    astro.put(
        "AIRFLOW_VARIABLE", "t", {"value": "s3cr3t", "isSecret": True}, links={astro.deployment: {"value": "x"}}
    )
    before = look(store)
    assert new_host(store, before) == [None]
    held = before.bundle.variables["t"]
    assert written(store, before, step(Action.UPDATE, replace(held, description="e"), held, "description")) == [None]
    bodies = [one.request.body for one in astro.calls(UPDATE)]
    assert [link for body in bodies for link in body["links"]] == [
        {"scope": "DEPLOYMENT", "scopeEntityId": astro.deployment}
    ] * 2
    assert bodies[0]["connection"]["password"] == "s3cr3t"
    assert bodies[1]["airflowVariable"] == {"value": "s3cr3t"}
    assert all(value != "" for body in bodies for value in body[next(iter(body))].values())
