"""Refuses to write hidden values: a `***` that is written would destroy the secret."""

from __future__ import annotations

from collections.abc import Sequence

from airconn.model import MASK, REDACTED, AirflowObject, Text


def hidden_refusal(obj: AirflowObject, names: Sequence[str]) -> str:
    """Why `obj` can't be written because one of these fields has a hidden part. Empty if none has.

    A mask in the place of a secret counts as hidden, unless the user calls it genuine.
    """
    found = [name for name in names if _is_hidden(obj, name)]
    return f"{', '.join(found)} {'is' if len(found) == 1 else 'are'} hidden (***) and wasn't written" if found else ""


def _is_hidden(obj: AirflowObject, name: str) -> bool:
    """Whether a field has a hidden part, or a mask that the user doesn't call genuine."""
    value = getattr(obj, name)
    literal: frozenset[str] = getattr(obj, "literal", frozenset())
    if not isinstance(value, Text):
        return value is REDACTED or (value == MASK and name not in literal)
    if value.hidden or name in literal:
        return bool(value.hidden)
    again = Text.of(value.text)
    return again is REDACTED or bool(again.hidden)  # type: ignore[union-attr]
