"""`airconn import`."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

import click

from airconn.cli import options as opt
from airconn.cli.app import App
from airconn.errors import BlockedError, ExitCode


@click.command("import", short_help="Push objects into an Airflow.")
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@click.option("--to", metavar="ADDRESS", help="Where to (default: AIRCONN_URL, else http://localhost:8080).")
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

    What a source says is made so; nothing is deleted, and a secret that no source names is kept.

    \b
      airconn import .env
      airconn import connections.json pools.json --to https://airflow.example.com
      airconn import .env --dry-run --include 'aws_*'
    """
    from airconn import report, transfer
    from airconn.model import Outcome

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
        printer = _Printer(app, report.Lines(plan.steps, app.style), plan.steps, quiet=output == "json")
        outcomes: list[Outcome] = []

        def on_outcome(outcome: Outcome) -> None:
            app.writes = False
            outcomes.append(outcome)
            printer.up_to(outcome.step, outcome.error)

        done = not dry_run and not plan.blocked
        shown = outcomes if done else None
        try:
            if done:
                transfer.carry_out(plan, target, on_outcome)
            printer.up_to(None)
        except KeyboardInterrupt:
            app.data(report.summary(plan, shown, prepared.target) + "\n")
            raise
        if output == "json":
            app.data(report.import_json(plan, shown, prepared.target) + "\n")
        else:
            app.data(report.summary(plan, shown, prepared.target) + "\n")
    if plan.blocked:
        raise BlockedError(
            f"{len(plan.blocked)} of {len(plan.steps)} objects would lose something",
            hint="mend the lines marked '!', or leave them out with --exclude",
        )
    return ExitCode.SOME_FAILED if any(outcome.error for outcome in outcomes) else ExitCode.OK


class _Printer:
    """Prints the lines of a plan in its order, each as soon as it is known what became of it."""

    def __init__(self, app: App, lines: Any, steps: Any, *, quiet: bool) -> None:
        self.app = app
        self.lines = lines
        self.rest = list(steps)
        self.quiet = quiet or app.verbosity < 0

    def up_to(self, step: Any, error: str | None = None) -> None:
        """Prints all lines up to that of `step`, which ended with `error`; with no step, all that are left."""
        while self.rest:
            first = self.rest.pop(0)
            if not self.quiet or (first is step and error):
                self.app.data(self.lines.line(first, error if first is step else None) + "\n")
            if first is step:
                return
