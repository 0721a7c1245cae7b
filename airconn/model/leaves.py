"""Takes fields apart into leaves, which are compared and shown one by one."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from airconn.model import jsontext
from airconn.model.jsontext import JsonPath
from airconn.model.redacted import REDACTED
from airconn.model.text import Text

Leaves: TypeAlias = dict[JsonPath, Any]


def leaves_of(value: Any) -> Leaves:
    """The leaves of a field by their paths: those of a JSON object or list, else the value itself at `()`.

    None has no leaves. JSON whose leaves can't be told apart, as where a key occurs twice, is one leaf.
    """
    if value is None:
        return {}
    if isinstance(value, Text):
        try:
            found = value.value()
        except ValueError:
            return {(): value}
        if isinstance(found, dict | list):
            return dict(jsontext.leaves(found))
    return {(): value}


@dataclass(frozen=True, slots=True, repr=False)
class Subtree:
    """The leaves of one side that the other side hides as one leaf, by their paths below it."""

    leaves: Leaves = field(default_factory=dict)

    @property
    def hides(self) -> bool:
        """Whether one of its leaves is hidden as well."""
        return any(leaf is REDACTED for leaf in self.leaves.values())


def aligned(ours: Leaves, theirs: Leaves) -> tuple[Leaves, Leaves]:
    """Both sides, with all leaves that the other side hides as one leaf put into a `Subtree` there.

    Airflow may hide a whole object or list as one `***` (3.0 `redact` below its maximal depth, 3.3 below a
    sensitive key deeper than 5). A subtree that hides all of its leaves is REDACTED.
    """
    hidden_there, hidden_here = hidden_in(theirs), hidden_in(ours)
    return _in_pieces(ours, hidden_there), _in_pieces(theirs, hidden_here)


def hidden_in(leaves: Leaves) -> set[JsonPath]:
    return {path for path, leaf in leaves.items() if leaf is REDACTED}


def _in_pieces(leaves: Leaves, places: set[JsonPath]) -> Leaves:
    if not places:
        return leaves
    found: Leaves = {}
    for path, leaf in leaves.items():
        place = next((path[:depth] for depth in range(len(path)) if path[:depth] in places), None)
        if place is None:
            found[path] = leaf
        else:
            found.setdefault(place, Subtree()).leaves[path[len(place) :]] = leaf
    return {path: _whole(leaf) if isinstance(leaf, Subtree) else leaf for path, leaf in found.items()}


def _whole(piece: Subtree) -> Any:
    return REDACTED if all(leaf is REDACTED for leaf in piece.leaves.values()) else piece


def items_of(leaves: Leaves) -> defaultdict[JsonPath, set[str | int]]:
    """The keys and positions in each object and list that has leaves."""
    items: defaultdict[JsonPath, set[str | int]] = defaultdict(set)
    for path in leaves:
        for depth, part in enumerate(path):
            items[path[:depth]].add(part)
    return items


def leaf_name(field: str, path: JsonPath | str) -> str:
    """The name of a leaf: `extra.keyfile.private_key`, `value[0]`, `host`. A path may be a text of `show_path`."""
    shown = path if isinstance(path, str) else jsontext.show_path(path)
    return f"{field}{shown}" if shown.startswith("[") else f"{field}.{shown}" if shown else field
