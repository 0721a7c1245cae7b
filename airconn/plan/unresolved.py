"""Finds placeholders and references in an object, which block its step unless the user calls them literal."""

from __future__ import annotations

from airconn.model import AirflowObject, Text, field_values
from airconn.model.leaves import leaves_of
from airconn.model.placeholder_forms import PlaceholderType
from airconn.model.placeholders import placeholders


def unresolved(source: AirflowObject, target: AirflowObject | None, written: frozenset[str]) -> list[str]:
    """The reasons why an object with placeholders or references isn't written, one for each.

    With a `target`, only the fields in `written` count, and of them only leaves that the target has differently.
    """
    reasons: list[str] = []
    if (target is None or written) and _refers(source):
        reasons += dict.fromkeys(f"{found.message}: {found.way_out}" for found in source.ambiguities if found.blocks)
    for found in placeholders(source):
        if reasons and found.type is PlaceholderType.TEMPLATE:
            continue  # it is that reference
        if target is not None and found.field == "conn_type":
            if not written:
                continue
        elif target is not None:
            held = leaves_of(getattr(target, found.field)).get(found.path)
            if found.field not in written or held == leaves_of(getattr(source, found.field)).get(found.path):
                continue
        place = f"{source.kind.value}/{source.id}.{found.place}"
        reasons.append(f"{found.words}: {found.way_out} (--literal {place} if it is the value)")
    return reasons


def _refers(obj: AirflowObject) -> bool:
    """Whether a text of an object may still be a reference after overrides."""
    texts = [value.text if isinstance(value, Text) else value for value in field_values(obj)]
    return any(isinstance(text, str) and ("$" in text or "`" in text) for text in texts)
