"""`airconn convert`."""

from __future__ import annotations

from typing import Any

import click

from airconn.cli import options as opt
from airconn.cli.app import App
from airconn.cli.export import deliver
from airconn.errors import UsageError
from airconn.transfer.standard_input import refuse_second_use


@click.command("convert", short_help="Turn files of one format into another.")
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...", shell_complete=opt.complete_address)
@opt.writing
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
    kinds: tuple[str, ...],
    include: tuple[str, ...],
    exclude: tuple[str, ...],
    **options: Any,
) -> int:
    """Turn the files SOURCE (- is standard input) into one file of another format. No network is used.

    \b
      airconn convert .env --format yaml
      airconn convert connections.json variables.json -o airflow_settings.yaml
    """
    from airconn.model import NEWEST
    from airconn.stores.file import FileStore

    refuse_second_use(sources, options["fill"], options["overlays"])
    stores = [opt.open_address(app.config.resolve(source), options) for source in sources]
    for store in stores:
        if not isinstance(store, FileStore):
            raise UsageError(f"{store.address} is no file", hint="airconn export --from reads other places")
    return deliver(app, list(stores), opt.make_selection(kinds, include, exclude), options, lambda: NEWEST)
