"""Shows an import, an apply or a deletion while it runs: renders the events of the engine, and asks its question."""

from __future__ import annotations

import shlex
from collections.abc import Callable

from airconn import report
from airconn.cli.app import App
from airconn.cli.empty_runs import warn_of_nothing
from airconn.cli.printing import Printer
from airconn.errors import AirconnError, ExitCode
from airconn.model import Action, number_of
from airconn.plan import Plan, deleted_hidden, overwritten_hidden
from airconn.quoting import some
from airconn.transfer import engine, events
from airconn.transfer.importing import Import


class ImportView:
    """The output of one run."""

    def __init__(
        self,
        app: App,
        *,
        output: str,
        show_values: bool = False,
        dry_run: bool = False,
        to: str | None = None,
        way_on: str = "the same command finishes the job",
        nothing: str = "the sources hold nothing",
        confirms: bool = False,
        backup: str = "",
    ) -> None:
        """`to` is the address of the target, as it was given, `way_on` the hint if a run ended too early, and
        `nothing` the warning of an empty plan.

        `confirms`: the question is about all writes, and not only about deletions. `backup` is the command in words
        for its backup. Empty for a run without one.
        """
        self._app = app
        self._is_text = output == "text"
        self._show_values = show_values
        self._dry_run = dry_run
        self._to = to
        self._way_on = way_on
        self._nothing = nothing
        self._confirms = confirms
        self._recovered = ""
        self._backup = backup
        self.lacks_objects = False
        """Whether objects were skipped that can't be created again."""
        self._has_shown_plan = False

    def host(self) -> engine.Host:
        """The functions for the engine."""
        return engine.Host(self._app.state_directory, self._confirm, self._tell_of_stop, backup=self._backup)

    def run(self, running: engine.Events, on_plan: Callable[[Import], None] = lambda prepared: None) -> ExitCode:
        """Runs the engine to its end, shows what it does, and gives the exit code.

        `on_plan` gets the plan of a dry run that isn't refused.
        """
        result = engine.run(running, self._on_event)
        if self._dry_run:
            on_plan(result.prepared)
        else:
            self._conclude(result)
        if result.is_late:
            self._tell_of_deadline(result.undone)
        self._tell_of_way_back(result)
        if result.ended is not None:
            self._app.way_on = self._recovered or (self._way_on if result.undone or result.failed else "")
            raise result.ended
        code, lost = result.exit_code, self._tell_of_gaps(result.prepared)
        return lost or code if code is ExitCode.DIFFERENT else code or lost

    def _on_event(self, event: events.Event) -> None:
        app = self._app
        if isinstance(event, events.Planned):
            self._on_planned(event.prepared)
        elif isinstance(event, events.Written | events.Failed):
            app.writes = False
            self._printer.up_to(event.outcome.step, event.outcome.error)
        elif isinstance(event, events.Refused):
            self._printer.up_to(None)
            self._conclude(events.ImportResult(event.prepared, ()))
        elif isinstance(event, events.Completed):
            self._printer.up_to(None)
        elif isinstance(event, events.Noted):
            app.notes(note for note in event.notes if not note.failed)
            for note in event.notes:
                if note.failed:
                    app.error(AirconnError(note.message, where=note.where))
        elif isinstance(event, events.FoundWrong):
            self._tell_of_wrong(event)
        elif isinstance(event, events.NotReadBack):
            reason = f"can't be read back: {report.clean(str(event.error))}"
            late = "the deadline has passed: what was written is not read back"
            app.warn(f"what was written {reason}" if event.error else late)
        else:
            self._tell_of_recovery(event)

    def _on_planned(self, prepared: Import) -> None:
        app = self._app
        app.notes((*prepared.loaded.notes, *prepared.unread, *prepared.shadowed))
        app.ignored(prepared.loaded.ignored)
        for kind in prepared.unpruned:
            app.warn(f"the sources hold no {kind.value}: none is deleted")
        if not prepared.plan.steps:
            nothing = "the target can't hold anything" if prepared.loaded.strangers else self._nothing
            warn_of_nothing(app, prepared.selection, nothing)
        self.lacks_objects = bool(prepared.plan.of(Action.SKIPPED))
        self._printer = self._new_printer(prepared.plan)
        self._tell_of_losses(prepared.plan)
        if self._dry_run:
            self._printer.up_to(None)
            self._conclude(events.ImportResult(prepared))
            if prepared.restarts:
                app.say(f"writing {prepared.restarts}: the run asks before, unless --yes is given")
        for text in prepared.effects:
            app.say(text)

    def _new_printer(self, plan: Plan, *, only_wrong: bool = False) -> Printer:
        return Printer(self._app, plan, text=self._is_text, values=self._show_values, only_wrong=only_wrong)

    def agrees(self, prepared: Import) -> bool:
        """Shows the writes of a plan, and asks whether they may be done, and what the target restarts be restarted.

        False without a terminal.
        """
        writes = prepared.plan.writes
        self._new_printer(Plan(writes)).up_to(None)
        self._printer = self._new_printer(prepared.plan, only_wrong=True)
        restarts = f", which {prepared.restarts}" if prepared.restarts else ""
        return bool(self._app.confirm(f"write {number_of(len(writes))} to {self._target_of(prepared)}{restarts}?"))

    def _confirm(self, prepared: Import) -> bool | None:
        """Asks whether the objects may be deleted, and what the target restarts be restarted.

        The plan is shown before, also where it can't ask.
        """
        deletions, writes = prepared.plan.of(Action.DELETE), prepared.plan.writes
        if not self._app.can_ask:
            all_writes = prepared.restarts or self._confirms
            self._new_printer(Plan(writes if all_writes else deletions)).up_to(None)
            return None
        self._new_printer(Plan(prepared.plan.writes)).up_to(None)
        self._printer = self._new_printer(prepared.plan, only_wrong=True)
        target = self._target_of(prepared)
        names = report.some([f"{step.kind.value}/{step.id}" for step in deletions])
        question = f"delete {number_of(len(deletions))} of {target} ({names})"
        if written := len(writes) - len(deletions) if prepared.restarts or self._confirms else 0:
            also = f" and delete {len(deletions)} ({names})" if deletions else ""
            question = f"write {number_of(written)} to {target}{also}"
        return self._app.confirm(f"{question}, which {prepared.restarts}?" if prepared.restarts else f"{question}?")

    def _tell_of_losses(self, plan: Plan) -> None:
        """Says which hidden values no undo brings back: all that are deleted and, on a terminal, all that are written
        over. In a CI these are most often written as they are, and every run would say so."""
        if plan.blocked or not (self._backup or self._dry_run):
            return
        level = 0 if self._app.stderr.isatty() else 1
        for names, verb, least in (
            (deleted_hidden(plan), "deleted", 0),
            (overwritten_hidden(plan), "overwritten", level),
        ):
            if names:
                values, them = (
                    ("1 hidden value is", "it") if len(names) == 1 else (f"{len(names)} hidden values are", "them")
                )
                shown = ", ".join(names) if self._app.verbosity > 0 else some(names)
                lost = f"{values} {verb}, and airconn undo can't bring {them} back: {shown}"
                self._app.warn(lost, level=least)

    def _tell_of_way_back(self, result: events.ImportResult) -> None:
        """Names the command that undoes the run, to a user at a terminal, if anything was overwritten or deleted."""
        changes = any(not outcome.error and outcome.step.action is not Action.CREATE for outcome in result.done or ())
        if result.backup is None or not changes or not self._app.stderr.isatty():
            return
        is_undo = self._backup == "undo"
        self._app.say(f"to undo: airconn undo{f' {result.backup}' if is_undo else ''}")

    def _tell_of_stop(self) -> None:
        self._app.say("finishing what is being written; Ctrl-C again stops at once", level=-1)

    def _tell_of_wrong(self, found: events.FoundWrong) -> None:
        lines = report.Lines([outcome.step for outcome in found.outcomes], self._app.style, self._app.columns)
        for outcome in found.outcomes if self._is_text else ():
            self._app.report(lines.line(outcome.step, outcome.error) + "\n")

    def _tell_of_deadline(self, number: int) -> None:
        objects = "1 object is" if number == 1 else f"{number} objects are"
        way_on = self._way_on.replace("the same command", "the same command with more time")
        self._app.error(AirconnError(f"the deadline has passed, and {objects} not done", hint=way_on))

    def _tell_of_recovery(self, left: events.Recoverable) -> None:
        to = f" --to {shlex.quote(self._to)}" if self._to else ""
        masks = "".join(f" --literal {shlex.quote(place)}" for place in left.literal_masks)
        command = f"airconn import {shlex.quote(str(left.path))} --exact{report.clean(masks)}{to}"
        self._recovered = f"{command} puts back what may be deleted; then {self._way_on}"
        self._app.say(
            f"objects that may be deleted and not created again are saved in {left.path}",
            f"  {command}",
            "  restores them; delete the file afterwards, it holds their secrets",
            level=-1,
        )
        if left.more is not None:
            self._app.say(
                f"  {left.more} holds the requests that create them with their links, and secrets too",
                level=-1,
            )

    def _conclude(self, result: events.ImportResult) -> None:
        plan, done, wrong, app = result.prepared.plan, result.done, result.wrong, self._app
        if not self._is_text:
            app.report(report.import_json(plan, result, app.config.name_of(self._to)) + "\n")
            return
        on_terminal = app.stdout.isatty()
        hidden = report.hidden_summary(plan.steps if on_terminal else self._printer.unshown)
        if hidden and app.verbosity >= 0:
            app.report(f"{hidden}\n")
        text = report.summary(
            plan,
            done,
            self._target_of(result.prepared),
            wrong=len(wrong),
            is_verified=result.is_verified,
            seconds=app.seconds if on_terminal and done is not None else None,
        )
        app.report(f"{text}\n")

    def _target_of(self, prepared: Import) -> str:
        """The target in words, with the name that the configuration gives it."""
        name = self._app.config.name_of(self._to)
        return f"{name}, {prepared.target}" if name else prepared.target

    def _tell_of_gaps(self, prepared: Import) -> ExitCode:
        """Reports objects that could not be read or, without any, an unwritten report. Returns its exit code."""
        notes, unread = prepared.loaded.notes, prepared.unread
        self._app.incomplete(notes, "is not imported")
        self._app.incomplete(unread, "of the target was read as missing")
        if self._app.lost is None or any(note.failed for note in (*notes, *unread)):
            return ExitCode.OK
        self._app.error(self._app.lost)
        return self._app.lost.exit_code
