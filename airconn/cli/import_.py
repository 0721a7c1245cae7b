"""`airconn import`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from airconn.cli import options as opt
from airconn.cli.app import App
from airconn.errors import UsageError
from airconn.transfer.standard_input import refuse_second_use

if TYPE_CHECKING:
    from pathlib import Path


@click.command("import", short_help="Push objects into an Airflow.")
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...", shell_complete=opt.complete_address)
@click.option("--to", metavar="ADDRESS", shell_complete=opt.complete_address, help=f"Where to [{opt.DEFAULT_PLACE}].")
@opt.rehearsing
@click.option(
    "--on-existing",
    type=click.Choice(["overwrite", "skip", "fail"]),
    default="overwrite",
    help="What to do with an object that is there with other values [overwrite].",
)
@click.option("--merge", is_flag=True, help="Keep every field, and every key of extra, that a source lacks.")
@click.option("--exact", is_flag=True, help="Clear what a source lacks even where Airflow hides it.")
@click.option(
    "--assume-unchanged",
    type=click.Choice(["hidden"]),
    help="Take what Airflow hides to be what the source has, instead of writing it again.",
)
@opt.pruning
@opt.filling
@opt.overriding
@opt.selection
@opt.allowing_nothing
@opt.reading
@opt.airflow
@opt.finishing
@opt.network
@opt.output
@opt.verbosity
@click.pass_obj
def command(
    app: App, /, plan_out: Path | None, dry_run: bool, exit_code: bool, yes: bool, output: str, **options: Any
) -> int:
    """Push the objects of SOURCE (a file, - for standard input, or another place) into an Airflow.

    What a source says is made so; nothing is deleted without --prune, and what Airflow hides is kept where no source
    names it.

    \b
      airconn import .env
      airconn import connections.json pools.json --to https://airflow.example.com
      airconn import .env --dry-run --include 'aws_*'
    """
    from airconn.cli.running import Run
    from airconn.report import planfile
    from airconn.stores.saving import refuse_unwritable

    if exit_code and not dry_run:
        raise UsageError("--exit-code says what a --dry-run finds", hint="add --dry-run")
    if options["merge"] and options["exact"]:
        raise UsageError("--merge and --exact want the opposite of one another", hint="choose one")
    refuse_second_use(options["sources"], options["fill"], options["overlays"], planned=plan_out is not None)
    if plan_out:
        planfile.refuse_other_file(plan_out)
        refuse_unwritable(plan_out)
        options["to"] = opt.fixed(app.config, options["to"])
        planfile.refuse_untrusted(options)
    run = Run(app, options, output)
    return run.planned(dry_run=dry_run or plan_out is not None, exit_code=exit_code, yes=yes, plan_out=plan_out)
