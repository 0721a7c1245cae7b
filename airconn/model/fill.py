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
    # Lists have no names: an item of another one at the same place may be that of another host.
    hidden = frozenset(path for path in ours.hidden if _is_same_item(path, ours, theirs))
    if not any(shown.get(path, REDACTED) is not REDACTED for path in hidden):
        return ours

    def filled(path: jsontext.JsonPath, leaf: Any) -> Any:
        known = shown.get(path, REDACTED) if path in hidden else REDACTED
        return leaf if known is REDACTED else known

    return Text.of(jsontext.dumps(jsontext.replace_leaves(jsontext.loads(ours.text), filled)))


def _is_same_item(path: jsontext.JsonPath, ours: Text, theirs: Text) -> bool:
    """Whether every list on the way to a leaf is as long in both texts, and the item with the leaf shows the same."""
    for depth, part in enumerate(path):
        if isinstance(part, int):
            sides = [_shown_below(text, path[:depth], ours.hidden) for text in (ours, theirs)]
            lengths = {len({below[0] for below in side} | hidden) for side, hidden in sides}
            items = [{below: leaf for below, leaf in side.items() if below[0] == part} for side, _ in sides]
            if len(lengths) > 1 or items[0] != items[1]:
                return False
    return True


def _shown_below(
    text: Text, path: jsontext.JsonPath, hidden: tuple[jsontext.JsonPath, ...]
) -> tuple[dict[jsontext.JsonPath, Any], set[Any]]:
    """The leaves below a path that are hidden in neither text, and the items of the list there that have others."""
    shown: dict[jsontext.JsonPath, Any] = {}
    others: set[Any] = set()
    for place, leaf in jsontext.leaves(text.value()):
        if len(place) > len(path) and place[: len(path)] == path:
            if place in hidden or leaf is REDACTED:
                others.add(place[len(path)])
            else:
                shown[place[len(path) :]] = leaf
    return shown, others
