"""What requests that write no objects have in common: what is read for them, and how they end."""

from __future__ import annotations

from dataclasses import dataclass, field

from airconn.errors import AirconnError, ExitCode
from airconn.model import AirflowVersion, Selection
from airconn.model.reading import Note
from airconn.transfer.choices import AS_THEY_TELL, ObjectChanges, SourceFormat


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadRequest:
    """What is read of the places of a request, and how."""

    source_format: SourceFormat = AS_THEY_TELL
    selection: Selection = field(default_factory=Selection)
    airflow: AirflowVersion | None = None
    """The Airflow that it is read for, if it isn't the one of the place."""
    allow_empty: bool = False
    """Whether a glob may match nothing, and there may be nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeRequest(ReadRequest):
    """The same where hidden fields are filled, and objects changed on the way."""

    fills: tuple[str, ...] = ()
    """The addresses that show what the sources hide."""
    changes: ObjectChanges = field(default_factory=ObjectChanges)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What there is to say of a request that was carried out."""

    notes: tuple[Note, ...] = ()
    error: AirconnError | None = None
    """Why it isn't what was asked for, where that isn't all there is to say."""

    @property
    def is_different(self) -> bool:
        """Whether it found a difference, and a difference has an exit code of its own."""
        return False

    @property
    def exit_code(self) -> ExitCode:
        if self.error:
            return self.error.exit_code
        if any(note.failed for note in self.notes):
            return ExitCode.SOME_FAILED
        return ExitCode.DIFFERENT if self.is_different else ExitCode.OK
