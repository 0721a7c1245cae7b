"""`airconn diff` of more than two places."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from airconn.cli import options, several_view
from airconn.cli.app import App
from airconn.errors import ExitCode

if TYPE_CHECKING:
    from airconn.targets import Target
    from airconn.transfer.many.comparing import ComparisonOfMany, DiffOfManyRequest
    from airconn.transfer.request_parts import Network

_TWO = 2


def diff_many(
    app: App,
    request: DiffOfManyRequest,
    targets: Sequence[Target],
    network: Network,
    parallel: int | None,
    *,
    fail_fast: bool,
    fails_on_difference: bool,
    output: str,
) -> int:
    """Compares the places, and shows which have what, and who differs. Returns the exit code."""
    from airconn.report import many_diff as report
    from airconn.transfer.many.comparing import compare_targets

    with app.places(network) as places, several_view.reading(app, parallel, fail_fast=fail_fast) as reads:
        compared = compare_targets(request, targets, places, reads)
    several_view.tell_notes(app, compared.notes)
    app.ignored(compared.ignored)
    if compared.error:
        raise compared.error
    if compared.nothing:
        options.warn_of_nothing(app, request.selection, compared.nothing)
    if output == "json":
        app.data(report.diff_of_many_json(compared) + "\n")
    elif len(compared.places) >= _TWO:
        _tell(app, compared)
    several_view.tell_failures(app, compared.failures, compared.skipped)
    several_view.tell_incomplete(app, compared.notes, "is read as missing")
    codes = [ExitCode.SOME_FAILED] if any(note.failed for _, note in compared.notes) else []
    if fails_on_difference and compared.diff.is_different:
        codes.append(ExitCode.DIFFERENT)
    return several_view.worst_of(codes, compared.failures)


def _tell(app: App, compared: ComparisonOfMany) -> None:
    from airconn.diff_many import ManyStatus, ObjectInMany
    from airconn.report import many_diff as report

    diff, labels = compared.diff, [place.label for place in compared.places]
    if app.verbosity >= 0:
        every = app.verbosity > 0
        quiet = () if every else (ManyStatus.EQUAL, ManyStatus.UNKNOWN)
        shown: Sequence[ObjectInMany] = [obj for obj in diff.objects if obj.status not in quiet]
        more = ""
        if (most := app.most_rows) is not None:
            shown, more = report.first_of_each(shown, most)
        for line in report.ManyRows(shown, labels, app.style, app.columns, every=every).lines():
            app.rows(f"{line}\n")
        for line in (more, "" if every else report.hidden_line(diff, labels)):
            if line:
                app.rows(f"{line}\n")
        for line in report.place_lines(compared.places, diff):
            app.rows(f"{line}\n")
    app.rows(report.summary(diff, len(labels)) + "\n")
