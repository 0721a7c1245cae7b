"""Reads and writes documents of objects as JSON."""

from __future__ import annotations

from airconn.formats import documents, json_tree, omission, split_mark
from airconn.formats.base import ReadOptions, Rendered, WriteOptions, holdable
from airconn.formats.tree import Mapping
from airconn.model import Bundle, Kind, jsontext
from airconn.model.reading import Reading

stored = documents.stored
_SECTIONS = frozenset(kind.value for kind in Kind)


def read(text: str, source: str, options: ReadOptions) -> Reading:
    """The objects of a JSON document. Raises `InputError` with line and column if it isn't JSON."""
    document = json_tree.load(text, source, sections=_SECTIONS)
    if (
        isinstance(document, Mapping)
        and document.keys() - {omission.KEY} <= _SECTIONS
        and (omission.omitted_kinds(text) or split_mark.is_marked(text))
    ):
        document.pop(omission.KEY, None)
    return documents.read(document, source, options)


def render(bundle: Bundle, options: WriteOptions) -> Rendered:
    """The bundle as JSON with an indent of 2, as Airflow writes it."""
    bundle, lost = holdable(bundle, options)
    tree, losses = documents.write(bundle, options)
    return Rendered(jsontext.dumps(tree, indent=2) + "\n", (*lost, *losses))
