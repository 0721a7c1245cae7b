"""The registry of the shapes of outputs that are read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from airconn.formats import tree
from airconn.formats.outputs import airflow_command, astro, listings, rest_answers, secret_services
from airconn.formats.outputs.shape import Shape
from airconn.model import Origin

SHAPES: tuple[Shape, ...] = (
    *airflow_command.SHAPES,
    *rest_answers.SHAPES,
    *astro.SHAPES,
    *secret_services.SHAPES,
    *listings.SHAPES,
)


_ALONE = (rest_answers.ERROR, rest_answers.POOL)
"""Those of which a list isn't an output."""


def shape_of(document: Any) -> Shape | None:
    """The shape of one output. None if it isn't known."""
    return next((shape for shape in SHAPES if shape.is_one(document)), None)


def parts(document: Any) -> list[tuple[Shape, Any, int | None]]:
    """The outputs in a document with their shapes: itself, or those of a list that `jq -s` made (with the index).

    Empty if the document, or an entry of the list, has no known shape.
    """
    if (shape := shape_of(document)) is not None:
        return [(shape, document, None)]
    if not isinstance(document, tree.Sequence):
        return []
    found = list(_of_entries(document))
    is_known = len(found) == len(document) and any(shape not in _ALONE for shape, _, _ in found)
    return found if is_known else []


def _of_entries(document: tree.Sequence) -> Iterator[tuple[Shape, Any, int | None]]:
    for index, entry in enumerate(document):
        shape = rest_answers.ERROR if rest_answers.is_error(entry) else shape_of(entry)
        if shape is None:
            return
        yield shape, entry, index


def origin_of(document: Any, index: int | None, origin: Origin) -> Origin:
    """The place of an output in a document that starts at `origin`."""
    return origin if index is None else document.origin(index)
