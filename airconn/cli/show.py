"""`airconn show`."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import click

from airconn.cli import options as opt
from airconn.cli.app import App

if TYPE_CHECKING:
    from airconn.model import AirflowVersion


@click.command("show", short_help="Show single objects with their values.")
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@opt.source
@click.option("--reveal", is_flag=True, help="Show the secrets that the source gives, too.")
@click.option(
    "--output",
    type=click.Choice(["text", "json"]),
    default="text",
    help="How the objects are shown; json has a schema_version, and the same values as text.",
)
@opt.kinds
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
    kinds: tuple[str, ...],
    airflow: AirflowVersion | None,
    **options: Any,
) -> int:
    """Show the objects ID of an Airflow (or a file, or another place) with their values, secrets masked.

    ID is KIND/ID, or an id alone where only one kind has it.

    \b
      airconn show connections/warehouse
      airconn show region --from .env
      airconn show warehouse --from env: --reveal
    """
    from airconn import transfer
    from airconn.report import show as report_show
    from airconn.transfer import showing

    with ExitStack() as stack:
        store = opt.open_address(app.config.target(from_), options)
        stack.callback(transfer.close, [store])
        app.follow(store)
        described = store.describe()
        store.reads_for = airflow or store.reads_for
        found = showing.find(store, ids, opt.make_selection(kinds, (), ()).kinds)
        app.notes(store.notes)
    if output == "json":
        app.data(report_show.show_json(found, described, reveal=reveal) + "\n")
    else:
        app.data("".join(f"{line}\n" for line in report_show.show_lines(found, reveal=reveal)))
    return app.verdict(store.notes)
