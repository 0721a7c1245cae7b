"""Fields taken apart into what can be compared and shown piece by piece."""

from __future__ import annotations

from typing import Any, TypeAlias

from airconn.model import jsontext
from airconn.model.jsontext import JsonPath
from airconn.model.text import Text

Leaves: TypeAlias = dict[JsonPath, Any]


def leaves_of(value: Any) -> Leaves:
    """The leaves of a field by their paths: those of a JSON object or list, else the value itself at `()`.

    None has no leaves. JSON whose leaves can't be told apart, as where a key stands twice, is of one piece.
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


def leaf_name(field: str, path: JsonPath) -> str:
    """What a leaf is called: `extra.keyfile.private_key`, `value.hosts[0]`, `host`."""
    shown = jsontext.show_path(path)
    return f"{field}{shown}" if shown.startswith("[") else f"{field}.{shown}" if shown else field
