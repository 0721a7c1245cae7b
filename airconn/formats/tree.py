"""Mappings and lists that know the places of their entries, as the JSON and YAML readers give them."""

from __future__ import annotations

from typing import Any, Final

from airconn.model import Origin

MAX_ENTRIES: Final = 2_000_000
"""The most entries that one mapping or list may have: more than any Airflow has objects, since each takes memory."""


class Mapping(dict[str, Any]):
    """A dict with the place of each key.

    `written` has the text of truth values (`True`, `false`). Numbers and texts keep their own.
    """

    __slots__ = ("places", "source", "written")

    def __init__(self, source: str) -> None:
        super().__init__()
        self.source = source
        self.places: dict[str, tuple[int, int]] = {}
        self.written: dict[str, str] = {}

    def put(self, key: str, value: Any, line: int, column: int) -> None:
        self[key] = value
        self.places[key] = (line, column)

    def origin(self, key: str) -> Origin:
        """The origin of `key`."""
        return Origin(self.source, *self.places[key])


class Sequence(list[Any]):
    """A list with the place of each item."""

    __slots__ = ("places", "source")

    def __init__(self, source: str) -> None:
        super().__init__()
        self.source = source
        self.places: list[tuple[int, int]] = []

    def put(self, value: Any, line: int, column: int) -> None:
        self.append(value)
        self.places.append((line, column))

    def origin(self, index: int) -> Origin:
        return Origin(self.source, *self.places[index])
