"""The store of the `airflow` command against real Airflows. The judge of what was written is their database."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
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
    AirflowVersion,
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
from tests.integration.airflow_command import Command, WarmSandbox
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

EXACT = AirflowVersion(3, 2)
"""Since then the command tells the texts of variables as they are."""


class AsTold(Database):
    """The truth, without what the command can't tell.

    From 3.2 on that is whether a variable has an empty description or none; before, how a value is written that is
    JSON; and in Airflow 2, what the description of a variable is.
    """

    def __init__(self, home: Path, store: Store) -> None:
        super().__init__(home)
        self._store = store

    def get(self, kind: Kind, id_: str) -> AirflowObject | None:
        obj = super().get(kind, id_)
        return None if obj is None else self._store.stored_form(obj)


@pytest.fixture(scope="session")
def warm_airflow(shared_sandbox: Callable[[str], WarmSandbox]) -> Callable[[str], Path]:
    """For a version, a directory with an `airflow` of its shared sandbox that needs no time to start."""
    return lambda version: shared_sandbox(version).warm


@pytest.fixture
def database(sandbox: Any) -> Iterator[Database]:
    database = Database(sandbox.home)
    database.clear()
    yield database
    database.clear()


@pytest.fixture
def quick(sandbox: Any, warm_airflow: Callable[[str], Path], tmp_path: Path, database: Database) -> Command:
    """A command to a sandbox whose `airflow` starts at once."""
    return Command(tmp_path, sandbox, first=warm_airflow(sandbox.version))


def dump(sandbox: Any) -> dict[str, Any]:
    """All that is in the database but `default_pool`."""
    return in_airflow.dump(sandbox.home)  # type: ignore[no-any-return, no-untyped-call]


_OPENED: list[Store] = []


@pytest.fixture(autouse=True)
def closing() -> Iterator[None]:
    """Closes what a test has opened."""
    yield
    while _OPENED:
        _OPENED.pop().close()


def opened(command: Command, **options: Any) -> Store:
    _OPENED.append(open_store(command.address, Settings(**options)))
    return _OPENED[-1]


@pytest.fixture
def store(quick: Command) -> Iterator[Store]:
    store = opened(quick)
    store.describe()
    yield store
    store.close()
    assert quick.leftovers() == []


class TestAirflowCli(StoreContract):
    @pytest.fixture(params=[pytest.param(version, marks=on_worker_of(version)) for version in ("3.3.2", "2.11.2")])
    def sandbox(self, request: pytest.FixtureRequest, shared_sandbox: Callable[[str], Any]) -> Any:
        """Two are enough for what is the same in all: the classes below have what differs."""
        return shared_sandbox(request.param)

    @pytest.fixture
    def store(self, store: Store) -> Store:
        return store

    @pytest.fixture
    def truth(self, sandbox: Any, store: Store) -> AsTold:
        return AsTold(sandbox.home, store)

    @pytest.fixture
    def unreachable(self) -> Callable[[], Store]:
        return lambda: open_store("airflow-cli:no-such-docker exec -i sched", Settings())

    @pytest.fixture
    def locked_out(self, sandbox: Any, tmp_path: Path) -> Callable[[], Store]:
        (tmp_path / "locked").mkdir()
        refusing = Command(tmp_path / "locked", sandbox, then="echo 'the daemon refuses you' >&2; exit 1")
        return lambda: opened(refusing)


class TestEveryVersion:
    def test_what_is_written_is_in_the_database_to_the_character(self, store: Store, database: Database) -> None:
        """Also what the command can't tell."""
        objects = [obj for obj in OBJECTS if not store.problems(obj)]
        outcomes = list(store.apply([step(Action.CREATE, obj) for obj in objects], TARGET))
        assert [outcome.error for outcome in outcomes] == [None] * len(objects)
        told = {note.where for outcome in outcomes for note in outcome.notes}
        for obj in objects:
            wanted = as_held(obj)
            if isinstance(wanted, Variable):
                lost = f"variables/{obj.id}" in told
                wanted = replace(wanted, description=None) if lost else wanted
            assert database.get(obj.kind, obj.id) == wanted

    def test_ids_that_a_shell_or_a_parser_would_misread(self, store: Store, database: Database) -> None:
        texts = ["-x", "--help", "--", "{}", "it's", '"', "$(touch x)", "`touch x`", "a\nb", "\\", "*"]
        texts += ["é 🔑", "!!", "-", "#"]
        objects: list[AirflowObject] = [
            *(Variable(key=text, value=Text(f"v {text}")) for text in [*texts, "", " "]),
            *(Pool(name=text, slots=1, description=text) for text in texts),
            *(Connection(conn_id=text, conn_type="t") for text in ("-x", "--help", "-", "_", ".", "connections")),
        ]  # fmt: skip
        create(store, *objects)
        assert [database.get(obj.kind, obj.id) for obj in objects] == [as_held(obj) for obj in objects]
        held = store.read(Selection())
        assert {(obj.kind, obj.id) for obj in held.bundle} - {(Kind.POOLS, "default_pool")} == {
            (obj.kind, obj.id) for obj in objects
        }
        assert set(do(store, *(step(Action.DELETE, None, obj) for obj in objects))) == {None}
        assert [database.get(obj.kind, obj.id) for obj in objects] == [None] * len(objects)

    def test_what_the_command_would_choke_on_is_refused_beforehand(self, store: Store) -> None:
        version = store.describe().airflow
        new = version >= AirflowVersion(3, 0)
        connection = Connection(conn_id="c", conn_type="t")
        variable = Variable(key="v", value=Text("x"))
        pool = Pool(name="p", slots=1)
        bad: list[tuple[AirflowObject, bool]] = [
            (replace(connection, conn_id="a b"), True),
            (replace(connection, conn_id="a/b"), True),
            (replace(connection, conn_id="a\n"), True),
            (replace(connection, conn_id=""), True),
            (replace(connection, conn_id="c" * 201), True),
            (replace(connection, conn_id="é"), AirflowVersion(2, 8) <= version < AirflowVersion(3, 0)),
            (replace(connection, conn_id="a..b"), version >= AirflowVersion(3, 3)),
            (replace(connection, extra=Text("no json")), new),
            (replace(connection, extra=Text("[1]")), new),
            (replace(connection, extra=Text('{"a": 1, "a": 2}')), False),
            (replace(connection, extra=Text('{"a": ' + "9" * 5000 + "}")), True),
            (replace(connection, team_name="t"), version < AirflowVersion(3, 2)),
            (replace(variable, team_name="t"), True),
            (replace(variable, key="k" * 251), True),
            (replace(variable, value=Text("9" * 5000)), False),
            (replace(variable, value=Text("[" * 5000 + "]" * 5000)), True),
            (replace(pool, name=" "), True),
            (replace(pool, slots=-1), False),
            (replace(pool, slots=-2), True),
        ]
        assert [(repr(obj)[:60], bool(store.problems(obj))) for obj, _ in bad] == [
            (repr(obj)[:60], wrong) for obj, wrong in bad
        ]
        for error in do(store, *(step(Action.CREATE, obj) for obj, wrong in bad if wrong)):
            assert error

    def test_what_is_not_refused_beforehand_is_taken(self, store: Store, database: Database) -> None:
        objects: list[AirflowObject] = [
            Connection(conn_id="é", conn_type="t"),
            Connection(conn_id="a..b", conn_type="t"),
            Connection(conn_id="array", conn_type="t", extra=Text("[1]")),
            Connection(conn_id="text", conn_type="t", extra=Text("no json")),
            Connection(conn_id="twice", conn_type="t", extra=Text('{"a": 1, "a": 2}')),
            Connection(conn_id="blank", conn_type="t", extra=Text("")),
            Connection(conn_id="c" * 200, conn_type="t", port=-(2**31)),
            Variable(key="deep", value=Text("[" * 150 + "]" * 150)),
            Variable(key="huge", value=Text("9" * 5000)),
            Variable(key="wrapped", value=Text('{"value": "a", "description": "b"}')),
            Variable(key="nearly", value=Text('{"value": 0, "other": 1}')),
            Variable(key="list", value=Text("[1]")),
            Pool(name="unlimited", slots=-1),
        ]
        objects = [obj for obj in objects if not store.problems(obj)]
        create(store, *objects)
        assert [database.get(obj.kind, obj.id) for obj in objects] == [as_held(obj) for obj in objects]
        plan = planned(objects, store.read(Selection(), TARGET), store)
        assert plan.writes == ()
        # Before 3.2 nothing but the text tells a value with a description from one that looks like that.
        held = read_one(store, Variable(key="wrapped", value=Text("")))
        assert isinstance(held, Variable)
        assert (held.description == "b") is (AirflowVersion(3, 0) <= store.describe().airflow < EXACT)

    def test_a_description_changes_and_the_value_stays_as_it_is(self, store: Store, database: Database) -> None:
        if store.describe().airflow < AirflowVersion(3, 0):
            variable = Variable(key="v", value=Text('{"a":1.50}'))
            create(store, variable)
            update = step(Action.UPDATE, variable, read_one(store, variable), "value")
            (outcome,) = store.apply([update], TARGET)
            assert outcome.error is None
            assert [note.where for note in outcome.notes] == [store.address]
            assert "removes the descriptions" in outcome.notes[0].message
            return
        variable = Variable(key="v", value=Text('{"a":1.50}'), description="old")
        create(store, variable)
        wanted = replace(variable, description="new")
        assert do(store, *planned([wanted], store.read(Selection(), TARGET), store).writes) == [None]
        assert database.get(Kind.VARIABLES, "v") == wanted

    def test_one_that_the_database_refuses_fails_alone(self, store: Store, database: Database) -> None:
        """PostgreSQL does that to many a text that SQLite takes; a trigger does it here."""
        database.run(
            "create trigger no_boom before insert on connection when new.conn_id like 'boom%' "
            "begin select raise(abort, 'refused'); end"
        )
        ids = ["a1", "a2", "a3", "boom1", "c1", "c2", "c3", "boom2", "d1"]
        objects = [Connection(conn_id=id_, conn_type="t", password=SECRET) for id_ in ids]
        try:
            errors = do(store, *(step(Action.CREATE, obj) for obj in objects))
        finally:
            database.run("drop trigger no_boom")
        failed = {obj.id: error for obj, error in zip(objects, errors, strict=True) if error}
        assert sorted(failed) == ["boom1", "boom2"]
        assert all("airflow connections import skipped it" in error for error in failed.values())
        assert SECRET[:5] not in str(failed)
        assert all(database.get(obj.kind, obj.id) == (None if obj.id in failed else obj) for obj in objects)

    def test_what_came_after_the_plan_is_not_overwritten(self, store: Store, database: Database) -> None:
        mine: list[AirflowObject] = [
            Connection(conn_id="c", conn_type="t", host="mine", password="p"),
            Variable(key="v", value=Text("mine")),
            Pool(name="p", slots=1),
        ]
        plan = planned(mine, store.read(Selection(), TARGET), store)
        theirs = [replace(mine[0], host="theirs"), Variable(key="v", value=Text("theirs")), Pool(name="p", slots=2)]
        create(store, *theirs)
        assert all(do(store, *plan.writes))
        assert [database.get(obj.kind, obj.id) for obj in theirs] == [as_held(obj) for obj in theirs]


def test_an_extra_that_breaks_the_export_is_explained(quick: Command, database: Database, sandbox: Any) -> None:
    database.run(
        "insert into connection (conn_id, conn_type, is_encrypted, is_extra_encrypted, extra) "
        "values ('bad.one', 't', 0, 0, '[1, \"s3cr3t\"]')"
    )
    store = opened(quick)
    if sandbox.version.startswith("2."):
        assert read_one(store, Connection(conn_id="bad.one", conn_type="t")) is not None
        return
    with pytest.raises(TargetError, match=r"the extra of bad\.one isn't a JSON object") as caught:
        store.read(Selection())
    assert "airflow connections delete bad.one" in (caught.value.hint or "")
    assert "s3cr3t" not in f"{caught.value} {caught.value.hint}"
    assert list(store.read(Selection(kinds=frozenset({Kind.POOLS}))).bundle) != []


@pytest.mark.parametrize(
    ("key", "said"), [("", "it has no Fernet key"), ("Q" * 43 + "=", "written with another Fernet key")]
)
def test_what_cannot_be_decrypted_is_no_value(
    quick: Command,
    sandbox: Any,
    warm_airflow: Callable[[str], Path],
    tmp_path: Path,
    key: str,
    said: str,
) -> None:
    variables = Selection(kinds=frozenset({Kind.VARIABLES}))
    create(opened(quick), Variable(key="v", value=Text("s3cr3t")), FULL)
    (tmp_path / "other").mkdir()
    keyed = {"AIRFLOW__CORE__FERNET_KEY": key}
    other = Command(tmp_path / "other", sandbox, first=warm_airflow(sandbox.version), environ=keyed)
    with pytest.raises(TargetError, match=said) as caught:
        opened(other).read(variables)
    assert "fernet_key" in (caught.value.hint or "")
    with pytest.raises(TargetError, match="airflow connections export failed with exit code 1"):
        opened(other).read(Selection(kinds=frozenset({Kind.CONNECTIONS})))


def test_one_value_that_cannot_be_decrypted_is_left_out_and_told(
    store: Store, database: Database, sandbox: Any
) -> None:
    create(store, Variable(key="v", value=Text("text")), Variable(key="w", value=Text("null")))
    database.run("insert into variable (key, val, is_encrypted) values ('old', 'gAAAAABm', 1)")
    found = store.read(Selection(kinds=frozenset({Kind.VARIABLES})))
    # Where the texts are told, a value of null is no doubtful one.
    assert set(found.bundle.variables) == ({"v", "w"} if store.describe().airflow >= EXACT else {"v"})
    told = [note.where for note in found.notes if note.left_out]
    lost = {"old", "w"} - set(found.bundle.variables)
    assert sorted(told) == [f"{store.address} variables/{key}" for key in sorted(lost)]
    (error,) = do(store, step(Action.CREATE, Variable(key="old", value=Text("new"))))
    assert error is not None
    assert database.run("select val from variable where key = 'old'") == [("gAAAAABm",)]


def test_an_airflow_that_does_not_work_is_told_by_the_command_that_failed(
    quick: Command, sandbox: Any, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    nowhere = f"sqlite:////nowhere/s3cr3t-{tmp_path.name}.db"
    other = Command(tmp_path / "other", sandbox, environ={"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": nowhere})
    with pytest.raises(TargetError, match="Airflow failed there with OperationalError") as caught:
        opened(other).read(Selection(kinds=frozenset({Kind.POOLS})))
    assert "s3cr3t" not in f"{caught.value} {caught.value.hint}"
    assert (caught.value.hint or "").endswith(f"{other.path} airflow connections list")
    first = tmp_path / "first"
    first.mkdir()
    (first / "airflow").write_text(f'#!/bin/sh\nexec {sandbox.prepare().scripts / "airflow"} "$@"\n')
    (first / "airflow").chmod(0o755)
    environ = {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": nowhere}
    by_command = Command(first, sandbox, first=first, environ=environ)
    with pytest.raises(TargetError, match=r"airflow (version|pools export) failed with exit code \d") as caught:
        opened(by_command).read(Selection(kinds=frozenset({Kind.POOLS})))
    assert "s3cr3t" not in f"{caught.value} {caught.value.hint}"
    assert (caught.value.hint or "").endswith(("airflow pools export FILE", "airflow version"))
    assert other.leftovers() == []


def test_importing_examples_again_and_again(
    sandbox: Any,
    database: Database,
    tmp_path: Path,
    airconn: Callable[..., Any],
    examples: Path,
    warm_airflow: Callable[[str], Path],
) -> None:
    """From the command line, on two versions through the very `airflow` that everybody has: what creates. What reads,
    changes and deletes after that is done through the warm one, which is the same program without the time it starts.
    """
    quick = warm_airflow(sandbox.version) if sandbox.version in ("3.0.6", "2.7.3") else None
    command = Command(tmp_path, sandbox, first=quick)
    first = airconn("import", examples / "objects.json", "--to", command.address)
    assert first.code == 0, first.err
    assert "15 created" in first.out
    found = dump(sandbox)
    wanted = json.loads((examples / "objects.json").read_text())
    for conn_id, fields in wanted["connections"].items():
        assert {name: found["connections"][conn_id][name] for name in fields} == fields
    assert {name: fields["slots"] for name, fields in found["pools"].items()} == {
        name: fields["slots"] for name, fields in wanted["pools"].items()
    }
    (tmp_path / "warm").mkdir()
    warmed = Command(tmp_path / "warm", sandbox, first=warm_airflow(sandbox.version))
    again = airconn("import", examples / "objects.json", "--to", warmed.address, "--dry-run", "--exit-code")
    assert (again.code, "15 unchanged" in again.out) == (0, True), again.out
    assert dump(sandbox) == found

    # A password goes, which is done by deleting and creating anew; another field changes; an object is deleted.
    with_password = next(id_ for id_, fields in wanted["connections"].items() if fields.get("password"))
    wanted["connections"][with_password]["password"] = None
    changed = next(id_ for id_ in wanted["connections"] if id_ != with_password)
    wanted["connections"][changed]["host"] = "changed.example.com"
    gone, _ = wanted["pools"].popitem()
    (tmp_path / "new.json").write_text(json.dumps(wanted))
    done = airconn("import", tmp_path / "new.json", "--to", warmed.address, "--prune", "--yes", "--verify")
    assert done.code == 0, done.out + done.err
    after = dump(sandbox)
    assert after["connections"][with_password] == {**found["connections"][with_password], "password": None}
    assert after["connections"][changed] == {**found["connections"][changed], "host": "changed.example.com"}
    assert set(found["pools"]) - set(after["pools"]) == {gone}
    assert after["variables"] == {
        key: {**fields, "description": None} if quick and sandbox.version.startswith("2.") else fields
        for key, fields in found["variables"].items()
    }
    assert command.leftovers() == warmed.leftovers() == []


_WATCHING = """\
cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' '\\n' >>{log}
env >>{log}
exec {airflow} "$@"
"""


def test_no_secret_is_in_an_argument_a_message_or_a_log(
    sandbox: Any,
    database: Database,
    tmp_path: Path,
    airconn: Callable[..., Any],
    warm_airflow: Callable[[str], Path],
) -> None:
    """Every process of the machine is looked at whenever `airflow` starts, and what Airflow logs itself."""
    log, first = tmp_path / "seen", tmp_path / "first"
    first.mkdir()
    real = warm_airflow(sandbox.version) / "airflow"
    watching = first / "airflow"
    watching.write_text("#!/bin/sh\n" + _WATCHING.format(log=log, airflow=real))
    watching.chmod(0o755)
    command = Command(tmp_path, sandbox, first=first, then='"$@"')
    secret = "canary-4711"
    objects: list[AirflowObject] = [
        replace(FULL, password=f"{secret}-pw", extra=Text(f'{{"token": "{secret}-extra"}}'), login=f"{secret}-login"),
        Variable(key="v", value=Text(f"{secret}-value")),
        Pool(name="p", slots=1, description=f"{secret}-description"),
    ]
    (tmp_path / "in.json").write_text(render(Bundle.of(objects), WriteOptions()).text)
    texts = []
    for args in (
        ("import", tmp_path / "in.json", "--to", command.address, "-v"),
        ("import", tmp_path / "in.json", "--to", command.address, "--exact", "-v"),
        ("list", "--from", command.address, "-v"),
    ):
        done = airconn(*args)
        assert done.code == 0, done.err
        texts.append(done.out + done.err)
    seen = log.read_text(errors="replace")
    assert f"{command.path}" in seen
    assert "import" in seen
    texts += [seen, *(str(row) for row in database.run("select * from log"))]
    assert not [text for text in texts if secret in text]
    assert [database.get(obj.kind, obj.id) for obj in objects] == [as_held(obj) for obj in objects]
    assert command.leftovers() == []


@pytest.fixture
def newest(shared_sandbox: Callable[[str], Any]) -> Any:
    return shared_sandbox("3.3.2")


ON_NEWEST = on_worker_of("3.3.2")


@ON_NEWEST
def test_a_prefix_that_does_not_pass_standard_input_on(newest: Any, tmp_path: Path) -> None:
    command = Command(tmp_path, newest, then='exec "$@" </dev/null')
    with pytest.raises(TargetError, match="didn't reach it") as caught:
        opened(command).read(Selection())
    assert "-i" in (caught.value.hint or "")


@ON_NEWEST
def test_a_place_without_airflow(newest: Any, tmp_path: Path) -> None:
    command = Command(tmp_path, newest, environ={"PATH": "/usr/bin:/bin"})
    with pytest.raises(TargetError, match="no airflow command found there"):
        opened(command).describe()
    assert command.leftovers() == []


@ON_NEWEST
def test_a_place_without_a_directory_for_temporary_files(
    newest: Any, tmp_path: Path, warm_airflow: Callable[[str], Path]
) -> None:
    """The command needs one."""
    command = Command(tmp_path, newest, first=warm_airflow("3.3.2"), environ={"TMPDIR": "/nowhere/at/all"})
    with pytest.raises(TargetError, match="no temporary directory"):
        opened(command).describe()


@ON_NEWEST
def test_a_terminal_that_echoes_the_script_and_ends_lines_otherwise(
    newest: Any, tmp_path: Path, warm_airflow: Callable[[str], Path]
) -> None:
    """As `docker exec -it` does where it is let."""
    database = Database(newest.home)
    database.clear()
    echoing = 'cat >"$HOME/s"; (cat "$HOME/s"; "$@" <"$HOME/s") | sed "s/$/\\r/"'
    command = Command(tmp_path, newest, first=warm_airflow("3.3.2"), environ={"HOME": tmp_path}, then=echoing)
    store = opened(command)
    create(store, FULL, Variable(key="v", value=Text("1.50\n")))
    assert read_one(store, FULL) == FULL
    assert database.get(Kind.VARIABLES, "v") == Variable(key="v", value=Text("1.50\n"))
    database.clear()


@ON_NEWEST
def test_silence_ends_a_read_and_leaves_nothing_behind(newest: Any, tmp_path: Path) -> None:
    stuck = tmp_path / "first"
    stuck.mkdir()
    (stuck / "airflow").write_text("#!/bin/sh\nexec sleep 600\n")
    (stuck / "airflow").chmod(0o755)
    command = Command(tmp_path, newest, first=stuck)
    begin = time.monotonic()
    with pytest.raises(TargetError, match="it printed nothing for 1 s") as caught:
        opened(command, timeout=0.2).describe()
    assert time.monotonic() - begin < 120
    assert "--timeout" in (caught.value.hint or "")
    assert command.leftovers() == []


@ON_NEWEST
def test_a_second_interrupt_stops_a_write_and_says_what_is_not_known(newest: Any, tmp_path: Path) -> None:
    stuck, begun = tmp_path / "first", tmp_path / "begun"
    stuck.mkdir()
    real = newest.prepare().scripts / "airflow"
    (stuck / "airflow").write_text(
        f'#!/bin/sh\n[ "$2" != import ] || {{ touch {begun}; exec sleep 600; }}\nexec {real} "$@"\n'
    )
    (stuck / "airflow").chmod(0o755)
    command = Command(tmp_path, newest, first=stuck)
    (tmp_path / "in.json").write_text(json.dumps({"variables": {"v": "s3cr3t"}, "pools": {}}))
    process = subprocess.Popen(
        [sys.executable, "-m", "airconn", "import", "in.json", "--to", command.address],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    _wait_for(begun.exists)
    process.send_signal(signal.SIGINT)
    assert process.stderr is not None
    assert "Ctrl-C again" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "interrupted while it was written" in out
    assert "Traceback" not in err
    assert "s3cr3t" not in out + err
    _wait_for(lambda: command.leftovers() == [])


def _wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline, "it didn't happen within 120 s"
        time.sleep(0.05)


@ON_NEWEST
def test_a_connection_is_not_taken_out_of_its_team(
    newest: Any, tmp_path: Path, warm_airflow: Callable[[str], Path]
) -> None:
    database = Database(newest.home)
    database.clear()
    command = Command(tmp_path, newest, first=warm_airflow("3.3.2"), environ={"AIRFLOW__CORE__MULTI_TEAM": "True"})
    store = opened(command)
    held = replace(FULL, team_name="red")
    database.run("insert into team (name) values ('red')")
    try:
        create(store, held)
        changed = replace(FULL, host="h2")
        (entry,) = planned([changed], store.read(Selection(), TARGET), store).steps
        assert entry.action is Action.BLOCKED
        assert "from its team" in " ".join(entry.reasons)
        assert all(do(store, step(Action.UPDATE, changed, FULL, "host"), step(Action.REPLACE, changed, FULL)))
        (entry,) = planned([replace(changed, team_name="red")], store.read(Selection(), TARGET), store).steps
        assert do(store, entry) == [None]
        assert database.run("select host, team_name from connection") == [("h2", "red")]
    finally:
        database.clear()
        database.run("delete from team")


@ON_NEWEST
def test_teams_are_also_seen_in_the_file_of_the_configuration(
    newest: Any, tmp_path: Path, warm_airflow: Callable[[str], Path]
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    config = (newest.home / "airflow.cfg").read_text()
    (home / "airflow.cfg").write_text(config.replace("[core]", "[core]\nmulti_team = True"))
    command = Command(tmp_path, newest, first=warm_airflow("3.3.2"), environ={"AIRFLOW_HOME": home})
    store = opened(command)
    store.read(Selection(kinds=frozenset({Kind.POOLS})))
    assert store.refusal(step(Action.UPDATE, FULL, FULL, "host"))


@ON_NEWEST
def test_where_nothing_is_created_again_no_second_connection_is_deleted(
    newest: Any, tmp_path: Path, airconn: Callable[..., Any], warm_airflow: Callable[[str], Path]
) -> None:
    database, first = Database(newest.home), tmp_path / "first"
    database.clear()
    first.mkdir()
    real = warm_airflow(newest.version) / "airflow"
    (first / "airflow").write_text(
        f'#!/bin/sh\n[ ! -e {first}/broken ] || [ "$2" != import ] || exit 3\nexec {real} "$@"\n'
    )
    (first / "airflow").chmod(0o755)
    command = Command(tmp_path, newest, first=first)
    ids, state = ["c0", "c1", "c2"], {"AIRCONN_STATE_DIR": str(tmp_path / "state")}
    source = tmp_path / "connections.json"
    source.write_text(json.dumps({id_: {"conn_type": "http", "password": "s3cr3t"} for id_ in ids}))
    assert airconn("import", source, "--to", command.address).code == 0
    (first / "broken").touch()
    source.write_text(json.dumps({id_: {"conn_type": "http"} for id_ in ids}))
    ran = airconn("import", source, "--to", command.address, "--exact", env=state)
    assert ran.code == 1
    assert "it was deleted, and then airflow connections import skipped it" in ran.out
    assert ran.out.count("not tried: it would be deleted first, and connections/c0 could not be replaced") == 2
    assert [database.get(Kind.CONNECTIONS, id_) is None for id_ in ids] == [True, False, False]
    (kept,) = (tmp_path / "state").glob("recovery-*")
    assert "c0" in json.loads(kept.read_text())["connections"]
    (first / "broken").unlink()
    assert airconn("import", source, "--to", command.address, "--exact", env=state).code == 0
    held = [database.get(Kind.CONNECTIONS, id_) for id_ in ids]
    assert held == [Connection(conn_id=id_, conn_type="http") for id_ in ids]
    database.clear()
