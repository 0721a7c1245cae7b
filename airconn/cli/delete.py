"""`airconn delete`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from airconn.cli import options as opt
from airconn.cli import several_options, several_view
from airconn.cli.app import App
from airconn.cli.backup_option import command_words
from airconn.cli.backup_option import no_backup as no_backup_option
from airconn.cli.several_targets import several_targets
from airconn.errors import UsageError

if TYPE_CHECKING:
    from airconn.model import AirflowVersion, Selection
    from airconn.transfer.request_parts import Network, SourceFormat


@click.command("delete", short_help="Delete single objects.")
@click.argument("ids", nargs=-1, metavar="[ID...]", shell_complete=opt.complete_object)
@several_options.sources
@click.option("--dry-run", "-n", is_flag=True, help="Show what would be deleted, and delete nothing.")
@click.option("--exit-code", is_flag=True, help="With --dry-run: exit with 6 if anything would be deleted.")
@opt.max_delete
@opt.yes
@opt.confirm
@opt.limit
@opt.selection
@opt.allowing_nothing
@several_targets
@no_backup_option
@opt.reading
@opt.airflow
@opt.network
@opt.output
@opt.verbosity
@click.pass_obj
def command(
    app: App,
    /,
    ids: tuple[str, ...],
    from_: tuple[str, ...],
    dry_run: bool,
    exit_code: bool,
    max_delete: int,
    yes: bool,
    confirm: bool,
    selection: Selection,
    allow_empty: bool,
    parallel: int | None,
    canary: str | None,
    no_backup: bool,
    source_format: SourceFormat,
    airflow: AirflowVersion | None,
    network: Network,
    output: str,
) -> int:
    """Delete the objects ID from an Airflow (or a file, or a backend).

    ID is KIND/ID, an id alone where only one kind has it, or a glob such as 'variables/tmp_*'. It shows the plan and
    asks on a terminal, and needs --yes elsewhere.

    \b
      airconn delete connections/old_db
      airconn delete region --from .env --yes
      airconn delete 'variables/tmp_*' --dry-run
      airconn delete 'connections/aws_*' --from @dev --from @eu
    """
    from airconn.cli.import_view import ImportView
    from airconn.cli.meant import refuse_kind_as_id, refuse_no_names
    from airconn.targets import targets_of
    from airconn.transfer.engine import delete_objects
    from airconn.transfer.globs import has_globs
    from airconn.transfer.requests import Conduct, DeleteRequest
    from airconn.transfer.target_request import deletion_of

    app.writes = True
    if exit_code and not dry_run:
        raise UsageError("--exit-code says what a --dry-run finds", hint="add --dry-run")
    refuse_no_names("delete", ids or selection.include)
    refuse_kind_as_id("delete", ids)
    words = command_words(app, no_backup, "delete", ids)
    targets = targets_of(app.config, from_ or [None])
    if has_globs(ids, selection):
        several_view.tell_settings(app, targets)
    place = targets[0].address if from_ else None
    if canary is not None and len(targets) == 1:
        from airconn.cli.import_many import canaries_of

        canaries_of(app, targets, canary)
    if len(targets) > 1:
        from airconn.cli.import_many import ManyOptions, delete_many

        many = Conduct(dry_run, exit_code, yes, confirm)
        options = ManyOptions(many, network, output, parallel, canary, backup=words)
        request = DeleteRequest(ids, selection, None, source_format, airflow, max_delete, allow_empty)
        return delete_many(app, targets, request, options)
    way_on, nothing = "run the same command again for the rest", "nothing to delete"
    view = ImportView(app, output=output, dry_run=dry_run, to=place, way_on=way_on, nothing=nothing, backup=words)
    request = DeleteRequest(ids, selection, place, source_format, airflow, max_delete, allow_empty)
    if from_ or targets[0].address.startswith("@"):
        request = deletion_of(request, targets[0])
    conduct = Conduct(dry_run, exit_code, yes, confirm)
    with app.places(network) as places:
        return view.run(delete_objects(request, places, conduct, view.host()))
