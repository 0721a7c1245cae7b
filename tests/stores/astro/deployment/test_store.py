"""The environment variables of a Deployment: what is read, what an update writes, and what it never touches."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from airconn.config import Settings
from airconn.errors import AirconnError, BlockedError, TargetError, UsageError
from airconn.model import (
    REDACTED,
    Action,
    AirflowObject,
    Connection,
    Kind,
    Outcome,
    Selection,
    Step,
    Text,
    Variable,
    is_hidden_whole,
)
from airconn.stores.astro.deployment import DeploymentVariablesStore, open_store
from airconn.stores.base import Context
from airconn.stores.http.retries import Backoff
from airconn.stores.http.transport import Transport
from tests.stores.astro import fake_astro
from tests.stores.astro.fake_astro import DEPLOYMENT, WORKSPACE, FakeAstro, Refusal, running
from tests.stores.astro.switches import DEFAULT, Switches, name_of, single_settings
from tests.stores.contract import planned

CANARY = "pa55-canary"
OWN = '{"conn_type": "postgres", "host": "old", "password": "old-pa55"}'


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Transport, "backoff", Backoff(first=0))


@pytest.fixture
def astro() -> Iterator[FakeAstro]:
    with running() as astro:
        fill(astro)
        yield astro


def fill(astro: FakeAstro) -> None:
    """Variables of all sorts, and objects of the Environment Manager that reach the Deployment."""
    deployment = astro.deployments[astro.deployment]
    deployment.put("AIRFLOW__CORE__PARALLELISM", "12")
    deployment.put("DBT_TOKEN", "foreign", secret=True)
    deployment.put("EMPTY", "")
    deployment.put("AIRFLOW_CONN_DB", OWN, secret=True)
    deployment.put("AIRFLOW_CONN_SHOWN", "postgres://u:pw@host:5432/db")
    deployment.put("AIRFLOW_CONN_BROKEN", "{")
    deployment.put("AIRFLOW_VAR_REGION", "eu-west-1")
    deployment.put("AIRFLOW_VAR_API_KEY", "k3y", secret=True)
    deployment.put("AIRFLOW_VAR_lower", "x")
    overrides = {astro.deployment: {"host": "own", "password": "own-pa55"}}
    astro.put("CONNECTION", "warehouse", {"type": "postgres", "host": "h", "password": "p"}, links=overrides)
    astro.put("AIRFLOW_VARIABLE", "flag", {"value": "on"}, auto_link=True)


def store_of(astro: FakeAstro, query: str = "", token: str = "", address: str = "") -> DeploymentVariablesStore:
    settings = Settings(environ=astro.environ(token), timeout=5, retries=2)
    return open_store((address or "astro-vars://Data Platform/production") + query, settings)


def written(store: DeploymentVariablesStore, *objects: AirflowObject) -> list[Outcome]:
    """The outcomes of an import of these objects, as the plan has it."""
    wanted = frozenset((obj.kind, obj.id) for obj in objects)
    context = Context(writes=frozenset(Kind), wanted=wanted)
    before = store.read(Selection(ids=wanted), context)
    plan = planned(objects, before, store)
    assert plan.blocked == (), [step.reasons for step in plan.blocked]
    return list(store.apply(plan.writes, replace(context, before=before)))


def errors(outcomes: list[Outcome]) -> list[str | None]:
    return [outcome.error for outcome in outcomes]


def conn(conn_id: str = "new", **fields: Any) -> Connection:
    return Connection(conn_id=conn_id, conn_type="mysql", **{"host": "h", "password": CANARY, **fields})


def var(key: str, value: str) -> Variable:
    return Variable(key=key, value=Text(value))


# Reading


def test_secrets_are_hidden_and_the_others_are_read(astro: FakeAstro) -> None:
    found = store_of(astro).read(Selection())
    assert {obj.id for obj in found.bundle} == {"db", "shown", "region", "api_key"}
    assert is_hidden_whole(found.bundle.connections["db"])
    assert found.bundle.connections["shown"].password == "pw"
    assert found.bundle.variables["api_key"].value is REDACTED
    assert found.bundle.variables["region"].value == Text("eu-west-1")


def test_what_is_not_for_airflow_is_counted_and_what_can_not_be_read_is_a_note(astro: FakeAstro) -> None:
    found = store_of(astro).read(Selection())
    assert found.ignored == 3
    assert [(note.where.rpartition("/")[2], note.left_out) for note in found.notes] == [
        ("AIRFLOW_CONN_BROKEN", True),
        ("AIRFLOW_VAR_lower", True),
    ]
    assert set(found.passed_over) == {(Kind.CONNECTIONS, "broken"), (Kind.VARIABLES, "lower")}


def test_an_id_is_read_as_it_is_asked_for(astro: FakeAstro) -> None:
    store = store_of(astro)
    asked = Selection(ids=frozenset({(Kind.VARIABLES, "Region")}))
    assert list(store.read(asked).bundle.variables) == ["Region"]
    wanted = Context(wanted=frozenset({(Kind.VARIABLES, "REGION")}))
    assert set(store.read(Selection(), wanted).bundle.variables) == {"REGION", "api_key"}


def test_names_are_looked_up_once(astro: FakeAstro) -> None:
    store = store_of(astro)
    for _ in range(3):
        store.read(Selection())
    store.describe()
    assert [len(astro.calls(name)) for name in ("ListWorkspaces", "ListDeployments")] == [1, 1]


def test_a_deployment_is_found_by_its_id_with_its_own_token(astro: FakeAstro) -> None:
    store = store_of(astro, token=astro.add_token(DEPLOYMENT), address=f"astro-vars:///{astro.deployment}")
    assert "region" in store.read(Selection()).bundle.variables
    assert errors(written(store, var("region", "x"))) == [None]


def test_it_is_read_as_the_airflow_of_the_deployment_reads_it(astro: FakeAstro) -> None:
    assert str(store_of(astro).describe().airflow) == "3.1.2"
    astro.deployments[astro.deployment].record["airflowVersion"] = "NA"
    assert store_of(astro).describe().airflow.major >= 3


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("astro-vars://w", "the address names no Deployment"),
        ("astro-vars://w/d?secret=some", "secret is all or none"),
        ("astro-vars://w/d?secrets=all", "'secrets' is not an option"),
    ],
)
def test_a_wrong_address_is_refused(address: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        open_store(address, Settings())


# Writing, under every setting of what isn't known


@pytest.mark.parametrize("switches", single_settings(), ids=name_of)
def test_nothing_else_changes_under_any_setting(switches: Switches) -> None:
    if switches.future_fields:
        return  # refused, in a test of its own
    with running(switches) as astro:
        fill(astro)
        deployment = astro.deployments[astro.deployment]
        override = {"isHibernating": True, "overrideUntil": "2026-01-01T00:00:00Z", "isActive": False}
        deployment.record["scalingSpec"]["hibernationSpec"]["override"] = override
        before, objects = dict(deployment.variables), astro.state()
        outcomes = written(store_of(astro), conn(), conn("db"), var("region", "new"), var("fresh", "1"))
        assert errors(outcomes) == [None] * 4
        deployment.record["scalingSpec"]["hibernationSpec"]["override"] = override
        assert deployment.changed_fields().keys() <= {"scalingSpec"}  # that override is over
        deployment.record["scalingSpec"]["hibernationSpec"].pop("override")
        assert deployment.origin.get("scalingSpec", {}).keys() == deployment.record["scalingSpec"].keys()
        ours = {"AIRFLOW_CONN_NEW", "AIRFLOW_CONN_DB", "AIRFLOW_VAR_REGION", "AIRFLOW_VAR_FRESH"}
        assert {key: held for key, held in deployment.variables.items() if key not in ours} == {
            key: held for key, held in before.items() if key not in ours
        }
        assert deployment.variables["AIRFLOW_CONN_DB"].is_secret
        assert json.loads(deployment.values()["AIRFLOW_CONN_DB"])["password"] == CANARY
        assert deployment.restarts == 1
        told = [note.message for outcome in outcomes for note in outcome.notes]
        if switches.deployment_update == "resets links":
            (note,) = told
            assert "'warehouse' of the Workspace" in note
            assert "give the link its own values again: host, password" in note
            assert outcomes[0].notes[0].failed
        else:
            assert told == []
            assert astro.state() == objects


@pytest.mark.parametrize(
    ("kind", "executor"), [("DEDICATED", "CELERY"), ("HYBRID", "CELERY"), ("HYBRID", "KUBERNETES")]
)
def test_every_type_of_deployment_keeps_its_settings(astro: FakeAstro, kind: str, executor: str) -> None:
    id_ = astro.add_deployment("other", kind=kind, executor=executor)
    store = store_of(astro, address=f"astro-vars:///{id_}")
    assert errors(written(store, var("a", "1"))) == [None]
    assert astro.deployments[id_].changed_fields() == {}
    assert astro.deployments[id_].values() == {"AIRFLOW_VAR_A": "1"}


def test_all_changes_are_one_update_and_no_change_is_none(astro: FakeAstro) -> None:
    store = store_of(astro)
    many = [var(f"v{number}", "x") for number in range(50)]
    assert errors(written(store, *many)) == [None] * 50
    assert written(store, *many) == []
    assert len(astro.calls("UpdateDeployment")) == 1


def test_a_secret_that_is_not_written_is_sent_without_a_value(astro: FakeAstro) -> None:
    written(store_of(astro), var("fresh", "1"))
    (call,) = astro.calls("UpdateDeployment")
    sent = {entry["key"]: entry for entry in call.request.body["environmentVariables"]}
    assert sent["DBT_TOKEN"] == {"key": "DBT_TOKEN", "isSecret": True}
    assert sent["AIRFLOW_CONN_DB"] == {"key": "AIRFLOW_CONN_DB", "isSecret": True}
    assert sent["EMPTY"] == {"key": "EMPTY", "isSecret": False, "value": ""}


@pytest.mark.parametrize(
    ("query", "secrets"),
    [
        ("", {"AIRFLOW_CONN_NEW", "AIRFLOW_VAR_NEW_TOKEN"}),
        ("?secret=all", {"AIRFLOW_CONN_NEW", "AIRFLOW_VAR_NEW_TOKEN", "AIRFLOW_VAR_FRESH", "AIRFLOW_VAR_REGION"}),
        ("?secret=none", set()),
    ],
)
def test_connections_and_what_looks_like_a_secret_become_secrets(
    astro: FakeAstro, query: str, secrets: set[str]
) -> None:
    deployment = astro.deployments[astro.deployment]
    before = {key for key, held in deployment.variables.items() if held.is_secret}
    written(store_of(astro, query), conn(), var("new_token", "abc"), var("fresh", "1"), var("region", "new"))
    assert {key for key, held in deployment.variables.items() if held.is_secret} - before == secrets


def test_a_secret_stays_one_and_a_plain_one_stays_plain(astro: FakeAstro) -> None:
    deployment = astro.deployments[astro.deployment]
    written(store_of(astro, "?secret=none"), conn("db"), var("api_key", "new"))
    assert deployment.variables["AIRFLOW_CONN_DB"].is_secret
    assert deployment.variables["AIRFLOW_VAR_API_KEY"].is_secret
    assert deployment.values()["AIRFLOW_VAR_API_KEY"] == "new"
    written(store_of(astro), conn("shown"))
    assert not deployment.variables["AIRFLOW_CONN_SHOWN"].is_secret


def test_what_becomes_a_secret_is_told_before(astro: FakeAstro) -> None:
    def told(query: str, *objects: AirflowObject) -> list[str]:
        store = store_of(astro, query)
        before = store.read(Selection(), Context(writes=frozenset(Kind)))
        plan = planned(objects, before, store)
        return list(store.effects(plan.writes, Context(before=before)))

    (text,) = told("", conn(), var("fresh", "1"))
    assert (
        text == "written as secrets, which Astro never shows and can't turn back into plain values: connections/new"
    )
    (text,) = told("?secret=all", var("region", "x"))
    assert text.endswith(": variables/region")
    (text,) = told("?secret=none", conn("db"))
    assert text.startswith("still secrets in spite of secret=none")
    astro.deployments[astro.deployment].record["status"] = "HIBERNATING"
    assert told("", var("fresh", "1")) == ["the Deployment hibernates: what is written counts when it wakes up"]


def test_an_empty_text_is_not_written_over_a_secret(astro: FakeAstro) -> None:
    store = store_of(astro)
    before = store.read(Selection())
    (step,) = planned([var("api_key", "")], before, store).steps
    assert (step.action, step.reasons[0]) == (
        Action.BLOCKED,
        "the value of a secret at Astro can't be empty",
    )
    wanted = Step(Kind.VARIABLES, "api_key", Action.UPDATE, var("api_key", ""), None)
    assert errors(list(store.apply([wanted], Context()))) == ["the value of a secret at Astro can't be empty"]
    assert astro.calls("UpdateDeployment") == []
    assert errors(written(store, var("token", ""))) == [None]  # nothing is secret about it
    assert not astro.deployments[astro.deployment].variables["AIRFLOW_VAR_TOKEN"].is_secret


def test_ids_that_share_a_name_are_refused(astro: FakeAstro) -> None:
    context = Context(wanted=frozenset({(Kind.VARIABLES, "a"), (Kind.VARIABLES, "A")}))
    (problem,) = store_of(astro).problems(var("a", "1"), context)
    assert problem == "A would be the same environment variable, AIRFLOW_VAR_A (exclude one with --exclude)"
    steps = [Step(Kind.VARIABLES, id_, Action.CREATE, var(id_, id_)) for id_ in ("a", "A")]
    assert errors(list(store_of(astro).apply(steps, Context()))) == [
        None,
        "another object of this run has the same variable, AIRFLOW_VAR_A",
    ]


def test_an_id_with_capitals_is_told_to_come_back_without(astro: FakeAstro) -> None:
    steps = [Step(Kind.VARIABLES, id_, Action.CREATE, var(id_, "x")) for id_ in ("My-Key", "other")]
    (note,) = store_of(astro).losses(steps, Context())
    assert (note.where, note.is_detail) == ("variables/My-Key", True)
    assert note.message == "id comes back in small letters, which Airflow finds all the same"


@pytest.mark.parametrize(
    ("obj", "problem"),
    [
        (var("a b", "x"), "the id has characters that aren't allowed"),
        (conn("a/b"), "the id has characters that aren't allowed"),
        (conn("Astro_S3_Logging"), "Astro sets this connection itself"),
        (var("nul", "a\0b"), "NUL"),
        (var("big", "x" * 131_073), "131,072 bytes"),
        (conn("c", extra=Text("no JSON")), "its extra is not a JSON object"),
    ],
)
def test_what_an_environment_variable_can_not_hold_is_a_problem(
    astro: FakeAstro, obj: AirflowObject, problem: str
) -> None:
    assert problem in store_of(astro).problems(obj)[0]


def test_a_connection_over_one_that_can_not_be_read_is_blocked(astro: FakeAstro) -> None:
    store = store_of(astro)
    wanted = frozenset({(Kind.CONNECTIONS, "broken")})
    before = store.read(Selection(ids=wanted))
    (step,) = planned([conn("broken")], before, store).steps
    assert step.action is Action.BLOCKED
    assert "a variable of its name that can't be read as a connection" in step.reasons[0]


def test_a_name_that_is_there_twice_is_left_alone() -> None:
    with running(checks_answers=False) as astro:
        deployment = astro.deployments[astro.deployment]
        entry = {"key": "AIRFLOW_VAR_A", "isSecret": False, "updatedAt": "2026-01-01T00:00:00Z", "value": "1"}
        deployment.record["environmentVariables"] = [entry, {**entry, "value": "2"}]
        found = store_of(astro).read(Selection())
        assert len(found.bundle) == 0
        assert {note.message for note in found.notes} == {
            "the Deployment has several variables of this name: left alone"
        }


# What is refused, and other writers


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"status": "DEPLOYING"}, "is being deployed"),
        ({"status": "CREATING"}, "is being created"),
        ({"gpuQuota": 1}, r"settings that this airconn doesn't know \(gpuQuota\)"),
        ({"schedulerSize": None}, "has no fields that an update needs: schedulerSize"),
    ],
)
def test_a_deployment_that_can_not_be_sent_back_is_not_written(change: dict[str, Any], message: str) -> None:
    with running(checks_answers=False) as astro:
        fill(astro)
        astro.deployments[astro.deployment].record.update(change)
        store = store_of(astro)
        step = Step(Kind.VARIABLES, "a", Action.CREATE, var("a", "1"))
        for call in (store.apply, store.rehearse):
            with pytest.raises(BlockedError, match=message) as caught:
                list(call([step], Context()))
            assert caught.value.hint
        assert astro.calls("UpdateDeployment") == []


def test_fields_of_a_later_api_are_refused_for_a_write_and_read() -> None:
    with running(replace(DEFAULT, future_fields=True)) as astro:
        fill(astro)
        store = store_of(astro)
        assert len(store.read(Selection()).bundle) == 4
        with pytest.raises(BlockedError, match="futureField"):
            written(store, var("a", "1"))
        assert astro.calls("UpdateDeployment") == []


def test_a_hibernating_deployment_is_written(astro: FakeAstro) -> None:
    astro.deployments[astro.deployment].record["status"] = "HIBERNATING"
    assert errors(written(store_of(astro), var("a", "1"))) == [None]


@pytest.mark.parametrize(
    ("change", "obj", "error"),
    [
        (lambda held: held.put("AIRFLOW_VAR_REGION", "theirs"), var("region", "x"), "another program has changed"),
        (lambda held: held.variables.pop("AIRFLOW_VAR_REGION"), var("region", "x"), "another program has deleted"),
        (lambda held: held.put("AIRFLOW_VAR_FRESH", "theirs"), var("fresh", "x"), "it exists already"),
        (
            lambda held: held.put("AIRFLOW_CONN_SHOWN", "x://", secret=True),
            conn("shown"),
            "another program has changed",
        ),
        (
            lambda held: setattr(held.variables["AIRFLOW_CONN_DB"], "updated_at", "2026-06-01T00:00:00Z"),
            conn("db"),
            "another program has changed",
        ),
    ],
)
def test_a_change_by_another_writer_is_a_conflict_and_the_others_are_written(
    astro: FakeAstro, change: Callable[[Any], object], obj: AirflowObject, error: str
) -> None:
    store, held = store_of(astro), astro.deployments[astro.deployment]
    objects = (obj, var("zz", "1"))
    wanted = frozenset((one.kind, one.id) for one in objects)
    context = Context(writes=frozenset(Kind), wanted=wanted)
    before = store.read(Selection(ids=wanted), context)
    plan = planned(objects, before, store)
    change(held)
    theirs = {key: replace(one) for key, one in held.variables.items()}
    outcomes = list(store.apply(plan.writes, replace(context, before=before)))
    assert error in (outcomes[0].error or "")
    assert outcomes[1].error is None
    del held.variables["AIRFLOW_VAR_ZZ"]
    assert held.variables == theirs


def test_changes_of_others_between_plan_and_write_are_kept(astro: FakeAstro) -> None:
    store, held = store_of(astro), astro.deployments[astro.deployment]
    wanted = frozenset({(Kind.VARIABLES, "region")})
    before = store.read(Selection(ids=wanted))
    plan = planned([var("region", "x")], before, store)
    held.put("DBT_TOKEN", "theirs", secret=True)
    held.put("NEW_ONE", "theirs")
    held.record["schedulerSize"] = "LARGE"
    held.remember()
    assert errors(list(store.apply(plan.writes, Context(before=before)))) == [None]
    assert held.values()["DBT_TOKEN"] == held.values()["NEW_ONE"] == "theirs"
    assert held.changed_fields() == {}


def test_deleting_leaves_all_others(astro: FakeAstro) -> None:
    store, held = store_of(astro), astro.deployments[astro.deployment]
    before = store.read(Selection())
    left = held.values()
    steps = [Step(obj.kind, obj.id, Action.DELETE, target=obj) for obj in before.bundle]
    assert errors(list(store.apply(steps, Context(before=before)))) == [None] * 4
    for name in ("AIRFLOW_CONN_DB", "AIRFLOW_CONN_SHOWN", "AIRFLOW_VAR_REGION", "AIRFLOW_VAR_API_KEY"):
        del left[name]
    assert held.values() == left


def test_a_hidden_value_of_the_source_is_never_written(astro: FakeAstro) -> None:
    store = store_of(astro)
    step = Step(Kind.CONNECTIONS, "new", Action.CREATE, conn(password=REDACTED))
    (error,) = errors(list(store.apply([step], Context())))
    assert "password is hidden" in (error or "")
    assert astro.calls("UpdateDeployment") == []


# Failures


@pytest.mark.parametrize(
    "change",
    [
        {"environmentVariables": {"A": "1"}},
        {"environmentVariables": ["A"]},
        {"environmentVariables": [{"key": "A", "isSecret": "yes"}]},
        {"environmentVariables": [{"key": "A", "isSecret": False, "value": 1}]},
        {"workerQueues": "many"},
        {"status": ["HEALTHY"]},
        {"type": {}},
        {"scalingSpec": []},
        {"scalingSpec": {"hibernationSpec": 1}},
        {"scalingSpec": {"hibernationSpec": {"schedules": [1]}}},
    ],
)
def test_an_answer_of_another_shape_is_not_guessed_at(change: dict[str, Any]) -> None:
    with running(checks_answers=False) as astro:
        astro.deployments[astro.deployment].record.update(change)
        with pytest.raises(TargetError, match="isn't that of a Deployment") as caught:
            store_of(astro).read(Selection())
        assert caught.value.hint


def failing(astro: FakeAstro, *, done: bool, status: int) -> None:
    """Lets each update of a Deployment fail, after it was done or before."""

    def fail(call: Any, received: Any) -> None:
        if call.operation == "UpdateDeployment":
            raise Refusal(status, f"Internal Server Error: {CANARY}")

    setattr(astro, "after" if done else "before", fail)


def test_an_update_whose_answer_was_lost_is_found_to_be_done(astro: FakeAstro) -> None:
    failing(astro, done=True, status=500)
    assert errors(written(store_of(astro), var("region", "x"))) == [None]
    assert len(astro.calls("UpdateDeployment")) == 1


def test_links_that_cannot_be_compared_after_an_update_are_not_told_as_changed(astro: FakeAstro) -> None:
    def refuse(call: Any, received: Any) -> None:
        if call.operation == "ListEnvironmentObjects" and astro.calls("UpdateDeployment"):
            raise Refusal(401, "expired")

    astro.before = refuse
    (outcome,) = written(store_of(astro), var("region", "x"))
    assert outcome.error is None
    (note,) = outcome.notes
    assert note.failed
    assert note.message.startswith("unknown whether the Deployment still gets all objects of the Environment Manager")


def test_a_secret_whose_update_was_lost_is_not_told_to_be_written(astro: FakeAstro) -> None:
    held = astro.deployments[astro.deployment]

    def other(call: Any, received: Any) -> None:
        if call.operation == "UpdateDeployment":
            held.put("DBT_TOKEN", "theirs", secret=True)
            held.record["updatedAt"] = "2026-12-01T00:00:00Z"
            raise Refusal(500, "Internal Server Error")

    astro.before = other
    (error,) = errors(written(store_of(astro), var("api_key", "new")))
    assert "the Deployment doesn't have it now" in (error or "")
    assert held.values()["AIRFLOW_VAR_API_KEY"] == "k3y"


def test_the_deployment_is_read_again_right_before_the_update(astro: FakeAstro) -> None:
    written(store_of(astro), var("region", "x"))
    names = [one.operation for one in astro.calls()]
    update = names.index("UpdateDeployment")
    assert names[update - 1] == "GetDeployment"
    assert names[update + 1 :] == ["ListEnvironmentObjects"]


def test_an_update_that_may_be_done_is_not_told_to_be(astro: FakeAstro) -> None:
    failing(astro, done=False, status=500)
    (error,) = errors(written(store_of(astro), var("region", "x")))
    assert "the Deployment doesn't have it now" in (error or "")
    assert CANARY not in (error or "")


@pytest.mark.parametrize("status", [400, 403])
def test_an_update_that_is_refused_writes_nothing(astro: FakeAstro, status: int) -> None:
    failing(astro, done=False, status=status)
    with pytest.raises(TargetError) as caught:
        written(store_of(astro), conn())
    assert CANARY not in f"{caught.value} {caught.value.hint}"


def test_without_the_list_of_linked_objects_nothing_is_written(astro: FakeAstro) -> None:
    def refuse(call: Any, received: Any) -> None:
        if call.operation == "ListEnvironmentObjects":
            raise Refusal(403, "no access")

    astro.before = refuse
    with pytest.raises(TargetError, match="may not list the objects of the Environment Manager") as caught:
        written(store_of(astro), conn())
    assert caught.value.hint
    assert astro.calls("UpdateDeployment") == []


def test_links_that_can_not_be_compared_afterwards_are_told(astro: FakeAstro) -> None:
    def refuse(call: Any, received: Any) -> None:
        if call.operation == "ListEnvironmentObjects" and astro.calls("UpdateDeployment"):
            raise Refusal(403, "no access")

    astro.before = refuse
    (outcome,) = written(store_of(astro), var("region", "x"))
    (note,) = outcome.notes
    assert outcome.error is None
    assert note.failed
    assert "unknown whether" in note.message


def test_what_a_server_changes_on_the_way_is_told(astro: FakeAstro, monkeypatch: pytest.MonkeyPatch) -> None:
    held = astro.deployments[astro.deployment]

    def update(self: FakeAstro, call: Any, body: Any, token: Any) -> Any:
        FakeAstro.update_deployment(self, call, body, token)
        held.record["contactEmails"] = []
        del held.variables["AIRFLOW__CORE__PARALLELISM"]
        held.put("AIRFLOW_VAR_REGION", "other")
        return 200, held.shown()

    monkeypatch.setitem(fake_astro._OPERATIONS, "UpdateDeployment", update)
    outcomes = written(store_of(astro), var("region", "x"), conn())
    told = [note.message for outcome in outcomes for note in outcome.notes if note.failed]
    assert "not as it was written: the variable has another value" in errors(outcomes)
    assert any('contactEmails is gone: it was ["oncall@example.com"' in text for text in told)
    assert any("the environment variable AIRFLOW__CORE__PARALLELISM is gone" in text for text in told)
    assert not any(CANARY in text or "foreign" in text for text in told)


@pytest.mark.parametrize("kind", [WORKSPACE, DEPLOYMENT])
def test_a_token_that_may_only_read_is_told(astro: FakeAstro, kind: str) -> None:
    token = astro.add_token(kind, writes=False)
    store = store_of(astro, token=token, address=f"astro-vars:///{astro.deployment}")
    with pytest.raises(AirconnError, match="may not do this"):
        written(store, var("region", "x"))
