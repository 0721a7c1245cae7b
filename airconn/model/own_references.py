"""Hidden values written as a reference to their own place, such as `ref:#connections/warehouse.password`.

Where a mask only says that there is a value, such a reference says which one. Both are hidden in the model, so that
`--fill` fills them.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any, TypeVar

from airconn.model import jsontext
from airconn.model.jsontext import JsonPath
from airconn.model.leaves import leaf_name
from airconn.model.objects import AirflowObject, Kind, field_values, value_fields
from airconn.model.redacted import MASK, REDACTED, Redacted
from airconn.model.text import Text

T = TypeVar("T", bound=AirflowObject)

PREFIX = "ref:#"


def own_reference(kind: Kind, id_: str, field: str, path: JsonPath = ()) -> str:
    """The reference of a leaf to itself: `ref:#connections/ID.extra.KEY`, and `ref:#variables/ID` for a value."""
    is_value = kind is Kind.VARIABLES and field == "value" and not path
    return f"{PREFIX}{kind.value}/{id_}" + ("" if is_value else f".{leaf_name(field, path)}")


def may_have_references(obj: AirflowObject) -> bool:
    """Whether a text of an object may have a reference without an address in it."""
    for value in field_values(obj):
        text = value.text if type(value) is Text else value
        if type(text) is str and (PREFIX in text or ("\\" in text and "ref" in text)):
            return True
    return False


def references_hidden(obj: T) -> tuple[T, tuple[str, ...]]:
    """The object with each leaf hidden that is the reference to itself, and the names of these leaves."""
    changes: dict[str, Any] = {}
    names: list[str] = []
    for field, value in zip(value_fields(obj.kind), field_values(obj), strict=True):
        text = value.text if isinstance(value, Text) else value
        if not isinstance(text, str) or "ref" not in text:
            continue
        if text == own_reference(obj.kind, obj.id, field) or text == f"{PREFIX}{obj.kind.value}/{obj.id}.{field}":
            changes[field] = REDACTED
            names.append(field)
        elif isinstance(value, Text) and (paths := _own_paths(obj, field, value)):
            changes[field] = _with_mask(value, paths)
            names += [leaf_name(field, path) for path in paths]
    return (replace(obj, **changes), tuple(names)) if changes else (obj, ())


def with_own_references(obj: T) -> T:
    """The object with each hidden leaf as the reference to itself, so that nothing in it is hidden any more."""
    changes: dict[str, Any] = {}
    for field, value in zip(value_fields(obj.kind), field_values(obj), strict=True):
        if value is REDACTED:
            text = own_reference(obj.kind, obj.id, field)
            changes[field] = Text(text) if field in _TEXTS else text
        elif isinstance(value, Text) and value.hidden:
            hidden = frozenset(value.hidden)
            tree = jsontext.replace_leaves(
                jsontext.loads(value.text),
                lambda path, leaf, field=field, hidden=hidden: (  # type: ignore[misc]
                    own_reference(obj.kind, obj.id, field, path) if path in hidden else leaf
                ),
            )
            changes[field] = Text(jsontext.dumps(tree))
    return replace(obj, **changes) if changes else obj


_TEXTS = frozenset({"extra", "value"})


def _own_paths(obj: AirflowObject, field: str, value: Text) -> list[JsonPath]:
    """The paths of the leaves that are references to themselves."""
    if value.text.lstrip()[:1] not in ("{", "["):
        return []
    try:
        leaves = list(jsontext.leaves(jsontext.loads(value.text)))
    except ValueError:
        return []
    return [path for path, leaf in leaves if leaf == own_reference(obj.kind, obj.id, field, path)]


def _with_mask(value: Text, paths: Collection[JsonPath]) -> Text | Redacted:
    places = frozenset((*value.hidden, *paths))
    tree = jsontext.loads(value.text)
    hidden = tuple(path for path, _ in jsontext.leaves(tree) if path in places)
    masked = jsontext.replace_leaves(tree, lambda path, leaf: MASK if path in places else leaf)
    return Text(jsontext.dumps(masked), hidden)
