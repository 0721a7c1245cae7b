"""Takes the value of a field, or of a leaf of JSON, as text."""

from __future__ import annotations

from typing import Any

from airconn.errors import BlockedError, InputError, UsageError
from airconn.model import REDACTED, AirflowObject, Text, jsontext
from airconn.model.jsontext import Number
from airconn.override.edit import exists, settled
from airconn.override.places import FieldPlace

_REAL_VALUES = "read it from a source that shows it, such as --from metadb: or --from env: (airconn help secrets)"


def text_at(obj: AirflowObject, place: FieldPlace, address: str) -> str:
    """The value at a place of an object, which is from `address`.

    Raises `BlockedError` for a hidden value, `InputError` for one that isn't set, and `UsageError` where there are no
    parts.
    """
    held = getattr(obj, place.field)
    if not place.path:
        return _shown(held.value() if isinstance(held, Text) and held.hidden else held, place, address)
    if held is REDACTED or held is None:
        return _shown(held, place, address)
    try:
        tree = held.value()
    except ValueError:
        tree = None
    if not isinstance(tree, dict | list):
        raise UsageError(f"the {place.field} is not a JSON object or list, so it has no parts", where=str(place))
    path = settled(tree, place.path)
    if not exists(tree, path):
        raise _missing(place, address)
    leaf: Any = tree
    for step in path:
        leaf = leaf[step]
    return _shown(leaf, place, address, is_leaf=True)


def _shown(value: Any, place: FieldPlace, address: str, *, is_leaf: bool = False) -> str:
    """A value as text. Raises `BlockedError` if any part of it is hidden."""
    if value is REDACTED or (isinstance(value, dict | list) and _hides(value)):
        raise BlockedError(f"{address} hides the value of {place}", hint=_REAL_VALUES)
    if value is None and not is_leaf:
        raise _missing(place, address)
    if isinstance(value, Text | Number):
        return value.text
    return value if isinstance(value, str) else jsontext.dumps(value)


def _hides(tree: Any) -> bool:
    return any(leaf is REDACTED for _, leaf in jsontext.leaves(tree))


def _missing(place: FieldPlace, address: str) -> InputError:
    hint = f"airconn show {place.kind.value}/{place.id} shows what is set"
    return InputError(f"{place} is not set", where=address, hint=hint)
