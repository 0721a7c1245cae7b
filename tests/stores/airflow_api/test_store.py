"""What an Airflow takes and refuses goes by its own version, whichever call comes first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace

import pytest

from airconn.errors import TargetError
from airconn.model import (
    DEFAULT_POOL,
    NEWEST,
    OLDEST,
    Action,
    AirflowObject,
    Connection,
    Kind,
    Pool,
    Selection,
    Step,
    Text,
    Variable,
)
from airconn.stores.base import Context, Store
from tests.stores.airflow_api.conftest import airflow
from tests.stores.contract import step
from tests.stores.site import Site

Serve = Callable[..., Site]
Connect = Callable[..., Store]

OBJECTS: Sequence[AirflowObject] = (
    Connection(conn_id="c", conn_type="t", password="", extra=Text("")),
    Connection(conn_id="é", conn_type="t", extra=Text("[1]")),
    Variable(key="v", value=Text('{"a":1.50}')),
    Variable(key="/v", value=Text("x"), team_name="ours"),
    Pool(name="p", slots=-1),
)
STEPS: Sequence[Step] = (
    step(Action.CREATE, OBJECTS[0]),
    step(Action.UPDATE, OBJECTS[0], Connection(conn_id="c", conn_type="t"), "password"),
    step(Action.UPDATE, OBJECTS[2], replace(OBJECTS[2], description="d"), "description"),
    step(Action.REPLACE, OBJECTS[0], OBJECTS[0]),
    step(Action.REPLACE, Pool(name=DEFAULT_POOL, slots=1), Pool(name=DEFAULT_POOL, slots=2)),
    step(Action.DELETE, None, Pool(name=DEFAULT_POOL, slots=2)),
)


def answers(store: Store, context: Context) -> list[object]:
    return [
        *([store.stored_form(obj, context), store.problems(obj, context)] for obj in OBJECTS),
        *(store.refusal(each, context) for each in STEPS),
    ]


@pytest.mark.parametrize("version", ["2.7.3", "2.11.2", "3.0.6", "3.3.2"])
def test_no_answer_depends_on_an_earlier_call(version: str, serve: Serve, connect: Connect) -> None:
    url = serve(airflow(version)).url
    context = Context(before=connect(url).read(Selection()), writes=frozenset(Kind))
    first = answers(connect(url), context)
    store = connect(url)
    for call in (
        store.describe,
        lambda: store.read(Selection(), context),
        lambda: list(store.apply([step(Action.DELETE, None, OBJECTS[2])], context)),
        lambda: store.problems(OBJECTS[0]),
    ):
        with suppress(TargetError):
            call()
        assert answers(store, context) == first
    assert vars(store).keys() == {"_address", "_capabilities", "_find", "_found", "_server", "_connected"}


@pytest.mark.parametrize("version", ["2.11.2", "3.3.2"])
def test_the_version_of_the_server_decides_and_not_the_one_that_the_objects_are_for(
    version: str, serve: Serve, connect: Connect
) -> None:
    url = serve(airflow(version)).url
    old, new = (answers(connect(url), Context(airflow=airflow)) for airflow in (OLDEST, NEWEST))
    assert old == new
    assert ("no path" in str(new)) is (version == "2.11.2")


def test_its_own_pool_is_neither_replaced_nor_deleted(serve: Serve, connect: Connect) -> None:
    said = [connect(serve(airflow("3.3.2")).url).refusal(each) for each in STEPS]
    assert said == [
        "",
        "the API can't remove a password",
        "",
        "",
        *["Airflow doesn't allow to delete default_pool"] * 2,
    ]
