"""Overlays: files with fields of objects that replace those of the sources."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from airconn import formats
from airconn.errors import InputError
from airconn.formats import tree
from airconn.model import AirflowObject, Bundle, Kind, Origin, Rules, Selection, jsontext, value_fields
from airconn.model.jsontext import JsonPath
from airconn.model.sensitive import is_sensitive_place
from airconn.override import edit, values
from airconn.override.places import LEAFY, FieldPlace, unknown_field, unknown_id
from airconn.override.values import Surroundings, Value


@dataclass(frozen=True, slots=True)
class OverlayEntry:
    """The fields that an overlay gives to one object."""

    kind: Kind
    id: str
    fields: tree.Mapping
    origin: Origin

    def texts(self) -> Iterator[tuple[str, str]]:
        """The texts among its values, each with its place in the file."""
        for field in self.fields:
            given = self.fields[field]
            if isinstance(given, str | dict | list):
                for _, leaf in jsontext.leaves(given):
                    if isinstance(leaf, str):
                        yield leaf, str(self.fields.origin(field))


@dataclass(frozen=True, slots=True, repr=False)
class Overlay:
    """The entries of one file, in its order."""

    entries: tuple[OverlayEntry, ...]
    may_lack: bool = False
    """Whether an entry for an object that the sources don't have is skipped, and isn't an error."""

    def lacking(self, bundle: Bundle, selection: Selection) -> Iterator[OverlayEntry]:
        """The entries for selected objects that the sources don't have."""
        for entry in self.entries:
            if selection.wants(entry.kind, entry.id) and bundle.get(entry.kind, entry.id) is None:
                yield entry

    def apply(self, bundle: Bundle, surroundings: Surroundings, selection: Selection, rules: Rules) -> Bundle:
        """`bundle` with the fields that the overlay gives. An entry that isn't selected is ignored.

        Raises `UsageError` with the place in the file for an unknown id or field, and for a value that the Airflow of
        `rules` doesn't take.
        """
        changed: dict[tuple[Kind, str], AirflowObject] = {}
        for entry in self.entries:
            if not selection.wants(entry.kind, entry.id):
                continue
            obj = bundle.get(entry.kind, entry.id)
            if obj is None and self.may_lack:
                continue
            if obj is None:
                raise unknown_id(entry.kind, entry.id, bundle, where=str(entry.origin))
            for field in entry.fields:
                obj = _with_field(obj, entry, field, surroundings)
                obj = edit.checked(obj, field, rules, str(entry.fields.origin(field)))
            changed[entry.kind, entry.id] = obj
        return bundle.map(lambda obj: changed.get((obj.kind, obj.id), obj))


def read_overlay(text: str, source: str) -> Overlay:
    """The overlay that a text in YAML or JSON holds.

    Raises `InputError` with the place where it isn't one.
    """
    document = _load(text, source)
    if not isinstance(document, tree.Mapping):
        raise InputError("an overlay must be an object of connections, variables and pools", where=source)
    entries: list[OverlayEntry] = []
    for name, section in document.items():
        kinds = [kind.value for kind in Kind]
        if name not in kinds:
            near = get_close_matches(name, kinds, n=1)
            raise InputError(
                "not a section of an overlay",
                where=str(document.origin(name)),
                hint=f"did you mean {near[0]!r}?" if near else f"the sections are {', '.join(kinds)}",
                topic="overlays",
            )
        if section is None:
            continue
        if not isinstance(section, tree.Mapping):
            raise InputError(
                f"{name} are an object here, of ids and the fields to override", where=str(document.origin(name))
            )
        entries += [_entry(Kind(name), id_, value, section.origin(id_)) for id_, value in section.items()]
    return Overlay(tuple(entries))


def _load(text: str, source: str) -> Any:
    name = formats.name_of_path(source)
    if name == "json" or (name not in ("yaml", "settings") and text.lstrip("\ufeff \t\r\n").startswith("{")):
        from airconn.formats import json_tree

        return json_tree.load(text, source)
    from airconn.formats import yaml_tree

    return yaml_tree.load(text, source)


def _entry(kind: Kind, id_: str, value: Any, origin: Origin) -> OverlayEntry:
    if isinstance(value, tree.Mapping):
        return OverlayEntry(kind, id_, value, origin)
    fields = tree.Mapping(origin.source)
    if isinstance(value, dict):  # JSON tells no places that deep
        for name, item in value.items():
            fields.put(name, item, origin.line or 1, origin.column or 1)
    elif kind is Kind.VARIABLES and value is not None:  # short for its value, as in a file of variables
        fields.put("value", value, origin.line or 1, origin.column or 1)
    else:
        raise InputError(
            "this must be an object of the fields to override",
            where=str(origin),
            hint="null clears a single field",
            topic="overlays",
        )
    return OverlayEntry(kind, id_, fields, origin)


def paths_of(given: Any) -> list[JsonPath]:
    """The paths in a field that a value of an overlay sets: those of an object, else all of the field."""
    return [path for path, _ in jsontext.leaves(given)] if isinstance(given, dict) else [()]


def _with_field(obj: AirflowObject, entry: OverlayEntry, field: str, surroundings: Surroundings) -> AirflowObject:
    where = str(entry.fields.origin(field))
    if field not in value_fields(entry.kind):
        raise unknown_field(entry.kind, field, where=where)
    given = entry.fields[field]
    merger = _Merger(obj, field, where, surroundings)
    if LEAFY.get(entry.kind) == field and isinstance(given, dict):
        merged = merger.merged(edit.tree_of(obj, field, where), given, ())
        return merger.marked(edit.with_tree(obj, field, merged, where, paths_of(given)), given)
    if LEAFY.get(entry.kind) == field and isinstance(given, list):
        return merger.marked(edit.with_tree(obj, field, merger.leaves(given, ()), where, [()]), given)
    if isinstance(given, str):
        obj = merger.marked(obj, given)
        given = merger.value(given, ()).text
    elif isinstance(given, bool) and field != "include_deferred":
        written = entry.fields.written.get(field)
        given = written.text if written else str(given).lower()
    return edit.with_field(obj, field, given, where)


@dataclass(frozen=True, slots=True)
class _Merger:
    """Lays the tree of an overlay over that of a field."""

    obj: AirflowObject
    field: str
    where: str
    surroundings: Surroundings

    def merged(self, there: Any, given: Any, path: JsonPath) -> Any:
        """`there` with `given` laid over it: objects key by key, where null removes a key. Others are replaced."""
        if not isinstance(given, dict):
            return self.leaf(there, given, path) if isinstance(given, str) else self.leaves(given, path)
        result = dict(there) if isinstance(there, dict) else {}
        for key, item in given.items():
            if item is None:
                result.pop(key, None)
            else:
                result[key] = self.merged(result.get(key, edit.MISSING), item, (*path, key))
        return result

    def marked(self, obj: AirflowObject, given: Any) -> AirflowObject:
        """`obj`, which knows which of the given values come from elsewhere."""
        paths = [
            path
            for path, leaf in jsontext.leaves(given)
            if isinstance(leaf, str) and not self.surroundings.is_literal(leaf)
        ]
        return edit.marked(obj, self.field, paths) if paths else obj

    def value(self, given: str, path: JsonPath) -> Value:
        place = str(FieldPlace(self.obj.kind, self.obj.id, self.field, path))
        secret = is_sensitive_place(self.obj, self.field, path)
        return values.get(given, place, self.where, self.surroundings, secret=secret)

    def leaf(self, there: Any, given: str, path: JsonPath) -> Any:
        got = self.value(given, path)
        # A value in the file has the type that it has in the file. A value from elsewhere is text.
        adapts = got.adapts and not values.is_literal(given)
        return edit.like_leaf(there, Value(got.text, adapts), self.where)

    def leaves(self, given: Any, path: JsonPath) -> Any:
        def change(at: JsonPath, leaf: Any) -> Any:
            return self.leaf(edit.MISSING, leaf, (*path, *at)) if isinstance(leaf, str) else leaf

        return jsontext.replace_leaves(given, change)
