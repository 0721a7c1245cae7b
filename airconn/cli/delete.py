"""`airconn delete`."""

from __future__ import annotations

from typing import Any

import click

from airconn.cli import options as opt
from airconn.cli.app import App


@click.command("delete", short_help="Delete single objects.")
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@opt.source
@click.option("--dry-run", "-n", is_flag=True, help="Show what would be deleted, and delete nothing.")
@opt.yes
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
    kinds: tuple[str, ...],
    output: str,
    **options: Any,
) -> int:
    """Delete the objects ID from an Airflow (or a file, or another place).

    ID is KIND/ID, or an id alone where only one kind has it. It asks on a terminal, and needs --yes elsewhere.

    \b
      airconn delete connections/old_db
      airconn delete region --from .env --yes
    """
    from airconn.cli.running import Run

    given = {"max_delete": len(ids), "fail_fast": False, "verify": False, "show_values": False}
    return Run(app, {**options, **given, "from_": from_, "kinds": kinds}, output).deleted(
        ids, dry_run=dry_run, yes=yes
    )
