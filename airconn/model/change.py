"""What is to be done to one object of a place, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from airconn.model.leaves import leaf_name
from airconn.model.objects import AirflowObject, Kind, Pool
from airconn.model.reading import Note


class Action(str, Enum):
    """What a plan does with an object."""

    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"
    UNCHANGED = "unchanged"
    SKIPPED = "skipped"
    BLOCKED = "blocked"


WRITES = frozenset({Action.CREATE, Action.UPDATE, Action.REPLACE, Action.DELETE})


class How(str, Enum):
    """What happens to a field."""

    CHANGED = "changed"
    CLEARED = "cleared"
    WRITTEN_AGAIN = "hidden, written again"
    KEPT = "hidden, kept"
    ASSUMED = "hidden, assumed to be equal"


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field of an object and what happens to it. `name` is Airflow's (`host`, `extra`); no value is held."""

    name: str
    how: How
    leaves: tuple[str, ...] = ()
    """Which leaves of the field it is about, as `keyfile.private_key`. Empty where it is the whole field."""

    @property
    def is_written(self) -> bool:
        return self.how not in (How.KEPT, How.ASSUMED)

    @property
    def names(self) -> tuple[str, ...]:
        """What it is about: `extra.token`, or `extra` where it is the whole field."""
        return tuple(leaf_name(self.name, leaf) for leaf in self.leaves) or (self.name,)


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a plan.

    `source` is the object wanted (None for a delete), `target` the one that the place holds (None for a create).
    A store that updates writes the fields named by `written`, with their values in `source`. It may write those again
    that are the same on both sides, and no others. `reasons` say why a step is blocked or skipped.
    """

    kind: Kind
    id: str
    action: Action
    source: AirflowObject | None = None
    target: AirflowObject | None = None
    changes: tuple[FieldChange, ...] = ()
    reasons: tuple[str, ...] = ()
    merged: frozenset[str] = frozenset()
    """The fields of `source` that come from `target`, all of them or in part."""

    @property
    def written(self) -> frozenset[str]:
        """The names of the fields that an update writes."""
        return frozenset(change.name for change in self.changes if change.is_written)

    @property
    def merges(self) -> bool:
        """Whether the whole object that it leaves is made of what the source says and of what was read."""
        return bool(self.merged) and self.action in (Action.UPDATE, Action.REPLACE)

    def result(self) -> AirflowObject:
        """The object that the place holds when the step is done. An update leaves what it doesn't write."""
        if self.source is None:
            raise ValueError("a delete leaves nothing")
        if self.action is Action.UPDATE and self.target is not None:
            held = {name: getattr(self.source, name) for name in self.written}
            if not isinstance(self.source, Pool):
                held |= {"literal": self.source.literal, "genuine": self.source.genuine}
            return replace(self.target, **held)
        return self.source


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a step. `error` is the reason of a failure, in words that hold no secret.

    `untried`: nothing was sent for it. `untouched`: it is known that the object is as it was.
    """

    step: Step
    error: str | None = None
    untried: bool = False
    untouched: bool = False
    notes: tuple[Note, ...] = ()
    """What the write has to tell beside it, of this object or of the run so far."""
