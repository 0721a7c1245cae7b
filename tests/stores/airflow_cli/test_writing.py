"""What is looked at before an import of the command overwrites an object."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

from airconn.config import Settings
from airconn.model import NEWEST, Action, AirflowVersion, Bundle, Connection, Selection, Text
from airconn.model.reading import Reading
from airconn.stores import open_store
from airconn.stores.airflow_cli.session import CommandSession
from airconn.stores.airflow_cli.writing import Writer
from tests.stores.contract import TARGET, step

HELD = Connection(conn_id="c", conn_type="http", password="old", extra=Text('{"a": 1}'))


class Told:
    """A session with an Airflow that holds one connection by now."""

    def __init__(self, now: Connection) -> None:
        self.now = now

    def version(self) -> AirflowVersion:
        return NEWEST

    def read(self, selection: Selection) -> Reading:
        return Reading(Bundle.of([self.now]))

    def work(self, todo: Any) -> Any:
        raise AssertionError("nothing is to be written")


def test_what_changed_between_the_read_and_a_merge_is_not_overwritten() -> None:
    source = replace(HELD, host="h", extra=Text('{"a": 1, "b": 2}'))
    merge = replace(step(Action.UPDATE, source, HELD, "host", "extra"), merged=frozenset({"extra"}))
    assert merge.merges
    theirs = Connection(conn_id="c", conn_type="http", password="new", extra=Text('{"a": 1}'))
    store = open_store("airflow-cli:", Settings())
    (outcome,) = Writer(cast(CommandSession, Told(theirs)), store, TARGET).apply([merge])
    assert outcome.error == "another program has changed it; run again"
