"""The shape of an output: a test that only the output of one command passes, and its reader."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from airconn.formats import tree
from airconn.formats.outputs.output_reader import OutputReader
from airconn.model import Origin


@dataclass(frozen=True, slots=True)
class Shape:
    """What one command prints as JSON or YAML."""

    command: str
    """The command, for messages: `airflow connections list`."""
    is_one: Callable[[Any], bool]
    """Whether a document is its output. It is exact: another file never passes."""
    read: Callable[[Any, Origin, OutputReader], None]
    """Gives the objects of a document that starts at a place to the reader."""


def entries(document: Any, origin: Origin) -> list[tuple[Any, Origin]]:
    """The entries of a list with their places, or the document itself as the only one."""
    if isinstance(document, tree.Sequence):
        return [(entry, document.origin(index)) for index, entry in enumerate(document)]
    return [(document, origin)]


def is_list_of(document: Any, is_entry: Callable[[Any], bool]) -> bool:
    """Whether a document is a list with entries, all of which pass."""
    return isinstance(document, tree.Sequence) and bool(document) and all(map(is_entry, document))
