"""What is looked at before an import of the command overwrites an object."""

from __future__ import annotations

from typing import Any, cast

from airconn.model import NEWEST, AirflowVersion, Bundle, Connection, Selection, Text
from airconn.plan import Policy, make_plan
from airconn.stores.airflow_cli.session import Session
from airconn.stores.airflow_cli.writing import Writer
from tests.memory import Memory

HELD = Connection(conn_id="c", conn_type="http", password="old", extra=Text('{"a": 1}'))


class Told:
    """A session with an Airflow that holds one connection by now."""

    def __init__(self, now: Connection) -> None:
        self.now = now

    def version(self) -> AirflowVersion:
        return NEWEST

    def read(self, selection: Selection, notes: list[Any]) -> Bundle:
        return Bundle.of([self.now])

    def work(self, todo: Any) -> Any:
        raise AssertionError("nothing is to be written")


def test_what_changed_between_the_read_and_a_merge_is_not_overwritten() -> None:
    source = Connection(conn_id="c", conn_type="http", host="h", extra=Text('{"b": 2}'))
    place = Memory()
    plan = make_plan(Bundle.of([source]), Bundle.of([HELD]), place, Policy(lacking="keep"))
    theirs = Connection(conn_id="c", conn_type="http", password="new", extra=Text('{"a": 1}'))
    (outcome,) = Writer(cast(Session, Told(theirs)), place, []).apply(plan.writes)
    assert outcome.error == "changed by another writer meanwhile; run again"
