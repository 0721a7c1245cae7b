"""`airconn export`, and what it shares with `convert`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from airconn.cli import options as opt
from airconn.cli import several_options, several_view
from airconn.cli.app import App
from airconn.cli.split_option import splitting as splitting_options
from airconn.errors import UsageError

if TYPE_CHECKING:
    from airconn.model import AirflowVersion, Selection
    from airconn.transfer.environ import Environ
    from airconn.transfer.exporting import Export, ExportRequest
    from airconn.transfer.new_text import NewText
    from airconn.transfer.request_parts import Network, ObjectChanges, SourceFormat, Writing
    from airconn.transfer.splitting import Splitting


@click.command("export", short_help="Pull objects out of an Airflow.")
@several_options.sources
@opt.writing
@splitting_options
@opt.filling
@opt.airflow
@opt.overriding
@opt.selection
@opt.allowing_nothing
@opt.reading
@several_options.parallel
@several_options.fail_fast()
@opt.network
@opt.verbosity
@click.pass_obj
def command(
    app: App,
    /,
    from_: tuple[str, ...],
    writing: Writing,
    splitting: Splitting | None,
    fill: tuple[str, ...],
    airflow: AirflowVersion | None,
    changes: ObjectChanges,
    selection: Selection,
    allow_empty: bool,
    source_format: SourceFormat,
    parallel: int | None,
    fail_fast: bool,
    network: Network,
) -> int:
    """Pull objects out of an Airflow (or a file, or a backend) into a file or to standard output.

    Airflow's API hides passwords and sensitive extras. They are written as ***.

    \b
      airconn export --format uri                   # to standard output
      airconn export --from @prod -o prod.yaml
      airconn export --from @all -o 'backup/{target}.yaml'  # a file a target
      airconn export -o .env --include 'aws_*' --fill secrets.env
      airconn export --from metadb: -o .env         # with the real secrets
      airconn export --connections -o connections.json
      airconn export --split objects                # for git
      airconn export --format k8s --k8s-namespace airflow | kubectl apply -f -
    """
    from airconn.cli.one_target import read_one
    from airconn.transfer.exporting import ExportRequest

    is_pattern = "{target}" in str(writing.out)
    targets = several_view.targets_of(app, from_, is_pattern=is_pattern)
    request = ExportRequest(
        sources=() if targets else from_,
        source_format=source_format,
        fills=fill,
        selection=selection,
        changes=changes,
        airflow=airflow,
        writing=writing,
        allow_empty=allow_empty,
    )
    if targets and splitting is not None:
        each = f"airconn export --from {targets[0].address} --split DIR"
        raise UsageError("--split writes the objects of one address", hint=f"run it once for each: {each}")
    if targets:
        from airconn.cli.export_many import deliver_many

        several_view.tell_settings(app, targets)
        return deliver_many(app, request, targets, network, parallel, fail_fast=fail_fast)
    source, selection, airflow = read_one(app, from_[0] if from_ else None, selection, airflow)
    sources = (source,) if source else ()
    request = replace(request, sources=sources, selection=selection, airflow=airflow)
    if splitting is not None:
        from airconn.cli.split_view import deliver_split

        return deliver_split(app, request, splitting, network)
    return deliver(app, request, network)


def deliver(app: App, request: ExportRequest, network: Network) -> int:
    """Carries out an export, and reports its notes. Returns the exit code."""
    from airconn.transfer import exporting

    selection, out = request.selection, request.writing.out
    with app.places(network) as places:
        strict = app.config.is_strict(request.writing.strict)
        request = replace(request, writing=replace(request.writing, strict=strict))
        sources = exporting.open_sources(request, places)
        app.writes = out is not None
        export = exporting.export(request, sources, places)
    omitted = request.writing.redacted == "omit"
    if export.error and not export.is_done:
        _tell(app, export, omitted=omitted)
        raise export.error
    app.writes = False
    if out is None:
        app.data(export.made.text, raw=True)
    if export.nothing:
        opt.warn_of_nothing(app, selection, export.nothing)
    elif not len(export.made.bundle):
        opt.warn_of_nothing(app, selection)
    _tell(app, export, omitted=omitted)
    if out is not None:
        from airconn import report

        encrypted = ", encrypted with sops" if export.is_encrypted else ""
        app.say(f"{out}: {report.amounts(export.made.written, export.kinds)}{encrypted}")
    _tell_of_secrets(app, export, request.writing)
    if export.error:
        app.error(export.error)
    else:
        app.incomplete(export.notes)
    return export.exit_code


def _tell(app: App, export: Export, *, omitted: bool) -> None:
    """Reports on standard error what was skipped, hidden or changed."""
    from airconn.report import lacks

    how = lacks.what_happens_to_hidden(export.format, omitted=omitted)
    tell_lacks(app, export.made, how, f"the {export.format} format", export.way_to_values)


def _tell_of_secrets(app: App, export: Export, writing: Writing) -> None:
    """Reports how many secrets were masked, or are in clear although the user may expect masks."""
    from airconn.model import number_of
    from airconn.report import lacks

    if masked := export.made.masked:
        how = lacks.what_is_masked(export.format, omitted=writing.redacted == "omit")
        app.say(f"secrets of {number_of(len(masked))} are {how}")
    elif export.in_clear and export.is_encrypted:
        app.warn(
            f"{writing.out}: secrets of {number_of(export.in_clear)} are written as plain text, because the rule by "
            "which sops encrypts this file leaves them out (airconn help sops)"
        )
    elif export.in_clear and export.is_exposed:
        app.warn(
            f"{writing.out}: secrets of {number_of(export.in_clear)} are written as plain text, and git "
            "doesn't ignore this file: list it in .gitignore, or use --mask-secrets"
        )
    elif export.in_clear:
        app.warn(
            f"secrets of {number_of(export.in_clear)} are written as plain text: --redacted is for values "
            "that the source hides; --mask-secrets masks these"
        )


def tell_lacks(app: App, result: NewText | Environ, how: str, holder: str, way_to_values: str) -> None:
    """Reports what was skipped or changed because `holder` can't hold it, and that hidden values `how`."""
    app.notes(result.notes)
    app.ignored(result.ignored)
    if not (result.losses or result.hidden):
        return
    from airconn.report import lacks

    every_one = app.verbosity > 0
    for line in lacks.loss_lines(result.losses, holder, every_one=every_one):
        app.warn(line)
    if result.hidden:
        first, *rows = lacks.hidden_lines(result.hidden, how, every_one=every_one)
        app.warn(first)
        app.say(*rows)
        app.hint(way_to_values)
