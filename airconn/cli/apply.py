"""`airconn apply`."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from airconn.cli import options as opt
from airconn.cli.app import App
from airconn.errors import InputError
from airconn.quoting import shown_address

if TYPE_CHECKING:
    from airconn.transfer.choices import Network
    from airconn.transfer.importing import Import


@click.command("apply", short_help="Carry out a plan that was made before.")
@click.argument("file", type=click.Path(path_type=Path), metavar="FILE")
@opt.yes
@opt.finishing
@opt.network
@opt.output
@opt.verbosity
@click.pass_obj
def command(
    app: App,
    /,
    file: Path,
    yes: bool,
    fail_fast: bool,
    verify: bool,
    show_values: bool,
    network: Network,
    output: str,
) -> int:
    """Carry out the plan in FILE, which airconn import --plan-out wrote.

    The sources are read again, from where the plan says. Nothing is written if they or the target have changed since.

    \b
      airconn import .env --plan-out plan.json
      airconn apply plan.json
    """
    from airconn.addresses import is_file
    from airconn.cli.import_view import ImportView
    from airconn.report import planfile
    from airconn.transfer.engine import import_objects
    from airconn.transfer.requests import Conduct

    app.writes = True
    planned = planfile.load(file)
    request = planned.request
    planfile.refuse_untrusted(request, planned.path)
    app.config = replace(app.config, planned=dict.fromkeys(planfile.addresses(request), planned.path))
    for source in request.sources:
        if is_file(source) and not source.startswith(("@", "-")) and not os.path.lexists(source):
            hint = "a plan is carried out in the directory that its sources are relative to"
            raise InputError("there is no such file", where=shown_address(source), hint=hint)

    def expect(prepared: Import) -> None:
        planfile.refuse_change(planned, prepared)

    way_on = "make a new plan for what is left"
    view = ImportView(app, output=output, show_values=show_values, to=request.to, way_on=way_on)
    conduct = Conduct(yes=yes, fail_fast=fail_fast, verify=verify)
    with app.places(network) as places:
        return view.run(import_objects(request, places, conduct, view.host(), expect))
