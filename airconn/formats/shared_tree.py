"""The documents of a JSON or YAML text, parsed once for both the detection of its format and the reader."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from typing import Any

from airconn.errors import InputError
from airconn.formats import json_tree
from airconn.formats.tree import Mapping, Sequence
from airconn.model import Origin

LEVELS = 24
"""The levels of JSON whose entries know their places, which are more than any known file has."""


def load(text: str, source: str) -> list[tuple[Any, Origin]]:
    """The documents of a text, each with the place where it starts. `source` names the text in their places.

    The last text is remembered, so a reader must not change what it gets. Scalars of YAML are what is written, and
    odd is what the YAML of Go, in which most tools are written, makes another text of. Raises `InputError` for a text
    that is neither JSON nor YAML.
    """
    found = try_load(text)
    if found is None:
        return _parsed(text, source)
    for value, _ in found:
        _say_source(value, source)
    return [(value, Origin(source, origin.line, origin.column)) for value, origin in found]


@lru_cache(maxsize=1)
def try_load(text: str) -> list[tuple[Any, Origin]] | None:
    """The documents of a text whose source isn't known yet. None for a text that is neither JSON nor YAML."""
    try:
        return _parsed(text, "")
    except InputError:
        return None


def _parsed(text: str, source: str) -> list[tuple[Any, Origin]]:
    text = text.removeprefix("\ufeff")
    if not text.lstrip().startswith(("{", "[")):
        return _yaml(text, source)
    try:
        return [(json_tree.load(text, source, LEVELS), Origin(source, 1))]
    except InputError:
        with suppress(InputError):
            return _yaml(text, source)  # YAML in braces, or several documents
        raise


def _yaml(text: str, source: str) -> list[tuple[Any, Origin]]:
    from airconn.formats import yaml_scalars, yaml_tree  # which take longer to load than most JSON to read

    return yaml_tree.load_all(text, source, yaml_scalars.ASTRO)


def _say_source(value: Any, source: str) -> None:
    """Gives all mappings and lists of a tree the name of their source."""
    if not isinstance(value, Mapping | Sequence) or value.source == source:
        return
    for node in _nodes(value):
        node.source = source


def _nodes(value: Mapping | Sequence) -> Iterator[Mapping | Sequence]:
    """All mappings and lists of a tree that know places, each once, however often aliases repeat it."""
    seen, waiting = {id(value)}, [value]
    while waiting:
        node = waiting.pop()
        yield node
        for inner in node.values() if isinstance(node, Mapping) else node:
            if isinstance(inner, Mapping | Sequence) and id(inner) not in seen:
                seen.add(id(inner))
                waiting.append(inner)
