"""`airconn list`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from airconn.cli import options as opt
from airconn.cli.app import App

_HEADERS = ("KIND", "ID", "WHAT", "HIDDEN")

if TYPE_CHECKING:
    from airconn.model import AirflowVersion, Selection
    from airconn.transfer.request_parts import Network, SourceFormat


@click.command("list", short_help="Show the objects of a file, server or backend.")
@opt.source
@opt.selection
@opt.allowing_nothing
@opt.reading
@opt.airflow
@opt.network
@opt.output
@opt.verbosity
@click.pass_obj
def command(
    app: App,
    /,
    from_: str | None,
    selection: Selection,
    allow_empty: bool,
    source_format: SourceFormat,
    airflow: AirflowVersion | None,
    network: Network,
    output: str,
) -> int:
    """Show which objects an Airflow (or a file, or a backend) holds, without their values.

    \b
      airconn list
      airconn list --from .env --connections
      airconn list --from @prod --include 'aws_*' --include 'pools/*'
    """
    from airconn import report
    from airconn.transfer.listing import ListRequest, list_objects

    request = ListRequest(
        from_, source_format=source_format, selection=selection, airflow=airflow, allow_empty=allow_empty
    )
    with app.places(network) as places:
        listed = list_objects(request, places)
    app.notes(listed.notes)
    if listed.error:
        raise listed.error
    if output == "json":
        app.data(report.list_json(listed.bundle, listed.place) + "\n")
    else:
        rows = report.list_rows(listed.bundle)
        widths = [max(len(row[column]) for row in (_HEADERS, *rows)) for column in range(len(_HEADERS))]
        for row in (_HEADERS, *rows):
            app.rows("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() + "\n")
        app.say(f"{report.clean(listed.place)}: {report.amounts(listed.bundle, listed.kinds)}")
    app.incomplete(listed.notes)
    return listed.exit_code
