"""What all secrets backends have in common, against a service that a test says the behaviour of."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from airconn.formats.base import ConnectionFormat
from airconn.model import Action, Bundle, Connection, Kind, Selection, Step, Text, Variable
from airconn.plan import Policy, TargetRules, make_plan
from airconn.stores.base import Context
from airconn.stores.secrets.codec import TextCodec
from airconn.stores.secrets.service import Held, Service, Unavailable
from airconn.stores.secrets.store import SecretStore


class Gone(Service):
    """Lets us in, takes so many secrets, and then no longer answers."""

    parallel = 1

    def __init__(self, takes: int) -> None:
        self.left = takes
        self.asked = 0

    def describe(self) -> str:
        return "the vault"

    def name(self, kind: Kind, id_: str) -> str:
        return f"airflow/{kind.value}/{id_}"

    def ids(self, kind: Kind) -> Iterator[str]:
        return iter(())

    def get(self, kind: Kind, id_: str) -> Held | None:
        return None

    def create(self, kind: Kind, id_: str, payload: object) -> None:
        self.asked += 1
        self.left -= 1
        if self.left < 0:
            raise Unavailable("it doesn't answer")

    def update(self, kind: Kind, id_: str, payload: object, held: Held) -> None:
        raise AssertionError

    def delete(self, kind: Kind, id_: str, held: Held) -> None:
        raise AssertionError


@pytest.mark.parametrize("connection_format", ["json", "uri"])
def test_json_with_a_key_that_airflow_refuses_is_left_alone_by_all_whose_secrets_are_texts(
    connection_format: ConnectionFormat,
) -> None:
    """A parameter, and a secret of Google's, Azure's or Kubernetes: `Connection.from_json` fails at it."""

    class Others(Gone):
        def ids(self, kind: Kind) -> Iterator[str]:
            return iter(["c"] if kind is Kind.CONNECTIONS else [])

        def get(self, kind: Kind, id_: str) -> Held | None:
            return Held(id_, '{"conn_type": "postgres", "masterarn": "s3cr3t-value"}', 1)

    store = SecretStore("vault://h/m", Others(takes=0), TextCodec(connection_format))
    found = store.read(Selection())
    assert len(found.bundle) == 0
    create = Step(Kind.CONNECTIONS, "c", Action.CREATE, source=Connection(conn_id="c", conn_type="postgres"))
    assert store.refusal(create) == ""
    reason = store.refusal(create, Context(before=found))
    assert reason.endswith("'masterarn' is not a field of a connection)")
    assert "s3cr3t-value" not in repr([found, reason, store.__dict__])


def test_what_is_not_tried_of_a_service_that_is_gone_is_told_from_what_failed() -> None:
    """Of what was not tried nothing was sent, so that it is as it was."""
    service = Gone(takes=1)
    store = SecretStore("vault://h/m", service, TextCodec())
    steps = [Step(Kind.VARIABLES, key, Action.CREATE, source=Variable(key=key, value=Text("x"))) for key in "abcde"]
    outcomes = list(store.apply(steps))
    assert [outcome.untried for outcome in outcomes] == [False, False, False, True, True]
    assert [bool(outcome.error) for outcome in outcomes] == [False, True, True, True, True]
    assert outcomes[-1].error == "not tried: the vault no longer answers"
    assert service.asked == 3


@pytest.mark.parametrize("is_empty", [True, False])
def test_a_read_that_found_nothing_tells_not_that_we_are_let_in(*, is_empty: bool) -> None:
    """A mount or a project that isn't there has no secret of any id either, and would fail at each write."""

    class Closed(Gone):
        def get(self, kind: Kind, id_: str) -> Held | None:
            return None if is_empty else Held(id_, "old")

        def knock(self, kind: Kind) -> None:
            raise Unavailable("there is no such mount")

    service = Closed(takes=1)
    store = SecretStore("vault://h/m", service, TextCodec())
    found = store.read(Selection(ids=frozenset({(Kind.VARIABLES, "a")})))
    step = Step(Kind.VARIABLES, "b", Action.CREATE, source=Variable(key="b", value=Text("x")))
    if is_empty:
        with pytest.raises(Unavailable):
            list(store.apply([step], Context(before=found)))
    else:
        assert [outcome.error for outcome in store.apply([step], Context(before=found))] == [None]
    assert service.asked == (0 if is_empty else 1)


def test_once_let_in_it_is_not_asked_before_each_write() -> None:
    """As where `--fail-fast` writes one object after the other."""

    class Open(Gone):
        knocks = 0

        def knock(self, kind: Kind) -> None:
            self.knocks += 1

    service = Open(takes=3)
    store = SecretStore("vault://h/m", service, TextCodec())
    for key in "abc":
        step = Step(Kind.VARIABLES, key, Action.CREATE, source=Variable(key=key, value=Text("x")))
        assert [outcome.error for outcome in store.apply([step])] == [None]
    assert service.knocks == 1


class Shelf(Gone):
    """One connection, which nothing but its content tells from what it was."""

    def __init__(self, payload: str) -> None:
        super().__init__(takes=0)
        self.payload = payload

    def get(self, kind: Kind, id_: str) -> Held | None:
        return Held(id_, self.payload) if kind is Kind.CONNECTIONS else None

    def update(self, kind: Kind, id_: str, payload: object, held: Held) -> None:
        self.payload = str(payload)


@pytest.mark.parametrize("is_told", [True, False])
@pytest.mark.parametrize("theirs", [{"password": "new"}, {"extra": {"a": 1, "token": "t"}}, {}])
def test_what_another_writer_adds_before_a_merge_is_not_destroyed(theirs: dict[str, Any], *, is_told: bool) -> None:
    """Services without conditional writes included: a secret is written as a whole."""
    held = {"conn_type": "http", "password": "old", "extra": {"a": 1}}
    service = Shelf(json.dumps(held))
    store = SecretStore("vault://h/m", service, TextCodec())
    ids = frozenset({(Kind.CONNECTIONS, "c")})
    found = store.read(Selection(kinds=frozenset({Kind.CONNECTIONS}), ids=ids))
    source = Bundle.of([Connection(conn_id="c", conn_type="http", host="h", extra=Text('{"b": 2}'))])
    plan = make_plan(source, found.bundle, TargetRules(store.stored_form), Policy(lacking="keep"))
    service.payload = json.dumps({**held, **theirs})
    (outcome,) = store.apply(plan.writes, Context(before=found) if is_told else Context())
    now = json.loads(service.payload)
    if theirs:
        assert outcome.error == "another program has changed it; run again"
        assert now == {**held, **theirs}
    else:
        assert outcome.error is None
        assert (now["host"], now["password"]) == ("h", "old")
