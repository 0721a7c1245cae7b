"""The metadata databases of real Airflows, read by airconn and exported by Airflow itself."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet

from airconn.config import Settings
from airconn.errors import AirconnError, TargetError
from airconn.model import AirflowVersion, Bundle, Connection, Kind, Selection, Text
from airconn.sandbox import Sandbox
from airconn.stores import open_store
from airconn.stores.base import Store
from tests.integration import in_airflow, in_metadb
from tests.integration.backends import environment
from tests.integration.conftest import on_worker_of
from tests.integration.postgres import Postgres
from tests.integration.target import Target
from tests.stores.contract import OBJECTS, SECRET

LEGACY = {"legacy_text": "not json", "legacy_list": "[1]", "legacy_null": "null", "legacy_twice": '{"a": 1, "a": 2}'}
"""Extras that Airflow 2 let anybody store, and at which the export of Airflow 3 ends."""


def plain(bundle: Bundle) -> dict[str, Any]:
    """A bundle in the shape of `in_airflow.dump`."""

    def text(value: Any) -> Any:
        return value.text if isinstance(value, Text) else value

    connection_fields = ("conn_type", "description", "login", "host", "port", "schema", "password", "extra")
    return {
        "connections": {
            obj.id: {name: text(getattr(obj, name)) for name in connection_fields}
            for obj in bundle.connections.values()
        },
        "variables": {
            obj.id: {"value": text(obj.value), "description": obj.description} for obj in bundle.variables.values()
        },
        "pools": {
            obj.id: {name: getattr(obj, name) for name in ("slots", "description", "include_deferred")}
            for obj in bundle.pools.values()
            if obj.id != "default_pool"
        },
    }


WANTED = plain(Bundle.of(obj for obj in OBJECTS if obj.id != ".."))
for fields in WANTED["connections"].values():
    fields["password"] = fields["password"] or None
for fields in WANTED["pools"].values():
    fields["include_deferred"] = bool(fields["include_deferred"])
"""What Airflow holds of the objects that every place is tested with."""


def agree(found: dict[str, Any], exported: dict[str, Any], version: AirflowVersion) -> None:
    """Fails unless what was read is what Airflow exports, as far as Airflow exports it as it is."""
    assert {
        conn_id: {name: value for name, value in fields.items() if name != "team_name"}
        for conn_id, fields in exported["connections"].items()
    } == found["connections"]
    assert exported["pools"] == found["pools"]
    assert exported["variables"].keys() == found["variables"].keys()
    for key, value in exported["variables"].items():
        text, description = found["variables"][key]["value"], found["variables"][key]["description"]
        if version.major > 2 and isinstance(value, dict) and set(value) == {"value", "description"}:
            assert value["description"] == description
            value = value["value"]
        assert value == text or _in_order(value) == _in_order(json.loads(text)), key


def _in_order(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def opened(address: str, **environ: str) -> Store:
    return open_store(address, Settings(environ=environ, timeout=5))


@pytest.fixture
def target(sandbox: Sandbox, airconn: Callable[..., Any], tmp_path: Path) -> Iterator[Target]:
    found = Target(sandbox, airconn, tmp_path)
    yield found
    found.wipe()


def test_sqlite_is_read_as_airflow_exports_it(target: Target) -> None:
    target.seed(WANTED)
    environ = target.box.environ()
    store = opened("metadb:", **environ)
    reading = store.read(Selection())
    found = plain(reading.bundle)
    assert found == target.database() == WANTED
    assert reading.notes == ()
    version = AirflowVersion.parse(target.box.version)
    told = store.describe().airflow
    assert (told.major, told.minor) == (version.major, version.minor)
    exported = target.exported()
    assert len(exported["connections"]) > 3
    agree(found, exported, version)
    (file,) = target.home.glob("*.db")
    named = opened(f"metadb+sqlite:///{file}", AIRFLOW_HOME=environ["AIRFLOW_HOME"], **only_key(environ))
    assert plain(named.read(Selection()).bundle) == found


def only_key(environ: dict[str, str]) -> dict[str, str]:
    name = "AIRFLOW__CORE__FERNET_KEY"
    return {name: environ[name]} if name in environ else {}


def test_what_airflow_itself_stumbles_over_is_read(target: Target) -> None:
    target.seed(WANTED)
    (file,) = target.home.glob("*.db")
    fernet = in_airflow.fernet_of(target.home)
    newer = AirflowVersion.parse(target.box.version) >= AirflowVersion(3, 2)
    with contextlib.closing(sqlite3.connect(file, timeout=120)) as database, database:
        for conn_id, extra in LEGACY.items():
            row = {"conn_id": conn_id, "conn_type": "t", "is_encrypted": False, "is_extra_encrypted": True}
            in_airflow.insert(database, "connection", {**row, "extra": fernet.encrypt(extra.encode()).decode()})
        flags = {"is_encrypted": False if newer else None, "is_extra_encrypted": False if newer else None}
        in_airflow.insert(
            database,
            "connection",
            {"conn_id": "plain", "conn_type": "t", "password": "pw", "extra": "{}", "port": "22", **flags},
        )
        in_airflow.insert(database, "connection", {"conn_id": "odd_port", "conn_type": "t", "port": "ssh", **flags})
        stranger = Fernet(Fernet.generate_key()).encrypt(b"canary").decode()
        row = {"conn_id": "stranger", "conn_type": "t", **flags, "password": stranger, "is_encrypted": True}
        in_airflow.insert(database, "connection", row)
    store = opened("metadb:", **target.box.environ())
    reading = store.read(Selection(kinds=frozenset({Kind.CONNECTIONS})))
    bundle = reading.bundle
    extras = {conn_id: bundle.connections[conn_id].extra for conn_id in LEGACY}
    assert extras == {conn_id: Text(extra) for conn_id, extra in LEGACY.items()}
    assert bundle.connections["plain"] == Connection(
        conn_id="plain", conn_type="t", password="pw", extra=Text("{}"), port=22
    )
    assert [(note.where, note.left_out) for note in reading.notes] == [
        ("metadb:connections/odd_port", True),
        ("metadb:connections/stranger", False),
    ]
    assert len(bundle.connections) == len(WANTED["connections"]) + len(LEGACY) + 2


def test_the_wrong_key_and_no_key(target: Target) -> None:
    target.seed(WANTED)
    environ = target.box.environ()
    with pytest.raises(TargetError, match="encrypted with another Fernet key"):
        opened("metadb:", **{**environ, "AIRFLOW__CORE__FERNET_KEY": Fernet.generate_key().decode()}).read(
            Selection()
        )
    with pytest.raises(AirconnError, match="the Fernet key is empty"):
        opened("metadb:", **{**environ, "AIRFLOW__CORE__FERNET_KEY": ""}).read(Selection())


class OnPostgres:
    """An Airflow whose metadata database is in a PostgreSQL of ours; it has the key that it made itself."""

    def __init__(self, version: str, server: Postgres, home: Path) -> None:
        self.version = AirflowVersion.parse(version)
        self.python = environment.provide(version)
        self.home = home
        self.server = server
        self.database = f"airflow {version}"
        server.run(f'CREATE DATABASE "{self.database}"')
        self.environ = {
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": self.url("postgresql+psycopg2", "sup%25er%2Fs3cret"),
        }
        self.run("-m", "airflow", "db", "migrate")

    def url(self, kind: str, password: str = "") -> str:
        login = f"postgres:{password}@" if password else "postgres@"
        return f"{kind}://{login}127.0.0.1:{self.server.port}/{self.database}"

    def run(self, *args: object) -> None:
        environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            # Airflow 3 has a second connection, for which it would want asyncpg, and nothing here uses it.
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC": f"sqlite+aiosqlite:///{self.home}/none.db",
            **self.environ,
        }
        command = [str(self.python), *map(str, args)]
        done = subprocess.run(
            command, env=environ, cwd=self.home, capture_output=True, text=True, timeout=300, check=False
        )
        assert done.returncode == 0, done.stderr[-3000:]

    def exported(self) -> dict[str, Any]:
        self.run(in_airflow.__file__, "export", self.home)
        kinds = ("connections", "variables", "pools")
        found = {kind: json.loads((self.home / f"{kind}.json").read_text()) for kind in kinds}
        found["pools"].pop("default_pool")
        return found


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with Postgres() as running:
        yield running


@pytest.fixture(
    scope="module",
    params=[pytest.param(version, marks=on_worker_of(version)) for version in environment.AIRFLOW_VERSIONS],
)
def on_postgres(
    request: pytest.FixtureRequest, server: Postgres, tmp_path_factory: pytest.TempPathFactory
) -> OnPostgres:
    """Holds what Airflow takes of the objects that every place is tested with."""
    made = OnPostgres(request.param, server, tmp_path_factory.mktemp("home"))
    wanted = json.dumps(WANTED)
    (made.home / "wanted.json").write_text(wanted)
    made.run(in_metadb.__file__, made.home / "wanted.json")
    return made


def test_postgresql_is_read_as_airflow_exports_it(on_postgres: OnPostgres) -> None:
    store = opened("metadb:", **on_postgres.environ)
    reading = store.read(Selection())
    found = plain(reading.bundle)
    assert found == WANTED
    agree(found, on_postgres.exported(), on_postgres.version)
    described = store.describe()
    assert described.airflow == on_postgres.version
    assert reading.notes == ()
    assert described.text.endswith(f"at postgresql://127.0.0.1:{on_postgres.server.port}/{on_postgres.database}")


def test_postgresql_is_read_by_an_address_with_either_driver(on_postgres: OnPostgres) -> None:
    environ = {"AIRFLOW_HOME": str(on_postgres.home), "AIRCONN_METADB_PASSWORD": on_postgres.server.password}
    for kind in ("metadb+postgresql", "metadb+postgresql+psycopg", "metadb+postgresql+psycopg2"):
        store = opened(on_postgres.url(kind), **environ)
        assert plain(store.read(Selection()).bundle) == WANTED
        wanted = frozenset((obj.kind, obj.id) for obj in OBJECTS[::2])
        by_ids = {(obj.kind, obj.id) for obj in store.read(Selection(ids=wanted)).bundle}
        assert by_ids == {(kind, id_) for kind, id_ in wanted if id_ != ".." or kind is not Kind.CONNECTIONS} - {
            (Kind.VARIABLES, "..")
        }


def test_what_a_postgresql_refuses_is_told(on_postgres: OnPostgres) -> None:
    server, home = on_postgres.server, str(on_postgres.home)

    def message(address: str, timeout: float = 5, **environ: str) -> str:
        store = open_store(address, Settings(environ={"AIRFLOW_HOME": home, **environ}, timeout=timeout))
        with pytest.raises(TargetError) as caught:
            store.read(Selection())
        assert SECRET.strip() not in f"{caught.value} {caught.value.hint}"
        assert server.password not in f"{caught.value} {caught.value.hint}"
        return caught.value.message

    address = on_postgres.url("metadb+postgresql")
    right = {"AIRCONN_METADB_PASSWORD": server.password}
    for kind in ("metadb+postgresql+psycopg", "metadb+postgresql+psycopg2"):
        address = on_postgres.url(kind)
        assert message(address, AIRCONN_METADB_PASSWORD="wrong") == "refuses the user or the password"
        assert message(address) == "refuses the user or the password"
        assert message(address.replace("postgres@", "nobody@"), **right) == "refuses the user or the password"
        absent = address.replace(on_postgres.database, "absent")
        assert message(absent, **right) == "the server has no such database"
        empty = address.replace(on_postgres.database, "template1")
        assert message(empty, **right) == "holds no tables"
        assert message(f"{address}?sslmode=require", **right) == "and airconn can't agree on an encrypted connection"
        with server.connect(on_postgres.database) as other:
            other.execute("BEGIN; LOCK TABLE connection IN ACCESS EXCLUSIVE MODE")
            assert message(address, timeout=0.5, **right) == "gave no answer within 0.5 s"
            other.execute("ROLLBACK")
        login = f"reader_{on_postgres.version.major}_{kind.rpartition('+')[2]}"
        server.run(f"CREATE ROLE {login} LOGIN PASSWORD '{server.password}'")
        assert message(address.replace("postgres@", f"{login}@"), **right) == (
            "doesn't let this user read Airflow's tables"
        )


def test_a_postgresql_is_not_written_to_and_is_seen_in_one_state(on_postgres: OnPostgres) -> None:
    from airconn.stores.metadb.address import find
    from airconn.stores.metadb.connecting import connected

    store = opened("metadb:", **on_postgres.environ)
    database = find("metadb:", on_postgres.environ, store._airflow_config())
    with pytest.raises(TargetError, match="SQLSTATE 25006"), connected(database, 5) as connection:
        connection.exec_driver_sql("DELETE FROM variable")
    count = "SELECT count(*) FROM variable"
    with connected(database, 5) as connection:
        before = connection.exec_driver_sql(count).scalar()
        on_postgres.server.run(
            "INSERT INTO variable (key, val, is_encrypted) VALUES ('new', 'x', false)", database=on_postgres.database
        )
        assert connection.exec_driver_sql(count).scalar() == before
    on_postgres.server.run("DELETE FROM variable WHERE key = 'new'", database=on_postgres.database)


def test_a_schema_of_its_own_is_found_where_airflow_is_told_of_it(on_postgres: OnPostgres) -> None:
    server, name = on_postgres.server, f"schema {on_postgres.version}"
    server.run(f'CREATE DATABASE "{name}" TEMPLATE "{on_postgres.database}"')
    server.run('ALTER SCHEMA public RENAME TO "Air flow"', database=name)
    url = on_postgres.environ["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"].replace(on_postgres.database, name)
    environ = {"AIRFLOW_HOME": str(on_postgres.home), "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": url}
    with pytest.raises(TargetError):
        opened("metadb:", **environ).read(Selection())
    store = opened("metadb:", **environ, AIRFLOW__DATABASE__SQL_ALCHEMY_SCHEMA="Air flow")
    assert plain(store.read(Selection()).bundle) == WANTED
