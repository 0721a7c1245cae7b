"""Carries out a request to import or to delete: yields events, and ends with a result that has the exit code."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

from airconn.errors import AirconnError, BlockedError, ExitCode
from airconn.model import Action, Outcome, Selection, Step, number_of
from airconn.model.reading import Note
from airconn.plan import Plan
from airconn.stores.base import Store
from airconn.stores.file import FileStore
from airconn.stores.saving import refuse_unwritable
from airconn.transfer import readback, reported_reads, settling
from airconn.transfer.backing_up import begin_backup, lasting_address, opened_target
from airconn.transfer.backup_file import Backup
from airconn.transfer.backups import Backups, RunningBackup
from airconn.transfer.deleting import limit_of, prepare_deletion
from airconn.transfer.events import (
    Completed,
    Event,
    Failed,
    FoundWrong,
    ImportResult,
    Noted,
    NotReadBack,
    Planned,
    Recoverable,
    Refused,
    Written,
)
from airconn.transfer.importing import Import, OpenedImport, prepare
from airconn.transfer.interrupting import StopFlag, orderly_end
from airconn.transfer.overriding import make_change
from airconn.transfer.places import Places
from airconn.transfer.recovery import Recovery
from airconn.transfer.requests import Conduct, DeleteRequest, ImportRequest
from airconn.transfer.undoing import UndoRequest, prepare_undo, refuse_changed
from airconn.transfer.writing import carry_out, refuse_blocked, refuse_deletions

Events = Generator[Event, None, ImportResult]
Keep = Callable[[Import], RunningBackup | None]
"""Begins the backup of a run. Raises `BlockedError` if it can't be written."""


@dataclass(frozen=True, slots=True)
class Host:
    """The functions of the program that the engine runs in."""

    state_directory: Path
    """The directory for a file with objects that may be lost."""
    confirm: Callable[[Import], bool | None] = lambda prepared: None
    """Asks whether objects may be deleted, and what the target restarts. Gives None if the user can't be asked."""
    on_stop: Callable[[], None] = lambda: None
    """Called after the first Ctrl-C, maybe from a signal handler."""
    stop: StopFlag = field(default_factory=StopFlag)
    backup: str = ""
    """The command in words, for the backup of what it overwrites. Empty for a run without a backup."""
    run: str = ""
    """The name of its backup. Empty for one by the time of its beginning."""
    on_begin: Callable[[Step], None] = lambda step: None
    """Called before a step is carried out."""
    recovery: Recovery | None = None
    """Keeps the objects that may be lost, if the caller has to know them too."""


def run(events: Events, on_event: Callable[[Event], None]) -> ImportResult:
    """Runs the engine to its end, and gives each event to `on_event`.

    An exception of `on_event`, a second Ctrl-C among them, is raised where the engine is, which then ends as it does
    for one of its own.
    """
    error: BaseException | None = None
    while True:
        try:
            event = next(events) if error is None else events.throw(error)
            error = None
            on_event(event)
        except StopIteration as end:  # noqa: PERF203 - an exception is to reach the engine at its event
            result: ImportResult = end.value
            return result
        except BaseException as raised:
            if getattr(events, "gi_frame", None) is None:  # the engine has ended with it
                raise
            error = raised


def import_objects(
    request: ImportRequest,
    places: Places,
    conduct: Conduct,
    host: Host,
    expect: Callable[[Import], None] | None = None,
    opened: OpenedImport | None = None,
) -> Events:
    """Imports the objects of the request, from the places that it names or from those that are `opened`.

    `expect` raises where the plan isn't the one that was looked at before. Then no other run completes what this one
    leaves undone.
    """
    opened = opened or _open(request, places)
    prepared = prepare(request, opened, places.context())
    yield Planned(prepared)
    if conduct.dry_run:
        refuse_blocked(prepared.plan)
        refuse_deletions(prepared.plan, request.max_delete)
        return ImportResult(prepared, is_different=conduct.tells_difference and bool(prepared.plan.writes))
    if expect is not None:
        expect(prepared)
        prepared = replace(prepared, context=replace(prepared.context, whole=True))
    keep = keeper(opened.target, request.to, places, host)
    return (yield from _carry_out(prepared, opened.target, request.max_delete, conduct, host, keep))


def delete_objects(request: DeleteRequest, places: Places, conduct: Conduct, host: Host) -> Events:
    """Deletes the objects that the request names."""
    target = places.open_target(request.place, request.source_format)
    prepared = prepare_deletion(request, target, places.context())
    yield Planned(prepared)
    if conduct.dry_run:
        refuse_blocked(prepared.plan)
        refuse_deletions(prepared.plan, limit_of(request))
        return ImportResult(prepared, is_different=conduct.tells_difference and bool(prepared.plan.writes))
    keep = keeper(target, request.place, places, host)
    return (yield from _carry_out(prepared, target, limit_of(request), conduct, host, keep))


def undo_run(
    backup: Backup,
    request: UndoRequest,
    places: Places,
    conduct: Conduct,
    host: Host,
    expect: Callable[[Import], None],
) -> Events:
    """Gives a place back what a run has overwritten or deleted there, and deletes what it has created.

    `expect` gets the plan before the first write, and may refuse it. Raises `BlockedError` if objects have changed
    since the run.
    """
    opened = opened_target(places, backup.header, request.to)
    undo = prepare_undo(backup, request, opened, places.open_fills(request.fills), places.context())
    prepared = undo.prepared
    yield Planned(prepared)
    if undo.changed:
        if not conduct.dry_run:
            yield Refused(prepared)
        refuse_changed(undo)
    if conduct.dry_run:
        refuse_blocked(prepared.plan)
        return ImportResult(prepared, is_different=conduct.tells_difference and bool(prepared.plan.writes))
    if prepared.plan.writes and not prepared.plan.blocked:
        expect(prepared)
    is_whole = request.selection == Selection() and not undo.missing
    keep = keeper(undo.target, request.to or backup.header.to, places, host, undoes=backup.run, is_whole=is_whole)
    result = yield from _carry_out(prepared, undo.target, len(prepared.plan.writes), conduct, host, keep)
    if is_whole and result.backup is None and not result.undone and result.exit_code is ExitCode.OK:
        try:
            Backups(host.state_directory).note_undone(backup.run)
        except BlockedError as error:
            yield Noted((Note(error.where or "", f"{error.message}; the next airconn undo takes it again"),))
    return result


def keeper(
    target: Store, to: str | None, places: Places, host: Host, *, undoes: str | None = None, is_whole: bool = True
) -> Keep:
    """The function that begins the backup of a run into a target, whose address is `to`."""

    def keep(prepared: Import) -> RunningBackup | None:
        if not host.backup or not prepared.plan.writes:
            return None
        lasting = lasting_address(places.config, to)
        words = f"{host.backup} {undoes}" if undoes else host.backup
        return begin_backup(
            prepared,
            target,
            host.state_directory,
            words,
            lasting=lasting,
            undoes=undoes,
            is_whole=is_whole,
            run=host.run,
        )

    return keep


def _open(request: ImportRequest, places: Places) -> OpenedImport:
    target = places.open_target(request.to)
    if isinstance(target, FileStore) and target.path is not None:
        refuse_unwritable(target.path)
    sources = [places.open(source, request.source_format) for source in request.sources]
    fills = places.open_fills(request.fills, request.source_format)
    change = make_change(request.changes, request.selection, places)
    return OpenedImport(target, sources, fills, change, only_resolves=request.changes.only_resolve)


def _carry_out(prepared: Import, target: Store, most: int, conduct: Conduct, host: Host, keep: Keep) -> Events:
    try:
        refuse_blocked(prepared.plan)
        refuse_deletions(prepared.plan, most)
    except BlockedError:
        yield Refused(prepared)
        raise
    if not conduct.yes:
        _confirm(prepared, host, confirms_all=conduct.confirm)
    return (yield from write_plan(prepared, target, conduct, host, keep))


def write_plan(prepared: Import, target: Store, conduct: Conduct, host: Host, keep: Keep) -> Events:
    """Carries out a plan that isn't blocked, and to which the user has agreed where that is needed."""
    backup = None
    try:
        backup = keep(prepared)
    except BlockedError as error:
        if prepared.plan.of(Action.UPDATE, Action.REPLACE, Action.DELETE):
            raise
        yield Noted((Note(error.where or "", f"{error.message}; this run can't be undone"),))
    return (yield from _Write(prepared, target, conduct, host, backup).events())


def _confirm(prepared: Import, host: Host, *, confirms_all: bool) -> None:
    """Asks about the writes of a plan, if that is needed. Raises `BlockedError` unless the answer is yes."""
    if not needs_consent(prepared, confirms_all=confirms_all):
        return
    said = host.confirm(prepared)
    if said is None:
        raise unasked(prepared)
    if not said:
        deletes = prepared.plan.of(Action.DELETE)
        raise BlockedError("the deletion wasn't confirmed" if deletes else "the write wasn't confirmed")


def needs_consent(prepared: Import, *, confirms_all: bool) -> bool:
    """Whether the user has to agree: to deletions, to what is restarted and, with `confirms_all`, to all writes."""
    deletions = prepared.plan.of(Action.DELETE)
    return bool(deletions or prepared.restarts or (confirms_all and prepared.plan.writes))


def unasked(prepared: Import) -> BlockedError:
    """The error for a plan that needs a consent that can't be asked for."""
    if deletions := prepared.plan.of(Action.DELETE):
        number = number_of(len(deletions))
        return BlockedError(f"{number} would be deleted, and it isn't confirmed", hint="add --yes")
    number = number_of(len(prepared.plan.writes))
    what = f"writing {prepared.restarts}" if prepared.restarts else f"{number} would be written"
    hint = "add --yes" if prepared.restarts else "add --yes, or answer the question at a terminal"
    return BlockedError(f"{what}, and it isn't confirmed", hint=hint)


class _Write:
    """The writes of one plan, and their outcomes so far."""

    def __init__(
        self, prepared: Import, target: Store, conduct: Conduct, host: Host, backup: RunningBackup | None
    ) -> None:
        self._prepared = prepared
        self._target = target
        self._conduct = conduct
        self._host = host
        self._backup = backup
        self._recovery = host.recovery or Recovery(host.state_directory)
        self._begun: list[Step] = []
        self._done: list[Outcome] = []
        self._notes: list[Note] = []
        self._unbegun = 0
        """The number of steps that the target took in time, but didn't begin."""
        self._wrong: tuple[Outcome, ...] = ()
        self._is_late = False
        self._is_unverified = False
        self._is_verified = False

    @property
    def _plan(self) -> Plan:
        return self._prepared.plan

    def events(self) -> Events:
        """Writes and reads back, and ends in an orderly way after a signal."""
        try:
            result = yield from self._events()
            return replace(result, backup=self._end_backup())
        except AirconnError:
            if not self._done:
                self._end_backup()
            raise
        finally:
            if self._backup is not None:
                self._backup.close()

    def _end_backup(self) -> str | None:
        """Notes that the run is over, and gives its name if there is something to undo."""
        return self._backup.run if self._backup is not None and self._backup.end() else None

    def _events(self) -> Events:
        ended: BaseException | None = None
        is_interrupted = False
        try:
            with orderly_end(self._host.stop, self._host.on_stop), reported_reads.ended(self._prepared.context):
                yield from self._steps()
            is_interrupted = self._host.stop.is_set and len(self._done) < len(self._plan.writes)
            failed = any(outcome.error for outcome in self._done)
            if not (is_interrupted or self._is_late or (failed and self._conduct.fail_fast)):
                yield Completed()
            left = settling.left_by(self._notes)
            yield Noted(tuple(note for note in self._notes if note not in left))
            if not (is_interrupted or self._is_late):
                yield from self._look_again()
            if left and not (self._is_verified or self._wrong):  # reading back was the read that it waits for
                may_wait = self._conduct.settle and not (is_interrupted or self._is_late)
                yield from settling.settle(left, self._target if may_wait else None, self._prepared.context)
        except (KeyboardInterrupt, SystemExit) as end:  # a second Ctrl-C, or SIGTERM
            ended = end
            for step in self._begun[len(self._done) + self._unbegun :]:
                yield self._record(
                    Outcome(step, "interrupted while it was written: it is written, in part or not at all")
                )
        finally:
            if self._recovery.path is not None:
                yield Recoverable(self._recovery.path, self._recovery.literal_masks(), self._recovery.more)
        return ImportResult(
            self._prepared,
            tuple(self._done),
            self._wrong,
            self._is_unverified,
            is_verified=self._is_verified,
            is_late=self._is_late and not is_interrupted,
            ended=ended or (KeyboardInterrupt() if is_interrupted else None),
        )

    def _steps(self) -> Generator[Event, None, None]:
        """Carries out the steps, until all are done or there is a reason to stop."""
        context, number = self._prepared.context, len(self._plan.writes)
        if reported_reads.is_plain(self._target) or not self._target.capabilities.at_once:
            context.watch("writing", 0, number)
        outcomes = carry_out(
            self._plan,
            self._target,
            context,
            recovery=self._recovery,
            fail_fast=self._conduct.fail_fast,
            stop=self._is_to_stop,
            on_begin=self._begin,
        )
        with closing(outcomes):
            for outcome in outcomes:
                self._notes += outcome.notes
                if outcome.untried and self._has_no_time():
                    self._is_late = True
                    self._unbegun += 1
                    continue
                yield self._record(outcome)
                context.watch("writing", len(self._done), number)

    def _begin(self, step: Step) -> None:
        self._begun.append(step)
        self._host.on_begin(step)

    def _record(self, outcome: Outcome) -> Event:
        self._done.append(outcome)
        if self._backup is not None:
            self._backup.record(outcome)
        return Failed(outcome) if outcome.error else Written(outcome)

    def _is_to_stop(self) -> bool:
        """Whether to stop before the next step. Asked only if there is one."""
        self._is_late = self._is_late or self._has_no_time()
        return self._host.stop.is_set or self._is_late

    def _has_no_time(self) -> bool:
        deadline = self._prepared.context.deadline
        return deadline is not None and time.monotonic() >= deadline

    def _look_again(self) -> Generator[Event, None, None]:
        """Reads back all written objects if asked to, else those that another import may have mixed up."""
        verifies = self._conduct.verify
        if verifies and self._has_no_time():
            self._is_unverified = True
            yield NotReadBack(None)
            return
        try:
            if verifies:
                self._wrong = readback.verify(self._prepared, self._target, self._done)
                self._is_verified = not self._wrong and any(not outcome.error for outcome in self._done)
            else:
                self._wrong, notes = readback.mixed(self._prepared, self._target, self._done)
                yield Noted(notes)
        except AirconnError as error:
            self._is_unverified = verifies
            yield NotReadBack(error)
        if self._wrong:
            yield FoundWrong(self._wrong)
