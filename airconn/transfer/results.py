"""The common parts of requests that write no objects, and of their results."""

from __future__ import annotations

from dataclasses import dataclass, field

from airconn.errors import AirconnError, ExitCode
from airconn.model import AirflowVersion, Selection
from airconn.model.reading import Note
from airconn.transfer.request_parts import AS_THEY_TELL, ObjectChanges, SourceFormat


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadRequest:
    """Which objects of places to read, and how."""

    source_format: SourceFormat = AS_THEY_TELL
    selection: Selection = field(default_factory=Selection)
    airflow: AirflowVersion | None = None
    """The Airflow that the objects are read for, if it isn't the one of the place."""
    allow_empty: bool = False
    """Whether a glob may match nothing, and the places may be empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeRequest(ReadRequest):
    """A `ReadRequest` that also fills hidden fields and changes objects."""

    fills: tuple[str, ...] = ()
    """The addresses that show what the sources hide."""
    changes: ObjectChanges = field(default_factory=ObjectChanges)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The result of a request that was carried out."""

    notes: tuple[Note, ...] = ()
    error: AirconnError | None = None
    """The error, if the result is incomplete but worth showing."""

    @property
    def is_different(self) -> bool:
        """Whether there is a difference, and it has an exit code of its own."""
        return False

    @property
    def exit_code(self) -> ExitCode:
        if self.error:
            return self.error.exit_code
        if any(note.failed for note in self.notes):
            return ExitCode.SOME_FAILED
        return ExitCode.DIFFERENT if self.is_different else ExitCode.OK
