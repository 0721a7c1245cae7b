"""`airconn export` of several targets: a file for each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from airconn.cli import options, several_view
from airconn.cli.app import App
from airconn.errors import ExitCode

if TYPE_CHECKING:
    from airconn.model.reading import Note
    from airconn.targets import Target
    from airconn.transfer.exporting import Export, ExportRequest
    from airconn.transfer.many.exporting import ExportedTarget, OpenedExports
    from airconn.transfer.request_parts import Network

Exports = Sequence[tuple[str, "Export"]]
"""The exports that were made, each with the name of its target."""


def deliver_many(
    app: App,
    request: ExportRequest,
    targets: Sequence[Target],
    network: Network,
    parallel: int | None,
    *,
    fail_fast: bool,
) -> int:
    """Exports the targets, each into its file, and reports that. Returns the exit code."""
    from airconn.transfer.many import exporting

    app.writes = True
    done: list[ExportedTarget] = []
    with app.places(network) as places:
        strict = app.config.is_strict(request.writing.strict)
        request = replace(request, writing=replace(request.writing, strict=strict))
        exports = exporting.open_exports(request, targets, places)
        try:
            with several_view.reading(app, parallel, fail_fast=fail_fast) as reads:
                for one in exporting.export_targets(exports, places, reads):
                    done.append(one)
                    _tell_of_file(app, one)
        except KeyboardInterrupt:
            _tell_of_made(app, exports, done, request)
            _tell_of_rest(app, exports, done)
            raise
    return _conclude(app, exports, done, request)


def _tell_of_file(app: App, one: ExportedTarget) -> None:
    """Reports a file that is written."""
    if one.export is None or not one.is_written:
        return
    from airconn import report

    app.writes = False
    app.say(f"{one.member.label}: {one.path}: {report.amounts(one.export.made.written, one.export.kinds)}")


def _tell_of_rest(app: App, exports: OpenedExports, done: Sequence[ExportedTarget]) -> None:
    """Says after a Ctrl-C which files were not written, if some were."""
    written = {one.member.label for one in done if one.is_written}
    rest = [member.label for member, _, _ in exports.requests if member.label not in written]
    if written and rest:
        app.say(f"not written: {several_view.in_targets(rest)}", level=-1)


def _conclude(app: App, exports: OpenedExports, done: Sequence[ExportedTarget], request: ExportRequest) -> ExitCode:
    ended = {one.member.label: one for one in done}
    members = [member for member, _, _ in exports.requests]
    in_order = [ended[member.label] for member in members if member.label in ended]
    failures = [*exports.failures, *(one.failure for one in in_order if one.failure)]
    skipped = [member.label for member in members if member.label not in ended]
    notes = _tell_of_made(app, exports, in_order, request)
    wrote_none = not any(one.is_written for one in done)
    several_view.tell_failures(app, failures, skipped)
    several_view.tell_incomplete(app, notes)
    if wrote_none:
        app.say("nothing was written", level=-1)
    elif len(members) > 1 or failures:
        written = sum(one.is_written for one in done)
        total = len(members) + len(exports.failures)
        parts = [(written, "written"), (total - written - len(skipped), "failed"), (len(skipped), "not begun")]
        app.say(f"{total} targets: {several_view.counted(parts)}")
    return several_view.worst_of((one.export.exit_code for one in in_order if one.export), failures)


def _tell_of_made(
    app: App, exports: OpenedExports, done: Sequence[ExportedTarget], request: ExportRequest
) -> Sequence[tuple[str, Note]]:
    """Reports what was skipped, hidden or changed in the texts that were made. Returns the notes."""
    made = [(one.member.label, one.export) for one in done if one.export is not None]
    notes = [(label, note) for label, export in made for note in export.notes]
    several_view.tell_notes(app, notes)
    for label, export in made:
        app.ignored((f"{label}, {source}", number) for source, number in export.made.ignored)
    nothing: dict[str, list[str]] = {}
    for label, export in made:
        if export.is_done and not len(export.made.bundle):
            nothing.setdefault(export.nothing or "the source holds nothing", []).append(label)
    for text, labels in nothing.items():
        options.warn_of_nothing(app, request.selection, f"{several_view.in_targets(labels)}: {text}")
    _tell_of_losses(app, made)
    _tell_of_hidden(app, exports, made, omitted=request.writing.redacted == "omit")
    _tell_of_secrets(app, done, made, omitted=request.writing.redacted == "omit")
    return notes


def _tell_of_losses(app: App, made: Exports) -> None:
    """Says what the format can't hold, once for all targets."""
    from airconn.report import lacks

    every_one = app.verbosity > 0
    for format_ in dict.fromkeys(export.format for _, export in made):
        found = {label: export.made.losses for label, export in made if export.format == format_}
        losses = dict.fromkeys(loss for some in found.values() for loss in some)
        labels = [label for label, some in found.items() if any(every_one or not loss.is_minor for loss in some)]
        for line in lacks.loss_lines(losses, f"the {format_} format", every_one=every_one):
            app.warn(f"{several_view.in_targets(labels)}: {line}")


def _tell_of_hidden(app: App, exports: OpenedExports, made: Exports, *, omitted: bool) -> None:
    """Says which hidden values the files lack, once for all targets."""
    from airconn.model import number_of
    from airconn.report import lacks
    from airconn.transfer.hiding import way_to_values

    hiding = [(label, export) for label, export in made if export.made.hidden]
    if not hiding:
        return
    how = lacks.what_happens_to_hidden(hiding[0][1].format, omitted=omitted, several=len(hiding) > 1)
    if app.verbosity > 0 or len(hiding) == 1:
        for label, export in hiding:
            first, *rows = lacks.hidden_lines(export.made.hidden, how, every_one=app.verbosity > 0)
            app.warn(f"{label}: {first}")
            app.say(*rows)
    else:
        number = number_of(sum(len(export.made.hidden) for _, export in hiding))
        where = several_view.in_targets(label for label, _ in hiding)
        app.warn(f"{where}: hidden values of {number} (-v lists them) {how}")
    labels = {label for label, _ in hiding}
    app.hint(way_to_values([member.store for member, _, _ in exports.requests if member.label in labels]))


def _tell_of_secrets(app: App, done: Sequence[ExportedTarget], made: Exports, *, omitted: bool) -> None:
    """Reports how many secrets were masked, or are in clear although the user may expect masks."""
    from airconn.model import number_of
    from airconn.report import lacks

    masked = [(label, export) for label, export in made if export.made.masked]
    if masked:
        number = number_of(sum(len(export.made.masked) for _, export in masked))
        how = lacks.what_is_masked(masked[0][1].format, omitted=omitted)
        app.say(f"{several_view.in_targets(label for label, _ in masked)}: secrets of {number} are {how}")
    exposed = [one for one in done if one.export and one.export.in_clear and one.export.is_exposed]
    if exposed:
        number = number_of(sum(one.export.in_clear for one in exposed if one.export))
        files = "this file" if len(exposed) == 1 else "these files"
        first = exposed[0].path if len(exposed) == 1 else f"{exposed[0].path} and {len(exposed) - 1} more"
        app.warn(
            f"{first}: secrets of {number} are written as plain text, and git doesn't ignore {files}: "
            f"list {'it' if len(exposed) == 1 else 'them'} in .gitignore, or use --mask-secrets"
        )
    in_clear = [(label, export) for label, export in made if export.in_clear and not export.is_exposed]
    if in_clear:
        number = number_of(sum(export.in_clear for _, export in in_clear))
        where = several_view.in_targets(label for label, _ in in_clear)
        app.warn(
            f"{where}: secrets of {number} are written as plain text: "
            "--redacted is for values that the source hides; --mask-secrets masks these"
        )
