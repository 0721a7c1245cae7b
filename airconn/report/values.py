"""Old and new values side by side, except those of secrets."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from airconn.model import REDACTED, Action, AirflowObject, Step, Text, jsontext
from airconn.model.jsontext import JsonPath
from airconn.model.leaves import leaf_name, leaves_of
from airconn.model.secrecy import is_secret
from airconn.quoting import clean

_ABSENT = object()
_SEVERAL = object()


def value_lines(step: Step) -> Iterator[str]:
    """`extra.region: "eu" -> "us"` for each leaf that an update or a replacement changes, except those of secrets."""
    old, new = step.target, step.source
    if step.action not in (Action.UPDATE, Action.REPLACE) or old is None or new is None:
        return
    for name in sorted(step.written):
        ours, theirs = leaves_of(getattr(new, name)), leaves_of(getattr(old, name))
        for path in dict.fromkeys([*theirs, *ours]):
            if ours.get(path, _ABSENT) == theirs.get(path, _ABSENT):
                continue
            shown = shown_sides([old, new], name, path)
            if len(shown) == 2:
                yield f"{clean(leaf_name(name, path))}: {' -> '.join(shown)}"


def shown_sides(sides: Sequence[AirflowObject], field: str, path: JsonPath) -> list[str]:
    """The value of each side at a leaf, or one text saying that it is a secret if it is one on any side."""
    values = [(side, _value(side, field, path)) for side in sides]
    if any(value is not _ABSENT and is_secret(side, field, path, value) for side, value in values):
        return ["(a secret)"]
    return [_shown(value) for _, value in values]


def _value(obj: AirflowObject, field: str, path: JsonPath) -> Any:
    value = getattr(obj, field)
    leaves = leaves_of(value)
    if path in leaves:
        return leaves[path]
    # A whole field, or a path that is a leaf on the other side only.
    inside = [leaf for other, leaf in leaves.items() if other[: len(path)] == path]
    if not inside:
        return _ABSENT
    return value if not path else _SEVERAL


def _shown(value: Any) -> str:
    if value is _ABSENT:
        return "(not set)"
    if value is _SEVERAL:
        return "(several values)"
    if value is REDACTED:
        return "(hidden)"
    return clean(json.dumps(value.text, ensure_ascii=False) if isinstance(value, Text) else _json(value))


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else jsontext.dumps(value)
