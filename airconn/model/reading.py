"""What a text or a place was found to hold: objects, and what else is to be said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from airconn.errors import InputError, InputErrors
from airconn.model.bundle import Bundle
from airconn.model.objects import ALL_KINDS, AirflowObject, Kind, Origin

Key = tuple[Kind, str]
"""The kind and the id of an object."""


@dataclass(frozen=True, slots=True)
class Note:
    """Something to tell the user that isn't an error. `where` is a place, as text."""

    where: str
    message: str
    left_out: bool = False
    """Whether an entry is not among the objects that were read."""
    failed: bool = False
    """Whether that makes the run fail: it is an object, and its place can't give it."""


@dataclass(frozen=True, slots=True, repr=False)
class FoundUri:
    """The URI of a connection as it is written in a text. It may have a password in it."""

    conn_id: str
    text: str
    origin: Origin
    column: int | None
    """The column at which it starts, where it is in the text just so."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The objects that a read selected, and all that the same read has learned about their place.

    A reader gives one for a text with faults, too: `checked` raises these.
    """

    bundle: Bundle = field(default_factory=Bundle)
    notes: tuple[Note, ...] = ()
    faults: tuple[InputError, ...] = ()
    """What is wrong with a text. `bundle` has the objects that were found in spite of it."""
    ignored: int = 0
    """How many entries are none of airconn's business, such as other settings in a `.env`."""
    kinds: frozenset[Kind] = ALL_KINDS
    """The kinds that the shape of the text, or the place, has room for."""
    unreadable: Mapping[Key, str] = field(default_factory=dict)
    """The selected objects that are there and could not be read, and why."""
    passed_over: Mapping[Key, str] = field(default_factory=dict)
    """The selected ids under whose name, or nearly so, something is there that Airflow passes over, and why."""
    versions: Mapping[Key, object] = field(default_factory=dict)
    """What a store needs to write an object only as it was read (a version, an ETag). Only its store reads it."""
    version: object = None
    """The same for a place that is written as a whole."""
    found: tuple[AirflowObject, ...] = ()
    """All objects of a text in their order, also one that `bundle` has no room for beside another of the same id."""
    uris: tuple[FoundUri, ...] = field(default=(), repr=False)
    """The URIs of a text, also faulty ones. They are only there where a reader is asked for them."""

    def checked(self) -> Reading:
        """The reading itself. Raises `InputErrors` where there are faults."""
        if self.faults:
            raise InputErrors(self.faults)
        return self
