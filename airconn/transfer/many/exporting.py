"""Exports several targets, each into a file of its own: reads them side by side, and writes the files as they end."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from airconn.errors import AirconnError, UsageError
from airconn.quoting import shown_address
from airconn.stores.base import unwatched
from airconn.targets import Target
from airconn.transfer.exporting import Export, ExportRequest, OpenedExport, UnsavedExport, make_export, open_out, save
from airconn.transfer.many.file_names import NAME, files_of, has_name, make_directory
from airconn.transfer.many.members import Failure, Member, beside, in_turn, open_members
from airconn.transfer.many.target_threads import Reads
from airconn.transfer.overriding import make_change
from airconn.transfer.places import Places
from airconn.transfer.standard_input import refuse_second_use


@dataclass(frozen=True, slots=True)
class ExportedTarget:
    """A target and what was exported of it."""

    member: Member
    path: Path
    export: Export | None = None
    """None if it was not read."""
    failure: Failure | None = None
    """Why the file wasn't written, or not with all that it is to have."""

    @property
    def is_written(self) -> bool:
        return self.export is not None and self.export.is_done


@dataclass(frozen=True, slots=True)
class OpenedExports:
    """The exports of several targets, judged as far as that needs no request."""

    pattern: Path
    requests: Sequence[tuple[Member, ExportRequest, OpenedExport]]
    failures: Sequence[Failure]
    """The targets that can't be opened."""


def open_exports(request: ExportRequest, targets: Sequence[Target], places: Places) -> OpenedExports:
    """Opens the targets, and judges their files. Sends no request, and writes nothing.

    `request` has no sources, and its file is a pattern with `{target}`. Raises `AirconnError` where nothing is to be
    read: two targets have the same file, say.
    """
    pattern = request.writing.out
    if pattern is None or not has_name(pattern):
        raise one_file(pattern, len(targets))
    refuse_second_use([target.address for target in targets], request.fills, request.changes.overlays)
    members, failures = open_members(targets, places, request.source_format)
    paths = files_of(pattern, members)
    change = in_turn(make_change(request.changes, request.selection, places))
    fills = beside(places.open_fills(request.fills, request.source_format))
    opened = []
    for member, path in zip(members, paths, strict=True):
        own = replace(
            request,
            sources=(member.target.address,),
            selection=member.selection(request.selection),
            airflow=request.airflow or member.target.airflow,
            writing=replace(request.writing, out=path),
        )
        opened.append((member, own, OpenedExport([member.store], open_out(own, places), fills, change)))
    return OpenedExports(pattern, opened, failures)


def export_targets(exports: OpenedExports, places: Places, reads: Reads) -> Iterator[ExportedTarget]:
    """Reads the targets, and writes the file of each when it has been read. Each comes as it ends.

    Those that weren't begun after a failure with `fail_fast` don't come.
    """
    by_label = {member.label: (request, opened) for member, request, opened in exports.requests}
    context = replace(places.context(), watch=unwatched)

    def made(member: Member) -> UnsavedExport:
        request, opened = by_label[member.label]
        return make_export(request, opened, context)

    for one in reads.run(made, [member for member, _, _ in exports.requests]):
        request, _ = by_label[one.member.label]
        path = request.writing.out or Path()
        if one.result is None:
            yield ExportedTarget(one.member, path, failure=one.failure)
            continue
        export = one.result.export
        try:
            if not export.error:
                make_directory(exports.pattern, path)
            export = save(one.result)
        except AirconnError as error:
            export = replace(export, error=error)
        failure = one.member.failure(export.error) if export.error else None
        yield ExportedTarget(one.member, path, export, failure)


def one_file(out: Path | None, number: int) -> UsageError:
    """The error for several targets without a file for each."""
    if out is None:
        return UsageError(
            f"{number} targets can't be written to standard output",
            hint=f"-o 'backup/{NAME}.yaml' writes a file for each",
            topic="targets",
        )
    if out.is_dir():
        pattern = out / f"{NAME}.yaml"
    else:
        pattern = out.with_name(f"{out.stem}-{NAME}{out.suffix}" if out.suffix else f"{out.name}-{NAME}")
    return UsageError(
        f"this is one file, and there are {number} targets",
        where=f"-o {shown_address(str(out))}",
        hint=f"-o {shlex.quote(str(pattern))} writes a file for each",
        topic="targets",
    )
