"""Fills hidden values from another place that shows them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import Any

from airconn.model import jsontext
from airconn.model.jsontext import JsonPath
from airconn.model.leaves import Leaves, aligned, items_of, leaf_name, leaves_of
from airconn.model.objects import UNTYPED, AirflowObject, Connection, is_hidden_whole, is_untyped, value_fields
from airconn.model.redacted import REDACTED
from airconn.model.text import Text


def fill(obj: AirflowObject, other: AirflowObject | None, *, is_whole: bool = False) -> AirflowObject:
    """`obj` with each hidden field and leaf filled that `other` shows. All else stays as it is.

    A connection that is hidden as a whole becomes `other`. With `is_whole`, `other` is known to have all of its
    fields, so that a password or an extra that it lacks is filled as none.
    """
    if other is None or other.kind is not obj.kind:
        return obj
    if is_hidden_whole(obj):
        return replace(other, origin=obj.origin)
    changes: dict[str, Any] = {}
    for name in value_fields(obj.kind):
        ours, theirs = getattr(obj, name), getattr(other, name)
        if ours is REDACTED and (theirs is not None or is_whole):
            changes[name] = theirs
        elif isinstance(ours, Text) and ours.hidden and isinstance(theirs, Text):
            changes[name] = _fill_leaves(ours, theirs)
    return replace(obj, **changes) if changes else obj


def with_type_of(obj: AirflowObject, held: AirflowObject | None) -> AirflowObject:
    """`obj` with the conn_type of `held` where its own source doesn't say one, nor hides all of it."""
    if (
        not is_untyped(obj)
        or is_hidden_whole(obj)
        or not isinstance(obj, Connection)
        or not isinstance(held, Connection)
    ):
        return obj
    return replace(obj, conn_type=held.conn_type, unsaid=obj.unsaid - UNTYPED | held.unsaid & UNTYPED)


def unfilled(obj: AirflowObject, other: AirflowObject | None) -> tuple[str, ...]:
    """The names of what `obj` still hides after `fill`, though `other` may show it: `extra.token`.

    That happens where a list around the leaf has another length, for example, or where a key occurs twice.
    """
    if other is None or other.kind is not obj.kind:
        return ()
    found: list[str] = []
    for name in value_fields(obj.kind):
        ours, theirs = getattr(obj, name), getattr(other, name)
        if isinstance(ours, Text) and ours.hidden and isinstance(theirs, Text):
            leaves, lists = leaves_of(theirs), _both_lists(ours, theirs)
            found += [
                leaf_name(name, path)
                for path in ours.hidden
                if _may_be_in(path, leaves, any_item=not _is_same_item(path, *lists))
            ]
    return tuple(found)


def _may_be_in(path: JsonPath, leaves: Leaves, *, any_item: bool) -> bool:
    """Whether a shown leaf is at a path, around it or below it. With `any_item`, positions in lists don't count."""

    def plain(path: JsonPath) -> list[str | int]:
        return [0 if any_item and isinstance(part, int) else part for part in path]

    wanted = plain(path)
    for other, leaf in leaves.items():
        there = plain(other)
        depth = min(len(there), len(wanted))
        if there[:depth] == wanted[:depth] and leaf is not REDACTED and leaf not in _NOTHING:
            return True
    return False


_NOTHING: tuple[Any, ...] = (None, "", {}, [], Text(""))


def _fill_leaves(ours: Text, theirs: Text) -> Any:
    try:
        known, raw = theirs.value(), jsontext.loads(theirs.text)
    except ValueError:
        return ours
    lists = _both_lists(ours, theirs)
    shown = {
        path: _inside(raw, path)
        for path in ours.hidden
        if _is_same_item(path, *lists) and _inside(known, path) is not REDACTED
    }
    if not shown:
        return ours
    filled = jsontext.replace_leaves(jsontext.loads(ours.text), lambda path, leaf: shown.get(path, leaf))
    # Airflow has written a text with a hidden leaf anew. Where the other one is the same JSON to Python, its spelling
    # is the original.
    is_same = jsontext.replace_leaves(filled, _as_python) == jsontext.replace_leaves(raw, _as_python)
    return theirs if is_same else Text.of(jsontext.dumps(filled))


def _as_python(path: JsonPath, leaf: Any) -> Any:
    """A leaf, with a fraction or a power spelled as Python does it: 1.5 for 1.50."""
    if isinstance(leaf, jsontext.Number) and not leaf.text.lstrip("-").isdigit():
        return jsontext.Number(repr(float(leaf.text)))
    return leaf


def _inside(value: Any, path: JsonPath) -> Any:
    """The part of a tree at a path. REDACTED where the path leads nowhere."""
    try:
        for part in path:
            value = value[part]
    except (LookupError, TypeError):
        return REDACTED
    return value


def _both_lists(ours: Text, theirs: Text) -> tuple[_Lists, _Lists]:
    hidden = frozenset(ours.hidden)
    mine, others = aligned(leaves_of(ours), leaves_of(theirs))
    return _Lists(mine, hidden), _Lists(others, hidden)


class _Lists:
    """The items of each list and object of a text. The other text may have a list where this one has an object."""

    def __init__(self, leaves: Leaves, hidden: frozenset[JsonPath]) -> None:
        self.items = items_of(leaves)
        """The items of each list and object, hidden ones among them."""
        self.shown: defaultdict[JsonPath, dict[JsonPath, Any]] = defaultdict(dict)
        """The leaves of an item of a list that neither text hides."""
        for path, leaf in leaves.items():
            for depth, part in enumerate(path):
                if isinstance(part, int) and path not in hidden and leaf is not REDACTED:
                    self.shown[path[: depth + 1]][path] = leaf


def _is_same_item(path: JsonPath, ours: _Lists, theirs: _Lists) -> bool:
    """Whether every list on the way to a leaf is as long in both texts, and the item with the leaf shows the same.

    Lists have no names: an item of another one at the same place may be that of another host.
    """
    return all(
        len(ours.items[path[:depth]]) == len(theirs.items[path[:depth]])
        and ours.shown[path[: depth + 1]] == theirs.shown[path[: depth + 1]]
        for depth, part in enumerate(path)
        if isinstance(part, int)
    )
