"""`airconn test` with several Airflows: rows for each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from airconn.cli import several_view
from airconn.cli.app import App

if TYPE_CHECKING:
    from airconn.targets import Target
    from airconn.transfer.request_parts import Network
    from airconn.transfer.testing import ConnectionTestRequest


def test_many(
    app: App,
    request: ConnectionTestRequest,
    targets: Sequence[Target],
    network: Network,
    parallel: int | None,
    *,
    fail_fast: bool,
    output: str,
) -> int:
    """Has each Airflow test the connections. Returns the exit code."""
    from airconn.report import connection_tests
    from airconn.report import many as report
    from airconn.transfer.many.testing import test_targets

    with app.places(network) as places, several_view.reading(app, parallel, fail_fast=fail_fast) as reads:
        found = test_targets(request, targets, places, reads)
    several_view.tell_notes(app, [(one.member.label, note) for one in found.targets for note in one.tests.notes])
    if output == "json":
        app.data(report.tests_json(found) + "\n")
    else:
        for line in report.test_lines(found, app.style):
            app.rows(line + "\n")
        for hint in dict.fromkeys(hint for one in found.targets for hint in connection_tests.hints(one.tests)):
            app.say(f"hint:  {hint}", level=-1)
    several_view.tell_failures(app, found.failures, found.skipped)
    return several_view.worst_of((one.tests.exit_code for one in found.targets), found.failures)
