"""The REST store against real Airflows. The judge of what was written is their metadata database."""

from __future__ import annotations

import configparser
import socket
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet

from airconn.config import Settings
from airconn.credentials import Credentials
from airconn.errors import TargetError
from airconn.model import (
    Action,
    AirflowObject,
    AirflowVersion,
    Connection,
    Kind,
    Pool,
    Selection,
    Text,
    Variable,
)
from airconn.stores import open_store
from airconn.stores.base import Context, Store
from tests.stores.contract import FULL, SECRET, StoreContract, create, do, planned, read_one, step


class Database:
    """A sandbox's metadata database, seen from below."""

    def __init__(self, home: Path) -> None:
        config = configparser.ConfigParser(interpolation=None)
        config.read(home / "airflow.cfg")
        self._fernet = Fernet(config["core"]["fernet_key"])
        self._path = home / "airflow.db"

    def run(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self._path, timeout=120)) as database, database:
            return database.execute(sql, values).fetchall()

    def clear(self) -> None:
        with closing(sqlite3.connect(self._path, timeout=120)) as database, database:
            database.execute("delete from connection")
            database.execute("delete from variable")
            database.execute("delete from slot_pool where pool <> 'default_pool'")

    def put_variables(self, values: dict[str, str]) -> None:
        with closing(sqlite3.connect(self._path, timeout=120)) as database, database:
            database.executemany("insert into variable (key, val, is_encrypted) values (?, ?, 0)", values.items())

    def put_connections(self, extras: dict[str, str]) -> None:
        """Connections of the given extras, by their ids, and nothing else."""
        columns = "conn_id, conn_type, is_encrypted, is_extra_encrypted, extra"
        with closing(sqlite3.connect(self._path, timeout=120)) as database, database:
            database.executemany(f"insert into connection ({columns}) values (?, 't', 0, 0, ?)", extras.items())

    def _clear_text(self, value: str | None, encrypted: object) -> str | None:
        return self._fernet.decrypt(value.encode()).decode() if value and encrypted else value

    def get(self, kind: Kind, id_: str) -> AirflowObject | None:
        if kind is Kind.CONNECTIONS:
            rows = self.run(
                "select conn_type, description, host, schema, login, port, password, is_encrypted, extra, "
                "is_extra_encrypted from connection where conn_id = ?",
                id_,
            )
            for *plain, password, hidden, extra, extra_hidden in rows:
                names = ("conn_type", "description", "host", "schema", "login", "port")
                text = self._clear_text(extra, extra_hidden)
                return Connection(
                    conn_id=id_,
                    password=self._clear_text(password, hidden),
                    extra=None if text is None else Text(text),
                    **dict(zip(names, plain, strict=True)),
                )
        elif kind is Kind.VARIABLES:
            for value, hidden, description in self.run(
                "select val, is_encrypted, description from variable where key = ?", id_
            ):
                return Variable(key=id_, value=Text(self._clear_text(value, hidden) or ""), description=description)
        else:
            for slots, description, deferred in self.run(
                "select slots, description, include_deferred from slot_pool where pool = ?", id_
            ):
                return Pool(name=id_, slots=slots, description=description, include_deferred=bool(deferred))
        return None


def settings(username: str, password: str, **others: Any) -> Settings:
    names = ("AIRCONN_TOKEN", "AIRCONN_USERNAME and AIRCONN_PASSWORD")
    return Settings(credentials=Credentials(username=username, password=password, looked_at=names), **others)


class TestAirflowApi(StoreContract):
    @pytest.fixture
    def truth(self, sandbox: Any) -> Iterator[Database]:
        database = Database(sandbox.home)
        database.clear()
        yield database
        database.clear()

    @pytest.fixture
    def store(self, sandbox: Any, truth: Database) -> Iterator[Store]:
        store = open_store(sandbox.url, settings(sandbox.username, sandbox.password))
        store.describe()
        yield store
        store.close()

    @pytest.fixture
    def unreachable(self) -> Callable[[], Store]:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        return lambda: open_store(f"http://127.0.0.1:{port}", settings("admin", SECRET))

    @pytest.fixture
    def locked_out(self, sandbox: Any) -> Callable[[], Store]:
        return lambda: open_store(sandbox.url, settings(sandbox.username, SECRET))

    def test_it_says_what_it_talks_to(self, sandbox: Any) -> None:
        for address in (sandbox.url, f"{sandbox.url}/", f"{sandbox.url}/api/v1", f"{sandbox.url}/home/"):
            store = open_store(address, Settings())
            described = store.describe()
            assert described.text == f"airflow {sandbox.version} at {sandbox.url}"
            assert described.airflow == AirflowVersion.parse(sandbox.version)
            store.close()

    def test_without_credentials_it_says_where_it_looked(self, sandbox: Any) -> None:
        store = open_store(sandbox.url, Settings(credentials=Credentials(looked_at=("A_TOKEN", "A_USER"))))
        with pytest.raises(TargetError, match="needs credentials") as caught:
            store.read(Selection())
        assert caught.value.hint == "set one of these: A_TOKEN, A_USER (airconn help login)"
        store.close()

    def test_a_path_that_leads_nowhere(self, sandbox: Any) -> None:
        store = open_store(f"{sandbox.url}/deployment", Settings())
        with pytest.raises(TargetError, match="Airflow") as caught:
            store.describe()
        assert caught.value.hint
        store.close()

    def test_what_the_server_would_break_on_is_refused_beforehand(self, store: Store, sandbox: Any) -> None:
        version = store.describe().airflow
        new = version >= AirflowVersion(3, 0)
        connection = Connection(conn_id="c", conn_type="t")
        variable = Variable(key="v", value=Text("x"))
        pool = Pool(name="p", slots=1)
        bad: list[tuple[AirflowObject, bool]] = [
            (replace(connection, conn_id="a b"), True),
            (replace(connection, conn_id="a/b"), True),
            (replace(connection, conn_id=""), True),
            (replace(connection, conn_id="c" * 201), True),
            (replace(connection, conn_id="é"), AirflowVersion(2, 8) <= version < AirflowVersion(3, 0)),
            (replace(connection, extra=Text("no json")), new),
            (replace(connection, extra=Text("[1]")), version >= AirflowVersion(2, 9)),
            (replace(connection, extra=Text('{"a": 1, "a": 2}')), False),
            (replace(connection, extra=Text('{"a": ' + "9" * 5000 + "}")), True),
            (replace(connection, port=2**70), True),
            (replace(connection, team_name="t"), version < AirflowVersion(3, 2)),
            (replace(variable, key="k" * 251), True),
            (replace(variable, key="a\nb"), True),
            (replace(variable, key="/a"), not new),
            (replace(variable, key=""), not new),
            (replace(variable, value=Text("9" * 5000)), new),
            (replace(variable, value=Text("\ud800")), True),
            (replace(pool, name="a/b"), not new),
            (replace(pool, name="p" * 257), True),
            (replace(pool, slots=-1), version < AirflowVersion(3, 1)),
            (replace(pool, slots=-2), True),
        ]
        assert [(repr(obj)[:60], bool(store.problems(obj))) for obj, _ in bad] == [
            (repr(obj)[:60], wrong) for obj, wrong in bad
        ]

    def test_what_is_not_refused_beforehand_is_taken(self, store: Store, truth: Database) -> None:
        objects: list[AirflowObject] = [
            Connection(conn_id="é", conn_type="t"),
            Connection(conn_id="array", conn_type="t", extra=Text("[1]")),
            Connection(conn_id="text", conn_type="t", extra=Text("no json")),
            Connection(conn_id="twice", conn_type="t", extra=Text('{"a": 1, "a": 2}')),
            Connection(conn_id="c" * 200, conn_type="t", port=-(2**31)),
            Variable(key="/a", value=Text("[" * 100 + "]" * 100)),
            Variable(key="huge", value=Text("9" * 5000)),
            Pool(name="/a/b", slots=1),
            Pool(name="unlimited", slots=-1),
        ]
        for obj in objects:
            if not store.problems(obj):
                create(store, obj)
                assert truth.get(obj.kind, obj.id) in (obj, replace(obj, **_deferred(obj)))
                held = read_one(store, obj)
                assert held is not None
                assert do(store, step(Action.DELETE, None, held)) == [None]

    def test_a_failure_quotes_nothing_that_was_sent(self, store: Store) -> None:
        obj = replace(FULL, conn_id="a b", port=10**30, extra=Text(f'["{SECRET[:8]}", 1'), description="d" * 9)
        bad: list[AirflowObject] = [obj, replace(obj, conn_id="b"), replace(obj, conn_id="c", port=1)]
        bad.append(Variable(key="k" * 300, value=Text(SECRET), description=SECRET))
        bad.append(Pool(name="p" * 300, slots=1, description=SECRET))
        create(store, FULL)
        bad.append(FULL)
        for error in do(store, *(step(Action.CREATE, each) for each in bad)):
            for secret in (SECRET[:8], "tk-1234567", "ddddd", "INSERT"):
                assert secret not in (error or "")

    def test_all_pages_of_connections_are_read(self, store: Store, truth: Database) -> None:
        """100 is a page; each connection of Airflow 2 is read on its own for its extra."""
        truth.run(
            "with recursive n(i) as (select 1 union all select i + 1 from n where i < 205) "
            "insert into connection (conn_id, conn_type, is_encrypted, is_extra_encrypted, extra) "
            "select 'c' || i, 't', 0, 0, '{\"i\": ' || i || '}' from n"
        )
        few = store.describe().airflow < AirflowVersion(3, 0)
        selection = Selection(kinds=frozenset({Kind.CONNECTIONS}), include=("c?",) if few else ())
        found = store.read(selection).bundle.connections
        numbers = range(1, 10) if few else range(1, 206)
        assert {id_: str(obj.extra and obj.extra.text) for id_, obj in found.items()} == {  # type: ignore[union-attr]
            f"c{number}": f'{{"i": {number}}}' for number in numbers
        }

    @pytest.mark.usefixtures("impatient")
    def test_an_extra_that_breaks_the_list_is_found_and_the_rest_is_read(self, store: Store, truth: Database) -> None:
        """The one that breaks it is on the second page; one more, in the middle of the first, has capitals."""
        extras = {f"c{number:03}": "{}" for number in range(150)} | {"c007": "[1]", "Old_Conn-1.x": "[1]"}
        truth.put_connections(extras)
        good = Selection(kinds=frozenset({Kind.CONNECTIONS}))
        if store.describe().airflow < AirflowVersion(3, 0):
            assert store.read(good).bundle.connections.keys() == extras.keys()
            return
        found = store.read(good)
        assert found.bundle.connections.keys() == extras.keys() - {"c007", "Old_Conn-1.x"}
        assert all(note.failed and note.left_out for note in found.notes)
        told = {note.where: "upper and lower case" in note.message for note in found.notes}
        assert told == {
            f"{store.address}: connections/c007": False,
            f"{store.address}: connections/old_conn-1.x": True,
        }
        wanted = [Connection(conn_id=id_, conn_type="t") for id_ in ("c007", "Old_Conn-1.x", "c008", "new")]
        ids = frozenset((Kind.CONNECTIONS, obj.conn_id) for obj in wanted)
        for _ in range(2):  # once from single objects, once from the list
            found = store.read(replace(good, ids=ids))
            assert sorted(note.where.rpartition("/")[2] for note in found.notes) == ["Old_Conn-1.x", "c007"]
            plan = planned(wanted, found, store)
            assert [step.id for step in plan.blocked] == ["Old_Conn-1.x", "c007"]
            ids |= {(Kind.CONNECTIONS, f"c{number:03}") for number in range(20, 150)}

    @pytest.mark.usefixtures("impatient")
    def test_a_pool_that_breaks_the_list_is_found_and_the_rest_is_read(self, store: Store, truth: Database) -> None:
        for name, slots in (("a", 1), ("endless", -1), ("z", 2)):
            truth.run("insert into slot_pool (pool, slots, include_deferred) values (?, ?, 0)", name, slots)
        pools = Selection(kinds=frozenset({Kind.POOLS}))
        names = {"a", "default_pool", "z"}
        if store.describe().airflow >= AirflowVersion(3, 1):
            assert store.read(pools).bundle.pools["endless"].slots == -1
            return
        found = store.read(pools)
        assert found.bundle.pools.keys() == names
        (note,) = found.notes
        assert note.failed
        assert "-1 slots" in note.message
        assert ("pools/endless" in note.where) == (store.describe().airflow >= AirflowVersion(3, 0))
        ids = frozenset((Kind.POOLS, name) for name in ("a", "endless", "c", "d", "e"))
        found = store.read(replace(pools, ids=ids))
        assert [note.where.rpartition("/")[2] for note in found.notes] == ["endless"]
        assert store.refusal(step(Action.CREATE, Pool(name="endless", slots=1)), Context(before=found))

    @pytest.mark.usefixtures("impatient")
    def test_a_server_that_fails_on_all_of_a_list_is_no_empty_one(self, store: Store, truth: Database) -> None:
        truth.run("alter table variable rename to variable_gone")
        try:
            with pytest.raises(TargetError, match="fails with status 500"):
                store.read(Selection(kinds=frozenset({Kind.VARIABLES})))
        finally:
            truth.run("alter table variable_gone rename to variable")


def _deferred(obj: AirflowObject) -> dict[str, Any]:
    return {"include_deferred": False} if isinstance(obj, Pool) else {}
