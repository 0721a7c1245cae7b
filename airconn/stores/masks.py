"""For the stores that don't use `hidden.hidden_refusal` yet."""

from __future__ import annotations

from collections.abc import Sequence

from airconn.model import AirflowObject
from airconn.stores.hidden import is_hidden


def holds_mask(obj: AirflowObject, names: Sequence[str]) -> tuple[str, ...]:
    """Which of these fields of `obj` are hidden."""
    return tuple(name for name in names if is_hidden(obj, name))
