"""`airconn targets`."""

from __future__ import annotations

import click

from airconn.cli import options as opt
from airconn.cli.app import App
from airconn.cli.login_options import env_file
from airconn.errors import ExitCode

_WIDEST = 34
"""The columns of the values, so that their sources fit beside them. Longer ones push their sources away."""


@click.command("targets", short_help="List the targets and groups of the configuration.")
@env_file
@opt.output
@opt.verbosity
@click.pass_obj
def command(app: App, /, output: str) -> int:
    """List the targets and groups of airconn.toml and of your own config.toml, and where each setting comes from.

    No request is sent and no command is run; of credentials, only the names of variables and files are shown. If a
    target or a group can't be used, this says why, and the exit code is 2.

    \b
      airconn targets
      airconn targets --output json
    """
    from airconn.named_places import NO_TARGETS
    from airconn.report.targets import targets_json, targets_rows
    from airconn.transfer.target_listing import list_targets

    listed = list_targets(app.config)
    if output == "json":
        app.data(targets_json(listed) + "\n")
    else:
        rows = list(targets_rows(listed))
        names = max((len(name) for name, _, _ in rows), default=0)
        values = min(max((len(value) for _, value, source in rows if source), default=0), _WIDEST)
        for name, value, source in rows:
            app.rows(f"{name.ljust(names)}  {value.ljust(values)}  {source}".rstrip() + "\n")
        if not rows:
            app.say("no target is configured")
            app.hint(f"{NO_TARGETS} (airconn help targets)")
    for problem in listed.problems:
        app.error(problem)
    return ExitCode.USAGE if listed.problems else ExitCode.OK
