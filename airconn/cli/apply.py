"""`airconn apply`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from airconn.cli import options as opt
from airconn.cli.app import App
from airconn.errors import InputError
from airconn.model import AirflowVersion


@click.command("apply", short_help="Carry out a plan that was made before.")
@click.argument("file", type=click.Path(path_type=Path), metavar="FILE")
@opt.yes
@opt.finishing
@opt.network
@opt.output
@opt.verbosity
@click.pass_obj
def command(app: App, /, file: Path, yes: bool, output: str, **options: Any) -> int:
    """Carry out the plan in FILE, which airconn import --plan-out wrote.

    The sources are read again, from where the plan says. Nothing is written if they or the target have changed since.

    \b
      airconn import .env --plan-out plan.json
      airconn apply plan.json
    """
    from airconn.cli.running import Run
    from airconn.report import planfile

    app.writes = True
    planned = planfile.load(file)
    kept = _import_options(planned)
    return Run(app, {**kept, **options}, output).applied(planned, yes=yes)


def _import_options(planned: Any) -> dict[str, Any]:
    """The options of an import as a plan file has them. Raises `InputError` where they are none."""
    from airconn.cli.import_ import command as import_command
    from airconn.cli.running import NOT_IN_A_PLAN

    apart = {"dry_run", "exit_code", "yes", "output", "plan_out", *NOT_IN_A_PLAN}
    wanted = {param.name: param for param in import_command.params if param.name and param.expose_value}
    names = wanted.keys() - apart
    found = dict(planned.options)
    if found.keys() != names:
        raise InputError("its options are not those of this version of airconn", where=planned.path)
    found["airflow"] = AirflowVersion.parse(found["airflow"]) if found["airflow"] else None
    return {name: tuple(value) if isinstance(value, list) else value for name, value in found.items()}
