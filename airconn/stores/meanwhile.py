"""What another writer did to an object between a read and the write that was planned by it."""

from __future__ import annotations

from collections.abc import Callable

from airconn.model import REDACTED, AirflowObject, Step, value_fields

CHANGED = "changed by another writer meanwhile; run again"
DELETED = "deleted by another writer meanwhile; run again"


def is_changed(step: Step, held: AirflowObject | None, stored_form: Callable[[AirflowObject], AirflowObject]) -> bool:
    """Whether an object is neither as the plan found it nor as the step is to leave it.

    `held` is what is there now. The latter is so where a request of ours was carried out and its answer lost.
    """
    if held is None or step.target is None:
        return True
    names = value_fields(step.kind)
    if all(getattr(held, name) == getattr(step.target, name) for name in names):
        return False
    wanted = stored_form(step.result())
    return any(getattr(held, name) not in (REDACTED, getattr(wanted, name)) for name in names)
