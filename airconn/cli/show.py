"""`airconn show`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from airconn.cli import options as opt
from airconn.cli.app import App

if TYPE_CHECKING:
    from airconn.model import AirflowVersion, Selection
    from airconn.transfer.request_parts import Network, SourceFormat


@click.command("show", short_help="Show single objects with their values.")
@click.argument("ids", nargs=-1, metavar="[ID...]", shell_complete=opt.complete_object)
@opt.source
@click.option("--reveal", is_flag=True, help="Also show secrets, if the source shows them.")
@click.option(
    "--output",
    type=click.Choice(["text", "json"]),
    default="text",
    help="How the objects are shown; json holds the same values as text.",
)
@opt.resolve
@opt.selection
@opt.allowing_nothing
@opt.reading
@opt.airflow
@opt.network
@opt.verbosity
@click.pass_obj
def command(
    app: App,
    /,
    ids: tuple[str, ...],
    from_: str | None,
    reveal: bool,
    output: str,
    resolve: tuple[str, ...],
    selection: Selection,
    allow_empty: bool,
    source_format: SourceFormat,
    airflow: AirflowVersion | None,
    network: Network,
) -> int:
    """Show the objects ID of an Airflow (or a file, or a backend) with their values, secrets masked.

    ID is KIND/ID, an id alone where only one kind has it, or a glob such as 'connections/aws_*'.

    \b
      airconn show connections/warehouse
      airconn show region --from .env
      airconn show 'aws_*' 'pools/*' --from @prod
      airconn show --variables --exclude 'tmp_*'
      airconn show warehouse --from env: --reveal
    """
    from airconn.cli.meant import refuse_kind_as_id, refuse_no_names
    from airconn.model import Selection
    from airconn.report import show as report_show
    from airconn.transfer.listing import ShowRequest, show_objects

    refuse_no_names("show", ids or selection != Selection())
    refuse_kind_as_id("show", ids)
    with app.places(network) as places:
        request = ShowRequest(ids, from_, source_format, selection, airflow, allow_empty, resolve)
        shown = show_objects(request, places)
    app.notes(shown.notes)
    if output == "json":
        app.data(report_show.show_json(shown.objects, shown.place, reveal=reveal) + "\n")
    else:
        app.data("".join(f"{line}\n" for line in report_show.show_lines(shown.objects, reveal=reveal)))
    app.incomplete(shown.notes)
    return shown.exit_code
