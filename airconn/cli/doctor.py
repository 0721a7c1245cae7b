"""`airconn doctor`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from airconn.cli import options as opt
from airconn.cli.app import App

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airconn.stores.health import HealthCheck
    from airconn.transfer.request_parts import Network

_COLUMNS = 80
"""The width in a pipe and at most, so that a bug report can hold the output as it is."""


@click.command("doctor", short_help="Check the configuration, the network and what you may do.")
@click.argument("address", required=False, metavar="[ADDRESS]", shell_complete=opt.complete_address)
@click.option(
    "--ask-writes",
    is_flag=True,
    help="Ask the Airflow also for rights that only requests show which it logs. They change nothing.",
)
@opt.network
@opt.output
@opt.verbosity
@click.pass_obj
def command(app: App, /, address: str | None, ask_writes: bool, network: Network, output: str) -> int:
    """Check what airconn would use and what answers: versions, configuration, network, login, rights.

    Nothing is written, and no credentials are shown: the output is what a bug report should begin with. ADDRESS is
    the target by default. A failed check names what to do; later ones still run where they make sense.

    \b
      exit code 0   nothing failed
      exit code 1   some objects can't be read
      exit code 2   the command line or the configuration is wrong
      exit code 3   a file can't be read
      exit code 4   the credentials are for no such host
      exit code 5   not reachable, or it refuses the credentials

    \b
      airconn doctor
      airconn doctor @prod
      airconn doctor vault:///secret --output json
    """
    from dataclasses import fields

    from airconn.config import Config
    from airconn.doctor.examining import DoctorRequest, examine, exit_code
    from airconn.errors import AirconnError
    from airconn.report import doctor as report
    from airconn.stores.health import Health
    from airconn.transfer.places import Places

    config: Config | AirconnError
    try:
        config = app.config
    except AirconnError as error:
        config = error
    options = frozenset(one.name for one in fields(network) if getattr(network, one.name) is not None)
    request = DoctorRequest(app.directory, address, ask_writes, options, frozenset(app.from_env_files))
    checks: list[HealthCheck] = []

    def open_places(config: Config) -> Places:
        return Places(config, network, app.ask_value, app.watch)

    found = (
        check
        for check in examine(request, config, Config(app.environ, stdin=app.stdin), open_places)
        if app.verbosity >= 0 or check.health in (Health.WARNING, Health.FAILED)
    )
    if output == "json":
        checks = list(found)
        app.data(report.doctor_json(checks, exit_code(checks)) + "\n")
        return exit_code(checks)

    def noted() -> Iterator[HealthCheck]:
        for check in found:
            checks.append(check)
            yield check

    for line in report.lines(noted(), app.style, min(app.columns or _COLUMNS, _COLUMNS)):
        app.data(line + "\n")
    app.data(f"\n{report.LEGEND}\n" if checks else "")
    app.data(f"{report.summary(checks, exit_code(checks))}\n")
    return exit_code(checks)
