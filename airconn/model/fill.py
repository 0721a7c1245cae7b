"""Hidden values taken from another place that shows them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import Any

from airconn.model import jsontext
from airconn.model.jsontext import JsonPath
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
    lists = [_Lists(text, frozenset(ours.hidden)) for text in (ours, theirs)]
    hidden = frozenset(path for path in ours.hidden if _is_same_item(path, *lists))
    if not any(shown.get(path, REDACTED) is not REDACTED for path in hidden):
        return ours

    def filled(path: JsonPath, leaf: Any) -> Any:
        known = shown.get(path, REDACTED) if path in hidden else REDACTED
        return leaf if known is REDACTED else known

    return Text.of(jsontext.dumps(jsontext.replace_leaves(jsontext.loads(ours.text), filled)))


class _Lists:
    """What there is below each place of a text. An object is looked at like a list, which the other text may have."""

    def __init__(self, text: Text, hidden: frozenset[JsonPath]) -> None:
        self.items: defaultdict[JsonPath, set[str | int]] = defaultdict(set)
        """Which items there are in a place, hidden ones among them."""
        self.shown: defaultdict[JsonPath, dict[JsonPath, Any]] = defaultdict(dict)
        """The leaves of an item of a list that neither text hides."""
        for path, leaf in jsontext.leaves(text.value()):
            for depth, part in enumerate(path):
                self.items[path[:depth]].add(part)
                if isinstance(part, int) and path not in hidden and leaf is not REDACTED:
                    self.shown[path[: depth + 1]][path] = leaf


def _is_same_item(path: JsonPath, ours: _Lists, theirs: _Lists) -> bool:
    """Whether every list on the way to a leaf is as long in both texts, and the item with the leaf shows the same."""
    return all(
        len(ours.items[path[:depth]]) == len(theirs.items[path[:depth]])
        and ours.shown[path[: depth + 1]] == theirs.shown[path[: depth + 1]]
        for depth, part in enumerate(path)
        if isinstance(part, int)
    )
