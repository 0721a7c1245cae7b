"""An MWAA environment through InvokeRestApi: neither its limits nor what isn't known of it change what is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from airconn.errors import TargetError
from airconn.model import Action, AirflowObject, Bundle, Connection, Kind, Pool, Selection, Text, Variable
from airconn.stores import open_store
from airconn.stores.base import Context, Store
from airconn.stores.http.transport import Transport
from airconn.stores.managed.mwaa import calls
from tests.stores.contract import step
from tests.stores.managed.memory_airflow import MemoryAirflow
from tests.stores.managed.mwaa_door import ADDRESS, CANARIES, MwaaDoor, MwaaSwitches, impatient, refusal
from tests.stores.site import Answer, Received

VERSIONS = ("2.11.2", "3.3.2")
LONG = "a_connection_with_a_name_that_is_longer_than_a_path_may_be"
WRITE = Context(writes=frozenset(Kind))


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch, no_other_aws: None) -> None:
    monkeypatch.setattr(Transport, "backoff", impatient())


Opened = tuple[MwaaDoor, MemoryAirflow, Store]


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Opened]]:
    with ExitStack() as stack:

        def opened(version: str = "3.3.2", *, paced: bool = False, **switches: Any) -> Opened:
            if not paced:  # it would wait for most of the time of these tests
                monkeypatch.setattr("airconn.stores.managed.mwaa.invoking._A_SECOND", 1e6)
                switches["a_second"] = 10**6
            airflow = MemoryAirflow(version)
            door = MwaaDoor(airflow, lambda: "no-session", MwaaSwitches(version=version, **switches))
            stack.enter_context(door)
            store = open_store(f"{ADDRESS}?through=api", door.settings(tmp_path))
            stack.callback(store.close)
            return door, airflow, store

        yield opened


def created(store: Store, *objects: AirflowObject) -> list[str | None]:
    return [outcome.error for outcome in store.apply([step(Action.CREATE, obj) for obj in objects], WRITE)]


def changed(store: Store, obj: AirflowObject, *names: str) -> list[str | None]:
    ids = Selection(ids=frozenset({(obj.kind, obj.id)}))
    before = store.read(ids, WRITE)
    wanted = step(Action.UPDATE, obj, before.bundle.get(obj.kind, obj.id), *names)
    assert store.refusal(wanted, replace(WRITE, before=before)) == ""
    return [outcome.error for outcome in store.apply([wanted], replace(WRITE, before=before))]


def deleted(store: Store, *objects: AirflowObject) -> list[str | None]:
    return [outcome.error for outcome in store.apply([step(Action.DELETE, None, obj) for obj in objects], WRITE)]


def failed(call: Callable[[], object]) -> str:
    with pytest.raises(TargetError) as caught:
        call()
    text = f"{caught.value} | {caught.value.hint}"
    assert not any(canary in text for canary in CANARIES)
    return text


UNKNOWN = [
    {},
    {"repeated": "text", "empty": "null"},
    {"repeated": "refused", "empty": "{}"},
    {"nulls": "dropped", "empty": "text"},
    {"nulls": "refused", "empty": "fault"},
    {"percent": "encoded"},
    {"repeated": "text", "nulls": "dropped", "empty": "fault", "percent": "encoded"},
]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("switches", UNKNOWN, ids=str)
def test_what_is_not_known_of_aws_changes_nothing_that_is_written(
    opened: Callable[..., Opened], version: str, switches: dict[str, str]
) -> None:
    _, airflow, store = opened(version, **switches)
    full = Connection(conn_id="c", conn_type="http", host="h", login="me", password="pw-1", port=1, extra=Text("{}"))
    bare = Connection(conn_id="bare", conn_type="x")
    variable = Variable(key="v", value=Text("1.50"), description="d")
    pool = Pool(name="p", slots=1, include_deferred=True)
    assert created(store, full, bare, variable, pool) == [None] * 4
    assert changed(store, replace(full, host="h2", login="you", port=2), "host", "login", "port") == [None]
    assert changed(store, replace(variable, value=Text("2"), description="e"), "value", "description") == [None]
    assert changed(store, replace(pool, slots=2, include_deferred=False), "slots", "include_deferred") == [None]
    nothing = dict.fromkeys(("description", "host", "login", "schema", "port", "password", "extra"))
    assert airflow.held["connections"] == {
        "c": {
            **nothing,
            "conn_type": "http",
            "host": "h2",
            "login": "you",
            "port": 2,
            "password": "pw-1",
            "extra": "{}",
        },
        "bare": {**nothing, "conn_type": "x"},
    }
    assert airflow.held["variables"] == {"v": {"value": "2", "description": "e"}}
    assert airflow.held["pools"]["p"] | {"description": None} == {
        "slots": 2,
        "description": None,
        "include_deferred": False,
    }
    assert {obj.id for obj in store.read(Selection()).bundle} == {"c", "bare", "v", "p"}
    assert deleted(store, full, bare, variable, pool) == [None] * 4
    assert not any(airflow.held.values())


@pytest.mark.parametrize("version", VERSIONS)
def test_a_field_is_not_emptied_by_a_null_that_aws_may_drop(opened: Callable[..., Opened], version: str) -> None:
    _, airflow, store = opened(version)
    full = Connection(conn_id="c", conn_type="http", host="h", description="d")
    created(store, full)
    held = store.read(Selection(), WRITE)
    wanted = step(Action.UPDATE, replace(full, description=None), held.bundle.connections["c"], "description")
    assert "description would stay" in store.refusal(wanted, replace(WRITE, before=held))
    (outcome,) = store.apply([wanted], replace(WRITE, before=held))
    assert "through=api" in (outcome.error or "")
    assert airflow.held["connections"]["c"]["description"] == "d"


def test_airflow_3_takes_ids_that_are_too_long_for_a_path_in_the_body(opened: Callable[..., Opened]) -> None:
    door, airflow, store = opened("3.3.2")
    long = Connection(conn_id=LONG, conn_type="http", host="h")
    odd = Variable(key="k/ é?#%2F&=+;..", value=Text("x"))
    for obj in (long, odd):
        assert store.problems(obj, WRITE) == ()
        assert created(store, obj) == [None]
    assert changed(store, replace(long, host="h2", login="me"), "host", "login") == [None]
    assert changed(store, replace(odd, value=Text("y")), "value") == [None]
    assert airflow.held["connections"][LONG]["host"] == "h2"
    assert airflow.held["variables"][odd.key]["value"] == "y"
    assert {obj.id for obj in store.read(Selection()).bundle} == {LONG, odd.key}
    assert deleted(store, long, odd) == [None, None]
    assert not any(airflow.held.values())
    assert all(len(given["Path"]) <= 64 for operation, given in door.calls if operation == "InvokeRestApi")


def test_an_id_that_no_path_of_airflow_2_can_have_is_told_before_the_first_write(
    opened: Callable[..., Opened],
) -> None:
    door, _, store = opened("2.11.2")
    for obj in (
        Connection(conn_id=LONG, conn_type="t"),
        Variable(key="a/b", value=Text("x")),
        Pool(name="a b", slots=1),
    ):
        assert any("64" in problem for problem in store.problems(obj, WRITE))
    assert store.problems(Connection(conn_id="c" * 51, conn_type="t"), WRITE) == ()
    assert store.problems(Connection(conn_id="c" * 52, conn_type="t"), WRITE)
    assert [given["Method"] for operation, given in door.calls if operation == "InvokeRestApi"] == ["GET"]


def test_a_connection_of_airflow_2_whose_path_is_too_long_is_read_without_its_extra(
    opened: Callable[..., Opened],
) -> None:
    _, airflow, store = opened("2.11.2")
    airflow.held["connections"] = {
        id_: dict.fromkeys(("description", "host", "login", "schema", "port", "password"), None)
        | {"conn_type": "t", "extra": '{"a": 1}'}
        for id_ in (LONG, "short")
    }
    found = store.read(Selection()).bundle.connections
    assert str(found["short"].extra.text) == '{"a": 1}'  # type: ignore[union-attr]
    assert repr(found[LONG].extra) == "REDACTED"


@pytest.mark.parametrize("fault", ["InternalServerException", "RequestEntityTooLargeException"])
def test_pages_that_are_too_large_for_an_answer_are_made_smaller(opened: Callable[..., Opened], fault: str) -> None:
    _, airflow, store = opened("3.3.2", largest=30_000, size_fault=fault)
    values = {f"v{number:03}": str(number) * 1000 for number in range(100)}
    airflow.held["variables"] = {key: {"value": value, "description": None} for key, value in values.items()}
    found = store.read(Selection(kinds=frozenset({Kind.VARIABLES})))
    assert {key: obj.value for key, obj in found.bundle.variables.items()} == {
        key: Text(value) for key, value in values.items()
    }
    assert found.notes == ()


def test_an_object_that_is_too_large_for_any_answer_is_told_and_the_rest_is_read(
    opened: Callable[..., Opened],
) -> None:
    _, airflow, store = opened("3.3.2", largest=10_000)
    for key, size in (("a", 10), ("huge", 20_000), ("z", 10)):
        airflow.held["variables"][key] = {"value": "v" * size, "description": None}
    found = store.read(Selection(kinds=frozenset({Kind.VARIABLES})))
    assert found.bundle.variables.keys() == {"a", "z"}
    assert [(note.left_out, note.failed) for note in found.notes] == [(True, True)]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_write_that_aws_gives_up_on_after_10_s_is_looked_for(opened: Callable[..., Opened], version: str) -> None:
    door, airflow, store = opened(version)
    slow = [True]

    def once(received: Received) -> float:
        """The first write takes longer than AWS waits, and is done."""
        if received.method == "GET" or not slow:
            return 0.0
        slow.clear()
        return 11.0

    door.switches.slow = once
    objects = [Connection(conn_id=f"c{number}", conn_type="t", password=f"pw-{number}") for number in range(5)]
    assert created(store, *objects) == [None] * 5
    assert airflow.held["connections"].keys() == {obj.conn_id for obj in objects}
    assert [airflow.held["connections"][f"c{number}"]["password"] for number in range(5)] == [
        f"pw-{number}" for number in range(5)
    ]


def test_no_request_has_more_than_50_objects(opened: Callable[..., Opened]) -> None:
    door, airflow, store = opened("3.3.2")
    objects = Bundle.of(Variable(key=f"v{number:03}", value=Text("x")) for number in range(180))
    assert set(created(store, *objects)) == {None}
    sizes = [len(one.body["actions"][0]["entities"]) for one in door.invoked if one.method == "PATCH"]
    assert sum(sizes) == len(airflow.held["variables"]) == 180
    assert max(sizes) == 50


def test_no_more_calls_are_made_in_a_second_than_aws_takes(opened: Callable[..., Opened]) -> None:
    door, _, store = opened("2.11.2", paced=True)
    objects = [Connection(conn_id=f"c{number}", conn_type="t") for number in range(25)]
    assert created(store, *objects) == [None] * 25
    assert len(door.invoked) == len([1 for operation, _ in door.calls if operation == "InvokeRestApi"])


def test_calls_that_aws_holds_back_are_made_again(opened: Callable[..., Opened], monkeypatch: Any) -> None:
    door, _, store = opened("3.3.2")
    store.describe()
    door.switches.broken["InvokeRestApi"] = refusal("ThrottlingException", 429)
    text = failed(lambda: store.read(Selection()))
    assert "gets too many requests" in text
    assert door.operations().count("InvokeRestApi") == 3


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (
            refusal("AccessDeniedException", 403),
            "airflow:InvokeRestApi | a policy must allow it on arn:aws:airflow:eu-west-1:123456789012:role/prod/Op",
        ),
        (refusal("ResourceNotFoundException", 404), "mwaa://eu-west-1/prod: no MWAA environment 'prod' in eu-west-1"),
        (
            Answer(
                400,
                {"message": "Update your environment to use InvokeRestApi"},
                {"x-amzn-errortype": "ValidationException"},
            ),
            "too old for InvokeRestApi",
        ),
        (refusal("ValidationException", 400), "AWS refuses InvokeRestApi as invalid"),
        (refusal("InternalServerException", 500), "can't be reached by the gateway in front of it"),
        (refusal("ExpiredTokenException", 403), "AWS refuses the credentials: their session has ended"),
        (Answer(200, {"RestApiStatusCode": 200, "RestApiResponse": "<html>"}), ""),
        (Answer(502, "<html>bad gateway</html>"), ""),
    ],
)
def test_a_refusal_of_aws_is_told_in_words(opened: Callable[..., Opened], answer: Answer, words: str) -> None:
    _, _, store = opened(broken={"InvokeRestApi": answer})
    assert words in failed(lambda: store.read(Selection()))


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("status", [401, 403])
def test_a_role_of_airflow_that_may_not_read_is_told(
    opened: Callable[..., Opened], version: str, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, _, store = opened(version)
    store.describe()
    monkeypatch.setattr(MemoryAirflow, "_listed", lambda *_: Answer(status, {"title": "Forbidden", "detail": None}))
    text = failed(lambda: store.read(Selection()))
    assert "refuses the credentials" in text
    assert "airflow:InvokeRestApi" in text


def test_no_session_is_opened_and_the_web_server_is_not_asked(opened: Callable[..., Opened]) -> None:
    door, _, store = opened(access_mode="PRIVATE_ONLY")
    assert store.describe().text == f"airflow 3.3.2 at {ADDRESS}"
    store.read(Selection())
    store.close()
    assert door.web.log == []
    assert set(door.operations()) == {"GetEnvironment", "InvokeRestApi"}


def test_a_boto3_without_the_call_is_told_as_too_old(
    opened: Callable[..., Opened], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, _, store = opened()
    make = calls.make_client

    def old(*args: Any, **options: Any) -> Any:
        client = make(*args, **options)
        return SimpleNamespace(meta=client.meta, get_environment=client.get_environment, close=client.close)

    monkeypatch.setattr(calls, "make_client", old)
    assert "this boto3 is too old for InvokeRestApi" in failed(store.describe)


def test_objects_whose_path_is_too_long_fail_by_themselves_and_the_others_are_deleted(
    opened: Callable[..., Opened],
) -> None:
    _, airflow, store = opened("2.11.2")
    ids = [f"{LONG}_{number}" for number in range(4)]
    airflow.held["connections"] = {id_: {"conn_type": "t", "password": None} for id_ in (*ids, "short")}
    errors = deleted(store, *(Connection(conn_id=id_, conn_type="t") for id_ in (*ids, "short")))
    assert ["leave ?through=api out" in str(error) for error in errors] == [True] * 4 + [False]
    assert airflow.held["connections"].keys() == set(ids)
