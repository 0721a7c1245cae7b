"""`airconn diff`."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import click

from airconn.cli import options as opt
from airconn.cli.app import App
from airconn.errors import ExitCode, InputError, UsageError
from airconn.transfer.standard_input import refuse_second_use

if TYPE_CHECKING:
    from airconn.model import AirflowVersion


@click.command("diff", short_help="Show what differs between two places.")
@click.argument("a", metavar="A", shell_complete=opt.complete_address)
@click.argument("b", metavar="B", shell_complete=opt.complete_address)
@click.option("--exit-code", is_flag=True, help="Exit with 6 if anything differs. What can't be known doesn't count.")
@click.option("--show-values", is_flag=True, help="Show the values of what differs; what may be a secret is masked.")
@opt.selection
@opt.allowing_nothing
@opt.reading
@opt.airflow
@opt.network
@opt.output
@opt.verbosity
@click.pass_obj
def command(
    app: App,
    /,
    a: str,
    b: str,
    exit_code: bool,
    show_values: bool,
    kinds: tuple[str, ...],
    include: tuple[str, ...],
    exclude: tuple[str, ...],
    allow_empty: bool,
    airflow: AirflowVersion | None,
    output: str,
    **options: Any,
) -> int:
    """Show what differs between A and B: files, Airflows, or other places. No values are shown.

    What a place hides can't be known to be equal or different, and is listed as such.

    \b
      airconn diff .env https://airflow.example.com --exit-code
      airconn diff @dev @prod --connections
      airconn diff old.yaml new.yaml --show-values
    """
    from airconn import transfer
    from airconn.diff import Status
    from airconn.report import diff as report_diff
    from airconn.transfer import comparing, nothing

    if show_values and output == "json":
        raise UsageError("--output json holds no values", hint="leave out --show-values or --output json")
    refuse_second_use((a, b))
    with ExitStack() as stack:
        left, right = (opt.open_address(app.config.resolve(address), options) for address in (a, b))
        stack.callback(transfer.close, [left, right])
        app.follow(left, right)
        chosen = opt.make_selection(kinds, include, exclude)
        compared = comparing.compare_places(left, right, chosen, airflow)
        if not allow_empty:
            nothing.refuse_unmatched(chosen, compared.seen, [left, right])
            if not compared.seen:
                nothing.refuse_nothing(chosen, [left, right], unless_empty=True)
    app.notes(compared.notes)
    app.ignored(compared.ignored)
    diff = compared.diff
    if not diff.objects:
        what = "neither place holds anything"
        if compared.strangers:
            what += " that the other has a place for"
            if not allow_empty:
                raise InputError(what, hint=nothing.ALLOW)
        opt.warn_of_nothing(app, chosen, what)
    if output == "json":
        app.data(report_diff.diff_json(diff, compared.a, compared.b) + "\n")
    else:
        shown = [obj for obj in diff.objects if obj.status is not Status.EQUAL or app.verbosity > 0]
        for line in report_diff.diff_lines(shown, app.style, values=show_values) if app.verbosity >= 0 else ():
            app.rows(line + "\n")
        app.rows(report_diff.diff_summary(diff) + "\n")
    if code := app.verdict(compared.notes, "is taken for missing"):
        return code
    return ExitCode.DIFFERENT if exit_code and diff.is_different else ExitCode.OK
