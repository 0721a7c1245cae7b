"""`airconn convert`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from airconn.cli import options as opt
from airconn.cli.app import App
from airconn.cli.export import deliver
from airconn.cli.split_option import splitting as splitting_options

if TYPE_CHECKING:
    from airconn.model import AirflowVersion, Selection
    from airconn.transfer.request_parts import ObjectChanges, SourceFormat, Writing
    from airconn.transfer.splitting import Splitting


@click.command("convert", short_help="Turn files of one format into another.")
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...", shell_complete=opt.complete_address)
@opt.writing
@splitting_options
@opt.filling
@opt.airflow_of_files
@opt.overriding
@opt.selection
@opt.allowing_nothing
@opt.reading
@opt.verbosity
@click.pass_obj
def command(
    app: App,
    /,
    sources: tuple[str, ...],
    writing: Writing,
    splitting: Splitting | None,
    fill: tuple[str, ...],
    airflow: AirflowVersion | None,
    changes: ObjectChanges,
    selection: Selection,
    allow_empty: bool,
    source_format: SourceFormat,
) -> int:
    """Turn the files SOURCE (- is standard input) into one file of another format.

    Only --fill and --resolve use a network.

    \b
      airconn convert .env --format yaml
      airconn convert connections.json variables.json -o airflow_settings.yaml
      airconn convert base.yaml --overlay prod.yaml -o prod.env
      airconn convert .env --set connections/db.host=db2 --format uri
    """
    from airconn.transfer.exporting import ExportRequest
    from airconn.transfer.request_parts import Network

    if len(sources) > 1:
        from airconn.cli.meant import refuse_output_among_sources

        refuse_output_among_sources(sources, writing.out)
    request = ExportRequest(
        sources=sources,
        only_files=True,
        source_format=source_format,
        fills=fill,
        selection=selection,
        changes=changes,
        airflow=airflow,
        writing=writing,
        allow_empty=allow_empty,
    )
    if splitting is not None:
        from airconn.cli.split_view import deliver_split

        return deliver_split(app, request, splitting, Network())
    return deliver(app, request, Network())
