"""Finds the leaves of objects that are references to values elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from airconn.model.jsontext import JsonPath
from airconn.model.leaves import leaf_name
from airconn.model.objects import AirflowObject, Connection, Kind
from airconn.model.reference_forms import ReferenceKind, meant_kind, reference_kind
from airconn.model.sensitive import text_leaves
from airconn.model.text import Text

WHOLE = "conn_type"
"""The field of a reference that is a whole connection, as for placeholders."""

FIELDS = {
    Kind.CONNECTIONS: ("host", "schema", "login", "password", "extra"),
    Kind.VARIABLES: ("value",),
    Kind.POOLS: (),
}
"""The fields in which a reference is one. Elsewhere it is a text."""


@dataclass(frozen=True, slots=True)
class FoundReference:
    """A leaf that is a reference, or a connection that is one as a whole."""

    field: str
    path: JsonPath
    kind: ReferenceKind
    text: str

    @property
    def is_whole(self) -> bool:
        """Whether all of a connection is the reference."""
        return self.field == WHOLE

    @property
    def name(self) -> str:
        """The leaf, as `--literal` names it."""
        return leaf_name(self.field, self.path)


def references(obj: AirflowObject) -> Iterator[FoundReference]:
    """The references in an object, except leaves that the user calls the value itself."""
    genuine: frozenset[tuple[str, JsonPath]] = getattr(obj, "genuine", frozenset())
    if isinstance(obj, Connection) and obj.stands_for:
        kind = reference_kind(obj.stands_for)
        if kind and (WHOLE, ()) not in genuine:
            yield FoundReference(WHOLE, (), kind, obj.stands_for)
        return
    for field in FIELDS[obj.kind]:
        for path, text in _texts(getattr(obj, field)):
            kind = reference_kind(text)
            if kind and (field, path) not in genuine:
                yield FoundReference(field, path, kind, text)


def almost_references(obj: AirflowObject) -> Iterator[tuple[str, ReferenceKind]]:
    """The leaves that begin like a reference and aren't one, except those that the user calls the value itself."""
    genuine: frozenset[tuple[str, JsonPath]] = getattr(obj, "genuine", frozenset())
    for field in FIELDS[obj.kind]:
        for path, text in _texts(getattr(obj, field)):
            kind = meant_kind(text)
            if kind and (field, path) not in genuine:
                yield leaf_name(field, path), kind


def _texts(value: object) -> Iterator[tuple[JsonPath, str]]:
    """The texts of a field, with their paths."""
    if isinstance(value, str):
        yield (), value
    elif isinstance(value, Text) and ":" in value.text:
        leaves = list(text_leaves(value))
        yield from leaves or [((), value.text)]
