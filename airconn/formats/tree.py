"""Mappings and lists that know the places of their entries, as the JSON and YAML readers give them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from airconn.model import Origin

MAX_ENTRIES: Final = 2_000_000
"""The most entries that one mapping or list may have: more than any Airflow has objects, since each takes memory."""


class Scalar(NamedTuple):
    """A YAML scalar as it is written, with its place. Its value may be another than its text."""

    text: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class NotJson:
    """A value that YAML has and JSON hasn't: a date or bytes."""

    what: str
    """What it is, as in `a date`."""
    text: str
    """The text that a database makes of it."""


class Mapping(dict[str, Any]):
    """A dict with the place of each key."""

    __slots__ = ("is_odd", "keys_written", "places", "source", "written")

    def __init__(self, source: str) -> None:
        super().__init__()
        self.source = source
        self.places: dict[str, tuple[int, int]] = {}
        self.written: dict[str, Scalar] = {}
        """The scalars of YAML whose value isn't, or may not be, what is written."""
        self.keys_written: dict[str, tuple[Scalar, Any]] = {}
        """The same for keys, with their values. The key is the text that JSON makes of the value."""
        self.is_odd = False
        """Whether there is such a scalar in it, at any depth."""

    def put(self, key: str, value: Any, line: int, column: int) -> None:
        self[key] = value
        self.places[key] = (line, column)

    def origin(self, key: str) -> Origin:
        """The origin of `key`."""
        return Origin(self.source, *self.places[key])


class Sequence(list[Any]):
    """A list with the place of each item."""

    __slots__ = ("is_odd", "places", "source", "written")

    def __init__(self, source: str) -> None:
        super().__init__()
        self.source = source
        self.places: list[tuple[int, int]] = []
        self.written: dict[int, Scalar] = {}
        self.is_odd = False

    def put(self, value: Any, line: int, column: int) -> None:
        self.append(value)
        self.places.append((line, column))

    def origin(self, index: int) -> Origin:
        return Origin(self.source, *self.places[index])
