"""Shows a run into several targets while it goes on, and asks its question."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from airconn import report
from airconn.cli.app import App
from airconn.cli.empty_runs import warn_of_nothing
from airconn.cli.several_view import in_targets
from airconn.errors import AirconnError, ExitCode
from airconn.model import Step, number_of
from airconn.model.reading import Note
from airconn.plan import Plan
from airconn.quoting import some, without_passwords
from airconn.report.many_json import many_json, status_of
from airconn.report.matrix import PlanMatrix, names
from airconn.report.values import value_lines
from airconn.targets import Target
from airconn.transfer.events import Event, Failed, Written
from airconn.transfer.interrupting import StopFlag
from airconn.transfer.many.engine import ManyConduct, ManyHost, carry_out_all
from airconn.transfer.many.members import Failure, label_of, where_in
from airconn.transfer.many.results import ManyResult, TargetResult
from airconn.transfer.many.tasks import TargetTask
from airconn.transfer.places import Places
from airconn.transfer.request_parts import Network
from airconn.transfer.side_by_side import Inbox


class ManyView:
    """The output of one run."""

    def __init__(
        self,
        app: App,
        network: Network,
        *,
        output: str,
        show_values: bool = False,
        dry_run: bool = False,
        way_on: str = "the same command finishes the job",
        nothing: str = "the sources hold nothing",
        backup: str = "",
    ) -> None:
        """`way_on` is the hint if a run ended too early, `nothing` the warning of an empty plan, and `backup` the
        command in words for the backups."""
        self._app = app
        self._network = network
        self._is_text = output == "text"
        self._show_values = show_values
        self._dry_run = dry_run
        self._way_on = way_on
        self._nothing = nothing
        self._backup = backup
        self.results: list[TargetResult] = []
        self._written: Counter[str] = Counter()
        self._whole = 0
        """The lines on targets of which nothing is wrong."""
        self._cut = 0
        self._recovered = ""
        self.refused: frozenset[str] = frozenset()
        """The addresses of the targets whose plans can't be carried out."""
        self.inbox = Inbox()
        app.in_main_thread = self.inbox.ask

    def places(self, target: Target) -> Places:
        """The places of a target, whose progress has a line of its own."""
        label, app = label_of(target), self._app

        def watch(what: str, done: int, total: int | None) -> None:
            app.watch(what, done, total, name=label)

        return Places(app.config, self._network, app.ask_value, watch)

    def run(
        self, tasks: Sequence[TargetTask], conduct: ManyConduct, on_plans: Callable[[], None] = lambda: None
    ) -> ExitCode:
        """Carries out the tasks, shows what they do, and gives the exit code.

        `on_plans` is called when all plans are made.
        """
        self._when_planned = on_plans
        app = self._app
        values: Callable[[Step], Iterable[str]] = value_lines if self._show_values else lambda step: ()
        host = ManyHost(
            app.state_directory,
            self.places,
            self.inbox,
            self._confirm,
            self._on_planned,
            self._on_plans,
            self._tell_errors,
            self._on_event,
            self._on_result,
            self._tell_of_stop,
            values,
            StopFlag(),
            self._backup,
        )
        try:
            result = carry_out_all(tasks, conduct, host)
        finally:
            app.in_main_thread = None
        app.progress.rest()
        self._conclude(result)
        if result.ended is not None:
            app.way_on = self._recovered or self._way_on
            raise result.ended
        return self._code(result)

    def _code(self, result: ManyResult) -> ExitCode:
        """The exit code, also if the report could not be written."""
        lost = self._app.lost
        if lost is None or result.exit_code not in (ExitCode.OK, ExitCode.DIFFERENT):
            return result.exit_code
        self._app.error(lost)
        return lost.exit_code

    def _on_planned(self, done: int, number: int) -> None:
        self._app.watch("plans", done, number, name="")

    def _on_plans(self, results: Sequence[TargetResult]) -> None:
        """Shows the notes on the plans, why some have failed, and the plans as one table."""
        app = self._app
        app.progress.rest()
        self._when_planned()
        self.refused = frozenset(one.target.address for one in results if one.error is not None)
        planned = [one for one in results if one.plan is not None]
        self._tell_notes(planned)
        self._tell_errors([one for one in results if one.error is not None])
        if self._is_text and planned:
            matrix = PlanMatrix.of(
                planned,
                app.style,
                width=app.columns,
                most=app.most_rows,
                is_verbose=app.verbosity > 0,
                only_blocked=app.verbosity < 0,
            )
            if text := "".join(f"{line}\n" for line in matrix.lines()):
                app.report(text, elsewhere="")
        self._tell_of_losses(planned)
        self._tell_of_effects(planned)

    def _tell_notes(self, planned: Sequence[TargetResult]) -> None:
        """Tells a note once: that of all targets is one on the sources, and others name their targets."""
        app, of_note = self._app, dict[Note, list[str]]()
        for one in planned:
            for note in dict.fromkeys(one.plan.notes if one.plan else ()):
                of_note.setdefault(note, []).append(one.label)
        common = [note for note, labels in of_note.items() if len(labels) == len(planned)]
        own = [(note, labels) for note, labels in of_note.items() if len(labels) < len(planned)]
        app.notes(common)
        app.notes(replace(note, where=where_in(names(labels), note.where)) for note, labels in own)
        if planned and (plan := planned[0].plan):
            app.ignored(plan.ignored)
        self._grouped(
            [
                (f"the sources hold no {kind.value}: none is deleted", one)
                for one in planned
                if one.plan
                for kind in one.plan.unpruned
            ],
            planned,
        )
        empty = [one for one in planned if one.plan and not one.plan.steps]
        if empty and empty[0].plan:
            nothing = "the targets can't hold anything" if empty[0].plan.strangers else self._nothing
            whose = "" if len(empty) == len(planned) else f"{names([one.label for one in empty])}: "
            warn_of_nothing(app, empty[0].plan.selection, f"{whose}{nothing}")

    def _grouped(
        self, said: Iterable[tuple[str, TargetResult]], all_: Sequence[TargetResult], level: int = 0
    ) -> None:
        """Warns with each text once, and with the targets that it is about unless these are all."""
        found: dict[str, list[str]] = {}
        for text, one in said:
            found.setdefault(text, []).append(one.label)
        for text, labels in found.items():
            self._app.warn(text if len(labels) == len(all_) else f"{names(labels)}: {text}", level=level)

    def _tell_errors(self, failed: Sequence[TargetResult]) -> None:
        """Tells why targets can't be written. The same reason of several is told once."""
        app = self._app
        groups: dict[tuple[object, ...], tuple[AirconnError, list[str]]] = {}
        for one in failed:
            if error := one.error:
                every = tuple((str(each), each.hint) for each in getattr(error, "errors", (error,)))
                groups.setdefault(every, (error, []))[1].append(one.label)
        writes, app.writes = app.writes, False
        for error, labels in groups.values():
            app.error(Failure.of(names(labels), error).error)
        app.writes = writes

    def _tell_of_losses(self, planned: Sequence[TargetResult]) -> None:
        """Says which hidden values no undo brings back, as for one target."""
        if not (self._backup or self._dry_run):
            return
        app, level = self._app, 0 if self._app.stderr.isatty() else 1
        for verb, least in (("deleted", 0), ("overwritten", level)):
            said: list[tuple[str, TargetResult]] = []
            for one in planned:
                lost = one.plan.deleted_hidden if verb == "deleted" else one.plan.overwritten_hidden  # type: ignore[union-attr]
                if lost:
                    values, them = (
                        ("1 hidden value is", "it") if len(lost) == 1 else (f"{len(lost)} hidden values are", "them")
                    )
                    shown = ", ".join(lost) if app.verbosity > 0 else some(lost)
                    said.append((f"{values} {verb}, and airconn undo can't bring {them} back: {shown}", one))
            self._grouped(said, planned, least)

    def _tell_of_effects(self, planned: Sequence[TargetResult]) -> None:
        app = self._app
        for one in planned:
            if one.plan is None or one.error is not None:
                continue
            if self._dry_run and one.plan.restarts and one.plan.writes:
                app.say(f"{one.label}: writing {one.plan.restarts}: the run asks before, unless --yes is given")
            for text in one.plan.effects:
                app.say(f"{one.label}: {text}")

    def _confirm(self, results: Sequence[TargetResult]) -> bool | None:
        """Asks whether the plans, which have been shown, may be carried out."""
        if not self._app.can_ask:
            return None
        writes = sum(len(one.plan.writes) for one in results if one.plan)
        deleting = [(one, len(one.plan.deletions)) for one in results if one.plan and one.plan.deletions]
        deletions = sum(number for _, number in deleting)
        parts = []
        if writes > deletions:
            parts.append(f"write {number_of(writes - deletions)} to {in_targets(one.label for one in results)}")
        if deletions:
            parts.append(f"delete {number_of(deletions)} of {in_targets(one.label for one, _ in deleting)}")
        restarts: dict[str, list[str]] = {}
        for one in results:
            if one.plan and one.plan.restarts:
                restarts.setdefault(one.plan.restarts, []).append(one.label)
        also = "".join(f", which {what} ({names(labels)})" for what, labels in restarts.items())
        return bool(self._app.confirm(f"{' and '.join(parts)}{also}?"))

    def _on_event(self, target: Target, event: Event) -> None:
        if isinstance(event, Written | Failed):
            self._app.writes = False

    def _on_result(self, result: TargetResult) -> None:
        """Shows what became of a target, in one line and those of what is wrong."""
        app = self._app
        self.results.append(result)
        if self._dry_run and result.error is None and result.plan is None:
            return
        app.notes(replace(note, where=where_in(result.label, note.where)) for note in result.notes)
        if self._is_text and not self._is_cut(result):
            lines = [self._line(result)]
            steps = [outcome for outcome in (*(result.done or ()), *result.wrong) if outcome.error]
            rows = report.Lines([outcome.step for outcome in steps], app.style, app.columns)
            wrong = [rows.line(outcome.step, outcome.error) for outcome in steps]
            if app.verbosity >= 0 or not result.is_whole:
                app.report(
                    "".join(f"{line}\n" for line in (*lines, *wrong)),
                    elsewhere="".join(f"{line}\n" for line in (*(lines if wrong else ()), *wrong)),
                )
        self._tell_of_trouble(result)

    def _is_cut(self, result: TargetResult) -> bool:
        """Whether the line on a target is left out, because nothing is wrong and there are many."""
        if not result.is_whole or self._app.most_rows is None:
            return False
        self._whole += 1
        self._cut += self._whole > self._app.most_rows
        return self._whole > self._app.most_rows

    def _line(self, result: TargetResult) -> str:
        """`@eu, airflow 3.3.2 at https://eu.example.com: 1 created, 1 updated, 8 unchanged`."""
        plan = result.plan
        name = result.label if plan is None else plan.text
        if plan is not None and result.label.startswith("@"):
            name = f"{result.label}, {plan.text}"
        if result.error is not None and not result.is_written:
            return f"{report.clean(name)}: {self._word(result)}, nothing was written"
        if result.held_back or plan is None:
            return f"{report.clean(name)}: nothing was written, because {result.held_back or 'the run ended before'}"
        return report.summary(
            Plan(plan.steps),
            None if self._dry_run else result.done or (),
            name,
            wrong=len(result.wrong),
            is_verified=result.is_verified,
        )

    def _tell_of_trouble(self, result: TargetResult) -> None:
        """Says what a user has to know of a target that was written."""
        app = self._app
        if result.is_written and result.error is not None:
            self._tell_errors([result])
        if result.unread_back:
            app.warn(f"{result.label}: what was written {report.clean(result.unread_back)}")
        if result.is_late:
            objects = "1 object is" if result.undone == 1 else f"{result.undone} objects are"
            way_on = self._way_on.replace("the same command", "the same command with more time")
            writes, app.writes = app.writes, False
            app.error(AirconnError(f"{result.label}: the deadline has passed, and {objects} not done", hint=way_on))
            app.writes = writes
        if result.recovery is not None:
            left = result.recovery
            to = f" --to {shlex.quote(result.target.address)}"
            masks = "".join(f" --literal {shlex.quote(place)}" for place in left.literal_masks)
            command = f"airconn import {shlex.quote(str(left.path))} --exact{report.clean(masks)}{to}"
            self._recovered = self._recovered or f"{command} puts back what may be deleted; then {self._way_on}"
            app.say(
                f"{result.label}: objects that may be deleted and not created again are saved in {left.path}",
                f"  {without_passwords(command)}",
                "  restores them; delete the file afterwards, it holds their secrets",
                level=-1,
            )
            if left.more is not None:
                app.say(
                    f"  {left.more} holds the requests that create them with their links, and secrets too", level=-1
                )

    def _conclude(self, result: ManyResult) -> None:
        """Ends the report: the number of targets by what became of them, and the way back."""
        app = self._app
        if not self._is_text:
            app.report(many_json(result, dry_run=self._dry_run) + "\n")
        elif app.verbosity >= 0:
            more = f"  … {self._cut:,} more targets of which nothing is wrong (-v lists them)\n" if self._cut else ""
            app.report(f"{more}{self._total(result)}\n")
        runs = [one.backup for one in result.targets if one.backup]
        if app.stderr.isatty() and runs and not self._dry_run:
            app.say(f"to undo at all of them: airconn undo {runs[0].partition('.')[0]}")
        if not self._dry_run and not any(one.is_written for one in result.targets) and result.exit_code:
            app.say("nothing was written", level=-1)
            app.writes = False

    def _total(self, result: ManyResult) -> str:
        """`12 targets: 10 done, 1 failed, 1 not reached`."""
        counted = Counter(self._word(one) for one in result.targets)
        return f"{len(result.targets)} targets: {', '.join(f'{number} {word}' for word, number in counted.items())}"

    def _word(self, one: TargetResult) -> str:
        status = status_of(one, dry_run=self._dry_run)
        if status == "planned" and one.plan is not None:
            return "would change" if one.plan.writes else "unchanged"
        return status

    def _tell_of_stop(self) -> None:
        self._app.say("finishing what is being written; Ctrl-C again stops at once", level=-1)
