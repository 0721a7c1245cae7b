"""What became of the targets of a run, and its exit code."""

from __future__ import annotations

from dataclasses import dataclass, field

from airconn.errors import AirconnError, ExitCode
from airconn.model import WRITES, Action, Kind, Outcome, Selection, Step
from airconn.model.reading import Note
from airconn.targets import Target
from airconn.transfer.events import Recoverable
from airconn.transfer.many.members import label_of
from airconn.transfer.many.verdict import worst


@dataclass(frozen=True, slots=True)
class TargetPlan:
    """The plan of one target, without what only its writes need. Targets share equal steps."""

    text: str
    """The target in words."""
    steps: tuple[Step, ...]
    """Without the objects of the target, but for those that are deleted."""
    values: tuple[tuple[str, ...], ...] = ()
    """The old and new values of each step as lines, if they are to be shown."""
    notes: tuple[Note, ...] = ()
    """On what was read, and on what Airflow finds elsewhere."""
    ignored: tuple[tuple[str, int], ...] = ()
    unpruned: tuple[Kind, ...] = ()
    restarts: str = ""
    effects: tuple[str, ...] = ()
    deleted_hidden: tuple[str, ...] = ()
    """The hidden values that are deleted, which no undo brings back."""
    overwritten_hidden: tuple[str, ...] = ()
    selection: Selection = field(default_factory=Selection)
    strangers: int = 0

    @property
    def writes(self) -> tuple[Step, ...]:
        return tuple(step for step in self.steps if step.action in WRITES)

    @property
    def deletions(self) -> tuple[Step, ...]:
        return tuple(step for step in self.steps if step.action is Action.DELETE)


@dataclass(frozen=True, slots=True)
class TargetResult:
    """What became of one target."""

    target: Target
    plan: TargetPlan | None = None
    """None without a plan, as `error` says."""
    error: AirconnError | None = None
    """Why nothing was written, or nothing more."""
    held_back: str = ""
    """Why it wasn't begun although nothing is wrong with it. Empty if it was, or is to be."""
    done: tuple[Outcome, ...] | None = None
    """The outcomes of the steps that were tried. None if none was to be."""
    wrong: tuple[Outcome, ...] = ()
    """The objects that were read back and aren't as they were written."""
    notes: tuple[Note, ...] = ()
    """On the writes."""
    is_verified: bool = False
    is_late: bool = False
    unread_back: str = ""
    """Why written objects were not read back."""
    backup: str | None = None
    recovery: Recoverable | None = None
    exit_code: ExitCode = ExitCode.OK

    @property
    def label(self) -> str:
        """What messages call the target: `@eu`, or its address without credentials."""
        return label_of(self.target)

    @property
    def undone(self) -> int:
        """The number of steps that were not tried."""
        return len(self.plan.writes) - len(self.done or ()) if self.plan else 0

    @property
    def is_written(self) -> bool:
        """Whether something was, or may be, written."""
        return any(not (outcome.untried or outcome.untouched) for outcome in self.done or ())

    @property
    def is_whole(self) -> bool:
        """Whether the target is as the plan wants it."""
        return self.exit_code is ExitCode.OK and not self.held_back and self.error is None


@dataclass(frozen=True, slots=True)
class ManyResult:
    """The results of all targets, in their order."""

    targets: tuple[TargetResult, ...]
    ended: BaseException | None = None
    """The Ctrl-C or the signal that ended the run early."""

    @property
    def exit_code(self) -> ExitCode:
        return ExitCode.INTERRUPTED if self.ended is not None else worst(one.exit_code for one in self.targets)
