"""Exports several targets, each into a file of its own: reads them side by side, and writes the files as they end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from airconn.errors import AirconnError, UsageError
from airconn.targets import Target
from airconn.transfer.exporting import Export, ExportRequest, OpenedExport, UnsavedExport, make_export, open_out, save
from airconn.transfer.many.file_names import NAME, files_of, has_name, make_directory
from airconn.transfer.many.members import Failure, Member, beside, in_turn, open_members
from airconn.transfer.many.target_threads import TargetThreads
from airconn.transfer.overriding import make_change
from airconn.transfer.places import Places
from airconn.transfer.standard_input import refuse_second_use


@dataclass(frozen=True, slots=True)
class ExportedTarget:
    """A target and what was exported of it. Its `error` names it."""

    member: Member
    path: Path
    export: Export | None
    """None if it could not be read or written."""
    error: AirconnError | None = None

    @property
    def is_written(self) -> bool:
        return self.export is not None and self.export.is_done


@dataclass(frozen=True, slots=True)
class ManyExports:
    """Exports that are opened: the files are known and can be written, and nothing is asked yet."""

    members: Sequence[Member]
    failures: Sequence[Failure]
    """The targets that can't be opened."""
    paths: dict[Member, Path] = field(default_factory=dict)
    opened: dict[Member, OpenedExport] = field(default_factory=dict)


def refuse_one_file(out: Path | None, targets: Sequence[Target]) -> None:
    """Raises `UsageError` for several targets without a file for each."""
    if has_name(out):
        return
    if out is None:
        raise UsageError(
            f"{len(targets)} targets can't be written to standard output", hint=f"-o 'backup/{NAME}.yaml' writes a file for each", topic="targets"
        )
    pattern = out.with_name(f"{out.stem}-{NAME}{out.suffix}" if out.suffix else f"{out.name}-{NAME}")
    raise UsageError(
        f"{out} is one file, and there are {len(targets)} targets",
        where="-o",
        hint=f"-o '{pattern}' writes a file for each",
        topic="targets",
    )
