"""The engine, run without a command line: its events, its result, and whatever ends it early."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from airconn.config import Config, Settings
from airconn.errors import AirconnError, BlockedError, ExitCode, TargetError, UsageError
from airconn.model import ALL_KINDS, AirflowObject, Kind, Outcome, Selection, Step, Text, Variable
from airconn.model.reading import Key, Note, PutOff, Reading
from airconn.stores import open_store
from airconn.stores.base import DEFAULT_CONTEXT, Capabilities, Context, Store
from airconn.transfer import engine
from airconn.transfer.events import Event, Failed, ImportResult, Noted, NotReadBack, Planned, Recoverable, Written
from airconn.transfer.importing import Import
from airconn.transfer.interrupting import StopFlag
from airconn.transfer.places import Places
from airconn.transfer.request_parts import Network
from airconn.transfer.requests import Conduct, DeleteRequest, ImportRequest
from tests.memory import UNREAD, Memory

IDS = ["a", "b", "c", "d"]


def no_answer(place: str) -> str:
    raise UsageError("there is no terminal")


@dataclass
class Run:
    """One run into a place in memory, and what it told."""

    directory: Path
    memory: Memory
    conduct: Conduct = field(default_factory=Conduct)
    network: Network = field(default_factory=Network)
    confirm: Callable[[Import], bool | None] = lambda prepared: None
    on_event: Callable[[Event], None] = lambda event: None
    stop: StopFlag = field(default_factory=StopFlag)
    stops: int = 0
    told: list[Event] = field(default_factory=list)
    watched: list[tuple[str, int, int | None]] = field(default_factory=list)
    expect: Callable[[Import], None] | None = None

    def imports(self, **options: Any) -> ImportResult:
        (self.directory / "in.json").write_text(json.dumps({"variables": dict.fromkeys(IDS, "x")}))
        request = ImportRequest((str(self.directory / "in.json"),), self.memory.address, **options)
        return self._run(lambda places: engine.import_objects(request, places, self.conduct, self._host, self.expect))

    def deletes(self, *ids: str) -> ImportResult:
        request = DeleteRequest(ids, place=self.memory.address)
        return self._run(lambda places: engine.delete_objects(request, places, self.conduct, self._host))

    def _run(self, start: Callable[[Places], engine.Events]) -> ImportResult:
        with Places(Config({}), self.network, no_answer, lambda *said: self.watched.append(said)) as places:
            return engine.run(start(places), self._take)

    @property
    def _host(self) -> engine.Host:
        return engine.Host(self.directory / "state", self.confirm, self._on_stop, self.stop)

    def _on_stop(self) -> None:
        self.stops += 1

    def _take(self, event: Event) -> None:
        self.told.append(event)
        self.on_event(event)

    @property
    def names(self) -> list[str]:
        return [type(event).__name__ for event in self.told]

    def outcomes(self) -> list[tuple[str, str | None]]:
        return [(e.outcome.step.id, e.outcome.error) for e in self.told if isinstance(e, Written | Failed)]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    running = Run(tmp_path, Memory())

    def opened(address: str, settings: Settings) -> Store:
        return running.memory if address == running.memory.address else open_store(address, settings)

    monkeypatch.setattr("airconn.transfer.places.open_store", opened)
    return running


def old(*ids: str) -> list[AirflowObject]:
    return [Variable(key=id_, value=Text("old")) for id_ in ids]


def test_an_import_tells_of_its_plan_and_of_each_object(run: Run) -> None:
    result = run.imports()
    assert run.names == ["Planned", *["Written"] * 4, "Completed", "Noted", "Noted"]
    assert (result.exit_code, result.undone, [outcome.step.id for outcome in result.done or ()]) == (0, 0, IDS)
    assert [said for said in run.watched if said[0] == "writing"] == [("writing", number, 4) for number in range(5)]
    assert run.watched[-1] == ("", 0, 0)


def test_what_a_place_has_to_tell_of_its_writes_comes_after_them(run: Run) -> None:
    run.memory.failing = {"b"}
    result = run.imports()
    notes = [event.notes for event in run.told if type(event).__name__ == "Noted"]
    assert [note.where for note in notes[0]] == ["variables/a", "variables/c", "variables/d"]
    assert (result.exit_code, run.outcomes()[1]) == (ExitCode.SOME_FAILED, ("b", "refused"))


@pytest.mark.parametrize(("tells", "code"), [(False, ExitCode.OK), (True, ExitCode.DIFFERENT)])
def test_a_dry_run_ends_with_the_plan(run: Run, tells: bool, code: ExitCode) -> None:
    run.conduct = Conduct(dry_run=True, tells_difference=tells)
    result = run.imports()
    assert (run.names, result.done, run.memory.calls, result.exit_code) == (["Planned"], None, [], code)
    run.memory.held = {(obj.kind, obj.id): obj for obj in result.prepared.loaded.bundle}
    assert run.imports().exit_code == ExitCode.OK


def test_what_could_not_be_read_counts_before_a_difference(run: Run) -> None:
    run.memory = Memory(*old("a"))
    run.memory.unread = {"a"}
    run.conduct = Conduct(dry_run=True, tells_difference=True)
    result = run.imports()
    assert (result.exit_code, [note.message for note in result.prepared.unread]) == (ExitCode.SOME_FAILED, [UNREAD])


def test_nothing_is_begun_after_the_deadline(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.monotonic()
    monkeypatch.setattr("time.monotonic", lambda: now)
    run.network, run.conduct = Network(deadline=now + 60), Conduct(verify=True)

    def go_on(step: Step) -> None:
        if step.id == "b":
            monkeypatch.setattr("time.monotonic", lambda: now + 61)

    run.memory.before_write = go_on
    result = run.imports()
    assert (result.exit_code, result.is_late, result.undone, result.is_unverified) == (1, True, 2, False)
    assert run.names == ["Planned", "Written", "Written", "Noted"]


def test_a_deadline_before_the_first_write_is_a_target_that_was_not_reached(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.monotonic()
    monkeypatch.setattr("time.monotonic", lambda: now)
    run.network = Network(deadline=now + 60)
    run.on_event = lambda event: monkeypatch.setattr("time.monotonic", lambda: now + 61)
    result = run.imports()
    assert (result.exit_code, result.undone, run.memory.held) == (ExitCode.TARGET, 4, {})


def test_the_deadline_is_for_the_reads_as_well(run: Run) -> None:
    run.memory = Memory(*old("a"))
    run.network = Network(deadline=time.monotonic() - 1)
    with pytest.raises(TargetError, match="the deadline has passed"):
        run.imports()
    assert run.told == []


def test_nothing_is_read_back_after_the_deadline(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.monotonic()
    monkeypatch.setattr("time.monotonic", lambda: now)
    run.network, run.conduct = Network(deadline=now + 60), Conduct(verify=True)

    def go_on(step: Step) -> None:
        if step.id == "d":
            monkeypatch.setattr("time.monotonic", lambda: now + 61)

    run.memory.before_write = go_on
    result = run.imports()
    assert (result.exit_code, result.undone, result.is_unverified) == (1, 0, True)
    assert run.told[-1] == NotReadBack(None)


def test_a_stop_lets_what_is_being_written_be_finished(run: Run) -> None:
    run.memory.before_write = lambda step: run.stop.set() if step.id == "b" else None
    result = run.imports()
    assert (run.outcomes(), run.memory.calls) == ([("a", None), ("b", None)], [["a", "b"]])
    assert (result.exit_code, type(result.ended), result.undone) == (130, KeyboardInterrupt, 2)
    assert "Completed" not in run.names


def test_a_stop_that_comes_when_all_is_written_changes_nothing(run: Run) -> None:
    run.memory.before_write = lambda step: run.stop.set() if step.id == "d" else None
    result = run.imports()
    assert (result.exit_code, result.ended, "Completed" in run.names) == (0, None, True)


def test_the_first_ctrl_c_is_an_orderly_end(run: Run) -> None:
    run.memory.before_write = lambda step: signal.raise_signal(signal.SIGINT) if step.id == "c" else None
    before = signal.getsignal(signal.SIGINT)
    result = run.imports()
    assert (run.stops, len(result.done or ()), result.exit_code) == (1, 3, ExitCode.INTERRUPTED)
    assert signal.getsignal(signal.SIGINT) is before


def test_the_second_ctrl_c_stops_at_once_and_what_was_begun_is_told(run: Run) -> None:
    def twice(step: Step) -> None:
        if step.id == "b":
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)

    run.memory.before_write = twice
    result = run.imports()
    stopped = "interrupted while it was written: it is written, in part or not at all"
    assert (run.outcomes(), run.stops) == ([("a", None), ("b", stopped)], 1)
    assert (type(result.ended), result.undone) == (KeyboardInterrupt, 2)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(143)])
def test_what_ends_the_one_who_listens_ends_the_engine_in_its_own_way(run: Run, error: BaseException) -> None:
    def end(event: Event) -> None:
        if isinstance(event, Written) and event.outcome.step.id == "b":
            raise error

    run.on_event = end
    result = run.imports()
    assert (result.ended, [outcome.step.id for outcome in result.done or ()]) == (error, ["a", "b"])


def test_a_fault_of_the_one_who_listens_is_not_swallowed(run: Run) -> None:
    def fail(event: Event) -> None:
        raise ZeroDivisionError

    run.on_event = fail
    with pytest.raises(ZeroDivisionError):
        run.imports()
    assert run.memory.calls == []


def test_to_fail_fast_leaves_the_rest(run: Run) -> None:
    run.memory.failing, run.conduct = {"b"}, Conduct(fail_fast=True)
    result = run.imports()
    assert (run.memory.calls, result.undone, result.exit_code) == ([["a"], ["b"]], 2, ExitCode.SOME_FAILED)
    assert "Completed" not in run.names


def test_what_is_read_back_and_differs_is_found(run: Run) -> None:
    run.conduct = Conduct(verify=True)
    forget = run.memory.held.pop
    run.on_event = lambda event: (
        forget((Kind.VARIABLES, "a")) if isinstance(event, Written) and event.outcome.step.id == "a" else None
    )
    result = run.imports()
    assert [(outcome.step.id, outcome.error) for outcome in result.wrong] == [("a", "it doesn't exist")]
    assert (run.names[-1], result.exit_code) == ("FoundWrong", ExitCode.SOME_FAILED)


class Unreadable(Memory):
    """Can't be read any more once it was written to."""

    def read(self, selection: Selection, context: Context = DEFAULT_CONTEXT) -> Reading:
        if self.calls:
            raise TargetError("these credentials may not read variables")
        return super().read(selection, context)


def test_what_can_not_be_read_back_is_not_verified(run: Run) -> None:
    run.memory, run.conduct = Unreadable(), Conduct(verify=True)
    result = run.imports()
    assert (result.is_unverified, result.exit_code, run.names[-1]) == (True, 1, "NotReadBack")


class Mixing(Memory):
    """Another writer had a hand in what it writes."""

    def mixed(self, done: Any, context: Context) -> tuple[frozenset[Key], tuple[Note, ...]]:
        if len(done) < 4:
            raise TargetError("gone")
        return frozenset({(Kind.VARIABLES, "c")}), (Note("variables/d", "may be mixed"),)


def test_two_writers_are_looked_for_where_a_place_can_tell(run: Run) -> None:
    run.memory = Mixing()
    result = run.imports()
    assert [outcome.step.id for outcome in result.wrong] == ["c"]
    assert (result.exit_code, run.names[-2:]) == (1, ["Noted", "FoundWrong"])
    run.memory = Mixing()
    run.memory.failing = {"a"}
    result = run.imports()
    assert (result.is_unverified, run.names[-1]) == (False, "NotReadBack")  # nobody asked to verify


@pytest.mark.parametrize("fails", ["c", None])
def test_what_may_be_lost_is_in_a_file_and_told(run: Run, fails: str | None) -> None:
    run.memory = Memory(*old(*IDS))
    run.memory.replaces, run.memory.failing = True, {fails} if fails else set()
    run.imports()
    left = [event for event in run.told if isinstance(event, Recoverable)]
    assert [list(json.loads(event.path.read_text())["variables"]) for event in left] == ([[fails]] if fails else [])


@pytest.mark.parametrize(
    ("yes", "said", "message"),
    [
        (False, None, "1 object would be deleted, and it isn't confirmed"),
        (False, False, "the deletion wasn't confirmed"),
        (False, True, None),
        (True, None, None),
    ],
)
def test_nothing_is_deleted_without_a_yes(run: Run, yes: bool, said: bool | None, message: str | None) -> None:
    run.memory = Memory(*old("a", "gone"))
    asked: list[Import] = []

    def confirm(prepared: Import) -> bool | None:
        asked.append(prepared)
        return said

    run.conduct, run.confirm = Conduct(yes=yes), confirm
    if message:
        with pytest.raises(BlockedError, match=message):
            run.deletes("gone")
    else:
        assert run.deletes("gone").exit_code == 0
    assert (len(run.memory.held), len(asked)) == (2 if message else 1, 0 if yes else 1)


@pytest.mark.parametrize(
    ("yes", "said", "message"),
    [
        (False, None, "writing restarts it, and it isn't confirmed"),
        (False, False, "the write wasn't confirmed"),
        (False, True, None),
        (True, None, None),
    ],
)
def test_nothing_is_restarted_without_a_yes(run: Run, yes: bool, said: bool | None, message: str | None) -> None:
    run.memory = Memory(capabilities=Capabilities(restarts="restarts it"))
    run.conduct, run.confirm = Conduct(yes=yes), lambda prepared: said
    if message:
        with pytest.raises(BlockedError, match=message):
            run.imports()
        assert run.memory.calls == []
    else:
        assert run.imports().exit_code == 0
        assert run.imports().exit_code == 0  # nothing to write, and nothing to ask


def test_a_failed_note_of_a_write_makes_the_run_fail(run: Run) -> None:
    class Spoiling(Memory):
        def apply(self, steps: Iterable[Step], context: Context = DEFAULT_CONTEXT) -> Iterator[Outcome]:
            for outcome in super().apply(steps, context):
                yield Outcome(outcome.step, notes=(Note("there", "something else is gone", failed=True),))

    run.memory = Spoiling()
    assert run.imports().exit_code is ExitCode.SOME_FAILED


def test_more_deletions_than_allowed_are_refused(run: Run) -> None:
    run.memory, run.conduct = Memory(*old("x", "y")), Conduct(yes=True)
    with pytest.raises(BlockedError, match="2 objects would be deleted, and --max-delete allows 1"):
        run.imports(prune=True, max_delete=1)
    assert (run.names, run.memory.calls) == (["Planned", "Refused"], [])
    assert run.imports(prune=True, max_delete=2).exit_code == 0
    assert {id_ for _, id_ in run.memory.held} == set(IDS)


def test_a_plan_that_is_not_the_expected_one_is_not_carried_out(run: Run) -> None:
    def refuse(prepared: Import) -> None:
        raise BlockedError("the plan would be different now")

    run.expect = refuse
    with pytest.raises(BlockedError):
        run.imports()
    assert (run.names, run.memory.calls) == (["Planned"], [])
    run.expect = lambda prepared: None
    run.imports()
    assert run.memory.contexts[0].whole  # no later run completes it


def test_a_write_gets_what_was_read_before_it(run: Run) -> None:
    run.memory = Memory(*old("a"))
    run.imports()
    (context,) = run.memory.contexts
    assert context.before is not None
    assert (list(context.before.bundle), context.writes) == (old("a"), ALL_KINDS)


@pytest.mark.parametrize(
    ("result", "code"),
    [
        ({}, 0),
        ({"is_different": True}, 6),
        ({"is_unverified": True}, 1),
        ({"is_late": True}, 5),
        ({"is_late": True, "done": "a"}, 1),
        ({"ended": KeyboardInterrupt()}, 130),
        ({"done": "a", "failed": True}, 1),
    ],
)
def test_a_result_knows_its_exit_code(run: Run, result: dict[str, Any], code: int) -> None:
    run.conduct = Conduct(dry_run=True)
    prepared = run.imports().prepared
    step, error = prepared.plan.steps[0], "failed" if result.pop("failed", None) else None
    done = (Outcome(step, error),) if result.pop("done", None) else ()
    assert ImportResult(prepared, done, **result).exit_code == code


def test_a_target_that_stops_answering_before_the_first_write_is_an_error(run: Run) -> None:
    run.memory.deaf = {"a"}
    with pytest.raises(AirconnError, match="nobody answers"):
        run.imports()
    assert run.names == ["Planned"]
    assert isinstance(run.told[0], Planned)


class Busy(Memory):
    """A place whose server puts work off until its next read."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[Callable[[Context], None]] = [lambda context: None]

    def apply(self, steps: Iterable[Step], context: Context = DEFAULT_CONTEXT) -> Iterator[Outcome]:
        for outcome in super().apply(steps, context):
            left = (PutOff("busy", "the next list takes about 20 s"),) if outcome.step.id == IDS[-1] else ()
            yield replace(outcome, notes=left)

    def settle(self, context: Context) -> None:
        self.calls.append("settle")
        self.waits[0](context)


def noted(run: Run) -> list[str]:
    return [note.message for event in run.told if isinstance(event, Noted) for note in event.notes]


def test_what_the_server_puts_off_is_said(run: Run) -> None:
    run.memory = Busy()
    assert run.imports().exit_code == 0
    assert noted(run) == ["the next list takes about 20 s"]
    assert "settle" not in run.memory.calls


def test_what_the_server_puts_off_is_waited_for(run: Run) -> None:
    run.memory = Busy()
    run.conduct = Conduct(settle=True)
    assert run.imports().exit_code == 0
    assert (noted(run), run.memory.calls[-1]) == ([], "settle")


def test_reading_back_is_the_read_that_the_server_waits_for(run: Run) -> None:
    run.memory = Busy()
    run.conduct = Conduct(verify=True, settle=True)
    assert run.imports().is_verified
    assert (noted(run), "settle" in run.memory.calls) == ([], False)


def test_an_import_that_can_not_wait_to_the_end_is_done_all_the_same(run: Run) -> None:
    run.memory = busy = Busy()
    run.conduct = Conduct(settle=True)

    def fail(context: Context) -> None:
        raise TargetError("it doesn't answer")

    busy.waits = [fail]
    assert run.imports().exit_code == 0
    assert noted(run) == [
        "the next list takes about 20 s",
        "everything is written, but --settle didn't wait to the end: it doesn't answer",
    ]


def test_ctrl_c_ends_the_waiting_and_not_the_import(run: Run) -> None:
    run.memory = busy = Busy()
    run.conduct = Conduct(settle=True)

    def wait(context: Context) -> None:
        signal.raise_signal(signal.SIGINT)

    busy.waits = [wait]
    result = run.imports()
    assert (result.exit_code, result.undone, result.failed) == (ExitCode.INTERRUPTED, 0, False)
    assert noted(run) == ["the next list takes about 20 s"]
