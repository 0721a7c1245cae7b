"""Exports several targets, each into a file of its own: reads them side by side, and writes the files as they end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from airconn.errors import AirconnError, UsageError
from airconn.targets import Target
from airconn.transfer.exporting import Export, OpenedExport
from airconn.transfer.many.file_names import NAME, has_name
from airconn.transfer.many.members import Failure, Member


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
            f"{len(targets)} targets can't be written to standard output",
            hint=f"-o 'backup/{NAME}.yaml' writes a file for each",
            topic="targets",
        )
    pattern = out.with_name(f"{out.stem}-{NAME}{out.suffix}" if out.suffix else f"{out.name}-{NAME}")
    raise UsageError(
        f"{out} is one file, and there are {len(targets)} targets",
        where="-o",
        hint=f"-o '{pattern}' writes a file for each",
        topic="targets",
    )
