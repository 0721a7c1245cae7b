"""A last look at what is about to be written: a `***` in it would destroy the secret that it stands for."""

from __future__ import annotations

from collections.abc import Sequence

from airconn.model import MASK, REDACTED, AirflowObject, Text


def holds_mask(obj: AirflowObject, names: Sequence[str]) -> tuple[str, ...]:
    """Which of these fields of `obj` have a hidden part, or the mask in a place where it would destroy a secret."""
    found = []
    literal: frozenset[str] = getattr(obj, "literal", frozenset())
    for name in names:
        value = getattr(obj, name)
        if name in literal and value is not REDACTED and not (isinstance(value, Text) and value.hidden):
            continue
        if isinstance(value, Text):
            again = Text.of(value.text)
            value = REDACTED if value.hidden or again is REDACTED or again.hidden else None  # type: ignore[union-attr]
        if value is REDACTED or value == MASK:
            found.append(name)
    return tuple(found)
