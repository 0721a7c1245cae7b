"""`airconn list`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from airconn.cli import options as opt
from airconn.cli import several_options, several_view
from airconn.cli.app import App

if TYPE_CHECKING:
    from airconn.model import AirflowVersion, Selection
    from airconn.transfer.request_parts import Network, SourceFormat


@click.command("list", short_help="Show the objects of a file, server or backend.")
@several_options.sources
@opt.selection
@opt.allowing_nothing
@opt.reading
@opt.airflow
@several_options.parallel
@several_options.fail_fast()
@opt.network
@opt.output
@opt.verbosity
@click.pass_obj
def command(
    app: App,
    /,
    from_: tuple[str, ...],
    selection: Selection,
    allow_empty: bool,
    source_format: SourceFormat,
    airflow: AirflowVersion | None,
    parallel: int | None,
    fail_fast: bool,
    network: Network,
    output: str,
) -> int:
    """Show which objects an Airflow (or a file, or a backend) holds, without their values.

    \b
      airconn list
      airconn list --from .env --connections
      airconn list --from @prod --include 'aws_*' --include 'pools/*'
      airconn list --from @eu --from @us
    """
    from dataclasses import replace

    from airconn import report
    from airconn.cli.object_table import tell_rows
    from airconn.cli.one_target import read_one
    from airconn.transfer.listing import ListRequest, list_objects

    request = ListRequest(
        from_[0] if from_ else None,
        source_format=source_format,
        selection=selection,
        airflow=airflow,
        allow_empty=allow_empty,
    )
    if targets := several_view.targets_of(app, from_):
        from airconn.cli.list_many import list_many

        several_view.tell_settings(app, targets)
        return list_many(app, request, targets, network, parallel, fail_fast=fail_fast, output=output)
    source, selection, airflow = read_one(app, request.source, selection, airflow)
    request = replace(request, source=source, selection=selection, airflow=airflow)
    with app.places(network) as places:
        listed = list_objects(request, places)
    app.notes(listed.notes)
    if listed.error:
        raise listed.error
    if output == "json":
        app.data(report.list_json(listed.bundle, listed.place) + "\n")
    else:
        tell_rows(app, report.list_rows(listed.bundle))
        app.say(f"{report.clean(listed.place)}: {report.amounts(listed.bundle, listed.kinds)}")
    app.incomplete(listed.notes)
    return listed.exit_code
