"""`airconn undo`."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from airconn.cli import options as opt
from airconn.cli.app import App
from airconn.cli.backup_option import command_words
from airconn.cli.backup_option import no_backup as no_backup_option
from airconn.cli.completing import complete_run
from airconn.errors import BlockedError, ExitCode, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airconn.model import Selection
    from airconn.transfer.backup_file import RunSummary
    from airconn.transfer.importing import Import
    from airconn.transfer.request_parts import Network


@click.command("undo", short_help="Restore what a run has overwritten or deleted.")
@click.argument("run", required=False, metavar="[RUN]", shell_complete=complete_run)
@click.option("--list", "lists", is_flag=True, help="Show the runs that can be undone, and write nothing.")
@click.option("--clear", is_flag=True, help="Remove all backups. They hold secrets.")
@click.option("--to", metavar="ADDRESS", shell_complete=opt.complete_address, help="The target of the run [as then].")
@click.option("--dry-run", "-n", is_flag=True, help="Show the plan and write nothing.")
@click.option("--exit-code", is_flag=True, help="With --dry-run: exit with 6 if something would change.")
@click.option("--yes", "-y", is_flag=True, help="Undo without asking.")
@click.option("--force", is_flag=True, help="Undo objects that have changed since the run, too.")
@opt.filling
@opt.selection
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
    run: str | None,
    lists: bool,
    clear: bool,
    to: str | None,
    dry_run: bool,
    exit_code: bool,
    yes: bool,
    force: bool,
    fill: tuple[str, ...],
    selection: Selection,
    no_backup: bool,
    fail_fast: bool,
    verify: bool,
    settle: bool,
    show_values: bool,
    network: Network,
    output: str,
) -> int:
    """Undo RUN: give back what it has overwritten and deleted, and delete what it has created.

    Without RUN, the last run of import, apply, set, edit or delete that isn't undone yet. It shows the plan and asks
    on a terminal, and needs --yes elsewhere. What has changed after the run is not undone without --force.

    \b
      airconn undo --dry-run
      airconn undo
      airconn undo --list
    """
    if sum((lists, clear, run is not None)) > 1:
        raise UsageError("RUN, --list and --clear exclude each other", hint="keep one of them")
    if lists or clear:
        return _show_runs(app, output) if lists else _clear(app)

    from airconn.cli.import_view import ImportView
    from airconn.model import number_of
    from airconn.transfer.backups import Backups
    from airconn.transfer.engine import undo_run
    from airconn.transfer.requests import Conduct
    from airconn.transfer.undoing import UndoRequest

    app.writes = True
    if exit_code and not dry_run:
        raise UsageError("--exit-code says what a --dry-run finds", hint="add --dry-run")
    words = command_words(app, no_backup, "undo")
    backups = Backups(app.state_directory)
    parts = backups.parts(run) if to is None else [backups.find(run).run]
    request = UndoRequest(to, fill, selection, force)
    if len(parts) > 1:
        from airconn.cli.import_many import ManyOptions, undo_many

        many = Conduct(dry_run, exit_code, yes, False, fail_fast, verify, settle)
        return undo_many(app, parts, request, ManyOptions(many, network, output, None, None, show_values, words))
    found = backups.find(parts[0])
    header, when = found.header, time.strftime("%Y-%m-%d %H:%M", time.localtime(found.header.began))
    app.say(f"undo of run {found.run}: {header.command}, {when}, {header.target}")
    nothing = "nothing to undo: all is as it was before that run"
    target = to or header.to or header.address  # which needn't be that of commands without --to
    view = ImportView(
        app, output=output, show_values=show_values, dry_run=dry_run, to=target, nothing=nothing, backup=words
    )

    def ask(prepared: Import) -> None:
        number = number_of(len(prepared.plan.writes))
        if not yes and not app.can_ask:
            raise BlockedError(f"{number} would be changed back, and it isn't confirmed", hint="add --yes")
        if not yes and not view.agrees(prepared):
            raise BlockedError("the undo wasn't confirmed")

    conduct = Conduct(dry_run, exit_code, yes=True, fail_fast=fail_fast, verify=verify, settle=settle)
    with app.places(network) as places:
        code = view.run(undo_run(found, request, places, conduct, view.host(), ask))
    return ExitCode.SOME_FAILED if code is ExitCode.OK and view.lacks_objects else code


def _clear(app: App) -> int:
    from airconn.transfer.backups import Backups

    number = Backups(app.state_directory).clear()
    app.say(f"{number} backup{'s' * (number != 1)} removed")
    return ExitCode.OK


def _show_runs(app: App, output: str) -> int:
    from airconn.quoting import to_json
    from airconn.report import SCHEMA_VERSION
    from airconn.transfer.backups import Backups, undone_runs

    backups = Backups(app.state_directory)
    runs, unread = backups.read_all()
    for path in unread:
        app.warn(f"{path}: this backup can't be read")
    undone = undone_runs(runs)
    if output == "json":
        entries = [_as_json(run, undone.get(run.run)) for run in runs]
        app.data(to_json({"schema_version": SCHEMA_VERSION, "runs": entries}) + "\n")
        return ExitCode.OK
    if not runs:
        app.say(f"no run can be undone: {backups.directory} has no backups")
    rows = [_row(run, undone.get(run.run)) for run in runs]
    app.rows("".join(f"{line}\n" for line in _aligned(rows)))
    return ExitCode.OK


def _row(run: RunSummary, undone_by: str | None) -> tuple[str, ...]:
    from airconn.quoting import clean

    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(run.header.began))
    remark = f"undone by {undone_by}" if undone_by else "" if undone_by is None else "undone"
    what = ", ".join((_counts(run), *([remark] if remark else [])))
    return run.run, when, clean(run.header.command), clean(run.header.target), what


def _counts(run: RunSummary) -> str:
    from airconn.model import Action
    from airconn.report import DONE

    counted = ", ".join(f"{number} {DONE[action]}" for action in Action if (number := run.written.get(action)))
    if run.is_complete:
        return counted
    return f"{counted}, not complete" if counted else "not complete"


def _aligned(rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(5)] if rows else []
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _as_json(run: RunSummary, undone_by: str | None) -> dict[str, object]:
    from airconn.report import DONE

    return {
        "run": run.run,
        "began": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(run.header.began)),
        "command": run.header.command,
        "target": run.header.target,
        "address": run.header.address,
        "written": {DONE[action]: number for action, number in run.written.items()},
        "complete": run.is_complete,
        "undoes": run.header.undoes,
        "undone": undone_by is not None,
        "undone_by": undone_by or None,
    }
