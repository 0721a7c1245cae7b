"""Finds placeholders and references in an object, which block its step unless the user calls them literal."""

from __future__ import annotations

from airconn.model import AirflowObject
from airconn.model.ambiguity import Ambiguity
from airconn.model.leaves import leaves_of
from airconn.model.placeholder_forms import PlaceholderType
from airconn.model.placeholders import first_of_each_form, placeholders


def unresolved(source: AirflowObject, target: AirflowObject | None, written: frozenset[str]) -> list[str]:
    """The reasons why an object with placeholders or references isn't written, one for each.

    With a `target`, only the fields in `written` count, and of them only leaves that the target has differently.
    """
    reasons: list[str] = []
    blocking = [found for found in source.ambiguities if found.blocks and _is_written(found, source, target, written)]
    reasons += dict.fromkeys(
        f"{found.message}: {found.way_out}" if found.way_out else found.message for found in blocking
    )
    is_reference = any(found.rule == "AC407" for found in blocking)
    for found in first_of_each_form(placeholders(source)):
        if is_reference and found.type is PlaceholderType.TEMPLATE:
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


def _is_written(
    found: Ambiguity, source: AirflowObject, target: AirflowObject | None, written: frozenset[str]
) -> bool:
    """Whether a leaf that is read differently would be written, and not only compared."""
    if target is None:
        return True
    if found.places is None:
        return bool(written)
    return any(
        field in written
        and leaves_of(getattr(source, field)).get(path) != leaves_of(getattr(target, field)).get(path)
        for field, path in found.places
    )
