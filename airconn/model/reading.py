"""The result of reading a text or a place: objects, notes and faults."""

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
    """Whether that makes the run fail, since the entry is an object that its place can't give."""
    is_detail: bool = False
    """Whether only a verbose run tells it."""
    is_minor: bool = False
    """The same for a loss that most users can't act on. It still counts for `--strict`."""
    is_remark: bool = False
    """Whether it is told, but not as a warning, so that it doesn't count for `--strict`."""


@dataclass(frozen=True, slots=True)
class PutOff(Note):
    """A note of work that the server does once, at the next read. A store that `Settles` can have it done at once."""


@dataclass(frozen=True, slots=True, repr=False)
class FoundUri:
    """The URI of a connection as it is written in a text. It may have a password in it."""

    conn_id: str
    text: str
    origin: Origin
    column: int | None
    """The column at which it starts. None where the text has it in another form, such as escaped."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The objects that a read selected, and all that the same read found out about their place.

    The reading of a text with faults has these in `faults`: `checked` raises them.
    """

    bundle: Bundle = field(default_factory=Bundle)
    notes: tuple[Note, ...] = ()
    faults: tuple[InputError, ...] = ()
    """The errors in a text. `bundle` has the objects that were found in spite of them."""
    ignored: int = 0
    """The number of entries that aren't for Airflow, such as other settings in a `.env`."""
    kinds: frozenset[Kind] = ALL_KINDS
    """The kinds that the shape of the text, or the place, can hold."""
    unreadable: Mapping[Key, str] = field(default_factory=dict)
    """Why selected objects that exist could not be read."""
    passed_over: Mapping[Key, str] = field(default_factory=dict)
    """Why Airflow passes over what the place has under a selected id, or under a name close to it."""
    versions: Mapping[Key, object] = field(default_factory=dict)
    """The version or ETag of each object, so that a write refuses one that has changed. Only its store reads it."""
    version: object = None
    """The same for a place that is written as a whole."""
    found: tuple[AirflowObject, ...] = ()
    """All objects of a text in their order, also those with the id of an earlier one, which `bundle` can't hold."""
    referred: Mapping[Key, tuple[str, ...]] = field(default_factory=dict)
    """The names of the leaves of a text that are hidden because they are references to themselves (`ref:#…`)."""
    uris: tuple[FoundUri, ...] = field(default=(), repr=False)
    """The URIs of a text, also faulty ones, if the reader was asked for them."""

    def checked(self) -> Reading:
        """The reading itself. Raises `InputErrors` where there are faults."""
        if self.faults:
            raise InputErrors(self.faults)
        return self
