"""Merges two objects: fields that one lacks are taken from the other."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from airconn.model import AirflowObject, Connection, Text, jsontext, value_fields


def unmergeable(source: AirflowObject, target: AirflowObject) -> str:
    """Why the extras of two connections can't be merged. Empty if they can."""
    if not isinstance(source, Connection) or not isinstance(target, Connection):
        return ""
    ours, theirs = source.extra, target.extra
    if not isinstance(ours, Text) or not isinstance(theirs, Text) or ours == theirs or not theirs.text.strip():
        return ""
    for text in (ours, theirs):
        try:
            is_object = isinstance(jsontext.loads(text.text), dict)
        except ValueError:
            is_object = False
        if not is_object:
            side = "the source" if text is ours else "the target"
            return f"the extra of {side} is not a JSON object with each key once, so the two can't be merged"
    return ""


def merged(source: AirflowObject, target: AirflowObject) -> AirflowObject:
    """`source` with every field, and every key of extra, that it lacks and the target has."""
    changes: dict[str, Any] = {}
    for name in value_fields(source.kind):
        ours, theirs = getattr(source, name), getattr(target, name)
        if ours is None:
            changes[name] = theirs
        elif name == "extra" and isinstance(ours, Text) and isinstance(theirs, Text):
            changes[name] = _merged_texts(ours, theirs)
    return replace(source, **changes)


def _merged_texts(ours: Text, theirs: Text) -> Text:
    try:
        mine, other = (jsontext.loads(text.text) for text in (ours, theirs))
    except ValueError:
        return ours  # both are the same, or the other one is empty
    both = _merged_values(mine, other)
    given = dict(jsontext.leaves(mine))
    if both == mine:
        return ours
    if both == other and not given.keys() & set(theirs.hidden) - set(ours.hidden):
        return theirs
    # A hidden leaf stays hidden, and a *** that the user calls genuine stays a text.
    there = dict(jsontext.leaves(both))
    hidden = (*ours.hidden, *(path for path in theirs.hidden if path in there and path not in given))
    return Text(jsontext.dumps(both), hidden)


def _merged_values(ours: Any, theirs: Any) -> Any:
    if not isinstance(ours, dict) or not isinstance(theirs, dict):
        return ours
    keys = [*theirs, *(key for key in ours if key not in theirs)]
    return {
        key: _merged_values(ours[key], theirs[key])
        if key in ours and key in theirs
        else ours.get(key, theirs.get(key))
        for key in keys
    }
