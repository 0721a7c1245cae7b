"""Plans for a report about many targets, which share what is equal in them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from airconn.model import Step
from airconn.plan import deleted_hidden, overwritten_hidden
from airconn.transfer.importing import Import
from airconn.transfer.many.results import TargetPlan


class LeanPlans:
    """Makes the plans of a run, so that a target more needs little more memory."""

    def __init__(self, value_lines: Callable[[Step], Iterable[str]]) -> None:
        """`value_lines` gives the old and new values of a step as lines, if they are to be shown."""
        self._value_lines = value_lines
        self._steps: dict[Any, Step] = {}
        """The steps that targets share."""

    def lean(self, prepared: Import) -> TargetPlan:
        """The plan of one target. Threads may call it."""
        notes = (*prepared.loaded.notes, *prepared.unread, *prepared.shadowed)
        return TargetPlan(
            prepared.target,
            tuple(map(self._shared, prepared.plan.steps)),
            tuple(tuple(self._value_lines(step)) for step in prepared.plan.steps),
            notes,
            prepared.loaded.ignored,
            prepared.unpruned,
            prepared.restarts,
            prepared.effects,
            tuple(deleted_hidden(prepared.plan)) if not prepared.plan.blocked else (),
            tuple(overwritten_hidden(prepared.plan)) if not prepared.plan.blocked else (),
            prepared.selection,
            prepared.loaded.strangers,
        )

    def _shared(self, step: Step) -> Step:
        """A step without what the target holds, the same one for all targets for which it is equal."""
        if step.source is not None:
            step = replace(step, target=None)
        key = (step.kind, step.id, step.action, step.changes, step.reasons, id(step.source or step.target))
        return self._steps.setdefault(key, step)
