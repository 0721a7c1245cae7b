"""`airconn apply`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from airconn.cli import options as opt
from airconn.cli.app import App
from airconn.cli.backup_option import command_words
from airconn.cli.backup_option import no_backup as no_backup_option
from airconn.cli.several_targets import several_targets

if TYPE_CHECKING:
    from airconn.transfer.importing import Import
    from airconn.transfer.request_parts import Network


@click.command("apply", short_help="Apply a plan that was saved before.")
@click.argument("file", type=click.Path(path_type=Path), metavar="FILE")
@opt.yes
@opt.confirm
@opt.limit
@several_targets
@no_backup_option
@opt.finishing
@opt.settle
@opt.network
@opt.output
@opt.verbosity
@click.pass_obj
def command(
    app: App,
    /,
    file: Path,
    yes: bool,
    confirm: bool,
    parallel: int | None,
    canary: str | None,
    no_backup: bool,
    fail_fast: bool,
    verify: bool,
    settle: bool,
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
    from airconn.cli.import_view import ImportView
    from airconn.report import planfile
    from airconn.transfer.engine import import_objects
    from airconn.transfer.requests import Conduct

    app.writes = True
    plans = planfile.load(file)
    for one in plans:
        planfile.refuse_untrusted(one.request, one.path)
    named = [address for one in plans for address in planfile.addresses(one.request)]
    app.config = replace(app.config, planned=dict.fromkeys(named, str(file)))
    for one in plans:
        planfile.refuse_missing(one.request)
    words = command_words(app, no_backup, "apply", [str(file)])
    if len(plans) > 1:
        from airconn.cli.import_many import ManyOptions, apply_many

        many = Conduct(yes=yes, confirm=confirm, fail_fast=fail_fast, verify=verify, settle=settle)
        return apply_many(app, plans, ManyOptions(many, network, output, parallel, canary, show_values, words))
    planned, request = plans[0], plans[0].request
    if canary is not None:
        from airconn.cli.import_many import canaries_of
        from airconn.targets import targets_of

        verify = bool(canaries_of(app, targets_of(app.config, [request.to]), canary))

    def expect(prepared: Import) -> None:
        planfile.refuse_change(planned, prepared)

    way_on = "make a new plan for what is left"
    confirms = confirm or app.config.confirms(request.to)
    view = ImportView(
        app,
        output=output,
        show_values=show_values,
        to=request.to,
        way_on=way_on,
        confirms=confirms,
        backup=words,
    )
    conduct = Conduct(yes=yes, confirm=confirms, fail_fast=fail_fast, verify=verify, settle=settle)
    with app.places(network) as places:
        return view.run(import_objects(request, places, conduct, view.host(), expect))
