"""One run of an import, for the commands `import` and `apply`: prepares it, asks, carries it out, tells of it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airconn import report, transfer
from airconn.cli import options as opt
from airconn.cli.app import App
from airconn.errors import AirconnError, BlockedError, ExitCode
from airconn.model import Action, Outcome, Step
from airconn.plan import Lacking, Plan, Policy
from airconn.report.values import value_lines
from airconn.transfer import importing
from airconn.transfer.recovery import Recovery

if TYPE_CHECKING:
    from airconn.report.planfile import PlanFile

NOT_IN_A_PLAN = ("timeout", "ca_bundle", "client_cert", "client_key", "fail_fast", "verify", "show_values")
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

    def planned(self, *, dry_run: bool, exit_code: bool, yes: bool, plan_out: Path | None) -> int:
        """Makes a plan, shows it or carries it out, and gives the exit code."""
        with self._prepared() as (prepared, target):
            if dry_run:
                self._show(prepared)
                importing.refuse_blocked(prepared.plan)
                importing.refuse_deletions(prepared.plan, self.options["max_delete"])
                if plan_out is not None:
                    self._write_plan(prepared, plan_out)
                return ExitCode.DIFFERENT if exit_code and prepared.plan.writes else ExitCode.OK
            return self._carry_out(prepared, target, yes=yes)

    def applied(self, planned: PlanFile, *, yes: bool) -> int:
        """Carries out a plan file, if everything is still as it was."""
        from airconn.report import planfile

        with self._prepared() as (prepared, target):
            planfile.refuse_change(planned, prepared)
            return self._carry_out(prepared, target, yes=yes)

    def deleted(self, ids: tuple[str, ...], *, dry_run: bool, yes: bool) -> int:
        """Deletes single objects."""
        app, options = self.app, self.options
        app.writes = True
        with ExitStack() as stack:
            target = opt.open_address(app.config.target(options["from_"]), options)
            stack.callback(transfer.close, [target])
            kinds = opt.make_selection(options["kinds"], (), ()).kinds
            prepared = importing.prepare_deletion(target, ids, kinds)
            if dry_run:
                self._show(prepared)
                importing.refuse_blocked(prepared.plan)
                return ExitCode.OK
            return self._carry_out(prepared, target, yes=yes)

    @contextmanager
    def _prepared(self) -> Iterator[tuple[importing.Import, Any]]:
        app, options = self.app, self.options
        app.writes = True
        with ExitStack() as stack:
            of_target = {**options, "from_format": None, "kind": None, "from_env_dialect": None}
            target = opt.open_address(app.config.target(options["to"]), of_target)
            sources = [opt.open_address(app.config.resolve(source), options) for source in options["sources"]]
            fills = opt.open_fills(app, options)
            stack.callback(transfer.close, [target, *sources, *fills])
            prepared = importing.prepare(
                sources,
                target,
                opt.make_selection(options["kinds"], options["include"], options["exclude"]),
                policy=Policy(options["on_existing"], _lacking(options), options["assume_unchanged"] == "hidden"),
                airflow=options["airflow"],
                prune=options["prune"],
                fills=fills,
                change=opt.make_overrides(app, options).apply,
            )
            app.notes(prepared.loaded.notes)
            app.ignored(prepared.loaded.ignored)
            for kind in prepared.unpruned:
                app.warn(f"the sources have no {kind.value}: none is deleted")
            if not prepared.plan.steps:
                app.warn("the sources hold nothing that is selected")
            yield prepared, target

    def _printer(self, plan: Plan) -> Printer:
        return Printer(self.app, plan, text=self.output == "text", values=self.options["show_values"])

    def _show(self, prepared: importing.Import) -> None:
        self._printer(prepared.plan).up_to(None)
        self._conclude(prepared, None)

    def _write_plan(self, prepared: importing.Import, path: Path) -> None:
        from airconn.report import planfile
        from airconn.stores.file import write_atomically

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
        if deletions := plan.of(Action.DELETE):
            self._ask(deletions, prepared.target, yes=yes)

        def on_outcome(outcome: Outcome) -> None:
            self.app.writes = False
            self.outcomes.append(outcome)
            printer.up_to(outcome.step, outcome.error)

        begun: list[Step] = []
        interrupted = False
        ended: BaseException | None = None
        try:
            with self._orderly_end():
                importing.carry_out(
                    plan,
                    target,
                    on_outcome,
                    recovery=self.recovery,
                    fail_fast=self.options["fail_fast"],
                    stop=lambda: self.stopping,
                    on_begin=begun.append,
                )
            interrupted = self.stopping and len(self.outcomes) < len(plan.writes)
            failed = any(outcome.error for outcome in self.outcomes)
            if not interrupted and not (failed and self.options["fail_fast"]):
                printer.up_to(None)
            self.app.notes(target.notes if self.outcomes else ())
            if self.options["verify"] and not interrupted:
                self._verify(prepared, target)
        except (KeyboardInterrupt, SystemExit) as end:  # a second Ctrl-C, or SIGTERM
            ended = end
            for step in begun[len(self.outcomes) :]:
                on_outcome(Outcome(step, "stopped in its midst: it is written or it isn't"))
        finally:
            self._tell_of_recovery()
        self._conclude(prepared, self.outcomes)
        if ended or interrupted:
            raise ended or KeyboardInterrupt
        doubtful = self.wrong or self.unverified or any(outcome.error for outcome in self.outcomes)
        return ExitCode.SOME_FAILED if doubtful else ExitCode.OK

    def _verify(self, prepared: importing.Import, target: Any) -> None:
        try:
            self.wrong = importing.verify(prepared, target, self.outcomes)
        except AirconnError as error:
            self.unverified = True
            self.app.warn(f"what was written can't be read back: {report.clean(str(error))}")
        lines = report.Lines([outcome.step for outcome in self.wrong], self.app.style)
        for outcome in self.wrong if self.output == "text" else ():
            self.app.report(lines.line(outcome.step, outcome.error) + "\n")

    def _ask(self, deletions: tuple[Step, ...], target: str, *, yes: bool) -> None:
        """Asks whether objects may be deleted. Raises `BlockedError` where nobody says yes."""
        names = ", ".join(f"{step.kind.value}/{step.id}" for step in deletions)
        number = "1 object" if len(deletions) == 1 else f"{len(deletions)} objects"
        said = yes or self.app.confirm(f"delete {number} of {target} ({report.clean(names)})?")
        if said is None:
            self._printer(Plan(deletions)).up_to(None)
            raise BlockedError(f"{number} would be deleted, and nobody has said yes", hint="add --yes")
        if not said:
            raise BlockedError("the deletion wasn't confirmed")

    def _tell_of_recovery(self) -> None:
        if self.recovery.path is not None:
            self.app.say(
                f"objects that may be deleted and not created again are in {self.recovery.path}\n"
                f"  airconn import {self.recovery.path} puts them back; delete the file then, it holds their secrets",
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
        """Within this block the first Ctrl-C lets the object that is being written be finished."""

        def stop(number: int, frame: Any) -> None:
            if self.stopping:
                raise KeyboardInterrupt
            self.stopping = True
            self.app.say("finishing the object that is being written; Ctrl-C again stops at once", level=-1)

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


class Printer:
    """Prints the lines of a plan in its order, each as soon as it is known what became of it."""

    def __init__(self, app: App, plan: Plan, *, text: bool, values: bool) -> None:
        self.app = app
        self.text = text
        self.values = values
        self.lines = report.Lines(plan.steps, app.style)
        self.rest = list(plan.steps)

    def up_to(self, step: Step | None, error: str | None = None) -> None:
        """Prints all lines up to that of `step`, which ended with `error`; with no step, all that are left.

        Quiet is to print those that went wrong.
        """
        while self.rest:
            first = self.rest.pop(0)
            wrong = first.action is Action.BLOCKED or (first is step and error is not None)
            if self.text and (wrong or self.app.verbosity >= 0):
                self.app.report(self.lines.line(first, error if first is step else None) + "\n")
                for line in value_lines(first) if self.values else ():
                    self.app.report(f"      {line}\n")
            if first is step:
                return
