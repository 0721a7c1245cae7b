"""Hides the references without an address in the objects of a text: `ref:#…` says that `--fill` has the value."""

from __future__ import annotations

from dataclasses import replace

from airconn.model import AirflowObject, Bundle
from airconn.model.own_references import may_have_references, references_hidden
from airconn.model.reading import Key, Reading


def hidden(reading: Reading) -> Reading:
    """The reading, in which each leaf is hidden that is a reference to its own place. `referred` has their names."""
    changed: dict[int, AirflowObject] = {}
    referred: dict[Key, tuple[str, ...]] = {}
    for obj in reading.found:
        if may_have_references(obj):
            other, names = references_hidden(obj)
            if names:
                changed[id(obj)] = other
                referred[obj.kind, obj.id] = names
    if not changed:
        return reading
    bundle = Bundle.map(reading.bundle, lambda obj: changed.get(id(obj), obj))
    found = tuple(changed.get(id(obj), obj) for obj in reading.found)
    return replace(reading, bundle=bundle, found=found, referred=referred)
