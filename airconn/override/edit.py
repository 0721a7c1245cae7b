"""The change of one field or one leaf of an object. All else of it stays, hidden leaves included."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, Final

from airconn.errors import BlockedError, UnfitError, UsageError
from airconn.formats.base import extra_fault
from airconn.model import MASK, REDACTED, AirflowObject, Connection, Kind, Rules, Text, Variable, jsontext
from airconn.model.jsontext import JsonPath, Number
from airconn.model.placeholders import all_placeholders, placeholders
from airconn.override.places import FieldPlace
from airconn.override.values import Value

MISSING: Final = object()
"""The value at a path that isn't in the tree yet."""

_WHOLE = ("port", "slots")
_NEVER_NONE = {"conn_type", "slots"}
_NEVER_HIDDEN = {"conn_type", "team_name"}


def with_value(obj: AirflowObject, place: FieldPlace, value: Value, where: str) -> AirflowObject:
    """`obj` with a value at a place. A number, truth value, object or list in JSON keeps its type.

    Raises `UsageError` where the place can't have that value.
    """
    if not place.path:
        return with_field(obj, place.field, value.text, where)
    tree = tree_of(obj, place.field, where)
    path = settled(tree, place.path)

    def change(there: Any) -> Any:
        return like_leaf(there, value, where)

    return with_tree(obj, place.field, _changed(tree, path, change, where), where, given=(path,))


def checked(obj: AirflowObject, field: str, rules: Rules, where: str) -> AirflowObject:
    """`obj`, a field of which was changed. Raises `UnfitError` where the Airflow of `rules` doesn't take it so."""
    if field == "extra" and isinstance(obj, Connection) and (fault := extra_fault(obj, rules)):
        hint = f'such as {{"key": "value"}}; a single leaf is connections/{obj.id}.extra.KEY'
        raise UnfitError(f"this extra {fault}", where=where, hint=hint if rules.extra_is_object else None)
    return obj


def unmask(obj: AirflowObject, place: FieldPlace, where: str) -> AirflowObject:
    """`obj` with what is hidden at a place as the text `***`, or with a placeholder there as the value itself.

    What other programs read there doesn't count any more. Raises `UsageError` where the place has none of these.
    """
    before, obj = obj, _settled_at(obj, place.field, place.path)
    if found := _placeholders_at(obj, place):
        known: frozenset[tuple[str, JsonPath]] = getattr(obj, "genuine", frozenset())
        genuine: dict[str, Any] = {"genuine": known | found}
        obj = obj if obj.kind is Kind.POOLS else replace(obj, **genuine)
    held = getattr(obj, place.field)
    if held is REDACTED and not place.path:
        leafy = place.field in ("extra", "value")
        return _literal(_replaced(obj, place.field, Text(MASK) if leafy else MASK), place.field)
    if _is_masked_in_part(held, place):
        return _literal(obj, place.field)
    hidden: tuple[JsonPath, ...] = held.hidden if isinstance(held, Text) else ()
    path = place.path
    if path not in hidden:
        shown = [each for each in hidden if jsontext.show_path(each) == jsontext.show_path(path)]
        path = shown[0] if len(shown) == 1 else path
    left = tuple(each for each in hidden if each[: len(path)] != path)
    if not isinstance(held, Text) or left == hidden:
        if found or obj is not before:
            return obj
        raise UsageError("nothing is hidden (***) there, and it isn't a placeholder", where=where)
    return _literal(_replaced(obj, place.field, Text(held.text, left)), place.field)


def marked(obj: AirflowObject, field: str, paths: Iterable[JsonPath]) -> AirflowObject:
    """`obj`, which knows that the values at these paths come from elsewhere and are secrets."""
    if obj.kind is Kind.POOLS:
        return obj
    known: frozenset[tuple[str, JsonPath]] = getattr(obj, "elsewhere", frozenset())
    changed: dict[str, Any] = {"elsewhere": known | {(field, path) for path in paths}}
    return replace(obj, **changed)


def _placeholders_at(obj: AirflowObject, place: FieldPlace) -> frozenset[tuple[str, JsonPath]]:
    """The leaves at a place, or below it, that hold placeholders."""
    shown, depth = jsontext.show_path(place.path), len(place.path)
    return frozenset(
        (found.field, found.path)
        for found in all_placeholders(obj)
        if found.field == place.field
        and (found.path[:depth] == place.path or jsontext.show_path(found.path) == shown)
    )


def literal_places(obj: AirflowObject) -> list[FieldPlace]:
    """The places that `--literal` has to name when `obj` is read from a file again."""
    places = []
    for field in sorted(getattr(obj, "literal", ())):
        held = getattr(obj, field)
        again = Text.of(held.text) if isinstance(held, Text) else held
        hidden = again.hidden if isinstance(again, Text) else ()
        if hidden or again is REDACTED or MASK in (held.text if isinstance(held, Text) else str(held)):
            places += [FieldPlace(obj.kind, obj.id, field, path) for path in hidden or ((),)]
    unsaid: dict[str, Any] = {} if obj.kind is Kind.POOLS else {"genuine": frozenset()}
    places += [FieldPlace(obj.kind, obj.id, each.field, each.path) for each in placeholders(replace(obj, **unsaid))]
    return list(dict.fromkeys(places))


def _is_masked_in_part(held: object, place: FieldPlace) -> bool:
    """Whether a text has `***` as a part of it: that isn't a hidden value, but may have been one."""
    if isinstance(held, str):
        return MASK in held
    return isinstance(held, Text) and MASK in held.text and not held.hidden


def _literal(obj: AirflowObject, field: str) -> AirflowObject:
    known: frozenset[str] = getattr(obj, "literal", frozenset())
    changed: dict[str, Any] = {"literal": known | {field}}
    return obj if obj.kind is Kind.POOLS else replace(obj, **changed)


def with_field(obj: AirflowObject, field: str, value: object, where: str) -> AirflowObject:
    """`obj` with another value in a field: a text, or from a file also a number, a truth value, a tree or None."""
    return _replaced(_settled_at(obj, field), field, _field_value(obj.kind, field, value, where))


def _settled_at(obj: AirflowObject, field: str, path: JsonPath = ()) -> AirflowObject:
    """`obj` without the ambiguities that concern only a place in it, whose value the user has given."""
    if not obj.ambiguities:
        return obj
    is_whole = isinstance(obj, Variable) and field == "value" and not path
    left = () if is_whole else tuple(found for each in obj.ambiguities if (found := each.without(field, path)))
    return obj if left == obj.ambiguities else replace(obj, ambiguities=left)


def _replaced(obj: AirflowObject, field: str, value: object) -> AirflowObject:
    # Now the source says something about the field, even if it is that the field is empty.
    changed: dict[str, Any] = {field: value, "unsaid": obj.unsaid - {field}}
    return replace(obj, **changed)


def _field_value(kind: Kind, field: str, value: object, where: str) -> object:
    if value is None:
        if field in _NEVER_NONE or (kind is Kind.VARIABLES and field == "value"):
            raise UsageError(f"{field} can't be cleared: no {kind.singular} is without one", where=where)
        return None
    if field in _WHOLE:
        return _whole(field, value, where)
    if field == "include_deferred":
        return _truth(field, value, where)
    if field in ("extra", "value"):
        # A tree that isn't text is kept as JSON, as `airflow variables import` does.
        return Text.of(value if isinstance(value, str) else jsontext.dumps(value))
    text = value.text if isinstance(value, Number) else value
    if not isinstance(text, str):
        raise UsageError(f"{field} is a text", where=where, hint="put it in quotes")
    if text != MASK:
        # Airflow doesn't store an empty password: its `set_password` does nothing for ''.
        return None if field == "password" and not text else text
    if field in _NEVER_HIDDEN:
        raise UsageError(f"{field} is never hidden, so it can't be ***", where=where)
    return REDACTED


def _whole(field: str, value: object, where: str) -> int:
    text = value.text if isinstance(value, Number) else value
    if not isinstance(text, str) or not re.fullmatch(r"\s*[+-]?[0-9]{1,18}\s*", text):
        raise UsageError(f"{field} must be a whole number", where=where)
    return int(text)


def _truth(field: str, value: object, where: str) -> bool:
    if isinstance(value, bool):
        return value
    word = value.strip().lower() if isinstance(value, str) else ""
    if word not in ("true", "false"):
        raise UsageError(f"{field} must be true or false", where=where)
    return word == "true"


def tree_of(obj: AirflowObject, field: str, where: str) -> Any:
    """The JSON in a field, with hidden leaves as `REDACTED`. An extra that isn't set is an empty object.

    Raises `BlockedError` where all of it is hidden, and `UsageError` where it has no leaves.
    """
    held = getattr(obj, field)
    if held is REDACTED:
        raise BlockedError(
            f"the {field} is hidden, so a part of it can't be set",
            where=where,
            hint="set all of it, or get the hidden values with --fill ADDRESS",
        )
    if held is None or (field == "extra" and isinstance(held, Text) and not held.text.strip()):
        return {}
    try:
        tree = held.value()
    except ValueError:
        tree = None
    if not isinstance(tree, dict | list):
        raise UsageError(f"the {field} is not a JSON object or list, so it has no leaves", where=where)
    return tree


def with_tree(obj: AirflowObject, field: str, tree: Any, where: str, given: Iterable[JsonPath] = ()) -> AirflowObject:
    """`obj` with `tree` as the JSON in a field, indented as it was. `REDACTED` in it is a hidden leaf.

    A field with the same JSON already keeps its text to the last blank. `given` are the paths that the user has set.
    """
    for path in given:
        obj = _settled_at(obj, field, path)
    held = getattr(obj, field)
    if held is not REDACTED and tree == tree_of(obj, field, where):
        return obj
    hidden = tuple(path for path, leaf in jsontext.leaves(tree) if leaf is REDACTED)
    shown = jsontext.replace_leaves(tree, lambda _, leaf: MASK if leaf is REDACTED else leaf)
    try:
        text = jsontext.dumps(shown, indent=_indent(held.text) if isinstance(held, Text) else None)
        jsontext.loads(text)
    except ValueError:
        raise UsageError(f"the {field} would be nested too deep", where=where) from None
    return _replaced(obj, field, Text(text, hidden))


def _indent(text: str) -> int | None:
    match = re.match(r"\s*[{\[]\r?\n( {1,8})\S", text)
    return len(match[1]) if match else None


def exists(tree: Any, path: JsonPath) -> bool:
    """Whether a path leads to something."""
    for step in path:
        if isinstance(step, str):
            if not isinstance(tree, dict) or step not in tree:
                return False
        elif not isinstance(tree, list) or step >= len(tree):
            return False
        tree = tree[step]
    return True


def settled(tree: Any, path: JsonPath) -> JsonPath:
    """The path that is meant. One that isn't in the tree may be that of a key with dots, as reports show it."""
    if exists(tree, path):
        return path
    shown = jsontext.show_path(path)
    same = [known for known, _ in jsontext.leaves(tree) if jsontext.show_path(known) == shown]
    return same[0] if len(same) == 1 else path


def _changed(tree: Any, path: JsonPath, change: Callable[[Any], Any], where: str, done: JsonPath = ()) -> Any:
    """`tree` with the value at `path` passed through `change`. Missing objects and lists on the way are created."""
    if not path:
        return change(tree)
    step, rest = path[0], path[1:]
    if isinstance(step, str):
        known = {} if tree is MISSING else tree
        if not isinstance(known, dict):
            raise _other_shape("an object", done, where)
        return {**known, step: _changed(known.get(step, MISSING), rest, change, where, (*done, step))}
    items = [] if tree is MISSING else tree
    if not isinstance(items, list):
        raise _other_shape("a list", done, where)
    if step > len(items):
        amount = "1 entry" if len(items) == 1 else f"{len(items)} entries"
        raise UsageError(
            f"the list has {amount}, so [{step}] doesn't exist", where=where, hint=f"[{len(items)}] adds one"
        )
    there = items[step] if step < len(items) else MISSING
    return [*items[:step], _changed(there, rest, change, where, (*done, step)), *items[step + 1 :]]


def _other_shape(wanted: str, path: JsonPath, where: str) -> UsageError:
    named = f"the value at {jsontext.show_path(path)}" if path else "it"
    return UsageError(f"{named} is not {wanted}", where=where)


def like_leaf(there: Any, value: Value, where: str) -> Any:
    """A text as a leaf of JSON, with the type of the leaf that is `there`. The mask alone is a hidden leaf."""
    if value.text == MASK:
        return REDACTED
    if not value.adapts or not isinstance(there, Number | bool | dict | list):
        return value.text
    try:
        leaf = jsontext.loads(value.text)
    except ValueError:
        leaf = None
    if not isinstance(leaf, type(there)):
        names = {Number: "a number", bool: "true or false", dict: "an object", list: "a list"}
        old = next(name for known, name in names.items() if isinstance(there, known))
        raise UsageError(
            f"the old value is {old}, and the new one is not",
            where=where,
            hint="for a text, put 'text:' in front of the value",
        )
    return masked(leaf)


def masked(tree: Any) -> Any:
    """`tree` with each leaf that is the mask alone as a hidden leaf."""
    return jsontext.replace_leaves(tree, lambda _, leaf: REDACTED if leaf == MASK else leaf)
