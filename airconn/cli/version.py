"""`airconn version`."""

from __future__ import annotations

import click

from airconn.cli import options as opt
from airconn.cli.app import App


@click.command("version", short_help="Show the versions of airconn and Python.")
@opt.output
@opt.verbosity
@click.pass_obj
def command(app: App, /, output: str) -> None:
    """Show the version of airconn; with -v those of Python and of the platform too, and the installed extras.

    \b
      airconn version
      airconn version -v
    """
    from airconn.doctor.installation import installation

    found = installation()
    if output == "json":
        from dataclasses import asdict

        from airconn.quoting import to_json
        from airconn.report.results import SCHEMA_VERSION

        app.data(to_json({"schema_version": SCHEMA_VERSION, **asdict(found)}) + "\n")
        return
    app.data(f"airconn {found.airconn}\n")
    if app.verbosity > 0:
        app.data(f"{found.python} on {found.platform}\n")
        app.data(f"extras: {', '.join(found.extras) or 'none'}\n")
        if found.missing:
            app.data(f"not installed: {', '.join(found.missing)}\n")
