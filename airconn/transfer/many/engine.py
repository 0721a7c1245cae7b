"""Carries out tasks at several targets: makes all plans before the first write, and then writes several at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from airconn.errors import AirconnError, BlockedError, ExitCode, own_fault
from airconn.model import Outcome, Step
from airconn.targets import Target
from airconn.transfer.backups import Backups
from airconn.transfer.engine import Host, needs_consent, unasked, write_plan
from airconn.transfer.events import Event, Failed, ImportResult, Noted, NotReadBack, Recoverable, Written
from airconn.transfer.interrupting import StopFlag, orderly_end
from airconn.transfer.many.lean_plans import LeanPlans
from airconn.transfer.many.results import ManyResult, TargetResult
from airconn.transfer.many.tasks import Ready, TargetTask
from airconn.transfer.places import Places
from airconn.transfer.recovery import Recovery
from airconn.transfer.requests import Conduct
from airconn.transfer.side_by_side import Inbox, side_by_side
from airconn.transfer.writing import refuse_blocked, refuse_deletions

CUT_OFF = "interrupted while it was written: it is written, in part or not at all"


@dataclass(frozen=True, slots=True)
class ManyConduct:
    """How the tasks are carried out."""

    each: Conduct
    """For each target. Whether all writes to one are confirmed, its task says as well."""
    parallel: int = 1
    """How many targets are worked on at a time."""
    canaries: frozenset[str] = frozenset()
    """The addresses of targets that are written first: the others only if these are whole, and read back so."""


@dataclass(frozen=True, slots=True)
class ManyHost:
    """The functions of the program that the engine runs in. All but `places` and `value_lines` are called by the
    thread of the run."""

    state_directory: Path
    places: Callable[[Target], Places]
    """The places of one target, which watch it."""
    inbox: Inbox
    confirm: Callable[[Sequence[TargetResult]], bool | None] = lambda results: None
    """Asks whether the plans may be carried out. Gives None if the user can't be asked."""
    on_planned: Callable[[int, int], None] = lambda done, number: None
    """Gets how many plans of how many are made."""
    on_plans: Callable[[Sequence[TargetResult]], None] = lambda results: None
    """Gets the plans, and the targets without one, before anything is asked or written."""
    on_refused: Callable[[Sequence[TargetResult]], None] = lambda results: None
    """Gets the targets that need the user's yes, where no user can be asked for it."""
    on_event: Callable[[Target, Event], None] = lambda target, event: None
    on_result: Callable[[TargetResult], None] = lambda result: None
    """Gets the result of each target, in their order."""
    on_stop: Callable[[], None] = lambda: None
    """Called after the first Ctrl-C, maybe from a signal handler."""
    value_lines: Callable[[Step], Iterable[str]] = lambda step: ()
    """The old and new values of a step as lines, if they are to be shown."""
    stop: StopFlag = field(default_factory=StopFlag)
    backup: str = ""
    """The command in words, for the backups. Empty for a run without them."""


def carry_out_all(tasks: Sequence[TargetTask], conduct: ManyConduct, host: ManyHost) -> ManyResult:
    """Carries out the tasks, each with the result that it would have alone.

    A target that fails doesn't stop the others, unless with `fail_fast`. Raises the error of the shared sources, and
    that of a question that is answered with no: then nothing was written anywhere.
    """
    return _ManyRun(tasks, conduct, host).result()


@dataclass(slots=True)
class _TargetWrites:
    """The writes of one target while they go on, for a run that is cut off."""

    recovery: Recovery
    begun: list[Step] = field(default_factory=list)
    done: list[Outcome] = field(default_factory=list)

    def cut_off(self) -> tuple[Outcome, ...]:
        """The outcomes so far, and those of the steps that were being carried out."""
        done = list(self.done)
        known = {(outcome.step.kind, outcome.step.id) for outcome in done}
        return (*done, *(Outcome(step, CUT_OFF) for step in self.begun if (step.kind, step.id) not in known))


class _ManyRun:
    """One run."""

    def __init__(self, tasks: Sequence[TargetTask], conduct: ManyConduct, host: ManyHost) -> None:
        self._tasks = tasks
        self._conduct = conduct
        self._each = conduct.each
        self._host = host
        self._ready: dict[str, Ready] = {}
        """The targets that are to be written, by their addresses."""
        self._writing: dict[str, _TargetWrites] = {}
        self._results: dict[str, TargetResult] = {}
        self._reported = 0
        self._plans = LeanPlans(host.value_lines)
        self._runs: dict[str, str] = {}
        """The names of the backups."""

    def result(self) -> ManyResult:
        ended: BaseException | None = None
        try:
            for count, (task, result) in enumerate(self._side_by_side(self._plan, self._tasks), 1):
                self._results[task.target.address] = result
                self._host.on_planned(count, len(self._tasks))
            for task in self._tasks:  # those that --fail-fast hasn't begun
                self._results.setdefault(task.target.address, TargetResult(task.target))
            self._host.on_plans(self._in_order())
            if not self._each.dry_run:
                ended = self._write_all()
            self._report()
        finally:
            if ended is None:
                for ready in self._ready.values():
                    ready.close()
        return ManyResult(tuple(self._in_order()), ended)

    def _in_order(self) -> list[TargetResult]:
        return [self._results[task.target.address] for task in self._tasks]

    def _failed(self) -> list[TargetResult]:
        return [one for one in self._results.values() if one.exit_code not in (ExitCode.OK, ExitCode.DIFFERENT)]

    def _side_by_side(
        self, work: Callable[[TargetTask], TargetResult], tasks: Sequence[TargetTask]
    ) -> Iterator[tuple[TargetTask, TargetResult]]:
        def goes_on() -> bool:
            return not (self._host.stop.is_set or (self._each.fail_fast and self._failed()))

        parallel, inbox = self._conduct.parallel, self._host.inbox
        return side_by_side(work, tasks, lambda task: task.server, parallel, goes_on, inbox)

    def _plan(self, task: TargetTask) -> TargetResult:
        """The plan of one target. An error of the shared sources is raised: it is that of all targets."""
        places = self._host.places(task.target)
        try:
            ready = task.prepare(places)
        except AirconnError as error:
            places.__exit__(None, None, None)
            if task.is_fatal(error):
                raise
            return TargetResult(task.target, error=error, exit_code=error.exit_code)
        plan, prepared = self._plans.lean(ready.prepared), ready.prepared
        result = TargetResult(task.target, plan)
        try:
            refuse_blocked(prepared.plan)
            refuse_deletions(prepared.plan, ready.most)
        except BlockedError as error:
            ready.close()
            return replace(result, error=error, exit_code=error.exit_code)
        is_different = self._each.tells_difference and bool(prepared.plan.writes)
        done = None if self._each.dry_run else ()
        code = ImportResult(prepared, done, is_different=is_different).exit_code
        if self._each.dry_run or not prepared.plan.writes:
            ready.close()
            return replace(result, done=done, exit_code=code)
        ready.shrink()
        self._ready[task.target.address] = ready
        return replace(result, exit_code=code)

    def _write_all(self) -> BaseException | None:
        """Writes the targets that are ready. Gives the Ctrl-C or the signal that ended that."""
        tasks = [task for task in self._tasks if task.target.address in self._ready]
        if self._each.fail_fast and (failed := self._failed()):
            self._hold_back(tasks, f"{failed[0].label} has failed (--fail-fast)")
            return None
        canaries = [task for task in tasks if task.target.address in self._conduct.canaries]
        if unfit := self._unfit_canary():
            self._hold_back(tasks, unfit)
            return None
        tasks = self._agreed(tasks)
        canaries = [task for task in canaries if task in tasks]
        if unfit := self._unfit_canary():  # it needs a yes, which no user can give
            self._hold_back(tasks, unfit)
            return None
        if tasks and self._host.backup:
            names = Backups(self._host.state_directory).new_names(len(self._tasks))
            self._runs = {task.target.address: name for task, name in zip(self._tasks, names, strict=True)}
        rest = [task for task in tasks if task not in canaries]
        try:
            with orderly_end(self._host.stop, self._host.on_stop):
                self._report()
                self._write_some(canaries)
                if unfit := self._unfit_canary():
                    self._hold_back(rest, unfit)
                else:
                    self._write_some(rest)
        except (KeyboardInterrupt, SystemExit) as end:  # a second Ctrl-C, or SIGTERM
            self._cut_off()
            return end
        if self._host.stop.is_set and any(task.target.address in self._ready for task in tasks):
            self._hold_back([task for task in tasks if task.target.address in self._ready], "interrupted")
            return KeyboardInterrupt()
        left = [task for task in tasks if task.target.address in self._ready]
        self._hold_back(left, f"{self._failed()[0].label} has failed (--fail-fast)" if left else "")
        ended = self._host.stop.is_set and any(one.exit_code is ExitCode.INTERRUPTED for one in self._in_order())
        return KeyboardInterrupt() if ended else None

    def _unfit_canary(self) -> str:
        """Why the canaries don't allow to write the others. Empty if they do, or may still do."""
        for address in sorted(self._conduct.canaries):
            if self._results[address].exit_code is not ExitCode.OK:
                return f"the canary {self._results[address].label} is not whole"
        return ""

    def _hold_back(self, tasks: Iterable[TargetTask], why: str) -> None:
        for task in tasks:
            address = task.target.address
            if ready := self._ready.pop(address, None):
                ready.close()
                self._results[address] = replace(self._results[address], held_back=why, exit_code=ExitCode.OK)

    def _agreed(self, tasks: Sequence[TargetTask]) -> list[TargetTask]:
        """The tasks that may be carried out. Raises `BlockedError` if the user says no."""
        if self._each.yes or not tasks:
            return list(tasks)
        said = self._host.confirm([self._results[task.target.address] for task in tasks])
        if said is False:
            raise BlockedError("the writes weren't confirmed")
        refused: list[TargetTask] = []
        for task in tasks if said is None else ():
            address = task.target.address
            confirms = self._each.confirm or task.confirms
            if needs_consent(self._ready[address].prepared, confirms_all=confirms):
                ready = self._ready.pop(address)
                ready.close()
                error = unasked(ready.prepared)
                self._results[address] = replace(self._results[address], error=error, exit_code=error.exit_code)
                refused.append(task)
        if refused:
            self._host.on_refused([self._results[task.target.address] for task in refused])
        return [task for task in tasks if task not in refused]

    def _write_some(self, tasks: Sequence[TargetTask]) -> None:
        for task in tasks:
            self._writing[task.target.address] = _TargetWrites(Recovery(self._host.state_directory))
        for task, result in self._side_by_side(self._write, tasks):
            self._results[task.target.address] = result
            del self._ready[task.target.address]
            self._report()

    def _write(self, task: TargetTask) -> TargetResult:
        """Writes one target."""
        address, target = task.target.address, task.target
        ready, writing, host = self._ready[address], self._writing[address], self._host
        own = Host(
            host.state_directory,
            stop=host.stop,
            backup=host.backup,
            run=self._runs.get(address, ""),
            on_begin=writing.begun.append,
            recovery=writing.recovery,
        )
        is_canary = address in self._conduct.canaries
        conduct = replace(self._each, verify=self._each.verify or is_canary)
        known = {(step.kind, step.id): step for step in self._results[address].plan.steps}  # type: ignore[union-attr]
        result = self._results[address]
        try:
            events = write_plan(ready.prepared, ready.store, conduct, own, ready.keep(own))
            while True:
                try:
                    event = next(events)
                except StopIteration as end:
                    return self._ended(result, end.value)
                if isinstance(event, Written | Failed):
                    lean = known[event.outcome.step.kind, event.outcome.step.id]
                    event = type(event)(replace(event.outcome, step=lean))
                    writing.done.append(event.outcome)
                result = _with(result, event)
                host.inbox.tell(partial(host.on_event, target, event))
        except AirconnError as error:
            return replace(result, done=tuple(writing.done) or None, error=error, exit_code=error.exit_code)
        except Exception as error:  # noqa: BLE001 - it is of this target, and the others have to be reported
            fault = AirconnError(own_fault(error))
            return replace(result, done=writing.cut_off() or None, error=fault, exit_code=fault.exit_code)
        finally:
            ready.close()

    def _ended(self, result: TargetResult, found: ImportResult) -> TargetResult:
        known = {(step.kind, step.id): step for step in result.plan.steps} if result.plan else {}

        def lean(outcomes: Iterable[Outcome]) -> tuple[Outcome, ...]:
            return tuple(replace(one, step=known[one.step.kind, one.step.id]) for one in outcomes)

        return replace(
            result,
            done=lean(found.done or ()),
            wrong=tuple(replace(one, step=known.get((one.step.kind, one.step.id), one.step)) for one in found.wrong),
            is_verified=found.is_verified,
            is_late=found.is_late,
            backup=found.backup,
            exit_code=found.exit_code,
        )

    def _cut_off(self) -> None:
        """Notes of the targets that were being written what was being written there."""
        for task in self._tasks:
            address = task.target.address
            if address not in self._ready:
                continue
            writing = self._writing.get(address)
            done = writing.cut_off() if writing else ()
            result = replace(self._results[address], exit_code=ExitCode.INTERRUPTED)
            if not done:
                self._results[address] = replace(result, held_back="interrupted")
                continue
            recovery = writing.recovery if writing else None
            left = (
                Recoverable(recovery.path, recovery.literal_masks(), recovery.more)
                if recovery and recovery.path
                else None
            )
            known = {(step.kind, step.id): step for step in result.plan.steps} if result.plan else {}
            done = tuple(replace(one, step=known[one.step.kind, one.step.id]) for one in done)
            self._results[address] = replace(result, done=done, recovery=left)

    def _report(self) -> None:
        """Gives the results that are known, up to the first target that isn't done."""
        while self._reported < len(self._tasks):
            address = self._tasks[self._reported].target.address
            if address in self._ready and self._results[address].exit_code is not ExitCode.INTERRUPTED:
                return
            self._reported += 1
            self._host.on_result(self._results[address])


def _with(result: TargetResult, event: Event) -> TargetResult:
    """A result with what an event says of it."""
    if isinstance(event, Noted):
        return replace(result, notes=(*result.notes, *event.notes))
    if isinstance(event, Recoverable):
        return replace(result, recovery=event)
    if isinstance(event, NotReadBack):
        why = f"can't be read back: {event.error}" if event.error else "is not read back: the deadline has passed"
        return replace(result, unread_back=why)
    return result
