"""`airconn list` of several targets: a section for each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from airconn.cli import several_view
from airconn.cli.app import App

if TYPE_CHECKING:
    from airconn.targets import Target
    from airconn.transfer.listing import ListRequest
    from airconn.transfer.many.listing import ListedTargets
    from airconn.transfer.request_parts import Network


def list_many(
    app: App,
    request: ListRequest,
    targets: Sequence[Target],
    network: Network,
    parallel: int | None,
    *,
    fail_fast: bool,
    output: str,
) -> int:
    """Lists the objects of the targets, in the order in which they were named. Returns the exit code."""
    from airconn.report import many as report
    from airconn.transfer.many.listing import list_targets

    with app.places(network) as places, several_view.reading(app, parallel, fail_fast=fail_fast) as reads:
        found = list_targets(request, targets, places, reads)
    notes = [(one.member.label, note) for one in found.targets for note in one.listed.notes]
    several_view.tell_notes(app, notes)
    if output == "json":
        app.data(report.list_json(found) + "\n")
    else:
        _tell(app, found)
    several_view.tell_failures(app, found.failures, found.skipped)
    several_view.tell_incomplete(app, notes)
    return several_view.worst_of((one.listed.exit_code for one in found.targets), found.failures)


def _tell(app: App, found: ListedTargets) -> None:
    from airconn import report
    from airconn.cli.object_table import tell_rows
    from airconn.report.many import heading

    for number, one in enumerate(found.targets):
        if number:
            app.rows("\n")
        app.rows(f"{heading(one.member.label, one.listed.place)}\n")
        if rows := report.list_rows(one.listed.bundle):
            tell_rows(app, rows)
    for one in found.targets:
        app.say(f"{one.member.label}: {report.amounts(one.listed.bundle, one.listed.kinds)}")
