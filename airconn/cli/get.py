"""`airconn get`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from airconn.cli import options as opt
from airconn.cli.app import App

if TYPE_CHECKING:
    from airconn.model import AirflowVersion, Kind
    from airconn.transfer.request_parts import Network, SourceFormat


@click.command("get", short_help="Print one value, for scripts.")
@click.argument("place", metavar="KIND/ID.FIELD", shell_complete=opt.complete_value)
@opt.source
@opt.resolve
@opt.kinds
@opt.reading
@opt.airflow
@opt.network
@opt.verbosity
@click.pass_obj
def command(
    app: App,
    /,
    place: str,
    from_: str | None,
    resolve: tuple[str, ...],
    kinds: frozenset[Kind],
    source_format: SourceFormat,
    airflow: AirflowVersion | None,
    network: Network,
) -> int:
    """Print one value of an object, and nothing else: no quotes, and no line end in a pipe.

    FIELD may be a path into JSON, as for --set. A variable needs no FIELD, and KIND can be left out where only one
    object has that id. A hidden value is exit code 4; an object or a value that isn't there is exit code 3.

    \b
      airconn get variables/region
      airconn get connections/warehouse.host --from .env
      airconn get connections/warehouse.extra.sslmode
    """
    from airconn.cli.meant import refuse_kind_as_id
    from airconn.transfer.getting import GetRequest, get_value

    refuse_kind_as_id("get", (place,))
    with app.places(network) as places:
        got = get_value(GetRequest(place, from_, source_format, kinds, airflow, resolve), places)
    app.notes(got.notes)
    if app.stdout.isatty():
        app.data(f"{got.text}\n")
    else:
        app.data(got.text, raw=True)
    app.incomplete(got.notes)
    return got.exit_code
