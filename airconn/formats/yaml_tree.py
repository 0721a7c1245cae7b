"""YAML as it is written: scalars keep their text, keys their place, and nothing is what YAML 1.1 thinks it is.

`0123`, `yes`, `1e5`, `12:30` and dates are texts; only what JSON calls a number, `true`, `false` and `null` is one.
"""

from __future__ import annotations

import re
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from airconn.errors import InputError
from airconn.formats.tree import Mapping, Sequence
from airconn.model import Origin, jsontext
from airconn.model.jsontext import Number

_JSON_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_STR_TAG = "tag:yaml.org,2002:str"
_MERGE_TAG = "tag:yaml.org,2002:merge"
MAX_NODES = 5_000_000
"""How many nodes a document may have with its aliases written out, so that a few lines can't fill the memory."""

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def load(text: str, source: str) -> Any:
    """The document as nested `Mapping`, `Sequence`, `str`, `Number`, `bool` and None.

    Raises `InputError` with line and column, without quoting what stands there.
    """
    try:
        node = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = Origin(source, mark.line + 1, mark.column + 1) if mark else Origin(source)
        raise InputError(
            "this is not YAML",
            where=str(where),
            hint="look at the indentation; a text with ': ' or ' #' in it, or a leading @ % * or &, needs quotes",
        ) from None
    except (yaml.YAMLError, ValueError):
        raise InputError("this is not YAML: it has a character that YAML doesn't allow", where=source) from None
    except RecursionError:
        raise InputError("this YAML is nested too deep", where=source) from None
    return None if node is None else _Builder(source).build(node, 0)


class _Builder:
    def __init__(self, source: str) -> None:
        self.source = source
        self.nodes = 0

    def fail(self, node: Node, message: str, hint: str | None = None) -> InputError:
        mark = node.start_mark
        return InputError(message, where=str(Origin(self.source, mark.line + 1, mark.column + 1)), hint=hint)

    def build(self, node: Node, depth: int) -> Any:
        self.nodes += 1
        if self.nodes > MAX_NODES or depth > jsontext.MAX_DEPTH:
            raise self.fail(node, "this YAML is nested too deep, or its aliases make it too large")
        if isinstance(node, MappingNode):
            return self.mapping(node, depth)
        if isinstance(node, SequenceNode):
            result = Sequence(self.source)
            for item in node.value:
                result.put(self.build(item, depth + 1), item.start_mark.line + 1, item.start_mark.column + 1)
            return result
        return _scalar(node)

    def mapping(self, node: MappingNode, depth: int) -> Mapping:
        result = Mapping(self.source)
        merged: list[Mapping] = []
        for key_node, value_node in node.value:
            if key_node.tag == _MERGE_TAG:
                merged += self.merged(value_node, depth)
                continue
            if not isinstance(key_node, ScalarNode):
                raise self.fail(key_node, "a key must be a single text")
            key = key_node.value
            if key in result:
                raise self.fail(key_node, f"the key {key!r} stands twice in one mapping", "keep one of the two")
            mark = key_node.start_mark
            result.put(key, self.build(value_node, depth + 1), mark.line + 1, mark.column + 1)
        for other in merged:
            for key, value in other.items():
                if key not in result:
                    result.put(key, value, *other.places[key])
        return result

    def merged(self, node: Node, depth: int) -> list[Mapping]:
        nodes = node.value if isinstance(node, SequenceNode) else [node]
        built = [self.build(item, depth + 1) for item in nodes]
        if not all(isinstance(item, Mapping) for item in built):
            raise self.fail(node, "'<<' takes a mapping or a list of mappings")
        return built


def _scalar(node: Node) -> Any:
    """A scalar as JSON has it if its plain text is a JSON number, `true`, `false` or `null`, else its text."""
    text: str = node.value
    if getattr(node, "style", None) or node.tag == _STR_TAG:
        return text
    if text in _NULL:
        return None
    if text in _BOOLS:
        return _BOOLS[text]
    return Number(text) if _JSON_NUMBER.fullmatch(text) else text


class _Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
    """Quotes every text that YAML 1.1, YAML 1.2 or Go's reader could take for something else than a text."""


def _represent_text(dumper: Any, text: str) -> ScalarNode:
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
        style = None
    elif "\n" in text and _BLOCK.fullmatch(text):
        style = "|"
    else:
        style = "'" if text.isprintable() else '"'
    node: ScalarNode = dumper.represent_scalar(_STR_TAG, text, style=style)
    return node


_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./@-]*")
_WORDS = frozenset(("y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf"))
_BLOCK = re.compile(r"([!-~]([ -~]*[!-~])?\n)+")
_Dumper.add_representer(str, _represent_text)


def dump(tree: Any) -> str:
    """A tree of plain Python values as YAML, in the order that it has, which every YAML reader takes as it was."""
    text = yaml.dump(
        tree, Dumper=_Dumper, sort_keys=False, allow_unicode=True, default_flow_style=False, width=2**30, indent=2
    )
    return str(text)
