"""Collects the objects of outputs, and what is told once about many of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from airconn.errors import InputError
from airconn.formats import tree
from airconn.formats.base import ReadOptions
from airconn.formats.object_reader import ObjectReader
from airconn.model import AirflowObject, Kind, Origin, Str, hidden_or
from airconn.model.jsontext import Number
from airconn.model.reading import Note, Reading
from airconn.quoting import some

_NAMED = 3
"""The objects that a message about many names."""


class OutputReader(ObjectReader):
    """Collects what the outputs in one file hold."""

    def __init__(self, options: ReadOptions, source: str) -> None:
        super().__init__(options)
        self.source = source
        self.kinds: set[Kind] = set()
        """The kinds that the shapes of the outputs can hold."""
        self.totals: dict[Kind, tuple[int, Origin]] = {}
        """What the pages of a server say about the number of its objects."""
        self._told: dict[tuple[str, bool], list[tuple[str, Origin]]] = {}

    def add(self, obj: AirflowObject) -> None:
        self.found.append(obj)

    def tell(self, about: str, what: str, origin: Origin, *, left_out: bool = False) -> None:
        """Notes what is said once for all objects that it is true of. `about` names one of them."""
        self._told.setdefault((what, left_out), []).append((about, origin))

    def finish(self) -> Reading:
        """The Reading of all outputs. If all of their objects are left out, the reasons are faults."""
        for (what, left_out), places in self._told.items():
            self._say(f"{in_words(about for about, _ in places)}: {what}", places[0][1], left_out=left_out)
        for kind, (total, origin) in self.totals.items():
            number = len({obj.id for obj in self.found if obj.kind is kind})
            if number < total:
                self._say(
                    f"only {number} of {total} {kind.value} are in this file (?limit=100&offset={number} gets "
                    "more, airconn export gets all): the others are left out",
                    origin,
                    left_out=True,
                )
        return self.reading(frozenset(self.kinds))

    def _say(self, message: str, origin: Origin, *, left_out: bool) -> None:
        if left_out and not self.found:
            self.faults.add(message, origin)
        else:
            self.notes.append(Note(str(origin), message, left_out))


def in_words(names: Iterable[str]) -> str:
    """The first few names, and the number of the others."""
    return some(list(dict.fromkeys(names)), _NAMED)


class Fields:
    """Reads the fields of one object in an output. Its errors don't quote their values."""

    def __init__(self, id_: str, fields: Any, origin: Origin) -> None:
        self.id = id_
        self.fields = fields
        self.origin = origin

    def __contains__(self, name: str) -> bool:
        return name in self.fields

    def fail(self, message: str, hint: str | None = None) -> InputError:
        return InputError(f"{self.id}: {message}", where=str(self.origin), hint=hint)

    def plain_text(self, name: str) -> str | None:
        """A field that is text or null. A number is read as its text."""
        value = self.fields.get(name)
        if isinstance(value, Number):
            return value.text
        if value is not None and not isinstance(value, str):
            raise self.fail(f"{name!r} is not a text")
        return value

    def text(self, name: str) -> Str:
        """The same, where the mask is a hidden value."""
        return hidden_or(self.plain_text(name))

    def whole(self, name: str) -> int | None:
        """A whole number, also as a text."""
        text = self.plain_text(name)
        if text is None or text == "":
            return None
        try:
            return int(text)
        except ValueError:
            raise self.fail(f"{name!r} is not a whole number") from None

    def truth(self, name: str) -> bool | None:
        """True or false, also as the text that Python writes."""
        value = self.fields.get(name)
        if isinstance(value, str):
            value = {"True": True, "False": False, "true": True, "false": False}.get(value, value)
        if not isinstance(value, bool | None):
            raise self.fail(f"{name!r} is neither true nor false")
        return value


def is_mapping(value: Any, *keys: str) -> bool:
    """Whether a value is a mapping with these keys."""
    return isinstance(value, tree.Mapping) and all(key in value for key in keys)
