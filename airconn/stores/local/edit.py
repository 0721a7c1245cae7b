"""Changes entries of the files of Airflow's LocalFilesystemBackend, and no others."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode

from airconn.formats import json_tree, yaml_tree
from airconn.formats.base import not_in_place
from airconn.formats.text_edits import TextEdits
from airconn.formats.yaml_edit import YamlEdits
from airconn.model import Connection, Variable, jsontext
from airconn.stores.local import grammar

Changes = Mapping[str, Connection | Variable | None]
"""The new objects by their ids. None removes an entry."""


def edited(text: str, file_type: str, changes: Changes) -> str:
    """The text of a file with all changes. `file_type` is one of `grammar.TYPES`, and an empty text is a new file.

    Raises `BlockedError` if something else would change as well.
    """
    if file_type == "env":
        return _edited_lines(text, changes)
    if file_type == "json":
        return _edited_json(text, changes)
    return _edited_yaml(text, changes)


def _edited_lines(text: str, changes: Changes) -> str:
    left = dict(changes)
    newline = "\r\n" if "\r\n" in text else "\n"
    edits, start = TextEdits(text), 0
    for piece in text.splitlines(keepends=True):
        name, equals, _ = piece.partition("=")
        if equals and name in left and not piece.lstrip().startswith("#"):
            obj = left.pop(name)
            end = start + len(piece if obj is None else piece.splitlines()[0])
            edits.replace(start, end, "" if obj is None else f"{name}={grammar.line(obj)}")
        start += len(piece)
    kept = edits.edited()
    added = [f"{id_}={grammar.line(obj)}{newline}" for id_, obj in sorted(left.items()) if obj is not None]
    if added and kept and kept[-1] not in grammar.LINE_ENDS:
        kept += newline
    return "".join((kept, *added))


def _edited_json(text: str, changes: Changes) -> str:
    """The text with all changes. Strings, numbers, the order of keys and the indent stay as they are."""
    document: dict[str, Any] = json_tree.load(text, "") if text else {}
    for id_, obj in sorted(changes.items()):
        if obj is None:
            document.pop(id_, None)
        else:
            document[id_] = grammar.entry(obj)
    indent = re.match(r"\s*\{\r?\n( +)\S", text)
    newline = "\r\n" if "\r\n" in text else "\n"
    return (jsontext.dumps(document, indent=len(indent[1]) if indent else 2) + "\n").replace("\n", newline)


def _edited_yaml(text: str, changes: Changes) -> str:
    if not text:
        return yaml_tree.dump({id_: grammar.entry(obj) for id_, obj in sorted(changes.items()) if obj is not None})
    editor = _Editor(text)
    for id_, obj in sorted(changes.items()):
        editor.change(id_, obj)
    return editor.result()


class _Editor(YamlEdits):
    def __init__(self, text: str) -> None:
        super().__init__(text)
        root: Node | None = yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        if not isinstance(root, MappingNode) or (root.flow_style and root.value):
            raise not_in_place()
        self.root = root
        self.left = len(root.value)
        self.added = ""

    def change(self, id_: str, obj: Connection | Variable | None) -> None:
        key, value = next(((key, value) for key, value in self.root.value if key.value == id_), (None, None))
        if key is None or value is None:
            self.added += yaml_tree.dump({id_: grammar.entry(obj)}) if obj is not None else ""
            return
        end = max(self.end(value), key.end_mark.index)
        start = self.line_start(key.start_mark.index)
        indent = " " * self.root.start_mark.column
        between = self.text[key.end_mark.index : value.start_mark.index]
        if obj is None:
            self.left -= 1
            self.replace(start, self.next_line(end), "")
        elif isinstance(value, ScalarNode) and isinstance(obj, Variable) and between.rstrip(" ") == ":":
            new = yaml_tree.dump({"k": grammar.entry(obj)}).removeprefix("k:").rstrip("\n")
            self.replace(key.end_mark.index, end, f":{new}".replace("\n", f"\n{indent}"))
        else:
            # An odd or long key is written after a '?', with its value on the next line.
            lines = indent + yaml_tree.dump({id_: grammar.entry(obj)}).rstrip("\n")
            self.replace(start, end, lines.replace("\n", f"\n{indent}"))

    def result(self) -> str:
        if not self.root.value:
            # An empty mapping is written in braces, which take no lines.
            start, end = self.root.start_mark.index, self.root.end_mark.index
            self.replace(start, end, self.added.rstrip("\n") or "{}")
            return self.edited()
        added = "".join(" " * self.root.start_mark.column + line for line in self.added.splitlines(keepends=True))
        if not self.left and not added:
            added = "{}\n"
        if added:
            place = self.next_line(self.end(self.root))
            self.replace(place, place, added if self.text[place - 1] == "\n" else f"\n{added}")
        return self.edited()
