"""Objects as JSON in a backup: those that a run overwrote with their values, those that it wrote as marks."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping
from typing import Any, cast

from airconn.model import (
    REDACTED,
    AirflowObject,
    Kind,
    Redacted,
    Text,
    field_values,
    is_unsaid,
    jsontext,
    value_fields,
)
from airconn.model.jsontext import JsonPath, Number
from airconn.model.leaves import leaves_of
from airconn.model.objects import CLASS_OF
from airconn.model.reading import Key

Marks = Mapping[str, Mapping[JsonPath, str | None]]
"""The marks of the leaves of an object, by field and path. None is the mark of a hidden leaf."""
Mark = Callable[[str], str]
_Leaves = Mapping[JsonPath, str | None]

_HIDDEN = {"hidden": True}
_NOTHING = frozenset({"s", "s{}", "e{}"})
"""What counts as no extra: an empty text, and an object without keys."""


def as_json(obj: AirflowObject) -> dict[str, Any]:
    """The values of an object, all of them, for `object_of`."""
    found: dict[str, Any] = {}
    for name, value in zip(value_fields(obj.kind), field_values(obj), strict=True):
        if value is REDACTED:
            found[name] = _HIDDEN
        elif isinstance(value, Text):
            found[name] = {"text": value.text, "hidden": value.hidden} if value.hidden else {"text": value.text}
        elif value is not None:
            found[name] = value
    return {**found, "unsaid": sorted(obj.unsaid)} if obj.unsaid else found


def object_of(key: Key, found: Mapping[str, Any]) -> AirflowObject:
    """The object that `as_json` gave. Raises `ValueError` for other JSON."""
    kind, id_ = key
    try:
        values = {name: _value(name, value) for name, value in found.items() if name != "unsaid"}
        if values.keys() - set(value_fields(kind)):
            raise ValueError("unknown fields")
        own: dict[str, Any] = {_ID[kind]: id_, "unsaid": frozenset(found.get("unsaid", ()))}
        make: Callable[..., AirflowObject] = CLASS_OF[kind]
        return make(**own, **values)
    except (TypeError, KeyError, AttributeError):
        raise ValueError("not an object") from None


_ID = {Kind.CONNECTIONS: "conn_id", Kind.VARIABLES: "key", Kind.POOLS: "name"}


_TYPES: Mapping[str, type] = {"port": int, "slots": int, "include_deferred": bool, "extra": Text, "value": Text}
"""The types of the fields that aren't a `str`."""


def _value(name: str, found: Any) -> str | int | Text | Redacted:
    if found == _HIDDEN:
        return REDACTED
    value: Any = _text_of(found) if isinstance(found, dict) else found
    if type(value) is not _TYPES.get(name, str):
        raise ValueError("another type")
    return cast("str | int | Text", value)


def _text_of(found: Mapping[str, Any]) -> Text:
    text, hidden = found["text"], tuple(map(tuple, found.get("hidden", ())))
    if not isinstance(text, str):
        raise ValueError("not a text")
    if hidden and not frozenset(hidden) <= {path for path, _ in jsontext.leaves(jsontext.loads(text))}:
        raise ValueError("not the paths of leaves")
    return Text(text, hidden)


def marker(salt: str) -> Mark:
    """The function that gives the mark of a text, from which the text can't be told without guessing it."""
    key = bytes.fromhex(salt)

    def mark(text: str) -> str:
        data = text.encode("utf-8", "surrogatepass")
        return hashlib.blake2b(data, key=key, digest_size=12).hexdigest()

    return mark


def marks_of(obj: AirflowObject, mark: Mark, names: Collection[str] | None = None) -> Marks:
    """The marks of the fields in `names`, or of all. Fields that the source doesn't give aren't among them."""
    return {
        name: _leaf_marks(name, value, mark)
        for name, value in zip(value_fields(obj.kind), field_values(obj), strict=True)
        if (names is None or name in names) and not (value is None and is_unsaid(obj, name))
    }


def _leaf_marks(name: str, value: Any, mark: Mark) -> dict[JsonPath, str | None]:
    """The marks of a field. An empty text counts as no text, as for many places of connections it is."""
    if value is None:
        return {}
    if isinstance(value, str):
        return {(): mark(f"s{value}")} if value else {}
    if name == "value" and isinstance(value, Text) and not value.hidden:
        return {(): mark(f"s{value.text}")}  # to the character
    found = {path: _text(leaf) for path, leaf in leaves_of(value).items()}
    if name != "value" and list(found) == [()] and found[()] in _NOTHING:
        return {}
    return {path: None if text is None else mark(text) for path, text in found.items()}


def _text(leaf: Any) -> str | None:
    """A leaf as a text that differs from those of all other leaves. None for a hidden one."""
    if leaf is REDACTED:
        return None
    if isinstance(leaf, Text):
        return f"s{leaf.text}"
    if isinstance(leaf, Number):
        return f"n{leaf.text}"
    return f"s{leaf}" if isinstance(leaf, str) else f"e{leaf!r}"


def marks_as_json(marks: Marks) -> dict[str, list[list[Any]]]:
    return {name: [[*path, mark] for path, mark in leaves.items()] for name, leaves in marks.items()}


def marks_from(found: Mapping[str, Any]) -> Marks:
    """The marks that `marks_as_json` gave. Raises `ValueError` for other JSON."""
    try:
        marks = {name: {tuple(path): mark for *path, mark in leaves} for name, leaves in found.items()}
    except (TypeError, AttributeError):
        raise ValueError("not marks") from None
    if not all(isinstance(mark, str | None) for leaves in marks.values() for mark in leaves.values()):
        raise ValueError("not a mark")
    return marks


def changed_fields(written: Marks, now: Marks, *, hides_no_password: bool) -> tuple[str, ...]:
    """The fields that aren't as they were written. What either side hides can't be compared.

    `hides_no_password`: a connection without a password is shown like one with a hidden password.
    """
    return tuple(
        name
        for name, leaves in written.items()
        if name in now
        and _differs(leaves, now[name], may_be_none=hides_no_password and name == "password" and not leaves)
    )


def _differs(ours: _Leaves, theirs: _Leaves, *, may_be_none: bool) -> bool:
    if ours == theirs or may_be_none:
        return False
    for path, mark in ours.items():
        if path in theirs:
            if None not in (mark, theirs[path]) and mark != theirs[path]:
                return True
        elif not _is_hidden_at(path, theirs) and not (mark is None and _is_below(path, theirs)):
            return True
    return any(
        path not in ours and not _is_hidden_at(path, ours) and not (mark is None and _is_below(path, ours))
        for path, mark in theirs.items()
    )


def _is_hidden_at(path: JsonPath, leaves: _Leaves) -> bool:
    """Whether a hidden leaf is around a path."""
    return any(leaves.get(path[:depth], "") is None for depth in range(len(path)))


def _is_below(path: JsonPath, leaves: _Leaves) -> bool:
    """Whether there are leaves below a path."""
    return any(other[: len(path)] == path for other in leaves)
