"""What is read from the tables of each Airflow."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from airconn.errors import TargetError, UsageError
from airconn.model import (
    ALL_KINDS,
    REDACTED,
    AirflowVersion,
    Bundle,
    Connection,
    Kind,
    Pool,
    Selection,
    Text,
    Variable,
)
from airconn.model.reading import Reading
from airconn.stores.base import DEFAULT_CONTEXT, Context, ListsIds, Store
from tests.stores.contract import FULL, OBJECTS, ReadContract, as_held
from tests.stores.metadb.databases import KEY, SHAPES, Airflow, encrypted


def put(airflow: Airflow, bundle: Bundle) -> None:
    """Puts objects there as Airflow does: what is secret encrypted, and what is empty not."""
    for connection in bundle.connections.values():
        extra = connection.extra.text if isinstance(connection.extra, Text) else None
        airflow.connection(
            connection.conn_id,
            conn_type=connection.conn_type,
            **{name: getattr(connection, name) for name in ("description", "host", "schema", "login", "port")},
            password=connection.password and encrypted(connection.password),
            is_encrypted=bool(connection.password),
            extra=extra and encrypted(extra),
            is_extra_encrypted=bool(extra),
        )
    for variable in bundle.variables.values():
        assert isinstance(variable.value, Text)
        text = encrypted(variable.value.text)
        airflow.variable(variable.key, text, description=variable.description, is_encrypted=True)
    for pool in bundle.pools.values():
        row = {"pool": pool.name, "slots": pool.slots, "description": pool.description}
        airflow.insert("slot_pool", {**row, "include_deferred": bool(pool.include_deferred)})


@pytest.mark.parametrize("version", [version for version in SHAPES if version != "2.6.3"])
class TestContract(ReadContract):
    """Everything that other places are tested with, in the tables of each Airflow."""

    @pytest.fixture
    def airflow(self, tmp_path: Path, version: str) -> Airflow:
        return Airflow(tmp_path, version)

    @pytest.fixture
    def held(self) -> Bundle:
        return Bundle.of(as_held(obj) for obj in OBJECTS)

    @pytest.fixture
    def store(self, airflow: Airflow, held: Bundle, opened: Callable[..., Store]) -> Store:
        put(airflow, held)
        return opened(airflow)

    @pytest.fixture
    def unreachable(self, airflow: Airflow, opened: Callable[..., Store]) -> Callable[[], Store]:
        airflow.file.unlink()
        return lambda: opened(airflow)


def read(store: Store, **selection: object) -> Bundle:
    return reading(store, **selection).bundle


def reading(store: Store, **selection: object) -> Reading:
    return store.read(Selection(**selection))  # type: ignore[arg-type]


def notes(found: Reading) -> dict[str, str]:
    return {note.where: note.message for note in found.notes}


def test_the_database_of_airflows_configuration_is_the_same_as_the_one_that_is_named(airflow, opened) -> None:
    put(airflow, Bundle.of([FULL]))
    (obj,) = read(opened(airflow, "metadb:"))
    assert (obj, str(obj.origin)) == (FULL, "metadb:connections/full_1.a-b")
    (obj,) = read(opened(airflow))
    assert (obj, str(obj.origin)) == (FULL, f"{airflow.address}/connections/full_1.a-b")


def test_what_was_written_without_a_key_is_read_without_one(airflow, opened) -> None:
    airflow.connection("c", password="pw", extra='{"a": 1.50}')
    airflow.variable("v", "text")
    bundle = read(opened(airflow, AIRFLOW__CORE__FERNET_KEY=None))
    assert bundle.connections["c"] == Connection(conn_id="c", conn_type="t", password="pw", extra=Text('{"a": 1.50}'))
    assert bundle.variables["v"] == Variable(key="v", value=Text("text"))


def test_a_flag_that_is_null_means_not_encrypted(tmp_path, opened) -> None:
    airflow = Airflow(tmp_path, "2.7.3")
    airflow.connection("c", password="pw", extra="x", is_encrypted=None, is_extra_encrypted=None)
    airflow.variable("v", "text", is_encrypted=None)
    bundle = read(opened(airflow))
    assert (bundle.connections["c"].password, bundle.connections["c"].extra) == ("pw", Text("x"))
    assert bundle.variables["v"].value == Text("text")


def test_a_flag_counts_for_its_own_column_only(airflow, opened) -> None:
    airflow.connection("c", password=encrypted("pw"), is_encrypted=True, extra="{}", is_extra_encrypted=False)
    airflow.connection("d", password="gAAAA", is_encrypted=False, extra=encrypted("{}"), is_extra_encrypted=True)
    bundle = read(opened(airflow))
    assert [(obj.password, obj.extra) for obj in bundle.connections.values()] == [
        ("pw", Text("{}")),
        ("gAAAA", Text("{}")),
    ]


def test_nothing_and_empty_are_two_things_but_for_a_password(airflow, opened) -> None:
    flags = {"is_encrypted": True, "is_extra_encrypted": True}
    airflow.connection("c", password="", extra="", host="", login=None, **flags)
    assert read(opened(airflow)).connections["c"] == Connection(
        conn_id="c", conn_type="t", host="", extra=Text(""), password=None
    )


def test_an_extra_that_airflow_3_chokes_on_is_read_and_so_are_the_others(airflow, opened) -> None:
    for conn_id, extra in (("a", "not json"), ("b", "[1]"), ("c", '{"a": 1, "a": 2}'), ("d", "{}")):
        airflow.connection(conn_id, extra=encrypted(extra), is_extra_encrypted=True)
    assert [obj.extra.text for obj in read(opened(airflow)).connections.values()] == [
        "not json",
        "[1]",
        '{"a": 1, "a": 2}',
        "{}",
    ]


def test_a_mask_that_somebody_stored_is_hidden(airflow, opened) -> None:
    airflow.connection("c", password=encrypted("***"), is_encrypted=True, host="***", extra='{"k": "***"}')
    airflow.variable("v", encrypted("***"), is_encrypted=True)
    bundle = read(opened(airflow))
    found = bundle.connections["c"]
    assert (found.password, found.host, found.extra.hidden) == (REDACTED, REDACTED, (("k",),))
    assert bundle.variables["v"].value is REDACTED


@pytest.mark.parametrize(("port", "expected"), [(80, 80), (" 80 ", 80), ("-1", -1), (80.0, 80), (0, 0), (None, None)])
def test_a_port_that_sqlite_holds_as_a_text_is_a_number_if_it_is_one(airflow, opened, port, expected) -> None:
    airflow.connection("c", port=port)
    found = reading(opened(airflow))
    assert (found.bundle.connections["c"].port, found.notes) == (expected, ())


@pytest.mark.parametrize("port", ["canary", "80.5", 80.5, "", "8_0"])
def test_a_port_that_is_no_number_leaves_its_connection_out_and_says_so(airflow, opened, port) -> None:
    airflow.connection("bad", port=port)
    airflow.connection("good", port=1)
    found = reading(opened(airflow))
    assert list(found.bundle.connections) == ["good"]
    assert notes(found) == {f"{airflow.address}/connections/bad": "its port is not a whole number: left out"}
    assert found.notes[0].left_out


def test_what_is_null_in_airflow_2_and_must_not_be_is_left_out_and_told(tmp_path, opened) -> None:
    airflow = Airflow(tmp_path, "2.11.2")
    airflow.variable("empty", "")
    airflow.variable("none", None)
    airflow.variable(None, "canary")
    airflow.insert("slot_pool", {"pool": "p", "slots": None, "include_deferred": 0})
    found = reading(opened(airflow, "metadb:"))
    assert [obj.id for obj in found.bundle] == ["empty"]
    assert notes(found) == {
        "metadb:variables": "it has no id (NULL): left out",
        "metadb:variables/none": "it has no value (NULL), so Airflow doesn't find it: left out",
        "metadb:pools/p": "it has no number of slots (NULL): left out",
    }


def test_what_is_there_is_listed_without_a_key_and_what_is_not_says_why(tmp_path, opened) -> None:
    airflow = Airflow(tmp_path, "2.11.2")
    airflow.connection("c", password="canary", is_encrypted=True)
    airflow.variable("v", "canary", is_encrypted=True)
    airflow.variable("none", None)
    airflow.variable(None, "x")
    airflow.insert("slot_pool", {"pool": "p", "slots": 1, "include_deferred": 0})
    store = opened(airflow, "metadb:", AIRFLOW__CORE__FERNET_KEY=None)
    assert isinstance(store, ListsIds)
    assert store.ids(ALL_KINDS, DEFAULT_CONTEXT) == {
        (Kind.CONNECTIONS, "c"),
        (Kind.VARIABLES, "v"),
        (Kind.POOLS, "p"),
    }
    assert reading(store, ids=frozenset({(Kind.VARIABLES, "none"), (Kind.POOLS, "p")})).passed_over == {
        (Kind.VARIABLES, "none"): "metadb:variables/none: it has no value (NULL), so Airflow doesn't find it"
    }
    assert reading(store, ids=frozenset({(Kind.POOLS, "p")})).passed_over == {}


def test_a_variable_that_airflow_can_not_decrypt_is_not_there_for_it(airflow, opened) -> None:
    airflow.variable("v", "canary", is_encrypted=True)
    airflow.connection("c", password="canary", is_encrypted=True)
    ids = frozenset({(Kind.VARIABLES, "v"), (Kind.CONNECTIONS, "c")})
    assert reading(opened(airflow, "metadb:"), ids=ids).passed_over == {
        (Kind.VARIABLES, "v"): "metadb:variables/v: its value is flagged as encrypted, but damaged"
    }


def test_bytes_are_text_if_they_are_utf_8_and_are_left_out_otherwise(airflow, opened) -> None:
    airflow.variable("fine", "é".encode())
    airflow.run("INSERT INTO variable VALUES (7, 'blob', x'ff00', NULL, 0, NULL)")
    airflow.run("INSERT INTO variable VALUES (8, 'text', CAST(x'ff63' AS TEXT), NULL, 0, NULL)")
    found = reading(opened(airflow))
    assert found.bundle.variables == {"fine": Variable(key="fine", value=Text("é"))}
    assert set(notes(found).values()) == {"it has bytes in it that are not UTF-8 text: left out"}


def test_a_note_stands_in_one_line_whatever_the_id_is(airflow, opened) -> None:
    airflow.connection("a\nb\x1b", port="x")
    assert reading(opened(airflow)).notes[0].where == f"{airflow.address}/connections/a\\nb\\u001b"


def test_teams_are_told_by_name_in_3_1_and_since(tmp_path, opened) -> None:
    (tmp_path / "3.1").mkdir()
    older = Airflow(tmp_path / "3.1", "3.1.8")
    older.insert("team", {"id": "0" * 32, "name": "blue"})
    older.connection("c", team_id="0" * 32)
    older.connection("lost", team_id="1" * 32)
    older.variable("v", "x", team_id="0" * 32)
    older.insert("slot_pool", {"pool": "p", "slots": 1, "include_deferred": 0, "team_id": "0" * 32})
    (tmp_path / "3.3").mkdir()
    newer = Airflow(tmp_path / "3.3")
    newer.insert("team", {"name": "blue"})
    newer.connection("c", team_name="blue")
    newer.variable("v", "x", team_name="blue")
    newer.insert("slot_pool", {"pool": "p", "slots": 1, "include_deferred": 0, "team_name": "blue"})
    found = reading(opened(older, "metadb:"))
    assert {obj.id: obj.team_name for obj in found.bundle} == dict.fromkeys("cvp", "blue")
    assert notes(found) == {"metadb:connections/lost": "it belongs to a team that doesn't exist: left out"}
    assert {obj.id: obj.team_name for obj in read(opened(newer))} == dict.fromkeys("cvp", "blue")


def test_an_airflow_without_deferred_pools_says_nothing_of_them(tmp_path, opened) -> None:
    airflow = Airflow(tmp_path, "2.6.3")
    airflow.insert("slot_pool", {"pool": "p", "slots": -1})
    assert read(opened(airflow)).pools == {"p": Pool(name="p", slots=-1, include_deferred=None)}


@pytest.mark.parametrize(
    ("version", "told", "text"),
    [
        ("2.6.3", "2.7.0", "airflow before 2.7"),
        ("2.7.3", "2.7.3", "airflow 2.7.0 to 2.7.3"),
        ("2.11.2", "2.11.2", "airflow 2.10.3 to 2.11.2"),
        ("3.0.6", "3.0.6", "airflow 3.0.3 to 3.0.6"),
        ("3.1.8", "3.1.8", "airflow 3.1.8"),
        ("3.3.2", "3.3.2", "airflow 3.3.0 to 3.3.2"),
    ],
)
def test_the_version_is_told_by_the_last_migration(tmp_path, opened, version, told, text) -> None:
    airflow = Airflow(tmp_path, version)
    described = opened(airflow).describe()
    assert str(described.airflow) == told
    assert described.text == f"the metadata database of {text} at {airflow.address}"
    assert (
        opened(airflow, "metadb:").describe().text == f"the metadata database of {text} at sqlite:///{airflow.file}"
    )


@pytest.mark.parametrize(
    ("version", "told"),
    [("2.6.3", "2.7.0"), ("2.7.3", "2.11.2"), ("3.0.6", "3.0.6"), ("3.1.8", "3.1.8"), ("3.3.2", "3.3.2")],
)
@pytest.mark.parametrize("change", ["UPDATE alembic_version SET version_num = 'x'", "DROP TABLE alembic_version"])
def test_without_a_migration_that_is_known_the_columns_tell_it(tmp_path, opened, version, told, change) -> None:
    airflow = Airflow(tmp_path, version)
    airflow.run(change)
    assert opened(airflow).describe().airflow == AirflowVersion.parse(told)


def test_ten_thousand_objects_are_read_at_once_and_by_their_ids(airflow, opened) -> None:
    token = encrypted("value")
    row = {"val": token, "is_encrypted": True}
    airflow.insert("variable", *({"key": f"k{number}", **row} for number in range(10_000)))
    store = opened(airflow)
    start = time.process_time()
    assert len(read(store).variables) == 10_000
    wanted = frozenset((Kind.VARIABLES, f"k{number}") for number in range(0, 10_000, 3))
    assert {(obj.kind, obj.id) for obj in read(store, ids=wanted)} == wanted
    assert time.process_time() - start < 20


def test_what_is_not_selected_is_not_decrypted_and_can_not_be_in_the_way(airflow, opened) -> None:
    airflow.connection("broken", password="canary", is_encrypted=True, port="x")
    airflow.variable("v", "x")
    found = reading(opened(airflow, AIRFLOW__CORE__FERNET_KEY=None), exclude=("broken",))
    assert [obj.id for obj in found.bundle] == ["v"]
    assert found.notes == ()


def test_ids_are_compared_to_the_letter(airflow, opened) -> None:
    airflow.run(
        "CREATE TABLE v2 (id INTEGER, key TEXT COLLATE NOCASE, val TEXT, description TEXT, is_encrypted BOOLEAN)"
    )
    airflow.run("INSERT INTO v2 VALUES (1, 'A', 'x', NULL, 0), (2, 'a', 'y', NULL, 0)")
    airflow.run("DROP TABLE variable")
    airflow.run("ALTER TABLE v2 RENAME TO variable")
    assert [obj.id for obj in read(opened(airflow), ids=frozenset({(Kind.VARIABLES, "a")}))] == ["a"]


def test_it_can_be_listed_exported_imported_from_and_compared(airflow, airconn, tmp_path) -> None:
    put(airflow, Bundle.of([replace(FULL, conn_id="full")]))
    airflow.variable("v", encrypted("canary"), is_encrypted=True)
    env = airflow.environ
    listed = airconn("list", "--from", "metadb:", env=env)
    assert listed.code == 0
    assert listed.err.startswith(f"the metadata database of airflow 3.3.0 to 3.3.2 at sqlite:///{airflow.file}: ")
    exported = airconn("export", "--from", airflow.address, "-o", tmp_path / "x.json", env=env)
    assert exported.code == 0
    assert airconn("diff", "metadb:", tmp_path / "x.json", "--exit-code", env=env).code == 0
    imported = airconn("import", "metadb:", "--to", tmp_path / "y.json", env=env)
    assert (imported.code, "metadb:connections/full" in imported.out) == (0, True)
    assert "canary" not in listed.out + listed.err + exported.out + exported.err + imported.out + imported.err


def test_it_is_not_written_to_and_says_how_else(airflow, airconn, examples) -> None:
    result = airconn("import", examples / "objects.json", "--to", "metadb:", env=airflow.environ)
    assert (result.code, result.out) == (2, "")
    assert "metadb: can't be written to: airconn doesn't write to a metadata database" in result.err
    assert "airflow-cli:" in result.err
    assert result.err.endswith("nothing was written\n")


def test_no_step_writes(airflow, opened) -> None:
    store = opened(airflow)
    with pytest.raises(UsageError, match="can't be written to"):
        list(store.apply([]))


def test_reading_changes_nothing(airflow, opened) -> None:
    airflow.variable("v", "x")
    before = airflow.file.read_bytes()
    read(opened(airflow))
    assert airflow.file.read_bytes() == before
    assert [path.name for path in airflow.home.iterdir()] == ["airflow.db"]


def test_an_empty_password_is_none_to_whoever_compares(airflow, opened) -> None:
    connection = Connection(conn_id="c", conn_type="t", password="")
    assert opened(airflow).stored_form(connection) == replace(connection, password=None)


def test_the_key_is_in_no_repr(airflow, opened) -> None:
    store = opened(airflow, "metadb:", AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=f"sqlite:///{airflow.file}")
    airflow.variable("v", encrypted("x"), is_encrypted=True)
    read(store)
    shown = [repr(value) for value in (*vars(store).values(), store._keys.where)]
    assert KEY not in "".join(shown)


def test_a_read_ends_at_the_deadline(tmp_path, opened) -> None:
    airflow = Airflow(tmp_path, "3.3.2")
    for number in range(3):
        airflow.variable(f"v{number}", "x")
    told: list[int] = []

    def watch(what: str, done: int, total: int | None) -> None:
        told.append(done)
        if done == 2:
            time.sleep(max(0.0, deadline - time.monotonic()))

    store = opened(airflow)
    store.describe()
    deadline = time.monotonic() + 1
    with pytest.raises(TargetError) as caught:
        store.read(Selection(), Context(deadline=deadline, watch=watch))
    assert (caught.value.message, told) == ("the deadline has passed", [1, 2])
    assert "--deadline" in (caught.value.hint or "")
