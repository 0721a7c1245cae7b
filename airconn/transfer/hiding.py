"""Handles hidden fields on the way into a text: writes them as `***`, drops them, or refuses them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from airconn.errors import BlockedError
from airconn.model import REDACTED, AirflowObject, Bundle, Kind, Text, hidden_fields, is_hidden_whole, value_fields
from airconn.stores.base import Store

RedactedPolicy = Literal["mask", "omit", "fail"]
Hidden = tuple[tuple[AirflowObject, tuple[str, ...]], ...]
"""Objects with hidden fields, each with the names of these."""


def settle_hidden(
    bundle: Bundle, redacted: RedactedPolicy, sources: Sequence[Store], hint: str
) -> tuple[Bundle, Hidden]:
    """The bundle to write, and what is hidden in it. Raises `BlockedError` for that under `redacted="fail"`."""
    hidden = tuple((obj, names) for obj in bundle if (names := hidden_fields(obj)))
    if hidden and redacted == "fail":
        listed = "; ".join(f"{obj.kind.value}/{obj.id} {', '.join(names)}" for obj, names in hidden)
        where = ", ".join(store.address for store in sources)
        raise BlockedError(f"hidden by the source: {listed}", where=where, hint=hint)
    if hidden and redacted == "omit":
        bundle = Bundle.of(rest for obj in bundle if (rest := without_hidden(obj)) is not None)
    return bundle, hidden


def way_to_values(stores: Sequence[Store]) -> str:
    """How to get the values that some of these places hide, as a hint."""
    ways = dict.fromkeys(store.capabilities.real_values for store in stores if store.capabilities.real_values)
    return f"to get the real values: {', or '.join([*ways, '--fill ADDRESS'])} (airconn help secrets)"


def without_hidden(obj: AirflowObject) -> AirflowObject | None:
    """The object without its hidden fields and leaves. None if nothing useful is left."""
    if is_hidden_whole(obj):
        return None
    changes: dict[str, object] = {}
    for name in value_fields(obj.kind):
        value = getattr(obj, name)
        if value is REDACTED:
            if obj.kind is Kind.VARIABLES and name == "value":
                return None
            changes[name] = None
        elif isinstance(value, Text) and value.hidden:
            if obj.kind is Kind.VARIABLES:
                return None  # a value without some of its parts is another value
            changes[name] = value.without_hidden()
    return replace(obj, **changes)  # type: ignore[arg-type]
