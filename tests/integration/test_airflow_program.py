"""The program that airconn runs in the Python of an Airflow. The judge of what was written is the database."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from airconn.config import Settings
from airconn.errors import TargetError
from airconn.formats.base import WriteOptions
from airconn.formats.json_documents import render
from airconn.model import (
    Action,
    AirflowObject,
    Bundle,
    Connection,
    Kind,
    Pool,
    Selection,
    Text,
    Variable,
)
from airconn.stores import open_store
from airconn.stores.base import Store
from tests.integration import in_airflow
from tests.integration.airflow_command import Command
from tests.integration.conftest import on_worker_of
from tests.integration.test_airflow_api import Database
from tests.stores.contract import (
    FULL,
    OBJECTS,
    SECRET,
    TARGET,
    StoreContract,
    as_held,
    create,
    do,
    planned,
    read_one,
    step,
)

DETAIL = "read by the airflow command, since "


def opened(command: Command, **options: Any) -> Store:
    return open_store(command.address, Settings(**options))


@pytest.fixture(scope="session")
def program(
    shared_sandbox: Callable[[str], Any], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], Store]]:
    """For a version, the store of its shared sandbox, whose program runs until all tests are over."""
    running: dict[str, Store] = {}
    with ExitStack() as stack:

        def get(version: str) -> Store:
            if version not in running:
                box = shared_sandbox(version)
                command = Command(tmp_path_factory.mktemp("program"), box)
                running[version] = opened(command)
                stack.callback(running[version].close)
            return running[version]

        yield get


@pytest.fixture
def database(sandbox: Any) -> Iterator[Database]:
    database = Database(sandbox.home)
    database.clear()
    yield database
    database.clear()


@pytest.fixture
def store(program: Callable[[str], Store], sandbox: Any, database: Database) -> Store:
    store = program(sandbox.version)
    store.describe()
    return store


class TestProgram(StoreContract):
    @pytest.fixture(params=[pytest.param(version, marks=on_worker_of(version)) for version in ("3.3.2", "2.11.2")])
    def sandbox(self, request: pytest.FixtureRequest, shared_sandbox: Callable[[str], Any]) -> Any:
        return shared_sandbox(request.param)

    @pytest.fixture
    def store(self, store: Store) -> Store:
        return store

    @pytest.fixture
    def truth(self, database: Database) -> Database:
        return database

    @pytest.fixture
    def unreachable(self) -> Callable[[], Store]:
        return lambda: open_store("airflow-cli:no-such-docker exec -i sched", Settings())

    @pytest.fixture
    def locked_out(self, sandbox: Any, tmp_path: Path) -> Callable[[], Store]:
        (tmp_path / "locked").mkdir()
        refusing = Command(tmp_path / "locked", sandbox, then="echo 'the daemon refuses you' >&2; exit 1")
        return lambda: opened(refusing)


def test_all_is_written_and_read_to_the_character(store: Store, database: Database) -> None:
    """What the command can't tell or keep, too: descriptions in Airflow 2, layouts of JSON, empty passwords."""
    objects = [obj for obj in OBJECTS if not store.problems(obj)]
    create(store, *objects)
    assert [database.get(obj.kind, obj.id) for obj in objects] == [as_held(obj) for obj in objects]
    assert [read_one(store, obj) for obj in objects] == [as_held(obj) for obj in objects]
    assert planned(objects, store.read(Selection(), TARGET), store).writes == ()
    assert not store.read(Selection()).notes


def test_a_password_goes_and_a_description_stays_without_a_replacement(store: Store, database: Database) -> None:
    variable = Variable(key="v", value=Text('{"a":1.50}'), description="kept")
    create(store, FULL, variable)
    wanted: list[AirflowObject] = [replace(FULL, password=None), replace(variable, value=Text("[1,  2]"))]
    before = database.run("select id from connection where conn_id = ?", FULL.id)
    plan = planned(wanted, store.read(Selection(), TARGET), store)
    assert [step.action for step in plan.writes] == [Action.UPDATE, Action.UPDATE]
    held = replace(TARGET, before=store.read(Selection(), TARGET))
    assert [outcome.error for outcome in store.apply(plan.writes, held)] == [None, None]
    assert [database.get(obj.kind, obj.id) for obj in wanted] == wanted
    assert database.run("select id from connection where conn_id = ?", FULL.id) == before


def test_what_another_program_changed_after_the_read_is_not_overwritten(store: Store, database: Database) -> None:
    others = [replace(FULL, conn_id=id_) for id_ in ("changed", "deleted", "same")]
    create(store, *others)
    held = replace(TARGET, before=store.read(Selection(), TARGET))
    database.run("update connection set login = 'other' where conn_id = 'changed'")
    database.run("delete from connection where conn_id = 'deleted'")
    database.run("insert into slot_pool (pool, slots, include_deferred) values ('new', 7, 0)")
    steps = [step(Action.UPDATE, replace(obj, host="mine"), obj, "host") for obj in others]
    steps.append(step(Action.CREATE, Pool(name="new", slots=1)))
    changed, deleted, same, exists = (outcome.error for outcome in store.apply(steps, held))
    assert (changed, deleted) == (
        "another program has changed it; run again",
        "another program has deleted it; run again",
    )
    assert (same, exists) == (None, "there is one with this id already")
    assert database.run("select host, login from connection order by conn_id") == [
        (FULL.host, "other"),
        ("mine", FULL.login),
    ]
    assert database.run("select slots from slot_pool where pool = 'new'") == [(7,)]


def test_one_that_the_database_refuses_fails_alone(store: Store, database: Database) -> None:
    database.run(
        "create trigger no_boom before insert on connection when new.conn_id like 'boom%' "
        "begin select raise(abort, 'refused s3cr3t'); end"
    )
    ids = ["a1", "boom1", "c1", "boom2", "d1"]
    objects = [Connection(conn_id=id_, conn_type="t", password=SECRET) for id_ in ids]
    try:
        errors = do(store, *(step(Action.CREATE, obj) for obj in objects))
    finally:
        database.run("drop trigger no_boom")
    assert [bool(error) for error in errors] == [id_.startswith("boom") for id_ in ids]
    assert "s3cr3t" not in str(errors)
    assert SECRET[:5] not in str(errors)
    assert [database.get(obj.kind, obj.id) is None for obj in objects] == [bool(error) for error in errors]


def test_what_can_t_be_decrypted_is_read_as_hidden_and_said(store: Store, database: Database) -> None:
    create(store, FULL, Variable(key="v", value=Text("text")))
    database.run("insert into variable (key, val, is_encrypted) values ('old', 'gAAAAABm', 1)")
    found = store.read(Selection(kinds=frozenset({Kind.VARIABLES})))
    assert sorted(found.bundle.variables) == ["old", "v"]
    assert not isinstance(found.bundle.variables["old"].value, Text)
    assert [(note.where, "can't be decrypted" in note.message) for note in found.notes] == [
        (f"{store.address} variables/old", True)
    ]


def test_an_airflow_with_another_key_is_an_error(store: Store, sandbox: Any, tmp_path: Path) -> None:
    create(store, FULL)
    other = Command(tmp_path, sandbox, environ={"AIRFLOW__CORE__FERNET_KEY": "Q" * 43 + "="})
    with closing(opened(other)) as elsewhere, pytest.raises(TargetError, match="can't decrypt") as caught:
        elsewhere.read(Selection(kinds=frozenset({Kind.CONNECTIONS})))
    assert "fernet_key" in (caught.value.hint or "")


def test_an_import_is_one_start_of_the_python_and_is_in_the_audit_log(
    sandbox: Any, database: Database, tmp_path: Path, airconn: Callable[..., Any], examples: Path
) -> None:
    log = tmp_path / "started"
    command = Command(tmp_path, sandbox, lines=f"echo started >>{log}")
    source = examples / "objects.json"
    done = airconn("import", source, "--to", command.address, "--verify")
    assert done.code == 0, done.err
    assert "15 created" in done.out
    assert log.read_text().split() == ["started"]
    found = in_airflow.dump(sandbox.home)  # type: ignore[no-untyped-call]
    wanted = json.loads(source.read_text())
    for conn_id, fields in wanted["connections"].items():
        assert {name: found["connections"][conn_id][name] for name in fields} == fields
    events = [event for (event,) in database.run("select event from log where event like 'cli_%' order by id")]
    assert events[-3:] == ["cli_connections_import", "cli_variables_import", "cli_pool_import"]
    again = airconn("import", source, "--to", command.address, "--dry-run", "--exit-code", "-v")
    assert (again.code, "15 unchanged" in again.out) == (0, True)
    assert DETAIL not in again.err
    assert command.leftovers() == []


def test_no_secret_is_in_an_argument_a_message_a_file_or_a_log(
    sandbox: Any, database: Database, tmp_path: Path, airconn: Callable[..., Any]
) -> None:
    """Every process is looked at while the program runs, and what Airflow logs itself."""
    seen = tmp_path / "seen"
    watching = (
        f"(while sleep 0.2; do cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' '\\n' >>{seen}; "
        f"[ -e {tmp_path}/over ] && exit; done) >/dev/null 2>&1 </dev/null &\n"
    )
    command = Command(tmp_path, sandbox, lines=watching, then='"$@"')
    secret = "canary-4711"
    objects: list[AirflowObject] = [
        replace(FULL, password=f"{secret}-pw", extra=Text(f'{{"token": "{secret}-extra"}}'), login=f"{secret}-login"),
        Variable(key="v", value=Text(f"{secret}-value")),
    ]
    (tmp_path / "in.json").write_text(render(Bundle.of(objects), WriteOptions()).text)
    done = airconn("import", tmp_path / "in.json", "--to", command.address, "-v")
    (tmp_path / "over").touch()
    assert done.code == 0, done.err
    texts = [done.out, done.err, seen.read_text(errors="replace")]
    texts += [str(row) for row in database.run("select * from log")]
    texts += [path.read_text(errors="replace") for path in (sandbox.home / "logs").rglob("*") if path.is_file()]
    assert "sys.stdin.read" in texts[2]
    assert not [text for text in texts if secret in text]
    assert [database.get(obj.kind, obj.id) for obj in objects] == [as_held(obj) for obj in objects]
    assert command.leftovers() == []


@pytest.fixture
def newest(shared_sandbox: Callable[[str], Any]) -> Any:
    return shared_sandbox("3.3.2")


ON_NEWEST = on_worker_of("3.3.2")


@ON_NEWEST
@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ('#!/bin/sh\nexec {airflow} "$@"\n', "is not a Python script"),
        ('#!{python} -S\nimport runpy; runpy.run_path("{airflow}")\n', "a part of its Airflow"),
        ("#!/usr/bin/env no-such-python\n", "its Python didn't run the program"),
    ],
)  # fmt: skip
def test_where_the_program_can_t_run_there_is_a_reason(newest: Any, tmp_path: Path, lines: str, why: str) -> None:
    scripts, first = newest.prepare().scripts, tmp_path / "first"
    first.mkdir()
    (first / "airflow").write_text(lines.format(airflow=scripts / "airflow", python=newest.python))
    (first / "airflow").chmod(0o755)
    store = opened(Command(tmp_path, newest, first=first))
    try:
        store._found()  # type: ignore[attr-defined]
        assert why in store._unsuited  # type: ignore[attr-defined]
    finally:
        store.close()


@ON_NEWEST
def test_where_the_program_can_t_run_the_command_is_used_and_v_says_why(
    newest: Any, tmp_path: Path, airconn: Callable[..., Any]
) -> None:
    first = tmp_path / "first"
    first.mkdir()
    (first / "airflow").write_text(f'#!/bin/sh\nexec {newest.prepare().scripts / "airflow"} "$@"\n')
    (first / "airflow").chmod(0o755)
    command = Command(tmp_path, newest, first=first)
    listed = airconn("list", "--from", command.address, "--pools", "-v")
    assert (listed.code, "default_pool" in listed.out) == (0, True), listed.err
    assert f"{DETAIL}its airflow command is not a Python script" in listed.err
    assert DETAIL not in airconn("list", "--from", command.address, "--pools").err
