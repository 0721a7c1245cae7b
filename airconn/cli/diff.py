"""`airconn diff`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from airconn.cli import options as opt
from airconn.cli import several_options, several_view
from airconn.cli.app import App
from airconn.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airconn.diff import ObjectDiff
    from airconn.errors import ExitCode
    from airconn.model import AirflowVersion, Selection
    from airconn.transfer.comparing import Comparison
    from airconn.transfer.request_parts import Network, SourceFormat


_TWO = 2


@click.command("diff", short_help="Show what differs between files, servers or backends.")
@click.argument("addresses", nargs=-1, metavar="A B...", shell_complete=opt.complete_address)
@click.option("--exit-code", is_flag=True, help="Exit with 6 if anything differs. Hidden values don't count.")
@click.option("--show-values", is_flag=True, help="Show the values of what differs; what may be a secret is masked.")
@opt.strict("anything")
@opt.resolve
@opt.selection
@opt.allowing_nothing
@opt.reading
@opt.airflow
@several_options.parallel
@several_options.fail_fast("Read no other address after one that fails.")
@opt.network
@opt.limit
@opt.output
@opt.verbosity
@click.pass_obj
def command(
    app: App,
    /,
    addresses: tuple[str, ...],
    exit_code: bool,
    show_values: bool,
    strict: bool | None,
    resolve: tuple[str, ...],
    selection: Selection,
    allow_empty: bool,
    source_format: SourceFormat,
    airflow: AirflowVersion | None,
    parallel: int | None,
    fail_fast: bool,
    network: Network,
    output: str,
) -> int:
    """Show what differs between A and B: files, Airflows, or backends. No values are shown.

    The symbols are those of airconn import A --to B: + is only in A, - is only in B, ~ is different. ? can't be
    known, because a side hides it. With more than two places, or a group, it shows which have what, and who differs.

    \b
      airconn diff .env https://airflow.example.com --exit-code
      airconn diff @dev @prod --connections
      airconn diff dev.yaml prod.yaml --show-values
      airconn diff objects.yaml @eu @us @ap
    """
    from airconn.cli import meant
    from airconn.model import Selection
    from airconn.transfer.comparing import DiffRequest, compare_places
    from airconn.transfer.target_request import selection_of

    if show_values and output == "json":
        raise UsageError("--output json holds no values", hint="leave out --show-values or --output json")
    is_several = len(addresses) > _TWO or any(address.startswith("@") for address in addresses)
    targets = several_view.targets_of(app, addresses) if is_several else ()
    names = [target.address for target in targets] or addresses
    if len(names) < _TWO:
        # As click says it for an argument of its own.
        raise UsageError(f"missing argument {'B' if names else 'A'!r}", hint=meant.of_missing("diff", names))
    if len(names) > _TWO:
        from airconn.cli.diff_many import diff_many
        from airconn.transfer.many.comparing import DiffOfManyRequest

        if show_values:
            raise UsageError("--show-values is for two addresses", hint="name two of them")
        many = DiffOfManyRequest(
            app.config.is_strict(strict),
            resolve,
            source_format=source_format,
            selection=selection,
            airflow=airflow,
            allow_empty=allow_empty,
        )
        several_view.tell_settings(app, targets, are_compared=True)
        return diff_many(
            app,
            many,
            targets,
            network,
            parallel,
            fail_fast=fail_fast,
            fails_on_difference=exit_code,
            output=output,
        )
    several_view.tell_settings(app, targets, are_compared=True)
    of_targets = {target.airflow for target in targets if target.airflow}
    request = DiffRequest(
        names[0],
        names[1],
        exit_code,
        app.config.is_strict(strict),
        resolve,
        tuple(selection_of(Selection(), target) for target in targets if target.include or target.exclude),
        source_format=source_format,
        selection=selection,
        airflow=airflow or (of_targets.pop() if len(of_targets) == 1 else None),
        allow_empty=allow_empty,
    )
    with app.places(network) as places:
        compared = compare_places(request, places)
    return _conclude(app, compared, selection, output, show_values=show_values)


def _conclude(app: App, compared: Comparison, selection: Selection, output: str, *, show_values: bool) -> ExitCode:
    from airconn.report import diff as report_diff

    app.notes(compared.notes)
    app.ignored(compared.ignored)
    if compared.error:
        raise compared.error
    if compared.nothing:
        opt.warn_of_nothing(app, selection, compared.nothing)
    if output == "json":
        app.data(report_diff.diff_json(compared.diff, compared.a, compared.b) + "\n")
    else:
        _tell(app, compared, show_values=show_values)
    app.incomplete(compared.notes, "is read as missing")
    return compared.exit_code


def _tell(app: App, compared: Comparison, *, show_values: bool) -> None:
    from airconn.diff import Status
    from airconn.report import diff as report_diff

    objects = compared.diff.objects
    shown: Sequence[ObjectDiff] = [obj for obj in objects if obj.status is not Status.EQUAL or app.verbosity > 0]
    more = ""
    if (most := app.most_rows) is not None:
        shown, more = report_diff.first_of_each(shown, most)
    rows = report_diff.diff_lines(shown, app.style, values=show_values, columns=app.columns)
    for line in rows if app.verbosity >= 0 else ():
        app.rows(line + "\n")
    if more and app.verbosity >= 0:
        app.rows(f"{more}\n")
    if app.verbosity >= 0 and app.stdout.isatty():
        app.rows(report_diff.diff_sides(compared.a, compared.b) + "\n")
    app.rows(report_diff.diff_summary(compared.diff) + "\n")
