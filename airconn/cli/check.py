"""`airconn check`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from airconn.cli import options as opt
from airconn.cli.app import App
from airconn.errors import ExitCode, UsageError
from airconn.transfer.standard_input import STDIN, one_name, refuse_second_use

if TYPE_CHECKING:
    from airconn.check import Finding
    from airconn.model import AirflowVersion
    from airconn.stores.file import FileStore


@click.command("check", short_help="Lint files, offline.")
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...", shell_complete=opt.complete_address)
@click.option("--ignore", multiple=True, metavar="CODE", help="Leave out what this rule finds. May be repeated.")
@click.option("--fix", is_flag=True, help="Mend what has one right answer, in place.")
@click.option("--strict", is_flag=True, help="Exit with 3 for warnings as well.")
@opt.airflow_of_files
@opt.selection
@opt.allowing_nothing
@opt.reading
@click.option(
    "--output",
    type=click.Choice(["text", "json", "sarif"]),
    default="text",
    help="How the findings are shown; no form has values in it.",
)
@opt.verbosity
@click.pass_obj
def command(
    app: App,
    /,
    sources: tuple[str, ...],
    kinds: tuple[str, ...],
    include: tuple[str, ...],
    exclude: tuple[str, ...],
    allow_empty: bool,
    ignore: tuple[str, ...],
    fix: bool,
    strict: bool,
    output: str,
    airflow: AirflowVersion | None,
    **options: Any,
) -> int:
    """Lint the files SOURCE (- is standard input) without a network. Exits with 3 if there are errors.

    \b
      airconn check .env airflow_settings.yaml
      airconn check connections.json --airflow 2.11 --ignore AC511
      airconn check .env --fix
    """
    from airconn import check, transfer
    from airconn.check import report
    from airconn.model import NEWEST

    if fix and STDIN in map(one_name, sources):
        raise UsageError("--fix mends files in place, and standard input is none", hint="name the file")
    refuse_second_use(sources)
    files = _files(app, sources, options)
    codes = _codes(ignore, list(check.BY_CODE))
    chosen, version = opt.make_selection(kinds, include, exclude), airflow or NEWEST
    findings = check.check_all(files, chosen, version, codes)
    if include and not allow_empty and not any(finding.severity is check.Severity.ERROR for finding in findings):
        # A file with errors may hold what is meant, and not be readable.
        from airconn.transfer.nothing import at_hand, refuse_unmatched

        refuse_unmatched(chosen, (key for key in at_hand(files, chosen.kinds) if chosen.wants(*key)), files)
    fixed: list[tuple[str, str]] = []
    if fix:
        fixed = _fix(app, files, findings, version)
        findings = check.check_all(files, chosen, version, codes) if fixed else findings
    transfer.close(files)
    if output == "json":
        app.data(report.as_json(findings, [file.address for file in files], fixed) + "\n")
    elif output == "sarif":
        app.data(report.as_sarif(findings) + "\n")
    else:
        _show(app, findings)
    app.say(report.summary(findings, len(files)))
    bad = {check.Severity.ERROR, check.Severity.WARNING} if strict else {check.Severity.ERROR}
    return ExitCode.INPUT if any(finding.severity in bad for finding in findings) else ExitCode.OK


def _files(app: App, sources: Sequence[str], options: dict[str, Any]) -> list[FileStore]:
    from airconn import formats
    from airconn.stores.file import FileStore

    if options.get("from_format"):
        formats.get_format(options["from_format"])  # a wrong name is no fault of a file
    files: list[FileStore] = []
    for source in sources:
        store = opt.open_address(app.config.resolve(source), options)
        if not isinstance(store, FileStore):
            raise UsageError(f"{store.address} is no file", hint="airconn export --from reads other places")
        files.append(store)
    return files


def _codes(ignore: Sequence[str], known: list[str]) -> frozenset[str]:
    codes = [code.upper() for code in ignore]
    for code in codes:
        if code not in known:
            from difflib import get_close_matches

            near = get_close_matches(code, known, n=1)
            raise UsageError(
                f"{code!r} is the code of no rule",
                hint=f"did you mean {near[0]}?" if near else "codes are like AC101; the README lists them",
            )
    return frozenset(codes)


def _fix(
    app: App, files: Sequence[FileStore], findings: Sequence[Finding], version: AirflowVersion
) -> list[tuple[str, str]]:
    from airconn.check.fixes import fix
    from airconn.quoting import clean

    fixed: list[tuple[str, str]] = []
    done: set[str] = set()
    for file in files:
        real = os.path.realpath(file.address)
        if real in done:
            continue  # named twice, or by a link
        done.add(real)
        mended, why_not = fix(file, [finding for finding in findings if finding.file == file.address], version)
        if why_not:
            app.warn(clean(f"{file.address}: {why_not}"))
        fixed += [(file.address, message) for message in mended]
        for message in mended:
            app.say(clean(f"fixed: {file.address}: {message}"))
    return fixed


def _show(app: App, findings: Sequence[Finding]) -> None:
    """The findings for people, and where GitHub runs us, once more for it."""
    from airconn.check import Severity, report
    from airconn.quoting import clean

    for finding in findings:
        if finding.severity is Severity.NOTE and app.verbosity < 0:
            continue
        severity = app.style(finding.severity.value, report.COLOURS[finding.severity])
        app.rows(f"{clean(finding.place)}: {severity} {finding.code} {report.told(finding)}\n")
        if app.verbosity >= 0:
            app.rows(f"  fix: {clean(finding.fix)}\n")
    if app.environ.get("GITHUB_ACTIONS") == "true":
        for finding in findings:
            app.data(report.annotation(finding) + "\n", raw=True)
