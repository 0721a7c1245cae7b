"""`airconn set`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from airconn.cli import options as opt
from airconn.cli.app import App
from airconn.cli.backup_option import command_words
from airconn.cli.backup_option import no_backup as no_backup_option
from airconn.errors import UsageError

if TYPE_CHECKING:
    from airconn.model import AirflowVersion
    from airconn.transfer.request_parts import Network


@click.command("set", short_help="Set fields of single objects.")
@click.argument("assignments", nargs=-1, required=True, metavar="PLACE=VALUE...", shell_complete=opt.complete_value)
@click.option("--to", metavar="ADDRESS", shell_complete=opt.complete_address, help=f"Where to {opt.DEFAULT_PLACE}")
@click.option("--dry-run", "-n", is_flag=True, help="Show the plan and write nothing.")
@click.option("--exit-code", is_flag=True, help="With --dry-run: exit with 6 if anything would change.")
@opt.confirm
@opt.yes
@opt.limit
@opt.strict("the target can't hold everything, or anything")
@opt.filling
@opt.literal
@opt.airflow
@no_backup_option
@opt.finishing
@opt.network
@opt.output
@opt.verbosity
@click.pass_obj
def command(
    app: App,
    /,
    assignments: tuple[str, ...],
    to: str | None,
    dry_run: bool,
    exit_code: bool,
    confirm: bool,
    yes: bool,
    strict: bool | None,
    fill: tuple[str, ...],
    literal_masks: tuple[str, ...],
    airflow: AirflowVersion | None,
    no_backup: bool,
    fail_fast: bool,
    verify: bool,
    show_values: bool,
    network: Network,
    output: str,
) -> int:
    """Set fields of objects of an Airflow (or a file, or a backend), with the plan and the report of an import.

    PLACE is KIND/ID.FIELD, as for --set: connections/ID.host, connections/ID.extra.a.b, variables/ID.value. All other
    fields stay, hidden ones included. An object that isn't there is created if its conn_type, value or slots are
    given.

    VALUE is a text, or env:NAME, file:PATH, prompt:, - (standard input) or text:…; a secret is never a text.

    \b
      airconn set connections/warehouse.host=db.example.com
      airconn set connections/warehouse.password=prompt:
      airconn set connections/warehouse.password=env:DB_PASSWORD --to @prod
      airconn set connections/api.conn_type=http connections/api.host=h --to .env
    """
    from airconn.cli.import_view import ImportView
    from airconn.transfer.requests import Conduct
    from airconn.transfer.setting import SetRequest, set_objects

    app.writes = True
    if exit_code and not dry_run:
        raise UsageError("--exit-code says what a --dry-run finds", hint="add --dry-run")
    request = SetRequest(assignments, to, fill, literal_masks, airflow, app.config.is_strict(strict))
    confirms = confirm or app.config.confirms(to)
    conduct = Conduct(dry_run, exit_code, yes, confirms, fail_fast, verify)
    words = command_words(app, no_backup, "set", [text.partition("=")[0] for text in assignments])
    view = ImportView(
        app, output=output, show_values=show_values, dry_run=dry_run, to=to, confirms=confirms, backup=words
    )
    with app.places(network) as places:
        return view.run(set_objects(request, places, conduct, view.host()))
