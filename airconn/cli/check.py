"""`airconn check`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from airconn.cli import options as opt
from airconn.cli.app import App

if TYPE_CHECKING:
    from airconn.check import Finding, Repair
    from airconn.model import AirflowVersion, Selection
    from airconn.transfer.request_parts import SourceFormat


@click.command("check", short_help="Lint files, offline.")
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...", shell_complete=opt.complete_address)
@click.option(
    "--ignore",
    multiple=True,
    metavar="CODE",
    shell_complete=opt.complete_rule,
    help="Skip the findings of this rule. May be repeated.",
)
@click.option("--fix", is_flag=True, help="Fix, in place, what has only one right answer.")
@click.option("--strict", is_flag=True, help="Exit with 3 for warnings as well.")
@opt.resolve
@opt.airflow_of_files
@opt.selection
@opt.allowing_nothing
@opt.reading
@click.option(
    "--output",
    type=click.Choice(["text", "json", "sarif"]),
    default="text",
    help="How the findings are shown; values never are.",
)
@opt.verbosity
@click.pass_obj
def command(
    app: App,
    /,
    sources: tuple[str, ...],
    selection: Selection,
    allow_empty: bool,
    source_format: SourceFormat,
    ignore: tuple[str, ...],
    fix: bool,
    strict: bool,
    resolve: tuple[str, ...],
    output: str,
    airflow: AirflowVersion | None,
) -> int:
    """Lint the files SOURCE (- is standard input) without a network. Exits with 3 if there are errors.

    \b
      airconn check .env airflow_settings.yaml
      airconn check connections.json --airflow 2.11 --ignore AC511
      airconn check .env --fix
    """
    from airconn.check import CheckRequest, report, run_check
    from airconn.model import NEWEST
    from airconn.quoting import clean
    from airconn.transfer.request_parts import Network

    request = CheckRequest(
        sources,
        source_format,
        selection,
        airflow or NEWEST,
        ignore,
        fix=fix,
        strict=strict,
        allow_empty=allow_empty,
        resolve=resolve,
    )
    with app.places(Network()) as places:
        result = run_check(request, places)
    app.say(*map(clean, result.remarks))
    _tell_of_repairs(app, result.repairs)
    if output == "json":
        fixed = [(repair.file, message) for repair in result.repairs for message in repair.done]
        app.data(report.as_json(result.findings, result.files, fixed) + "\n")
    elif output == "sarif":
        app.data(report.as_sarif(result.findings) + "\n")
    else:
        _show(app, result.findings)
    app.say(report.summary(result.findings, len(result.files)))
    return result.exit_code


def _tell_of_repairs(app: App, repairs: Sequence[Repair]) -> None:
    from airconn.quoting import clean

    for repair in repairs:
        if repair.why_not:
            app.warn(clean(f"{repair.file}: {repair.why_not}"))
        for message in repair.done:
            app.say(clean(f"fixed: {repair.file}: {message}"))


def _show(app: App, findings: Sequence[Finding]) -> None:
    """Writes the findings for people and, in GitHub Actions, as annotations."""
    from airconn.check import Severity, report
    from airconn.quoting import clean

    for finding in findings:
        if finding.severity is Severity.NOTE and app.verbosity < 0:
            continue
        severity = app.style(finding.severity.value, report.COLOURS[finding.severity])
        app.rows(f"{clean(finding.place)}: {severity} {finding.code} {report.describe(finding)}\n")
        if app.verbosity >= 0:
            app.rows(f"  fix: {clean(finding.fix)}\n")
    if app.environ.get("GITHUB_ACTIONS") == "true":
        for finding in findings:
            app.data(report.annotation(finding) + "\n", raw=True)
