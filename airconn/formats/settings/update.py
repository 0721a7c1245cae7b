"""Changes an `airflow_settings.yaml` in place: values that differ, new entries behind the others, and no other line.

The text is edited at the places that the YAML parser gives, and read again afterwards: an edit that would change
anything else is refused.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from airconn.formats import connection_uri, yaml_scalars, yaml_tree
from airconn.formats.base import (
    IsUnchanged,
    ReadOptions,
    Rendered,
    StoredForm,
    WriteOptions,
    not_in_place,
    verify_edit,
)
from airconn.formats.settings import reading, writing
from airconn.formats.yaml_edit import YamlEdits
from airconn.model import AirflowObject, Bundle, Connection, Kind, Text, jsontext
from airconn.model.reading import Key

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def update(
    text: str, changes: Mapping[Key, AirflowObject | None], options: WriteOptions, is_unchanged: IsUnchanged
) -> Rendered:
    """`text` with the objects of `changes`, where None removes an object.

    Raises `InputError` for a file that doesn't parse, and `BlockedError` if it can't be changed in place.
    """
    as_before = ReadOptions(airflow=options.airflow)
    before = reading.read(text, "", as_before).checked().bundle
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    editor = _SettingsEditor(text.removeprefix("\ufeff"))
    rendered = writing.render(Bundle.of(obj for obj in changes.values() if obj is not None), options)
    readable = reading.read(rendered.text, "", as_before).checked().bundle
    expected: dict[Key, AirflowObject] = {}
    for (kind, id_), obj in changes.items():
        if obj is None:
            editor.remove(kind, id_)
            continue
        wanted, held = readable.get(kind, id_), before.get(kind, id_)
        if wanted is None or (held is not None and is_unchanged(held, wanted)):
            continue
        expected[kind, id_] = wanted
        if held is None:
            editor.add(kind, writing.entry(obj))
        else:
            editor.change(held, wanted)
    after = mark + editor.result()
    verify_edit(lambda: reading.read(after, "", as_before).checked().bundle, before, changes, expected)
    return Rendered(after, rendered.losses, rendered.notes)


def stored_in(text: str, options: WriteOptions) -> StoredForm:
    """Gives the object that is read back from a settings file, whatever `text` is."""
    return lambda obj: writing.stored(obj, options)


class _SettingsEditor(YamlEdits):
    def __init__(self, text: str) -> None:
        super().__init__(text)
        root = yaml.compose(text, Loader=_Loader)
        airflow = _value(root, "airflow")
        if not isinstance(airflow, MappingNode) or airflow.flow_style:
            raise not_in_place()
        self.airflow = airflow
        self.items = {kind: self.by_id(kind) for kind in Kind}
        self.added: dict[Kind, list[dict[str, Any]]] = {}

    def section(self, kind: Kind) -> Node | None:
        return _value(self.airflow, kind.value)

    def by_id(self, kind: Kind) -> dict[str, MappingNode]:
        section, found = self.section(kind), dict[str, MappingNode]()
        for item in section.value if isinstance(section, SequenceNode) else ():
            name = _value(item, writing.ID_FIELDS[kind])
            if isinstance(item, MappingNode) and isinstance(name, ScalarNode):
                found.setdefault(name.value, item)
        return found

    def item(self, kind: Kind, id_: str) -> MappingNode:
        item = self.items[kind].get(id_)
        if item is None or item.flow_style:
            raise not_in_place()
        return item

    def change(self, held: AirflowObject, wanted: AirflowObject) -> None:
        item = self.item(held.kind, held.id)
        uri = _value(item, "conn_uri")
        if isinstance(wanted, Connection) and isinstance(uri, ScalarNode) and uri.value:
            as_uri = connection_uri.build(wanted) if connection_uri.is_writable(wanted) else ""
            if as_uri and not any(_value(item, name) for name in reading.FIELDS_BESIDE_URI):
                self.put(uri, as_uri)
                return
            self.put(uri, None)
        fields = writing.entry(wanted)
        for name in reading.FIELDS[held.kind]:
            node, value = _value(item, name), fields.get(name)
            if name == "conn_uri":
                continue
            if name == "conn_extra" and isinstance(held, Connection) and isinstance(wanted, Connection):
                if held.extra == wanted.extra:
                    continue
                if isinstance(node, MappingNode) and isinstance(wanted.extra, Text):
                    self.put_mapping(node, wanted.extra)
                    continue
            if node is None:
                if value is not None:
                    self.insert(item, name, value)
            elif not isinstance(node, ScalarNode) or node.value != ("" if value is None else str(value)):
                self.put(node, value)

    def put(self, node: Node, value: Any) -> None:
        """Replaces a value by another, in the same style of quotes."""
        start, end = node.start_mark.index, self.end(node)
        style = getattr(node, "style", None)
        new = "" if value is None else _written(value, style, _indent(self.text, start))
        if start == end and new:
            new = f" {new}" if self.text[start - 1 : start] == ":" else new
        self.replace(start, end, new)

    def put_mapping(self, node: MappingNode, extra: Text) -> None:
        """Replaces an extra that is YAML: leaf by leaf if the keys are the same, else as JSON."""
        try:
            value = jsontext.loads(extra.text)
        except ValueError:
            value = None
        if _same_keys(node, value) and not node.flow_style:
            self.put_leaves(node, value)
        else:
            start, end = node.start_mark.index, self.end(node)
            self.replace(start, end, jsontext.dumps(value) if isinstance(value, dict) else json.dumps(extra.text))

    def put_leaves(self, node: Node, value: Any) -> None:
        if isinstance(node, MappingNode):
            for key, child in node.value:
                self.put_leaves(child, value[key.value])
        elif isinstance(node, SequenceNode):
            for child, item in zip(node.value, value, strict=True):
                self.put_leaves(child, item)
        elif (node.value if getattr(node, "style", None) else yaml_scalars.json_like(node.value)) != value:
            self.put(node, value)

    def insert(self, item: MappingNode, name: str, value: Any) -> None:
        """Adds a field behind the others of an entry."""
        column = item.value[0][0].start_mark.column
        place = self.line_end(self.end(item))
        self.replace(place, place, f"{self.newline}{' ' * column}{name}: {_written(value, None, column)}")

    def add(self, kind: Kind, entry: dict[str, Any]) -> None:
        self.added.setdefault(kind, []).append(entry)

    def remove(self, kind: Kind, id_: str) -> None:
        item = self.item(kind, id_)
        self.replace(self.line_start(item.start_mark.index), self.next_line(self.end(item)), "")

    def append(self, kind: Kind, entries: list[dict[str, Any]]) -> None:
        """Adds entries behind the others of their kind."""
        section = self.section(kind)
        if isinstance(section, SequenceNode) and section.value and not section.flow_style:
            first = section.value[0].start_mark.index
            column = self.text[self.line_start(first) : first].index("-")
            place = self.line_end(self.end(section))
            self.replace(place, place, self.newline + self.lines(entries, column))
            return
        column = self.airflow.value[0][0].start_mark.column
        lines = self.newline + self.lines(entries, column + 2)
        if section is None:
            place = self.line_end(self.end(self.airflow))
            self.replace(place, place, f"{self.newline}{' ' * column}{kind.value}:{lines}")
        elif isinstance(section, ScalarNode) or not section.value:
            self.replace(section.start_mark.index, self.end(section), lines)
        else:
            raise not_in_place()

    def lines(self, entries: list[dict[str, Any]], column: int) -> str:
        lines = yaml_tree.dump(entries).rstrip("\n").split("\n")
        return self.newline.join(" " * column + line if line else line for line in lines)

    def result(self) -> str:
        # Sections are edited from the end, so that an addition to an empty one comes before the next section.
        for kind, entries in reversed(self.added.items()):
            self.append(kind, entries)
        return self.edited()


def _value(node: Node | None, name: str) -> Node | None:
    """The node under a key, which Astro reads in any case."""
    if isinstance(node, MappingNode):
        for key, value in node.value:
            if isinstance(key, ScalarNode) and key.value.lower() == name:
                return value  # type: ignore[no-any-return]
    return None


def _same_keys(node: Node, value: Any) -> bool:
    if isinstance(node, MappingNode):
        keys = [key.value for key, _ in node.value if isinstance(key, ScalarNode)]
        if not isinstance(value, dict) or list(value) != keys:
            return False
        return all(_same_keys(child, value[key.value]) for key, child in node.value)
    if isinstance(node, SequenceNode):
        return (
            isinstance(value, list)
            and len(value) == len(node.value)
            and all(_same_keys(child, item) for child, item in zip(node.value, value, strict=True))
        )
    return not isinstance(value, dict | list)


def _indent(text: str, place: int) -> int:
    line = text[text.rfind("\n", 0, place) + 1 : place]
    return len(line) - len(line.lstrip(" -"))


def _written(value: Any, style: str | None, indent: int) -> str:
    """A scalar as YAML, in a style of quotes if possible."""
    if isinstance(value, str) and value.isprintable():
        if style == '"':
            return json.dumps(value, ensure_ascii=False)
        if style == "'":
            return "'" + value.replace("'", "''") + "'"
    if isinstance(value, jsontext.Number):
        return value.text
    text = yaml_tree.dump({"k": value}).removeprefix("k:").strip(" ").rstrip("\n")
    return text.replace("\n  ", "\n" + " " * (indent + 2))
