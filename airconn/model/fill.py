"""Hidden values taken from another place that shows them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from airconn.model import jsontext
from airconn.model.objects import AirflowObject, value_fields
from airconn.model.redacted import REDACTED
from airconn.model.text import Text


def fill(obj: AirflowObject, other: AirflowObject | None) -> AirflowObject:
    """`obj` with each hidden field and leaf that `other` shows, and all else as it is."""
    if other is None or other.kind is not obj.kind:
        return obj
    changes: dict[str, Any] = {}
    for name in value_fields(obj.kind):
        ours, theirs = getattr(obj, name), getattr(other, name)
        if ours is REDACTED and theirs is not None:
            changes[name] = theirs
        elif isinstance(ours, Text) and ours.hidden and isinstance(theirs, Text):
            changes[name] = _fill_leaves(ours, theirs)
    return replace(obj, **changes) if changes else obj


def _fill_leaves(ours: Text, theirs: Text) -> Any:
    try:
        shown = dict(jsontext.leaves(theirs.value()))
    except ValueError:
        return ours
    hidden = frozenset(ours.hidden)
    if not any(shown.get(path, REDACTED) is not REDACTED for path in hidden):
        return ours

    def filled(path: jsontext.JsonPath, leaf: Any) -> Any:
        known = shown.get(path, REDACTED) if path in hidden else REDACTED
        return leaf if known is REDACTED else known

    return Text.of(jsontext.dumps(jsontext.replace_leaves(jsontext.loads(ours.text), filled)))
