"""Which leaves are masked unless a user asks for secrets."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from itertools import accumulate
from typing import Any

from airconn.airflow.masked_names import is_sensitive
from airconn.model import jsontext
from airconn.model.jsontext import JsonPath, Number
from airconn.model.leaves import leaves_of
from airconn.model.objects import AirflowObject, Connection, Variable, value_fields
from airconn.model.redacted import MASK, REDACTED, Redacted
from airconn.model.secret_names import is_hidden_name, is_secret_name
from airconn.model.secret_values import is_harmless, may_be_secret, secret_arguments
from airconn.model.text import Text

_NAMES = frozenset({"name", "key", "field", "parameter", "property", "variable", "header", "option", "k", "n"})
_VALUES = frozenset({"value", "values", "val", "v", "default", "content", "data", "text", "string", "stringvalue"})
"""Keys of a name and of its value (`{"name": "password", "value": ...}`), without `_` and `-`."""


def is_secret(obj: AirflowObject, field: str, path: JsonPath, value: Any) -> bool:
    """Whether a leaf of an object is masked: by its name, by the leaves beside it, or by its value.

    An extra that isn't JSON has no names, and is masked as a whole.
    """
    if (isinstance(obj, Connection) and field == "password") or (field == "extra" and isinstance(value, Text)):
        return True
    if _is_from_elsewhere(obj, field, path):
        return True
    own = (obj.key,) if isinstance(obj, Variable) and field == "value" else ()
    text = value.text if isinstance(value, Text) else value
    return (
        _is_hidden_path((*own, *path))
        or (not is_harmless(text) and (_is_secret_path((*own, *path)) or _is_named_beside(obj, field, path)))
        or (isinstance(text, str) and _has_something(text))
    )


def _is_from_elsewhere(obj: AirflowObject, field: str, path: JsonPath) -> bool:
    """Whether a reference has brought a leaf, or all that it is a part of."""
    elsewhere: frozenset[tuple[str, JsonPath]] = getattr(obj, "elsewhere", frozenset())
    if not elsewhere or field in _NEVER_HIDDEN:
        return False
    return ("conn_type", ()) in elsewhere or any((field, path[:end]) in elsewhere for end in range(len(path) + 1))


def secret_leaves(obj: AirflowObject) -> Iterator[tuple[str, JsonPath]]:
    """The field and the path of each leaf that is a secret, isn't empty and isn't hidden already."""
    for name in value_fields(obj.kind):
        for path, leaf in leaves_of(getattr(obj, name)).items():
            if leaf is not REDACTED and leaf not in ("", Text("")) and is_secret(obj, name, path, leaf):
                yield name, path


def masked(obj: AirflowObject) -> AirflowObject:
    """`obj` with each leaf that is a secret hidden, as if its source hid it."""
    found: dict[str, set[JsonPath]] = {}
    for name, path in secret_leaves(obj):
        if name not in _NEVER_HIDDEN:
            found.setdefault(name, set()).add(path)
    changes: dict[str, Any] = {name: _hidden(getattr(obj, name), paths) for name, paths in found.items()}
    return replace(obj, **changes) if changes else obj


_NEVER_HIDDEN = frozenset({"conn_type", "team_name", "port", "slots", "include_deferred"})
"""The fields that can't hold a mask."""


def _hidden(value: Any, paths: set[JsonPath]) -> Text | Redacted:
    if not isinstance(value, Text) or () in paths:
        return REDACTED
    tree = jsontext.replace_leaves(value.value(), lambda path, leaf: REDACTED if path in paths else leaf)
    hidden = tuple(path for path, leaf in jsontext.leaves(tree) if leaf is REDACTED)
    if not hidden:
        return value  # an empty list or object
    return Text(
        jsontext.dumps(jsontext.replace_leaves(tree, lambda _, leaf: MASK if leaf is REDACTED else leaf)), hidden
    )


def _is_hidden_path(path: JsonPath) -> bool:
    """Whether Airflow hides a leaf, except for last names that it hides needlessly (`max_tokens`).

    Anything may be below such a name, so that it counts there.
    """
    names = [part for part in path if isinstance(part, str)]
    return any(map(is_sensitive, names[:-1])) or any(map(_is_hidden_in_fact, names[-1:]))


def _is_hidden_in_fact(name: str) -> bool:
    return is_sensitive(name) and is_hidden_name(name)


def _is_secret_path(path: JsonPath) -> bool:
    return any(isinstance(part, str) and is_secret_name(part) for part in path)


def _is_named_beside(obj: AirflowObject, field: str, path: JsonPath) -> bool:
    whole = getattr(obj, field)
    return path != () and isinstance(whole, Text) and _is_below(path, _named_in(whole.text))


def _is_below(path: JsonPath, places: frozenset[JsonPath]) -> bool:
    return places != frozenset() and any(path[:depth] in places for depth in range(1, len(path) + 1))


@lru_cache(maxsize=4)
def _named_in(text: str) -> frozenset[JsonPath]:
    """The places in JSON that a leaf beside them names as secrets. Cached, since it is asked for each leaf."""
    try:
        return frozenset(_named(jsontext.loads(text), ()))
    except ValueError:
        return frozenset()


def _named(value: Any, path: JsonPath) -> Iterator[JsonPath]:
    if isinstance(value, dict):
        names = [item for key, item in value.items() if isinstance(item, str) and key.lower() in _NAMES]
        if any(map(is_hidden_name, names)):
            yield from ((*path, key) for key in value if key.lower().replace("_", "").replace("-", "") in _VALUES)
        for key, item in value.items():
            yield from _named(item, (*path, key))
    elif isinstance(value, list):
        if len(value) == 2 and isinstance(value[0], str) and is_hidden_name(value[0]):
            yield (*path, 1)
        yield from ((*path, index) for index in _named_arguments(value))
        for index, item in enumerate(value):
            yield from _named(item, (*path, index))


def _named_arguments(items: list[Any]) -> Iterator[int]:
    """The positions of the words of a command that are secrets, as in `["--password", "hunter2"]`."""
    words = [item if isinstance(item, str) else item.text if isinstance(item, Number) else "" for item in items]
    starts = list(accumulate((len(word) + 1 for word in words), initial=0))
    for position in secret_arguments(" ".join(words)):
        yield bisect_right(starts, position) - 1


def _has_something(text: str) -> bool:
    """Whether a text may be a secret, or is JSON with one. In broken JSON, each word that Airflow hides counts."""
    if text.lstrip()[:1] not in ("{", "["):
        return may_be_secret(text)
    try:
        value = jsontext.loads(text)
    except ValueError:
        return is_sensitive(text) or may_be_secret(text)
    named = frozenset(_named(value, ()))
    return any(
        (isinstance(leaf, str) and _has_something(leaf))
        or (
            not is_harmless(leaf)
            and leaf not in ({}, [])
            and (_is_hidden_path(path) or _is_secret_path(path) or _is_below(path, named))
        )
        for path, leaf in jsontext.leaves(value)
    )
