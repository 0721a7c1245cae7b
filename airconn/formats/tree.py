"""A document that knows where its keys stand: what the JSON and YAML readers give to the shapes."""

from __future__ import annotations

from typing import Any, Final

from airconn.model import Origin

MAX_ENTRIES: Final = 2_000_000
"""How many entries one mapping or list may have: no Airflow has as many objects, and each costs some memory."""


class Mapping(dict[str, Any]):
    """A mapping with the place of each key. Reads like any dict.

    `written` has the text of values that aren't numbers, whose texts they keep, or texts: `True`, `false`.
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
        """Where `key` stands."""
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
