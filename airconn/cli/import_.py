"""`airconn import`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import click

from airconn.cli import options as opt
from airconn.cli import several_view
from airconn.cli.app import App
from airconn.cli.backup_option import command_words
from airconn.cli.backup_option import no_backup as no_backup_option
from airconn.cli.several_targets import several_targets
from airconn.errors import UsageError
from airconn.transfer.standard_input import refuse_second_use

if TYPE_CHECKING:
    from pathlib import Path

    from airconn.model import AirflowVersion, Selection
    from airconn.plan import Lacking, OnExisting
    from airconn.transfer.importing import Import
    from airconn.transfer.request_parts import Network, ObjectChanges, SourceFormat


@click.command("import", short_help="Push objects into an Airflow.")
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...", shell_complete=opt.complete_address)
@click.option(
    "--to",
    multiple=True,
    metavar="ADDRESS",
    shell_complete=opt.complete_address,
    help=f"Where to {opt.DEFAULT_PLACE} May be repeated, or name a group.",
)
@opt.rehearsing
@click.option(
    "--on-existing",
    type=click.Choice(["overwrite", "skip", "fail"]),
    default="overwrite",
    help="What to do with objects that differ [overwrite].",
)
@click.option("--merge", is_flag=True, help="Keep fields, and keys of extra, that a source lacks.")
@click.option("--exact", is_flag=True, help="Clear what a source lacks even where Airflow hides it.")
@click.option(
    "--assume-unchanged",
    type=click.Choice(["hidden"]),
    help="Treat hidden values as unchanged instead of writing them again.",
)
@opt.pruning
@opt.confirm
@opt.limit
@opt.strict("the target can't hold everything, or anything")
@opt.filling
@opt.overriding
@opt.selection
@opt.allowing_nothing
@opt.reading
@opt.airflow
@several_targets
@no_backup_option
@opt.finishing
@opt.settle
@opt.network
@opt.output
@opt.verbosity
@click.pass_obj
def command(
    app: App,
    /,
    sources: tuple[str, ...],
    to: tuple[str, ...],
    dry_run: bool,
    exit_code: bool,
    plan_out: Path | None,
    on_existing: OnExisting,
    merge: bool,
    exact: bool,
    assume_unchanged: Literal["hidden"] | None,
    prune: bool,
    max_delete: int,
    yes: bool,
    confirm: bool,
    strict: bool | None,
    fill: tuple[str, ...],
    changes: ObjectChanges,
    selection: Selection,
    allow_empty: bool,
    source_format: SourceFormat,
    airflow: AirflowVersion | None,
    parallel: int | None,
    canary: str | None,
    no_backup: bool,
    fail_fast: bool,
    verify: bool,
    settle: bool,
    show_values: bool,
    network: Network,
    output: str,
) -> int:
    """Push the objects of SOURCE (a file, another Airflow, …) into an Airflow.

    Nothing is deleted without --prune. What Airflow hides stays, unless a source has a value for it.

    \b
      airconn import .env                           # to AIRCONN_URL
      airconn import .env --to @prod --dry-run      # see the plan first
      airconn import env: --to @eu --to @us --include 'aws_*'
      airconn import base.yaml --overlay prod.yaml  # prod's values over base's
      airconn import .env --set connections/db.host=db2
      airconn import .env --set connections/db.password=env:DB_PASSWORD
    """
    from airconn.cli.import_view import ImportView
    from airconn.cli.meant import refuse_target_among_sources
    from airconn.plan import Policy
    from airconn.report import planfile
    from airconn.stores.saving import refuse_unwritable, write_atomically
    from airconn.targets import targets_of
    from airconn.transfer.engine import import_objects
    from airconn.transfer.requests import Conduct, ImportRequest
    from airconn.transfer.target_request import request_of

    if exit_code and not dry_run:
        raise UsageError("--exit-code says what a --dry-run finds", hint="add --dry-run")
    if merge and exact:
        raise UsageError("--merge and --exact contradict each other", hint="choose one")
    refuse_target_among_sources(sources, to)
    app.writes = True
    targets = targets_of(app.config, to or [None])
    place = targets[0].address if to else None
    refuse_second_use(sources, fill, changes.overlays, planned=plan_out is not None)
    lacking: Lacking = "keep" if merge else "exact" if exact else "clear"
    request = ImportRequest(
        sources,
        opt.fixed(app.config, place) if plan_out and len(targets) == 1 else place,
        source_format,
        fill,
        selection,
        changes,
        airflow,
        Policy(on_existing, lacking, assume_unchanged == "hidden"),
        prune,
        max_delete,
        allow_empty,
    )
    if plan_out:
        planfile.refuse_other_file(plan_out)
        refuse_unwritable(plan_out)

    def keep(prepared: Import) -> None:
        if plan_out is not None:
            write_atomically(plan_out, planfile.dump(prepared, request) + "\n")
            first = f" --canary {canary}" if canary else ""
            app.say(f"{plan_out}: the plan; carry it out with: airconn apply {plan_out}{first}")

    request = replace(request, strict=app.config.is_strict(strict))
    dry_run = dry_run or plan_out is not None
    words = command_words(app, no_backup, "import", sources)
    several_view.tell_settings(app, targets, are_written=True)
    if len(targets) > 1:
        from airconn.cli.import_many import ManyOptions, import_many

        many = Conduct(dry_run, exit_code, yes, confirm, fail_fast, verify, settle)
        options = ManyOptions(many, network, output, parallel, canary, show_values, words)
        return import_many(app, targets, request, options, plan_out)
    if canary is not None:
        from airconn.cli.import_many import canaries_of

        verify = bool(canaries_of(app, targets, canary))
    request = request_of(request, targets[0])
    if plan_out:
        planfile.refuse_untrusted(request)
    confirms = confirm or app.config.confirms(place)
    view = ImportView(
        app,
        output=output,
        show_values=show_values,
        dry_run=dry_run,
        to=request.to,
        confirms=confirms,
        backup=words,
    )
    conduct = Conduct(dry_run, exit_code, yes, confirms, fail_fast, verify, settle)
    with app.places(network) as places:
        return view.run(import_objects(request, places, conduct, view.host()), keep)
