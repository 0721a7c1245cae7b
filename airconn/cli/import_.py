"""`airconn import`."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import click

from airconn.cli import options as opt
from airconn.cli.app import App
from airconn.errors import BlockedError, ExitCode
from airconn.model import Action, Outcome, Step

if TYPE_CHECKING:
    from airconn.plan import Plan


@click.command("import", short_help="Push objects into an Airflow.")
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@click.option("--to", metavar="ADDRESS", help=f"Where to [{opt.DEFAULT_PLACE}].")
@click.option("--dry-run", "-n", is_flag=True, help="Show the plan and write nothing.")
@click.option(
    "--on-existing",
    type=click.Choice(["overwrite", "skip", "fail"]),
    default="overwrite",
    help="What to do with an object that is there with other values [overwrite].",
)
@opt.selection
@opt.reading
@opt.airflow
@opt.network
@opt.output
@opt.verbosity
@click.pass_obj
def command(
    app: App,
    /,
    sources: tuple[str, ...],
    to: str | None,
    dry_run: bool,
    on_existing: Any,
    kinds: tuple[str, ...],
    include: tuple[str, ...],
    exclude: tuple[str, ...],
    airflow: Any,
    output: str,
    **options: Any,
) -> int:
    """Push the objects of SOURCE (a file, - for standard input, or another place) into an Airflow.

    What a source says is made so; nothing is deleted, and what Airflow hides is kept where no source names it.

    \b
      airconn import .env
      airconn import connections.json pools.json --to https://airflow.example.com
      airconn import .env --dry-run --include 'aws_*'
    """
    from airconn import report, transfer

    app.writes = True
    with ExitStack() as stack:
        target = opt.open_address(app.config.target(to), {**options, "from_format": None, "kind": None})
        opened = [opt.open_address(app.config.resolve(source), options) for source in sources]
        stack.callback(transfer.close, [target, *opened])
        prepared = transfer.prepare_import(
            opened,
            target,
            opt.make_selection(kinds, include, exclude),
            on_existing=on_existing,
            airflow=airflow,
        )
        plan = prepared.plan
        app.notes(prepared.loaded.notes)
        app.ignored(prepared.loaded.ignored)
        if not plan.steps:
            app.warn("the sources hold nothing that is selected")
        printer = _Printer(app, plan, text=output == "text")
        outcomes: list[Outcome] = []

        def on_outcome(outcome: Outcome) -> None:
            app.writes = False
            outcomes.append(outcome)
            printer.up_to(outcome.step, outcome.error)

        def conclude() -> None:
            done = None if dry_run else outcomes
            if output == "json":
                app.report(report.import_json(plan, done, prepared.target, dry_run=dry_run) + "\n")
            else:
                app.report(report.summary(plan, done, prepared.target) + "\n")

        try:
            if not dry_run:
                transfer.carry_out(plan, target, on_outcome)
            printer.up_to(None)
            app.notes(target.notes if outcomes else ())
        except BlockedError:
            printer.up_to(None)
            conclude()
            raise
        except KeyboardInterrupt:
            conclude()
            raise
        conclude()
        if dry_run:
            transfer.refuse_blocked(plan)
    return ExitCode.SOME_FAILED if any(outcome.error for outcome in outcomes) else ExitCode.OK


class _Printer:
    """Prints the lines of a plan in its order, each as soon as it is known what became of it."""

    def __init__(self, app: App, plan: Plan, *, text: bool) -> None:
        from airconn import report

        self.app = app
        self.text = text
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
            if first is step:
                return
