"""The events of an import or a deletion while it runs, and its result."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from airconn.errors import AirconnError, ExitCode
from airconn.model import Outcome
from airconn.model.reading import Note
from airconn.transfer.importing import Import


@dataclass(frozen=True, slots=True)
class Planned:
    """Sources and target have been read, and the plan is made."""

    prepared: Import


@dataclass(frozen=True, slots=True)
class Refused:
    """The plan can't be carried out as it is. The reason follows as an error."""

    prepared: Import


@dataclass(frozen=True, slots=True)
class Written:
    """An object was written."""

    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Failed:
    """An object failed, or may be written in part."""

    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Completed:
    """All writes of the plan were tried."""


@dataclass(frozen=True, slots=True)
class Noted:
    """Notes of the writes, or of reading back."""

    notes: tuple[Note, ...]


@dataclass(frozen=True, slots=True)
class FoundWrong:
    """Objects that were read back and aren't as they were written."""

    outcomes: tuple[Outcome, ...]


@dataclass(frozen=True, slots=True)
class NotReadBack:
    """Written objects could not be read back: there was an error, or no time left."""

    error: AirconnError | None


@dataclass(frozen=True, slots=True)
class Recoverable:
    """Objects that may be deleted and not created again are in a file."""

    path: Path
    literal_masks: tuple[str, ...]
    """The places in the file where a `***` isn't a mask."""
    more: Path | None = None
    """The file with what they have besides Airflow's fields, such as links."""


Event = Planned | Refused | Written | Failed | Completed | Noted | FoundWrong | NotReadBack | Recoverable


@dataclass(frozen=True, slots=True)
class ImportResult:
    """The result of an import or a deletion."""

    prepared: Import
    done: tuple[Outcome, ...] | None = None
    """The outcomes of the steps that were tried. None for a dry run."""
    wrong: tuple[Outcome, ...] = ()
    """The objects that were read back and aren't as they were written."""
    is_unverified: bool = False
    """Whether written objects should have been read back, but weren't."""
    is_verified: bool = False
    """Whether written objects were read back, and all of them are as they were written."""
    is_late: bool = False
    """Whether the deadline passed before all was done."""
    is_different: bool = False
    """Whether something would change, if that has an exit code of its own."""
    ended: BaseException | None = None
    """The Ctrl-C or the signal that ended it early."""
    backup: str | None = None
    """The name of the run in its backup. None if it has none."""

    @property
    def undone(self) -> int:
        """The number of steps that were not tried."""
        return len(self.prepared.plan.writes) - len(self.done or ())

    @property
    def failed(self) -> bool:
        """Whether an object failed, or may be written in part."""
        return any(outcome.error for outcome in self.done or ())

    @property
    def exit_code(self) -> ExitCode:
        """The exit code, by what was done and what could not be read for it."""
        if self.ended is not None:
            return ExitCode.INTERRUPTED
        if self.is_late and not self.done:
            return ExitCode.TARGET
        written = (note for outcome in self.done or () for note in outcome.notes)
        unread = any(note.failed for note in (*self.prepared.loaded.notes, *self.prepared.unread, *written))
        if self.failed or unread or self.wrong or self.is_unverified or self.is_late:
            return ExitCode.SOME_FAILED
        return ExitCode.DIFFERENT if self.is_different else ExitCode.OK
