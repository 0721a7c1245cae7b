"""Reads and writes YAML: keys and values know their places, and a `Schema` says what scalars without quotes are."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any, TypeVar

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
)
from yaml.nodes import ScalarNode

from airconn.errors import InputError
from airconn.formats import yaml_tags
from airconn.formats.base import show_key
from airconn.formats.tree import MAX_ENTRIES, Mapping, NotJson, Scalar, Sequence
from airconn.formats.yaml_scalars import JSON_LIKE, Schema
from airconn.model import Origin, jsontext
from airconn.model.jsontext import Number
from airconn.patterns import pattern

T = TypeVar("T")

_TEXT_TAGS = frozenset((yaml_tags.STR, "!"))
MAX_NODES = 5_000_000
"""The most nodes that a document may have."""
MAX_ALIASED = 1_000_000
"""The most nodes that its aliases may repeat, where a text of 64 characters counts as one: a few lines could fill
the memory."""

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_OTHER_LINE_ENDS = pattern("[\x85\u2028\u2029]")


def load(text: str, source: str, schema: Schema = JSON_LIKE) -> Any:
    """The document as nested `Mapping`, `Sequence`, `str`, `Number`, `bool`, None and what else the schema has.

    Raises `InputError` with line and column, without quoting the text.
    """
    return _built(text, source, _Builder.document, schema)


def load_all(text: str, source: str, schema: Schema = JSON_LIKE) -> list[tuple[Any, Origin]]:
    """The documents of a stream, each with the place where it starts. Raises as `load` does."""
    return _built(text, source, lambda builder: list(builder.documents()), schema)


def _built(text: str, source: str, build: Callable[[_Builder], T], schema: Schema) -> T:
    text = text.removeprefix("\ufeff")
    builder = _Builder(text, source, schema)
    try:
        return build(builder)
    except yaml.MarkedYAMLError as error:
        is_open = "quoted scalar" in (error.context or "") and "end of stream" in (error.problem or "")
        mark = error.context_mark if is_open else error.problem_mark or error.context_mark
        hint = "a text that starts here isn't closed" if is_open else _hint(text, mark)
        raise InputError("this is not YAML", where=str(builder.origin(mark)), hint=hint) from None
    except (yaml.YAMLError, ValueError):
        character = yaml.reader.Reader.NON_PRINTABLE.search(text)
        raise InputError(
            "this is not YAML: it has a character that YAML doesn't allow",
            where=str(Origin(source, *builder.place(character.start())) if character else Origin(source)),
            hint='between double quotes it can be written as "\\x00" or "\\u0000"',
        ) from None


def _hint(text: str, mark: Any) -> str:
    """What to do about a text that isn't YAML at a mark of the parser, if there is one."""
    position = mark.index if mark else len(text)
    if text[position : position + 1] == "\t":
        return "it breaks at a tab; YAML is indented with blanks"
    line = text[text.rfind("\n", 0, position) + 1 :].partition("\n")[0]
    return _RENDER if "{{" in line or "{%" in line else _HINT


_KEY = "a key must be a single text"
_RENDER = "{{ }} and {% %} belong to a template: render it first ('helm template' does it for a chart)"
_HINT = "look at the indentation; a text with ': ' or ' #' in it, or a leading @ % * or &, needs quotes"


class _Builder:
    """Builds a document from the parser's events.

    `yaml.compose` is recursive, in C without a limit: a few thousand brackets would end the process.
    """

    def __init__(self, text: str, source: str, schema: Schema) -> None:
        self.text = text
        self.source = source
        self.schema = schema
        self.odd: Scalar | None = None
        """The scalar that was built last, if its value isn't, or may not be, what is written."""
        self.key_value: Any = None
        self.events: Iterator[Any] = yaml.parse(text, Loader=_Loader)
        self.nodes = 0
        self.weight = 0
        self.aliased = 0
        self.anchors: dict[str, tuple[Any, int, Scalar | None]] = {}
        # YAML 1.1 has line ends that an editor doesn't have.
        self.has_other_line_ends = bool(_OTHER_LINE_ENDS.search(text))

    @cached_property
    def line_starts(self) -> list[int]:
        return [0, *(match.end() for match in re.finditer("\n", self.text))]

    def place(self, index: int) -> tuple[int, int]:
        line = bisect_right(self.line_starts, index)
        return line, index - self.line_starts[line - 1] + 1

    def place_of(self, mark: Any) -> tuple[int, int]:
        return self.place(mark.index) if self.has_other_line_ends else (mark.line + 1, mark.column + 1)

    def origin(self, mark: Any) -> Origin:
        return Origin(self.source, *self.place_of(mark)) if mark else Origin(self.source)

    def fail(self, event: Event, message: str, hint: str | None = None) -> InputError:
        return InputError(message, where=str(self.origin(event.start_mark)), hint=hint)

    def document(self) -> Any:
        return next((value for value, _ in list(self.documents(1))), None)

    def documents(self, most: int = MAX_ENTRIES) -> Iterator[tuple[Any, Origin]]:
        """The documents, each with the place where it starts. Raises `InputError` for more than `most` documents."""
        origin, number = Origin(self.source), 0
        for event in self.events:
            if isinstance(event, DocumentStartEvent):
                number += 1
                if number > most:
                    message = (
                        f"more than {most:,} YAML documents" if most > 1 else "a second YAML document starts here"
                    )
                    raise self.fail(event, message, "move it to its own file")
                origin = self.origin(event.start_mark)
                self.anchors.clear()
            elif isinstance(event, NodeEvent):
                yield self.build(event, 0), origin

    def build(self, event: Any, depth: int) -> Any:
        if isinstance(event, AliasEvent):
            return self.alias(event)
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise self.fail(event, f"this YAML has more than {MAX_NODES:,} nodes")
        if depth > jsontext.MAX_DEPTH:
            raise self.fail(event, "this YAML is nested too deep")
        before = self.weight
        self.weight += 1
        try:
            value = self.tagged(event, depth)
        except yaml_tags.TagError as error:
            raise self.fail(event, str(error), error.hint) from None
        if event.anchor is not None:
            self.anchors[event.anchor] = value, self.weight - before, self.odd
        return value

    def tagged(self, event: Any, depth: int) -> Any:
        """The value that starts with an event. Raises `TagError` for a tag that doesn't fit it."""
        if isinstance(event, ScalarEvent):
            return self.scalar(event)
        if isinstance(event, MappingStartEvent):
            yaml_tags.check_mapping(event.tag)
            value: Any = self.mapping(depth)
        else:
            yaml_tags.check_sequence(event.tag)
            value = self.pairs(event, depth) if event.tag in yaml_tags.PAIRS else self.sequence(depth)
        self.odd = None
        return value

    def scalar(self, event: Any) -> Any:
        self.odd, text = None, event.value
        self.weight += len(text) // 64
        if event.tag is None:
            if event.style:
                return text
            value, is_odd = self.schema.plain(text)
            if is_odd:
                self.odd = Scalar(text, *self.place_of(event.start_mark))
            return value
        if event.tag in _TEXT_TAGS:
            return text
        value = self.schema.tagged(event.tag, text)
        if isinstance(value, NotJson):
            self.odd = Scalar(text, *self.place_of(event.start_mark))
        return value

    def pairs(self, event: Event, depth: int) -> Sequence:
        """A list of keys and values (`!!omap`, `!!pairs`)."""
        found = self.sequence(depth)
        for index, item in enumerate(found):
            if not isinstance(item, Mapping) or len(item) != 1:
                raise self.fail(
                    event,
                    "this list has a tag for pairs (!!omap, !!pairs), and one of its entries isn't 'key: value'",
                    "write each entry as 'key: value', or remove the tag",
                )
            ((key, value),) = item.items()
            if key in item.keys_written:  # this key is no key of JSON, and keeps its type
                key = item.keys_written[key][1]
            found[index] = [key, value]
        return found

    def alias(self, event: AliasEvent) -> Any:
        if event.anchor not in self.anchors:
            raise self.fail(event, "this alias has no anchor (&name) before it")
        value, weight, self.odd = self.anchors[event.anchor]
        self.weight += weight
        self.aliased += weight
        if self.aliased > MAX_ALIASED:
            raise self.fail(event, "the aliases of this YAML make it too large")
        return value

    def sequence(self, depth: int) -> Sequence:
        result = Sequence(self.source)
        while not isinstance(event := next(self.events), SequenceEndEvent):
            if len(result) == MAX_ENTRIES:
                raise self.fail(event, f"more than {MAX_ENTRIES:,} entries")
            place = self.place_of(event.start_mark)
            value = self.build(event, depth + 1)
            if self.odd is not None:
                result.written[len(result)] = self.odd
                result.is_odd = True
            elif isinstance(value, Mapping | Sequence) and value.is_odd:
                result.is_odd = True
            result.put(value, *place)
        return result

    def mapping(self, depth: int) -> Mapping:
        result = Mapping(self.source)
        merged: list[Mapping] = []
        odd_keys: set[Any] = set()
        while not isinstance(event := next(self.events), MappingEndEvent):
            if _is_merge(event):
                merged += self.merged(depth)
                continue
            key = self.key(event)
            if self.odd is not None:
                self.odd_key(result, key, event, odd_keys)
            if key in result:
                raise self.fail(event, f"{show_key(key)} is written twice in one mapping", "keep one of the two")
            if len(result) == MAX_ENTRIES:
                raise self.fail(event, f"more than {MAX_ENTRIES:,} entries")
            place = self.place_of(event.start_mark)
            following = next(self.events)
            if _is_plain(event) and _GLUED.search(key) and _is_nothing(following):
                raise self.fail(
                    event,
                    "this key has a ':' or '=' in it, and no value",
                    "put a blank after the ':', or put the key in quotes",
                )
            value = self.build(following, depth + 1)
            if self.odd is not None:
                result.written[key] = self.odd
                result.is_odd = True
            elif isinstance(value, Mapping | Sequence) and value.is_odd:
                result.is_odd = True
            result.put(key, value, *place)
        return self.merge(merged, result) if merged else result

    def merge(self, others: list[Mapping], own: Mapping) -> Mapping:
        """A mapping with the entries of others, in the order of `safe_load`: a later one wins, its own one always."""
        result = Mapping(self.source)
        for each in (*others, own):
            for key, value in each.items():
                result.put(key, value, *each.places[key])
                for found, of_each in ((result.written, each.written), (result.keys_written, each.keys_written)):
                    found.pop(key, None)
                    if key in of_each:
                        found[key] = of_each[key]  # type: ignore[assignment]  # both of a pair are alike
            result.is_odd = result.is_odd or each.is_odd
        return result

    def key(self, event: Event) -> str:
        if isinstance(event, AliasEvent):
            value, written = self.alias(event), None
        elif isinstance(event, ScalarEvent):
            value, written = self.build(event, 0), str(event.value)
        else:
            raise self.fail(event, _KEY, _hint(self.text, event.start_mark))
        self.key_value = value
        if isinstance(value, str):
            return value
        text = None if isinstance(value, Mapping | Sequence) else self.schema.key(value)
        if text is None and written is None:
            raise self.fail(event, _KEY, _HINT)
        if text is None:
            self.odd = None
            return str(written)
        if self.odd is None:
            self.odd = Scalar(text, *self.place_of(event.start_mark))
        return text

    def odd_key(self, result: Mapping, key: str, event: Event, seen: set[Any]) -> None:
        """Notes a key whose value isn't its text. Raises `InputError` for two that are one to Python."""
        value, odd = self.key_value, self.odd
        if isinstance(value, str) or odd is None:
            return
        known = float(value.text) if isinstance(value, Number) else value
        if known in seen:
            raise self.fail(
                event, "YAML reads this key and another one in this mapping as the same value", "put both in quotes"
            )
        seen.add(known)
        result.keys_written[key] = odd, value
        result.is_odd = True

    def merged(self, depth: int) -> list[Mapping]:
        event = next(self.events)
        value = self.build(event, depth + 1)
        values = value if isinstance(value, Sequence) else [value]
        if not all(isinstance(item, Mapping) for item in values):
            raise self.fail(event, "'<<' takes a mapping or a list of mappings")
        return list(reversed(values))  # the first of a list wins


def _is_merge(event: Event) -> bool:
    if not isinstance(event, ScalarEvent):
        return False
    return event.tag == yaml_tags.MERGE or (event.value == "<<" and not event.style and event.tag is None)


_GLUED = pattern("[:=]")


def _is_plain(event: Event) -> bool:
    return isinstance(event, ScalarEvent) and not event.style and event.tag is None


def _is_nothing(event: Event) -> bool:
    """Whether the value is missing, without even a null."""
    return _is_plain(event) and not event.value and event.anchor is None  # type: ignore[attr-defined]


class _Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
    """Quotes every text that YAML 1.1, YAML 1.2 or Go's reader could read as another type."""


def _represent_text(dumper: Any, text: str) -> ScalarNode:
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
        style = None
    elif "\n" in text and _BLOCK.fullmatch(text):
        style = "|"
    else:
        style = "'" if text.isprintable() else '"'
    node: ScalarNode = dumper.represent_scalar(yaml_tags.STR, text, style=style)
    return node


_PLAIN = pattern(r"[A-Za-z_][A-Za-z0-9_./@-]*")
_WORDS = frozenset(("y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf"))
_BLOCK = pattern(r"([!-~]([ -~]*[!-~])?\n)+")
_Dumper.add_representer(str, _represent_text)


def dump(tree: Any) -> str:
    """A tree of plain Python values as YAML, in its order, in a form that every YAML reader reads back the same."""
    text = yaml.dump(
        tree, Dumper=_Dumper, sort_keys=False, allow_unicode=True, default_flow_style=False, width=2**30, indent=2
    )
    return str(text)
