"""Finds the hidden values that a plan destroys, and that no backup can bring back."""

from __future__ import annotations

import re

from airconn.model import Action, Step, hidden_fields
from airconn.plan.planning import Plan


def deleted_hidden(plan: Plan) -> list[str]:
    """The hidden values of objects that are deleted, such as `connections/a.password`."""
    deleted = ((step, step.target) for step in plan.of(Action.DELETE))
    return [_place(step, name) for step, obj in deleted if obj is not None for name in hidden_fields(obj)]


def overwritten_hidden(plan: Plan) -> list[str]:
    """The hidden values that are written over or cleared. Some may be written as they are: they can't be compared."""
    return [
        _place(step, name)
        for step in plan.of(Action.UPDATE, Action.REPLACE)
        if step.target and (hidden := hidden_fields(step.target))
        for name in (hidden if step.action is Action.REPLACE else _written(step, hidden))
    ]


def _written(step: Step, hidden: tuple[str, ...]) -> list[str]:
    written = {name for change in step.changes if change.is_written for name in change.names}
    return [name for name in hidden if name in written or re.split(r"[.\[]", name, maxsplit=1)[0] in written]


def _place(step: Step, name: str) -> str:
    return f"{step.kind.value}/{step.id}.{name}"
