"""`airconn list`."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import click

from airconn.cli import options as opt
from airconn.cli.app import App

_HEADERS = ("KIND", "ID", "WHAT", "HIDDEN")

if TYPE_CHECKING:
    from airconn.model import AirflowVersion


@click.command("list", short_help="Show which objects a place holds.")
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
    kinds: tuple[str, ...],
    include: tuple[str, ...],
    exclude: tuple[str, ...],
    allow_empty: bool,
    output: str,
    airflow: AirflowVersion | None,
    **options: Any,
) -> int:
    """Show which objects an Airflow (or a file, or another place) holds, without their values.

    \b
      airconn list
      airconn list --from .env --connections
    """
    from airconn import report, transfer
    from airconn.transfer import nothing, watching

    with ExitStack() as stack:
        store = opt.open_address(app.config.target(from_), options)
        stack.callback(transfer.close, [store])
        app.follow(store)
        described = store.describe()
        store.reads_for = airflow or store.reads_for
        chosen = opt.make_selection(kinds, include, exclude)
        bundle = watching.read(store, chosen)
        app.notes(store.notes)
        if not allow_empty:
            nothing.refuse_unmatched(chosen, ((obj.kind, obj.id) for obj in bundle), [store])
            if not len(bundle):
                nothing.refuse_nothing(chosen, [store], unless_empty=True)
    if output == "json":
        app.data(report.list_json(bundle, described) + "\n")
        return app.verdict(store.notes)
    rows = report.list_rows(bundle)
    widths = [max(len(row[column]) for row in (_HEADERS, *rows)) for column in range(len(_HEADERS))]
    for row in (_HEADERS, *rows):
        app.rows("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() + "\n")
    app.say(f"{report.clean(described)}: {report.amounts(bundle, chosen.kinds)}")
    return app.verdict(store.notes)
