"""`airconn apply`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from airconn.cli import options as opt
from airconn.cli.app import App
from airconn.errors import InputError
from airconn.quoting import shown_address

if TYPE_CHECKING:
    from airconn.report.planfile import PlanFile


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
    from airconn.stores import is_file

    app.writes = True
    planned = planfile.load(file)
    kept = _import_options(planned)
    planfile.refuse_untrusted(kept, planned.path)
    named = [kept["to"] or "", *kept["sources"], *kept["fill"]]
    app.config = replace(app.config, planned=dict.fromkeys(named, planned.path))
    for source in kept["sources"]:
        if is_file(source) and not source.startswith(("@", "-")) and not os.path.lexists(source):
            hint = "a plan is carried out in the directory that its sources are relative to"
            raise InputError("there is no such file", where=shown_address(source), hint=hint)
    return Run(app, {**kept, **options}, output).applied(planned, yes=yes)


def _import_options(planned: PlanFile) -> dict[str, Any]:
    """The options of an import as a plan file has them. Raises `InputError` where they are none."""
    from airconn.cli.import_ import command as import_command
    from airconn.cli.running import NOT_IN_A_PLAN
    from airconn.model import AirflowVersion

    apart = {"dry_run", "exit_code", "yes", "output", "plan_out", *NOT_IN_A_PLAN}
    wanted = {param.name: param for param in import_command.params if param.expose_value and param.name not in apart}
    found = planned.options
    if found.keys() != wanted.keys() or not all(
        _is_value_of(import_command.params, param, found[str(name)]) for name, param in wanted.items()
    ):
        raise InputError("its options are not those of this version of airconn", where=planned.path)
    options = {name: tuple(value) if isinstance(value, list) else value for name, value in found.items()}
    return {**options, "airflow": AirflowVersion.parse(found["airflow"]) if found["airflow"] else None}


def _is_value_of(params: Sequence[click.Parameter], param: click.Parameter, value: Any) -> bool:
    """Whether a parameter of a command with these could have had this value."""
    same = [other for other in params if isinstance(other, click.Option) and other.name == param.name]
    flags = [other.flag_value for other in same if other.is_flag and not other.is_bool_flag]
    choices = param.type.choices if isinstance(param.type, click.Choice) else flags

    def is_text(item: Any) -> bool:
        return isinstance(item, str) and item.isprintable() and (not choices or item in choices)

    if param.nargs == -1 or param.multiple:
        return isinstance(value, list) and all(is_text(item) for item in value)
    if isinstance(param, click.Option) and param.is_bool_flag:
        return isinstance(value, bool)
    if isinstance(param.type, click.types.IntParamType):
        return isinstance(value, int) and not isinstance(value, bool) and value >= 0
    return value is None or is_text(value)
