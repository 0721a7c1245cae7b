"""A document that knows where its keys stand: what the JSON and YAML readers give to the shapes."""

from __future__ import annotations

from typing import Any

from airconn.model import Origin


class Mapping(dict[str, Any]):
    """A mapping with the place of each key. Reads like any dict."""

    __slots__ = ("places", "source")

    def __init__(self, source: str) -> None:
        super().__init__()
        self.source = source
        self.places: dict[str, tuple[int, int]] = {}

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
