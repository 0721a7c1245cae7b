"""Files as places."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from airconn.config import Settings
from airconn.errors import AirconnError, BlockedError, InputError
from airconn.model import (
    ALL_KINDS,
    NEWEST,
    REDACTED,
    Action,
    AirflowVersion,
    Bundle,
    Connection,
    Kind,
    Selection,
    Step,
    Text,
    Variable,
)
from airconn.model.reading import Reading
from airconn.plan import make_plan
from airconn.stores.base import DEFAULT_CONTEXT, Context
from airconn.stores.file import FileStore
from airconn.stores.saving import write_atomically
from airconn.transfer.importing import target_rules

TARGET = Context(writes=ALL_KINDS)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_file_is_its_owners_alone_whatever_the_umask(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        write_atomically(tmp_path / "f", "x")
    finally:
        os.umask(old)
    assert mode(tmp_path / "f") == 0o600


def test_a_file_that_was_open_to_others_is_closed_and_a_stricter_one_stays(tmp_path: Path) -> None:
    for before, after in ((0o644, 0o600), (0o400, 0o400)):
        path = tmp_path / str(before)
        path.write_text("old")
        path.chmod(before)
        write_atomically(path, "new")
        assert (path.read_text(), mode(path)) == ("new", after)


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    write_atomically(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "new"


def test_what_can_not_be_written_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("old")
    with pytest.raises(AirconnError, match="lone surrogate"):
        write_atomically(tmp_path / "f", "\ud800")
    assert (tmp_path / "f").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["f"]
    with pytest.raises(AirconnError, match="can't be written: No such file or directory"):
        write_atomically(tmp_path / "no" / "f", "x")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: None, "no such file"),
        (lambda path: path.mkdir(), "this is a directory"),
        (lambda path: path.write_bytes(b"A=\n\xff"), "x.env:2: this is not UTF-8 text"),
        (lambda path: path.write_bytes("A=é\nB=é\0".encode()), r"x.env:2:4: a NUL character \(U\+0000\)"),
    ],
)
def test_a_file_that_can_not_be_read_is_told(tmp_path: Path, make: object, message: str) -> None:
    path = tmp_path / "x.env"
    make(path)  # type: ignore[operator]
    with pytest.raises(InputError, match=message):
        FileStore(str(path), Settings()).read(Selection())


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_byte_order_mark_is_understood(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "x.env"
    path.write_text("AIRFLOW_VAR_A=é\n", encoding=encoding)
    assert FileStore(str(path), Settings()).read(Selection()).bundle.variables["a"].value == Text("é")


@pytest.mark.parametrize("text", ['{"a": "1"}', "AIRFLOW_VAR_A=1\n", "airflow:\n  variables: []\n"])
def test_the_format_of_a_file_with_a_byte_order_mark_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / "with").write_text(text, encoding="utf-8-sig")
    (tmp_path / "without").write_text(text)
    names = [FileStore(str(tmp_path / name), Settings()).format_name() for name in ("with", "without")]
    assert names[0] == names[1]


def test_an_import_into_a_file_changes_what_it_says_and_keeps_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "objects.json"
    path.write_text(
        '{"connections": {"c": {"conn_type": "http", "host": "old", "password": "secret"}}, "variables": {"v": "x"}}'
    )
    store = FileStore(str(path), Settings())
    wanted = Bundle.of(
        [Connection(conn_id="c", conn_type="http", host="new", password=REDACTED), Variable(key="w", value=Text("y"))]
    )
    before = store.read(Selection(), TARGET)
    context = replace(TARGET, before=before)
    plan = make_plan(wanted, before.bundle, target_rules(store, context, store.describe(context)))
    assert [outcome.error for outcome in store.apply(plan.writes, context)] == [None, None]
    after = FileStore(str(path), Settings()).read(Selection()).bundle
    assert after.connections["c"] == Connection(conn_id="c", conn_type="http", host="new", password="secret")
    assert sorted(after.variables) == ["v", "w"]


def test_a_file_is_parsed_once_for_all_who_look_into_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.json"
    path.write_text('{"variables": {"a": "1"}, "connections": {"c": {"conn_type": "http"}}}')
    parsed: list[AirflowVersion] = []
    read = FileStore.read_text

    def counted(self: FileStore, context: Context = DEFAULT_CONTEXT) -> Reading:
        parsed.append(context.airflow)
        return read(self, context)

    monkeypatch.setattr(FileStore, "read_text", counted)
    store = FileStore(str(path), Settings())
    assert len(store.read(Selection(), TARGET).bundle) == len(store.read(Selection(), TARGET).bundle) == 2
    assert list(store.apply([], TARGET)) == []
    assert parsed == [NEWEST]
    old = replace(TARGET, airflow=AirflowVersion(2, 7, 3))
    old = replace(old, before=store.read(Selection(), old))
    step = Step(Kind.VARIABLES, "b", Action.CREATE, Variable(key="b", value=Text("2")))
    assert [outcome.error for outcome in store.apply([step], old)] == [None]
    assert set(store.read(Selection(), old).bundle.variables) == {"a", "b"}
    assert parsed == [NEWEST, *[AirflowVersion(2, 7, 3)] * 2]


def test_a_file_that_has_changed_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('{"variables": {"a": "1"}}')
    store = FileStore(str(path), Settings())
    first = store.read(Selection())
    assert store.read(Selection()) == first
    path.write_text('{"variables": {"a": "11"}}')
    second = store.read(Selection())
    assert (second.bundle.variables["a"].value, second.version == first.version) == (Text("11"), False)


@pytest.mark.parametrize("name", ["x.json", "x.env"])
def test_what_somebody_else_has_written_in_the_meantime_is_not_lost(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    variables = [Variable(key=key, value=Text("v")) for key in ("a", "b", "c")]
    steps = [Step(Kind.VARIABLES, each.key, Action.CREATE, each) for each in variables]

    def opened() -> FileStore:
        return FileStore(str(path), Settings())

    mine = opened()
    before = mine.read(Selection(), TARGET)
    assert len(before.bundle) == 0
    assert [outcome.error for outcome in opened().apply(steps[:1])] == [None]
    with pytest.raises(BlockedError, match="another program has changed this file in the meantime"):
        mine.save("of when it wasn't there", before.version)
    mine = opened()
    before = mine.read(Selection(), TARGET)
    assert len(before.bundle) == 1
    assert [outcome.error for outcome in opened().apply(steps[1:2])] == [None]
    text = path.read_bytes()
    with pytest.raises(BlockedError, match="another program has changed this file in the meantime"):
        list(mine.apply(steps[2:], replace(TARGET, before=before)))
    assert path.read_bytes() == text
    list(opened().apply(steps[2:]))
    assert set(opened().read(Selection()).bundle.variables) == {"a", "b", "c"}
    mine.save("{}", before.version, afresh=True)
    mine.save("{ }", mine.read(Selection()).version)


@pytest.mark.parametrize("name", ["x.json", "x.env"])
def test_what_is_gone_is_not_written_anew_without_the_rest_of_it(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    a, b = (Step(Kind.VARIABLES, key, Action.CREATE, Variable(key=key, value=Text("v"))) for key in "ab")
    mine = FileStore(str(path), Settings())
    list(mine.apply([a]))
    before = mine.read(Selection(), TARGET)
    path.unlink()
    with pytest.raises(BlockedError, match="another program has changed this file in the meantime"):
        list(mine.apply([b], replace(TARGET, before=before)))
    assert not path.exists()


def test_what_appears_after_a_rehearsal_is_not_written_over(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    steps = [Step(Kind.VARIABLES, "a", Action.CREATE, Variable(key="a", value=Text("1")))]
    for others in (b'{"variables": {"b": "2"}}', b'{"variables": {"b": "3", "c": "4"}}'):
        store = FileStore(str(path), Settings())
        before = store.read(Selection(ids=frozenset({(Kind.VARIABLES, "a")})), TARGET)
        assert len(before.bundle) == 0
        context = replace(TARGET, before=before)
        assert store.rehearse(steps, context) == []
        path.write_bytes(others)
        with pytest.raises(BlockedError, match="another program has changed this file in the meantime"):
            list(store.apply(steps, context))
        assert path.read_bytes() == others


def test_a_rehearsal_is_of_its_steps_alone(tmp_path: Path) -> None:
    names = ["a", "b c", "d"]
    steps = [Step(Kind.VARIABLES, name, Action.CREATE, Variable(key=name, value=Text("1"))) for name in names]
    store = FileStore(str(tmp_path / "x.env"), Settings())
    assert [(outcome.step.id, bool(outcome.error)) for outcome in store.rehearse(steps, TARGET)] == [("b c", True)]
    assert not (tmp_path / "x.env").exists()
    assert [outcome.error for outcome in store.apply(steps[:1], TARGET)] == [None]
    assert (tmp_path / "x.env").read_text() == "AIRFLOW_VAR_A=1\n"
    assert [outcome.error is None for outcome in store.apply(steps[1:], TARGET)] == [False, True]
    assert (tmp_path / "x.env").read_text() == "AIRFLOW_VAR_A=1\nAIRFLOW_VAR_D=1\n"


def test_a_file_gives_objects_back_as_it_holds_them_once_it_is_written_to(tmp_path: Path) -> None:
    variable = Variable(key="v", value=Text("***"), description="d", literal=frozenset({"value"}))
    store = FileStore(str(tmp_path / "x.env"), Settings())
    assert store.stored_form(variable) == variable
    context = Context(writes=frozenset({Kind.VARIABLES}))
    assert store.describe(context).kinds == {Kind.VARIABLES}
    assert store.stored_form(variable, context) == replace(variable, description=None)
    connection = Connection(conn_id="c", conn_type="my type")
    store = FileStore(str(tmp_path / "x.uri"), Settings())
    assert (store.describe(TARGET).kinds, store.stored_form(connection, TARGET)) == ({Kind.CONNECTIONS}, connection)


def test_half_a_character_is_a_problem_whatever_the_format(tmp_path: Path) -> None:
    store = FileStore(str(tmp_path / "x.json"), Settings())
    broken = Variable(key="a: b", value=Text("\ud800"), description="\udfff")
    half = "has half a character (a lone surrogate) in it"
    assert list(store.problems(broken, TARGET)) == [f"value {half}", f"description {half}"]
    assert list(store.problems(Variable(key="a", value=Text("é")), TARGET)) == []


@pytest.mark.parametrize(
    ("text", "chosen", "kinds"),
    [
        ('{"a": "s3://b", "b": {"value": "2", "description": "d"}}', {Kind.VARIABLES}, {Kind.VARIABLES}),
        ("{}", {Kind.VARIABLES}, {Kind.VARIABLES}),
        ("{}", ALL_KINDS, {Kind.CONNECTIONS}),
        ('{"a": {"conn_type": "http"}}', {Kind.VARIABLES}, {Kind.CONNECTIONS}),
        ('{"variables": {"a": "1"}}', {Kind.VARIABLES}, ALL_KINDS),
        # What might be another kind is not for a write to make one of these.
        ('{"a": "http://h"}', {Kind.CONNECTIONS}, None),
        ('{"a": {"host": "h", "b": 1}}', {Kind.VARIABLES}, None),
    ],
)
def test_a_file_that_does_not_tell_its_kind_may_be_of_the_one_that_is_chosen(
    tmp_path: Path, text: str, chosen: set[Kind], kinds: set[Kind] | None
) -> None:
    (tmp_path / "x.json").write_text(text)
    store = FileStore(str(tmp_path / "x.json"), Settings())
    if kinds is None:
        with pytest.raises(InputError, match="unclear whether this file holds connections or variables"):
            store.describe(Context(writes=frozenset(chosen)))
    else:
        assert store.describe(Context(writes=frozenset(chosen))).kinds == kinds


def test_several_who_write_at_once_lose_nothing_unsaid(tmp_path: Path) -> None:
    path = tmp_path / "x.env"
    path.write_text("A=1\n")
    done: list[str] = []

    def write(key: str) -> None:
        variable = Variable(key=key, value=Text("v"))
        with contextlib.suppress(BlockedError):
            list(FileStore(str(path), Settings()).apply([Step(Kind.VARIABLES, key, Action.CREATE, variable)]))
            done.append(key)

    threads = [threading.Thread(target=write, args=(f"k{number}",)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert done
    assert set(FileStore(str(path), Settings()).read(Selection()).bundle.variables) == set(done)


def test_a_lock_that_somebody_holds_for_long_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("airconn.stores.saving._WAITING", 0.1)
    (tmp_path / "links").mkdir()
    link = tmp_path / "links" / "x.json"
    link.symlink_to(tmp_path / "x.json")
    number = os.open(tmp_path, os.O_RDONLY)
    try:
        fcntl.flock(number, fcntl.LOCK_EX)
        FileStore(str(tmp_path / "x.json"), Settings()).save("{}", None)
        mine = FileStore(str(link), Settings())
        mine.save("{ }", mine.read(Selection()).version)
    finally:
        os.close(number)
    assert (tmp_path / "x.json").read_text() == "{ }"


def test_a_link_to_a_pipe_is_written_to(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "pipe")
    writer = threading.Thread(target=write_atomically, args=(tmp_path / "link", "x"))
    writer.start()
    assert (tmp_path / "pipe").read_text() == "x"
    writer.join()
    assert (tmp_path / "link").is_symlink()


def test_what_an_open_file_holds_is_somebody_elses(tmp_path: Path) -> None:
    with (tmp_path / "out").open("w") as file:
        file.write("what is this\n")
        file.flush()
        store = FileStore(f"/dev/fd/{file.fileno()}", Settings(from_format="env"))
        before = store.read(Selection(), TARGET)
        assert (store.holds_something(), len(before.bundle)) == (False, 0)
        store.save("A=1\n", before.version)
    assert (tmp_path / "out").read_text() == "what is this\nA=1\n"
    with (tmp_path / "out").open() as file:
        assert FileStore(f"/dev/fd/{file.fileno()}", Settings()).text() == "what is this\nA=1\n"


def test_two_who_write_to_pipes_do_not_wait_for_one_another(tmp_path: Path) -> None:
    pipes = [tmp_path / "one", tmp_path / "two"]
    for pipe in pipes:
        os.mkfifo(pipe)
    writers = [
        threading.Thread(target=FileStore(str(pipe), Settings()).save, args=(pipe.name, None)) for pipe in pipes
    ]
    for writer in writers:
        writer.start()
    assert [pipe.read_text() for pipe in reversed(pipes)] == ["two", "one"]
    for writer in writers:
        writer.join()


@pytest.mark.parametrize("number", [errno.EACCES, errno.EIO, errno.ESTALE])
def test_a_file_of_which_the_system_tells_nothing_is_not_taken_for_missing(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.json"
    path.write_text('{"connections": {"a": {"conn_type": "http", "password": "old"}}}')
    before = path.read_bytes()
    store = FileStore(str(path), Settings())
    real = os.stat

    def fails(name: object, **options: object) -> os.stat_result:
        if name == path:
            raise OSError(number, "no answer")
        return real(name, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "stat", fails)
    context = Context(writes=frozenset(Kind))
    with pytest.raises(InputError, match="file"):
        store.read(Selection(), context)
    with pytest.raises(InputError, match="file"):
        store.save("{}", None)
    monkeypatch.undo()
    assert path.read_bytes() == before
