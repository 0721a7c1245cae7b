"""The common base of the readers of several formats."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from airconn.errors import InputError
from airconn.formats.base import Faults, ReadOptions, reading
from airconn.model import ALL_KINDS, AirflowObject, Kind, Origin
from airconn.model.reading import FoundUri, Note, Reading


class ObjectReader:
    """Collects the objects of a text, its faults, and notes on it."""

    def __init__(self, options: ReadOptions) -> None:
        self.options = options
        self.faults = Faults()
        self.notes: list[Note] = []
        self.found: list[AirflowObject] = []
        self.uris: list[FoundUri] | None = [] if options.keeps_uris else None
        self.ignored = 0

    def note(self, origin: Origin, message: str) -> None:
        self.notes.append(Note(str(origin), message))

    def leave_out(self, origin: Origin, message: str) -> None:
        """Notes why an entry isn't among the objects."""
        self.notes.append(Note(str(origin), f"{message}: left out", left_out=True))

    @contextmanager
    def collecting(self) -> Iterator[None]:
        """Collects the fault of one object, so that those of the others are found as well."""
        try:
            yield
        except InputError as error:
            self.faults.take(error)

    def reading(self, kinds: frozenset[Kind] = ALL_KINDS) -> Reading:
        """The Reading of all that was collected."""
        return reading(self.found, self.faults, self.notes, ignored=self.ignored, kinds=kinds, uris=self.uris)
