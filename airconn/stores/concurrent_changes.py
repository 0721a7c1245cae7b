"""Detects changes of an object by another writer between the read and the write of a run."""

from __future__ import annotations

from collections.abc import Callable

from airconn.model import REDACTED, AirflowObject, Step
from airconn.model.compare import compare

CHANGED = "another program has changed it; run again"
DELETED = "another program has deleted it; run again"


def is_changed(step: Step, held: AirflowObject | None, stored_form: Callable[[AirflowObject], AirflowObject]) -> bool:
    """Whether an object is neither as the plan found it nor as the step leaves it.

    `held` is the present object. It is as the step leaves it if a request was carried out and its answer lost.
    """
    if held is None or step.target is None:
        return True
    if all(field.is_identical for field in compare(step.target, held)):
        return False
    wanted = stored_form(step.result())
    return not all(field.is_identical or field.b is REDACTED for field in compare(wanted, held))
