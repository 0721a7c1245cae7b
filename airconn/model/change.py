"""A step of a plan, which changes one object of a place, and its outcome."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from airconn.model.leaves import leaf_name
from airconn.model.objects import AirflowObject, Kind, Pool, is_hidden_whole
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


class FieldAction(str, Enum):
    """What a step does with a field."""

    CHANGED = "changed"
    CLEARED = "cleared"
    WRITTEN_AGAIN = "hidden, written again"
    KEPT = "hidden, kept"
    ASSUMED = "hidden, assumed to be equal"


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field of an object and what happens to it. `name` is Airflow's (`host`, `extra`); no value is held."""

    name: str
    how: FieldAction
    leaves: tuple[str, ...] = ()
    """The leaves of the field that it is about, such as `keyfile.private_key`. Empty where it is the whole field."""

    @property
    def is_written(self) -> bool:
        return self.how not in (FieldAction.KEPT, FieldAction.ASSUMED)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the leaves, such as `extra.token`, or of the field where the change is of all of it."""
        return tuple(leaf_name(self.name, leaf) for leaf in self.leaves) or (self.name,)


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a plan.

    `source` is the object to write (None for a delete), `target` the one that the place holds (None for a create).
    A store that updates writes the fields named by `written`, with their values in `source`. It may also write fields
    that are the same on both sides, but no others. `reasons` say why a step is blocked or skipped.
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
        """Whether the object that the place holds afterwards has fields from the source and fields that were read."""
        return bool(self.merged) and self.action in (Action.UPDATE, Action.REPLACE)

    def result(self) -> AirflowObject:
        """The object that the place holds when the step is done.

        An update leaves what it doesn't write, but for a connection that the place hides as a whole.
        """
        if self.source is None:
            raise ValueError("a delete leaves nothing")
        if self.action is Action.UPDATE and self.target is not None and not is_hidden_whole(self.target):
            held = {name: getattr(self.source, name) for name in self.written}
            if not isinstance(self.source, Pool):
                held |= {"literal": self.source.literal, "genuine": self.source.genuine}
            return replace(self.target, **held)
        return self.source


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of a step. `error` is the reason of a failure, in words that hold no secret.

    `untried`: nothing was sent for it. `untouched`: the object is known to be as it was.
    """

    step: Step
    error: str | None = None
    untried: bool = False
    untouched: bool = False
    notes: tuple[Note, ...] = ()
    """Notes of the write, about this object or about the run so far."""
