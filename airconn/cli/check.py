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
    from airconn.transfer.request_parts import Network, SourceFormat


@click.command("check", short_help="Lint files, or the objects of a server.")
@click.argument("sources", nargs=-1, metavar="[SOURCE]...", shell_complete=opt.complete_address)
@click.option(
    "--from",
    "places",
    multiple=True,
    metavar="ADDRESS",
    shell_complete=opt.complete_address,
    help="Check what this server, database or backend holds, or each of a group. May be repeated.",
)
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
@opt.network
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
    places: tuple[str, ...],
    selection: Selection,
    allow_empty: bool,
    source_format: SourceFormat,
    ignore: tuple[str, ...],
    fix: bool,
    strict: bool,
    resolve: tuple[str, ...],
    output: str,
    airflow: AirflowVersion | None,
    network: Network,
) -> int:
    """Lint the files SOURCE (- is standard input), or what --from has. Exits with 3 if there are errors.

    Files are checked without a network.

    \b
      airconn check .env airflow_settings.yaml
      airconn check connections.json --airflow 2.11 --ignore AC511
      airconn check .env --fix
      airconn check --airflow 3.3 --from https://old.example.com
    """
    from airconn.check import CheckRequest, report, run_check
    from airconn.errors import UsageError
    from airconn.model import NEWEST
    from airconn.quoting import clean

    if not sources and not places:
        raise UsageError("no SOURCE and no --from", hint="name a file, or a server or backend with --from ADDRESS")
    request = CheckRequest(
        sources,
        places,
        source_format,
        selection,
        airflow or NEWEST,
        migrates=airflow is not None,
        ignore=ignore,
        fix=fix,
        strict=strict,
        allow_empty=allow_empty,
        resolve=resolve,
    )
    with app.places(network) as opened:
        result = run_check(request, opened)
    app.say(*map(clean, result.remarks))
    _tell_of_repairs(app, result.repairs)
    if output == "json":
        fixed = [(repair.file, message) for repair in result.repairs for message in repair.done]
        app.data(report.as_json(result.findings, result.files, result.places, fixed) + "\n")
    elif output == "sarif":
        app.data(report.as_sarif(result.findings) + "\n")
    else:
        _show(app, result.findings)
    app.say(report.summary(result.findings, len(result.files), result.descriptions))
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

    for group in [(finding,) for finding in findings] if app.verbosity > 0 else report.grouped(findings):
        finding = group[0]
        if finding.severity is Severity.NOTE and app.verbosity < 0:
            continue
        severity = app.style(finding.severity.value, report.COLOURS[finding.severity])
        app.rows(f"{clean(finding.place)}: {severity} {finding.code} {report.describe_all(group)}\n")
        if app.verbosity >= 0:
            each = " (-v shows the fix for each)" if len({one.fix for one in group}) > 1 else ""
            app.rows(f"  fix: {clean(finding.fix)}{each}\n")
    if app.environ.get("GITHUB_ACTIONS") == "true":
        for finding in findings:
            app.data(report.annotation(finding) + "\n", raw=True)
