"""`airconn test`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from airconn.cli import options as opt
from airconn.cli import several_options, several_view
from airconn.cli.app import App

if TYPE_CHECKING:
    from airconn.model import AirflowVersion
    from airconn.transfer.request_parts import Network, ObjectChanges, SourceFormat


@click.command("test", short_help="Ask an Airflow to test connections.")
@click.argument("ids", nargs=-1, required=True, metavar="ID...", shell_complete=opt.complete_object)
@several_options.several(
    "--to", "to", f"The Airflow that tests {opt.DEFAULT_PLACE} May be repeated, and may be a group.", "--from"
)
@click.option(
    "--source",
    "sources",
    multiple=True,
    metavar="ADDRESS",
    shell_complete=opt.complete_address,
    help="Where the values come from: a file, env:, a server or a backend [that Airflow]. May be repeated.",
)
@opt.filling
@opt.overriding
@opt.reading
@opt.airflow
@several_options.parallel
@several_options.fail_fast("Begin no other Airflow after one that can't be asked.")
@opt.network
@opt.output
@opt.verbosity
@click.pass_obj
def command(
    app: App,
    /,
    ids: tuple[str, ...],
    to: tuple[str, ...],
    sources: tuple[str, ...],
    fill: tuple[str, ...],
    changes: ObjectChanges,
    source_format: SourceFormat,
    airflow: AirflowVersion | None,
    parallel: int | None,
    fail_fast: bool,
    network: Network,
    output: str,
) -> int:
    """Ask an Airflow to test the connections ID, with the values of a file or another source. Nothing is stored.

    An Airflow doesn't show its own secrets, so that --source or --fill gives them; a hidden value is never tested.

    \b
      exit code 0   all work
      exit code 1   a connection fails; the server says why
      exit code 4   not tested: a value is hidden, tests are switched off, this
                    type can't be tested, or its provider isn't installed

    \b
      airconn test warehouse --source .env
      airconn test warehouse --source .env --set connections/warehouse.host=db2
      airconn test warehouse api --fill env: --to @prod
      airconn test warehouse --source .env --to @eu --to @us
    """
    from airconn.cli.meant import refuse_kind_as_id
    from airconn.report import connection_tests as report
    from airconn.transfer.standard_input import refuse_second_use
    from airconn.transfer.testing import ConnectionTestRequest, run_tests

    refuse_kind_as_id("test", ids)
    refuse_second_use(sources, fill, changes.overlays)
    address = to[0] if to else None
    request = ConnectionTestRequest(
        names=ids,
        airflow_address=address,
        sources=sources,
        source_format=source_format,
        airflow=airflow,
        fills=fill,
        changes=changes,
    )
    if targets := several_view.targets_of(app, to):
        from airconn.cli.test_many import test_many

        return test_many(app, request, targets, network, parallel, fail_fast=fail_fast, output=output)
    if app.config.named(address).startswith("@"):
        from airconn.targets import targets_of

        (target,) = targets_of(app.config, [address])
        request = replace(request, airflow_address=target.address, airflow=airflow or target.airflow)
    with app.places(network) as places:
        tests = run_tests(request, places)
    app.notes(tests.notes)
    if output == "json":
        app.data(report.tests_json(tests) + "\n")
    else:
        for line in report.lines(tests, app.style):
            app.rows(line + "\n")
        for hint in report.hints(tests):
            app.say(f"hint:  {hint}", level=-1)
    return tests.exit_code
