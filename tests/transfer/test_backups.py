"""The backups of runs: private, whole whenever a run dies, kept for the last 20 runs, and quick."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import threading
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airconn.errors import BlockedError, UsageError
from airconn.model import (
    REDACTED,
    Action,
    AirflowObject,
    Connection,
    FieldAction,
    FieldChange,
    Kind,
    Outcome,
    Pool,
    Step,
    Text,
    Variable,
)
from airconn.transfer import backups as backups_module
from airconn.transfer.backup_file import DONE, MAYBE, NOT, RunHeader
from airconn.transfer.backup_values import (
    as_json,
    changed_fields,
    marker,
    marks_as_json,
    marks_from,
    marks_of,
    object_of,
)
from airconn.transfer.backups import KEPT, Backups, RunningBackup

SECRET = "s3cr3t-\ud800é\n"
HEADER = RunHeader("import .env", "airflow 3.3.2", "http://a", "0" * 64, "http://a")
OLD = Variable(key="a", value=Text("old"))
NEW = Variable(key="a", value=Text("new"))


def same(obj: AirflowObject) -> AirflowObject:
    return obj


def update(number: int = 0) -> Step:
    changes = (FieldChange("value", FieldAction.CHANGED),)
    key = f"a{number}"
    before, after = Variable(key=key, value=Text("old")), Variable(key=key, value=Text("new"))
    return Step(Kind.VARIABLES, key, Action.UPDATE, after, before, changes)


def begun(directory: Path, number: int = 3) -> RunningBackup:
    return Backups(directory).begin(HEADER, [update(each) for each in range(number)], same)


def test_a_backup_can_be_read_by_its_owner_alone(tmp_path: Path) -> None:
    os.umask(os.umask(0) & 0)
    running = begun(tmp_path / "state")
    (path,) = (tmp_path / "state/undo").iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    running.close()


def test_a_directory_that_others_may_read_is_closed_to_them(tmp_path: Path) -> None:
    (tmp_path / "undo").mkdir(mode=0o755)
    begun(tmp_path).close()
    assert stat.S_IMODE((tmp_path / "undo").stat().st_mode) == 0o700


def test_a_link_in_the_place_of_the_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "undo").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(BlockedError, match="not a directory of yours"):
        begun(tmp_path)
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_what_was_overwritten_is_kept_and_what_was_written_is_not(tmp_path: Path) -> None:
    begun(tmp_path, 1).close()
    (path,) = (tmp_path / "undo").iterdir()
    assert '"old"' in path.read_text()
    assert "new" not in path.read_text()


def test_the_outcomes_are_those_of_the_run(tmp_path: Path) -> None:
    running = begun(tmp_path, 5)
    steps = [update(number) for number in range(5)]
    running.record(Outcome(steps[0]))
    running.record(Outcome(steps[1], "it timed out"))
    running.record(Outcome(steps[2], "refused", untouched=True))
    running.record(Outcome(steps[3], "late", untried=True))
    assert running.end()
    found = Backups(tmp_path).find(running.run)
    assert [entry.state for entry in found.entries] == [DONE, MAYBE, NOT, NOT, NOT]
    assert [entry.before for entry in found.entries] == [step.target for step in steps]


def test_a_run_that_wrote_nothing_leaves_no_backup(tmp_path: Path) -> None:
    running = begun(tmp_path, 2)
    running.record(Outcome(update(0), "refused", untouched=True))
    assert not running.end()
    assert list((tmp_path / "undo").iterdir()) == []


def test_a_backup_that_was_cut_off_is_read_up_to_there(tmp_path: Path) -> None:
    running = begun(tmp_path, 3)
    running.record(Outcome(update(0)))
    running.record(Outcome(update(1)))
    running.close()
    (path,) = (tmp_path / "undo").iterdir()
    path.write_bytes(path.read_bytes()[:-3])
    assert [entry.state for entry in Backups(tmp_path).find(None).entries] == [DONE, MAYBE, MAYBE]
    (run,) = Backups(tmp_path).runs()
    assert (run.written, run.is_complete) == ({Action.UPDATE: 1}, False)


KILLED = """
import sys, pathlib, time
sys.path.insert(0, {root!r})
from tests.transfer.test_backups import begun, update
from airconn.model import Outcome
running = begun(pathlib.Path(sys.argv[1]), 5000)
for number in range(5000):
    running.record(Outcome(update(number)))
    if number == 50:
        print("go", flush=True)
"""


def test_a_run_that_is_killed_leaves_all_outcomes_that_it_had(tmp_path: Path) -> None:
    root = str(Path(__file__).parents[2])
    command = [sys.executable, "-c", KILLED.format(root=root), str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "go\n"
        with pytest.raises(UsageError, match="still going on"):
            Backups(tmp_path).find(None)
        process.send_signal(signal.SIGKILL)
    states = [entry.state for entry in Backups(tmp_path).find(None).entries]
    done = states.count(DONE)
    assert done >= 51
    assert states == [DONE] * done + [MAYBE] * (5000 - done)
    assert [path.name for path in (tmp_path / "undo").glob(".airconn-*")] == []


def test_the_last_20_runs_are_kept(tmp_path: Path) -> None:
    runs = []
    for _ in range(KEPT + 5):
        running = begun(tmp_path, 1)
        running.record(Outcome(update()))
        running.end()
        runs.append(running.run)
    assert [run.run for run in Backups(tmp_path).runs()] == runs[:4:-1]
    assert sorted(runs) == runs


def test_two_writers_at_once_keep_the_last_20_runs_and_those_that_go_on(tmp_path: Path) -> None:
    long = begun(tmp_path, 1)
    problems: list[BaseException] = []

    def write() -> None:
        try:
            for _ in range(30):
                running = begun(tmp_path, 1)
                running.record(Outcome(update()))
                assert running.end()
        except BaseException as error:  # noqa: BLE001 - of a thread
            problems.append(error)

    writers = [threading.Thread(target=write) for _ in range(2)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert problems == []
    names = {path.stem for path in (tmp_path / "undo").iterdir()}
    assert long.run in names
    assert KEPT <= len(names) <= KEPT + 2
    long.record(Outcome(update()))
    assert long.end()


def test_clear_removes_all_but_what_goes_on(tmp_path: Path) -> None:
    (tmp_path / "undo").mkdir()
    (tmp_path / "undo/mine.txt").touch()
    for _ in range(3):
        begun(tmp_path).close()
    running = begun(tmp_path)
    assert Backups(tmp_path).clear() == 3
    assert {path.name for path in (tmp_path / "undo").iterdir()} == {"mine.txt", f"{running.run}.jsonl"}


def test_a_backup_that_cannot_be_written_is_an_error_that_names_the_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "undo").touch()
    with pytest.raises(BlockedError, match="the backup for airconn undo can't be written") as caught:
        begun(tmp_path)
    assert "--no-backup" in str(caught.value.hint)

    def refused(path: Path, *args: object, **options: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", refused)
    with pytest.raises(BlockedError, match="can't be written: Permission denied"):
        begun(tmp_path)


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(number: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(BlockedError, match="No space left on device"):
        begun(tmp_path)
    assert list((tmp_path / "undo").iterdir()) == []


def test_a_disk_that_gets_full_meanwhile_stops_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    running = begun(tmp_path)
    running.record(Outcome(update(0)))

    def full(number: int, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(backups_module.os, "write", full)
        running.record(Outcome(update(1)))
    running.record(Outcome(update(2)))
    assert running.end()
    assert [entry.state for entry in Backups(tmp_path).find(None).entries] == [DONE, MAYBE, MAYBE]


def test_a_file_of_another_version_is_refused_and_left_out_of_the_list(tmp_path: Path) -> None:
    begun(tmp_path).close()
    (path,) = (tmp_path / "undo").iterdir()
    path.write_text(path.read_text().replace('"version":1', '"version":2'))
    assert Backups(tmp_path).runs() == []
    with pytest.raises(UsageError, match="not a backup of this version"):
        Backups(tmp_path).find(path.stem)


def test_the_last_run_that_is_not_undone_is_found(tmp_path: Path) -> None:
    def run(undoes: str | None = None, *, is_whole: bool = True) -> str:
        header = RunHeader("x", "t", "a", "p", undoes=undoes, is_whole=is_whole)
        running = Backups(tmp_path).begin(header, [update()], same)
        running.record(Outcome(update()))
        running.end()
        return running.run

    def last() -> str:
        return Backups(tmp_path).find(None).run

    with pytest.raises(UsageError, match="nothing to undo: no run has a backup"):
        last()
    first, second = run(), run()
    assert last() == second
    run(second, is_whole=False)
    assert last() == second
    undo = run(second)
    assert last() == first
    run(undo)
    assert last() == second
    run(second)
    run(first)
    with pytest.raises(UsageError, match="all runs are undone"):
        last()
    with pytest.raises(UsageError, match="several runs"):
        Backups(tmp_path).find("2")
    with pytest.raises(UsageError, match="no backup of a run '1999'"):
        Backups(tmp_path).find("1999")


def ended(directory: Path) -> str:
    running = begun(directory, 1)
    running.record(Outcome(update()))
    assert running.end()
    return running.run


def test_a_note_that_is_cut_off_anywhere_says_nothing_and_the_next_one_counts(tmp_path: Path) -> None:
    before, run = ended(tmp_path), ended(tmp_path)
    backups, path = Backups(tmp_path), tmp_path / f"undo/{run}.jsonl"
    text = path.read_bytes()
    backups.note_undone(run)
    noted = path.read_bytes()
    assert noted.startswith(text)
    for end in range(len(text), len(noted)):  # a kill -9 in the midst of the write
        path.write_bytes(noted[:end])
        assert backups.find(None).run == run
        backups.note_undone(run)
        assert path.read_bytes() == noted
        assert backups.find(None).run == before
        assert [entry.state for entry in backups.find(run).entries] == [DONE]
    summary, other = backups.runs()
    assert (summary.is_undone, summary.is_complete, other.is_undone) == (True, True, False)


def test_many_notes_at_once_and_those_who_look_meanwhile_are_in_no_way_of_each_other(tmp_path: Path) -> None:
    runs = [ended(tmp_path) for _ in range(5)]
    problems: list[BaseException] = []

    def note() -> None:
        try:
            for run in runs * 4:
                Backups(tmp_path).note_undone(run)
                assert Backups(tmp_path).read_all()[1] == []
        except BaseException as error:  # noqa: BLE001 - of a thread
            problems.append(error)

    threads = [threading.Thread(target=note) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert all(run.is_undone for run in Backups(tmp_path).runs())


def test_a_backup_that_is_removed_meanwhile_needs_no_note_and_one_that_goes_on_gets_none(tmp_path: Path) -> None:
    run = ended(tmp_path)
    assert Backups(tmp_path).clear() == 1
    Backups(tmp_path).note_undone(run)
    assert list((tmp_path / "undo").iterdir()) == []
    running = begun(tmp_path, 1)
    with pytest.raises(BlockedError, match="another process uses it"):
        Backups(tmp_path).note_undone(running.run)
    running.close()


def many(number: int) -> Iterator[Step]:
    for each in range(number):
        old = Connection(
            conn_id=f"c{each}", conn_type="http", host="h", password="p" * 40, extra=Text('{"a": 1, "b": {"c": "d"}}')
        )
        new = Connection(conn_id=f"c{each}", conn_type="http", host="i", password="q" * 40, extra=old.extra)
        yield Step(Kind.CONNECTIONS, old.id, Action.UPDATE, new, old, (FieldChange("host", FieldAction.CHANGED),))


def test_ten_thousand_objects_take_no_second_and_little_memory(tmp_path: Path) -> None:
    begin = time.process_time()
    running = Backups(tmp_path).begin(HEADER, many(10_000), same)
    for step in many(10_000):
        running.record(Outcome(step))
    running.end()
    assert time.process_time() - begin < 1.5, "objects are made anew in it, too"
    tracemalloc.start()
    Backups(tmp_path).begin(HEADER, many(2_000), same).close()
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 1_000_000


TEXTS = st.text(st.characters(), max_size=6) | st.just(SECRET) | st.just("***")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
EXTRAS = st.builds(lambda value: Text.of(json.dumps(value), masked=True), JSON) | st.builds(Text, TEXTS) | st.none()
MAYBE_TEXT = TEXTS | st.none() | st.just(REDACTED)
OBJECTS: st.SearchStrategy[AirflowObject] = st.one_of(
    st.builds(
        Connection,
        conn_id=st.just("x"),
        conn_type=TEXTS,
        host=MAYBE_TEXT,
        password=MAYBE_TEXT,
        port=st.none() | st.integers(),
        extra=EXTRAS | st.just(REDACTED),
        unsaid=st.just(frozenset({"description"})),
    ),
    st.builds(Variable, key=st.just("x"), value=st.builds(Text, TEXTS) | st.just(REDACTED), description=MAYBE_TEXT),
    st.builds(
        Pool,
        name=st.just("x"),
        slots=st.integers(),
        description=MAYBE_TEXT,
        include_deferred=st.none() | st.booleans(),
    ),
)


@given(OBJECTS)
def test_every_object_comes_back_as_it_was_and_equals_its_marks(obj: AirflowObject) -> None:
    back = object_of((obj.kind, obj.id), json.loads(json.dumps(as_json(obj))))
    assert (back, back.unsaid) == (obj, obj.unsaid)
    marks = marks_of(obj, marker("00" * 16))
    again = marks_from(json.loads(json.dumps(marks_as_json(marks))))
    assert again == marks
    assert changed_fields(again, marks, hides_no_password=False) == ()


def shown(extra: str) -> Connection:
    text = Text.of(extra, masked=True)
    return Connection(conn_id="x", conn_type="http", extra=text)


@pytest.mark.parametrize(
    ("written", "now", "differs"),
    [
        ('{"a": 1, "token": "x"}', '{"token": "***",  "a": 1}', False),
        ('{"a": 1, "token": "x"}', '{"a": 2, "token": "***"}', True),
        ('{"a": 1}', '{"a": 1, "token": "***"}', True),
        ('{"a": 1, "token": "x"}', '{"a": 1}', True),
        ('{"secret": {"b": 1, "c": [2]}}', '{"secret": "***"}', False),
        ('{"secret": {"b": 1}}', "{}", True),
        ("{}", "", False),
        ('{"a": 1}', '{"a": "1"}', True),
        ('{"a": 1.50}', '{"a": 1.5}', True),
        ('{"a": {}}', '{"a": {"b": 1}}', True),
    ],
)
def test_an_extra_has_changed_if_what_both_show_differs(written: str, now: str, differs: bool) -> None:
    mark = marker("11" * 16)
    ours, theirs = marks_of(shown(written), mark), marks_of(shown(now), mark)
    assert changed_fields(ours, theirs, hides_no_password=False) == (("extra",) if differs else ())


def test_a_password_that_was_added_counts_unless_the_server_shows_one_anyway() -> None:
    mark = marker("11" * 16)
    without = marks_of(Connection(conn_id="x", conn_type="http"), mark)
    hidden = marks_of(Connection(conn_id="x", conn_type="http", password=REDACTED), mark)
    assert changed_fields(without, hidden, hides_no_password=False) == ("password",)
    assert changed_fields(without, hidden, hides_no_password=True) == ()
    assert changed_fields(hidden, without, hides_no_password=True) == ("password",)


def test_white_space_of_a_variable_counts() -> None:
    mark = marker("11" * 16)
    one, other = (marks_of(Variable(key="x", value=Text(text)), mark) for text in ('{"a": 1}', '{"a":1}'))
    assert changed_fields(one, other, hides_no_password=False) == ("value",)
