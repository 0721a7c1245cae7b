"""One run of an import, for the commands `import` and `apply`: prepares it, asks, carries it out, tells of it."""

from __future__ import annotations

import shlex
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airconn import formats, report, transfer
from airconn.cli import options as opt
from airconn.cli.app import App
from airconn.cli.overriding import make_overrides
from airconn.cli.printing import Printer
from airconn.errors import AirconnError, BlockedError, ExitCode
from airconn.model import Action, Outcome, Step, number_of
from airconn.plan import Lacking, Plan, Policy
from airconn.stores.file import FileStore
from airconn.stores.saving import refuse_unwritable
from airconn.transfer import importing, watching
from airconn.transfer.recovery import Recovery

if TYPE_CHECKING:
    from airconn.report.planfile import PlanFile
    from airconn.stores.base import Store

NOT_IN_A_PLAN = (
    *("timeout", "retries", "deadline", "ca_bundle", "client_cert", "client_key", "allow_redirect"),
    *("fail_fast", "verify", "show_values"),
)
"""The options that a plan file doesn't keep: they say how it is carried out or shown, and not what it does."""


class Run:
    """An import with the options that the command line gave, a plan file apart."""

    def __init__(self, app: App, options: dict[str, Any], output: str) -> None:
        self.app = app
        self.options = options
        self.output = output
        self.outcomes: list[Outcome] = []
        self.wrong: tuple[Outcome, ...] = ()
        self.recovery = Recovery(app.state_directory)
        self.unverified = False
        self.stopping = False
        self.way_on = "the same command with more time finishes the job"
        """What to do where a run ended before it was done."""
        self.deadline: float | None = None
        """When no step is begun any more, on the clock of `time.monotonic`."""
        self.is_late = False

    def planned(self, *, dry_run: bool, exit_code: bool, yes: bool, plan_out: Path | None) -> int:
        """Makes a plan, shows it or carries it out, and gives the exit code."""
        with self._prepared() as (prepared, target):
            if dry_run:
                self._show(prepared)
                importing.refuse_blocked(prepared.plan)
                importing.refuse_deletions(prepared.plan, self.options["max_delete"])
                if plan_out is not None:
                    self._write_plan(prepared, plan_out)
                if code := self._verdict(prepared):
                    return code
                return ExitCode.DIFFERENT if exit_code and prepared.plan.writes else ExitCode.OK
            return self._carry_out(prepared, target, yes=yes)

    def applied(self, planned: PlanFile, *, yes: bool) -> int:
        """Carries out a plan file, if everything is still as it was."""
        from airconn.report import planfile

        with self._prepared() as (prepared, target):
            planfile.refuse_change(planned, prepared)
            # After a half of it, the plan is none any more, so that it can't complete what it began.
            target.whole = True
            self.way_on = "make a new plan for what is left"
            return self._carry_out(prepared, target, yes=yes)

    def deleted(self, ids: tuple[str, ...], *, dry_run: bool, yes: bool) -> int:
        """Deletes single objects."""
        app, options = self.app, self.options
        app.writes = True
        with ExitStack() as stack:
            target = self._open_target(options["from_"], options)
            stack.callback(transfer.close, [target])
            app.follow(target)
            self.way_on = "delete what is left in the same way"
            kinds = opt.make_selection(options["kinds"], (), ()).kinds
            prepared = importing.prepare_deletion(target, ids, kinds, options["airflow"])
            if dry_run:
                self._show(prepared)
                importing.refuse_blocked(prepared.plan)
                return self._lost()
            return self._carry_out(prepared, target, yes=yes)

    def _open_target(self, address: str | None, options: dict[str, Any]) -> Store:
        found = self.app.config.target(address)
        given = options.get("deadline")
        self.deadline = found.settings.deadline if given is None else given
        return opt.open_address(found, options)

    def _verdict(self, prepared: importing.Import) -> ExitCode:
        """The exit code that goes with what could not be read, which is told."""
        code = self.app.verdict(prepared.loaded.notes, "is not imported")
        return self.app.verdict(prepared.unread, "of the target was taken for missing") or code or self._lost()

    def _lost(self) -> ExitCode:
        """The exit code that goes with a report that standard output didn't take. It is told."""
        if self.app.lost is None:
            return ExitCode.OK
        self.app.error(self.app.lost)
        return ExitCode.TARGET

    @contextmanager
    def _prepared(self) -> Iterator[tuple[importing.Import, Any]]:
        app, options = self.app, self.options
        app.writes = True
        with ExitStack() as stack:
            of_target = {**options, **dict.fromkeys(formats.of_sources())}
            target = self._open_target(options["to"], of_target)
            if isinstance(target, FileStore) and target.path is not None:
                refuse_unwritable(target.path)
            sources = [opt.open_address(app.config.resolve(source), options) for source in options["sources"]]
            fills = opt.open_fills(app, options)
            stack.callback(transfer.close, [target, *sources, *fills])
            app.follow(target, *sources, *fills)
            prepared = importing.prepare(
                sources,
                target,
                opt.make_selection(options["kinds"], options["include"], options["exclude"]),
                policy=Policy(options["on_existing"], _lacking(options), options["assume_unchanged"] == "hidden"),
                airflow=options["airflow"],
                prune=options["prune"],
                fills=fills,
                change=make_overrides(app, options),
                allow_empty=options["allow_empty"],
            )
            app.notes((*prepared.loaded.notes, *prepared.unread))
            app.ignored(prepared.loaded.ignored)
            for kind in prepared.unpruned:
                app.warn(f"the sources have no {kind.value}: none is deleted")
            if not prepared.plan.steps:
                holder = "target can't hold anything" if prepared.loaded.strangers else "sources hold nothing"
                opt.warn_of_nothing(app, prepared.selection, f"the {holder}")
            yield prepared, target

    def _printer(self, plan: Plan, *, only_wrong: bool = False) -> Printer:
        text, values = self.output == "text", self.options["show_values"]
        return Printer(self.app, plan, text=text, values=values, only_wrong=only_wrong)

    def _show(self, prepared: importing.Import) -> None:
        self._printer(prepared.plan).up_to(None)
        self._conclude(prepared, None)

    def _write_plan(self, prepared: importing.Import, path: Path) -> None:
        from airconn.report import planfile
        from airconn.stores.saving import write_atomically

        kept = {key: value for key, value in self.options.items() if key not in NOT_IN_A_PLAN}
        kept["airflow"] = str(kept["airflow"]) if kept["airflow"] else None
        write_atomically(path, planfile.dump(prepared, kept) + "\n")
        self.app.say(f"{path}: the plan; carry it out with: airconn apply {path}")

    def _carry_out(self, prepared: importing.Import, target: Any, *, yes: bool) -> int:
        plan = prepared.plan
        printer = self._printer(plan)
        try:
            importing.refuse_blocked(plan)
            importing.refuse_deletions(plan, self.options["max_delete"])
        except BlockedError:
            printer.up_to(None)
            self._conclude(prepared, [])
            raise
        printer = self._agreed(prepared, printer, yes=yes)

        writes = plan.writes

        def on_outcome(outcome: Outcome) -> None:
            if outcome.untried and self._has_no_time():
                self.is_late = True  # it was taken in time, and not begun
                unbegun.append(outcome.step)
                return
            self.app.writes = False
            self.outcomes.append(outcome)
            printer.up_to(outcome.step, outcome.error)
            self.app.watch("writing", len(self.outcomes), len(writes))

        begun: list[Step] = []
        unbegun: list[Step] = []
        interrupted = False
        ended: BaseException | None = None
        try:
            with self._orderly_end(), watching.ended(target):
                if watching.is_plain(target) or not target.capabilities.at_once:
                    self.app.watch("writing", 0, len(writes))
                notes = importing.carry_out(
                    plan,
                    target,
                    on_outcome,
                    recovery=self.recovery,
                    fail_fast=self.options["fail_fast"],
                    stop=self._is_to_stop,
                    on_begin=begun.append,
                )
            interrupted = self.stopping and len(self.outcomes) < len(writes)
            failed = any(outcome.error for outcome in self.outcomes)
            if not (interrupted or self.is_late or (failed and self.options["fail_fast"])):
                printer.up_to(None)
            self.app.notes(notes)
            if not (interrupted or self.is_late):
                self._look_again(prepared, target)
        except (KeyboardInterrupt, SystemExit) as end:  # a second Ctrl-C, or SIGTERM
            ended = end
            for step in begun[len(self.outcomes) + len(unbegun) :]:
                on_outcome(Outcome(step, "stopped in its midst: it is written, in part or not at all"))
        finally:
            self._tell_of_recovery()
        self._conclude(prepared, self.outcomes)
        if self.is_late and not interrupted:
            self._tell_of_deadline(len(writes) - len(self.outcomes))
        if ended or interrupted:
            raise ended or KeyboardInterrupt
        return self._code(prepared)

    def _code(self, prepared: importing.Import) -> ExitCode:
        """The exit code of a run that has come to its end."""
        doubtful = self.wrong or self.unverified or self.is_late or any(outcome.error for outcome in self.outcomes)
        code = self._verdict(prepared)
        if self.is_late and not self.outcomes:
            return ExitCode.TARGET
        return ExitCode.SOME_FAILED if doubtful else code

    def _is_to_stop(self) -> bool:
        """Whether no other step is to be begun. There is one, or nobody would ask."""
        self.is_late = self.is_late or self._has_no_time()
        return self.stopping or self.is_late

    def _has_no_time(self) -> bool:
        return self.deadline is not None and time.monotonic() >= self.deadline

    def _look_again(self, prepared: importing.Import, target: Any) -> None:
        """Reads back what was written, all of it with `--verify`, else what another import may have mixed with it."""
        verifies = self.options["verify"]
        if verifies and self._has_no_time():
            self.unverified = True
            self.app.warn("the deadline has passed: what was written is not read back")
            return
        try:
            if verifies:
                self.wrong = importing.verify(prepared, target, self.outcomes)
            else:
                self.wrong = importing.mixed(target, self.outcomes)
                self.app.notes(target.notes)
        except AirconnError as error:
            self.unverified = verifies
            self.app.warn(f"what was written can't be read back: {report.clean(str(error))}")
        lines = report.Lines([outcome.step for outcome in self.wrong], self.app.style)
        for outcome in self.wrong if self.output == "text" else ():
            self.app.report(lines.line(outcome.step, outcome.error) + "\n")

    def _agreed(self, prepared: importing.Import, printer: Printer, *, yes: bool) -> Printer:
        """Asks about the deletions of a plan, if there are any, and gives the printer of what comes after the answer.

        Where a question is asked, the plan is shown before it. Raises `BlockedError` where the answer is not yes.
        """
        if deletions := prepared.plan.of(Action.DELETE):
            if not yes and self.app.can_ask:
                self._printer(Plan(prepared.plan.writes)).up_to(None)
                printer = self._printer(prepared.plan, only_wrong=True)
            self._ask(deletions, prepared.target, yes=yes)
        return printer

    def _ask(self, deletions: tuple[Step, ...], target: str, *, yes: bool) -> None:
        """Asks whether objects may be deleted. Raises `BlockedError` where nobody says yes."""
        names = report.some([f"{step.kind.value}/{step.id}" for step in deletions])
        number = number_of(len(deletions))
        said = yes or self.app.confirm(f"delete {number} of {target} ({names})?")
        if said is None:
            self._printer(Plan(deletions)).up_to(None)
            raise BlockedError(f"{number} would be deleted, and nobody has said yes", hint="add --yes")
        if not said:
            raise BlockedError("the deletion wasn't confirmed")

    def _tell_of_deadline(self, number: int) -> None:
        objects = "1 object is" if number == 1 else f"{number} objects are"
        self.app.error(AirconnError(f"the deadline has passed, and {objects} not done", hint=self.way_on))

    def _tell_of_recovery(self) -> None:
        if self.recovery.path is not None:
            given = self.options.get("to")
            to = f" --to {shlex.quote(given)}" if given else ""
            masks = "".join(f" --literal {shlex.quote(place)}" for place in self.recovery.literal_masks())
            self.app.say(
                f"objects that may be deleted and not created again are in {self.recovery.path}",
                f"  airconn import {shlex.quote(str(self.recovery.path))} --exact{report.clean(masks)}{to}",
                "  puts them back; delete the file then, it holds their secrets",
                level=-1,
            )

    def _conclude(self, prepared: importing.Import, done: list[Outcome] | None) -> None:
        if self.output == "json":
            text = report.import_json(prepared.plan, done, prepared.target, dry_run=done is None, wrong=self.wrong)
        else:
            text = report.summary(prepared.plan, done, prepared.target, wrong=len(self.wrong))
        self.app.report(text + "\n")

    @contextmanager
    def _orderly_end(self) -> Iterator[None]:
        """Within this block the first Ctrl-C lets what is being written be finished."""

        def stop(number: int, frame: Any) -> None:
            if self.stopping:
                raise KeyboardInterrupt
            self.stopping = True
            self.app.say("finishing what is being written; Ctrl-C again stops at once", level=-1)

        if threading.current_thread() is not threading.main_thread():
            yield  # only the main thread can have handlers, and gets the signals
            return
        old = signal.signal(signal.SIGINT, stop)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, old)


def _lacking(options: dict[str, Any]) -> Lacking:
    return "keep" if options["merge"] else "exact" if options["exact"] else "clear"
