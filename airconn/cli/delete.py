"""`airconn delete`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from airconn.cli import options as opt
from airconn.cli.app import App

if TYPE_CHECKING:
    from airconn.model import AirflowVersion, Kind
    from airconn.transfer.request_parts import Network, SourceFormat


@click.command("delete", short_help="Delete single objects.")
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@opt.source
@click.option("--dry-run", "-n", is_flag=True, help="Show what would be deleted, and delete nothing.")
@opt.yes
@opt.confirm
@opt.limit
@opt.kinds
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
    from_: str | None,
    dry_run: bool,
    yes: bool,
    confirm: bool,
    kinds: frozenset[Kind],
    source_format: SourceFormat,
    airflow: AirflowVersion | None,
    network: Network,
    output: str,
) -> int:
    """Delete the objects ID from an Airflow (or a file, or another place).

    ID is KIND/ID, or an id alone where only one kind has it. It asks on a terminal, and needs --yes elsewhere.

    \b
      airconn delete connections/old_db
      airconn delete region --from .env --yes
    """
    from airconn.cli.import_view import ImportView
    from airconn.cli.meant import refuse_kind_as_id
    from airconn.transfer.engine import delete_objects
    from airconn.transfer.requests import Conduct, DeleteRequest

    app.writes = True
    refuse_kind_as_id("delete", ids)
    view = ImportView(app, output=output, dry_run=dry_run, to=from_, way_on="delete what is left in the same way")
    request = DeleteRequest(ids, kinds, from_, source_format, airflow)
    with app.places(network) as places:
        return view.run(delete_objects(request, places, Conduct(dry_run, yes=yes, confirm=confirm), view.host()))
