"""What two writers at once make of a connection: tests/integration/test_two_imports.py has real servers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from airconn.model import REDACTED, Action, Connection, Kind, Step, Variable
from airconn.model.reading import Key
from airconn.model.text import Text
from airconn.stores.base import Context, FindsMixed, Store
from tests.stores.airflow_api.conftest import airflow
from tests.stores.contract import step
from tests.stores.site import Answer, Received, Site

Serve = Callable[..., Site]
Connect = Callable[..., Store]


def shown(conn_id: str, **fields: Any) -> dict[str, Any]:
    none = dict.fromkeys(("description", "login", "schema", "port", "extra"))
    return {"connection_id": conn_id, "conn_type": "t", "host": "ours", "password": "***", **none, **fields}


def listing(*rows: dict[str, Any]) -> Callable[[Received], Answer | None]:
    def respond(received: Received) -> Answer | None:
        if received.method != "GET" or "/connections" not in received.path:
            return None
        id_ = received.path.rpartition("/")[2]
        one = [row for row in rows if row["connection_id"] == id_]
        return Answer(body=one[0] if one else {"connections": list(rows), "total_entries": len(rows)})

    return respond


def updated(conn_id: str) -> Step:
    held = Connection(conn_id=conn_id, conn_type="t", host="ours", password=REDACTED)
    return step(
        Action.UPDATE, Connection(conn_id=conn_id, conn_type="t", host="ours", password="pw"), held, "password"
    )


@pytest.mark.parametrize("version", ["3.3.2", "2.11.2"])
def test_a_connection_with_the_host_of_another_writer_is_found(version: str, serve: Serve, connect: Connect) -> None:
    rows = [shown(f"c{n}", host="theirs" if n == 3 else "ours") for n in range(8)]
    site = serve(airflow(version, listing(*rows)))
    assert mixed(connect(site.url), [updated(f"c{n}") for n in range(8)]) == {(Kind.CONNECTIONS, "c3")}
    assert len([sent for sent in site.sent("GET") if "/connections" in sent.path]) <= 2


def mixed(store: Store, done: list[Step]) -> frozenset[Key]:
    assert isinstance(store, FindsMixed)
    found, notes = store.mixed(done, Context())
    assert notes == ()
    return found


def test_what_was_created_in_two_requests_is_looked_at(serve: Serve, connect: Connect) -> None:
    def created(number: int) -> list[Step]:
        made = [Connection(conn_id=f"c{n}", conn_type="t", host="ours", password=f"pw{n}") for n in range(number)]
        return [step(Action.CREATE, obj) for obj in made]

    rows = [shown(f"c{n}", login="theirs" if n == 3 else None) for n in range(30)]
    assert mixed(connect(serve(airflow("3.3.2", listing(*rows))).url), created(30)) == {(Kind.CONNECTIONS, "c3")}
    site = serve(airflow("3.3.2", listing(*rows)))
    assert mixed(connect(site.url), created(5)) == frozenset()  # one request each, or one for all
    assert not [sent for sent in site.sent("GET") if "/connections" in sent.path]


def test_what_is_written_at_once_is_not_looked_at(serve: Serve, connect: Connect) -> None:
    site = serve(airflow("3.3.2"))
    new = Variable(key="v", value=Text("x"))
    done = [step(Action.UPDATE, new, Variable(key="v", value=Text("y")), "value"), updated("gone")]
    assert mixed(connect(site.url), done[:1]) == frozenset()
    assert len(site.sent("GET")) <= 2


def test_so_many_passwords_that_a_list_takes_minutes_are_told_and_not_looked_at(
    serve: Serve, connect: Connect
) -> None:
    site = serve(airflow("3.3.2", listing()))
    held = Connection(conn_id="c", conn_type="t", password=REDACTED)
    done = [
        step(Action.UPDATE, Connection(conn_id=f"c{n}", conn_type="t", password=f"pw{n}"), held, "password")
        for n in range(1000)
    ]
    store = connect(site.url)
    assert isinstance(store, FindsMixed)
    found, notes = store.mixed(done, Context())
    assert found == frozenset()
    assert [note.message for note in notes] == [
        "changes by another import at the same time aren't detected here: --verify detects them"
    ]
