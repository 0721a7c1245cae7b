"""Finds the objects that a new text of a JSON or YAML file has as the file has them, maybe in another form."""

from __future__ import annotations

from airconn.model import field_values
from airconn.model.reading import Reading


def unchanged_places(before: Reading, after: Reading) -> frozenset[tuple[str, ...]]:
    """The places of these objects in a file: with a section for each kind, and in one of a single kind."""
    found: set[tuple[str, ...]] = set()
    for obj in after.bundle:
        held = before.bundle.get(obj.kind, obj.id)
        if held is not None and field_values(held) == field_values(obj):
            found |= {(obj.kind.value, obj.id), (obj.id,)}
    # In a file with sections, an id may be the name of a section.
    return frozenset(place for place in found if place not in {("connections",), ("variables",), ("pools",)})
