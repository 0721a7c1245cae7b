"""Ambiguities: what other programs, or the eye, read differently in a text than airconn does.

A reader of a format finds them and attaches them to the object. `airconn check` has a rule for each, other commands
warn once per rule, and a plan is blocked by those that may change a secret.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeAlias

from airconn.model.jsontext import JsonPath

Places: TypeAlias = frozenset[tuple[str, JsonPath]]
"""Leaves of an object: fields, with paths for those that are JSON."""


@dataclass(frozen=True, slots=True)
class Ambiguity:
    """One way in which an object is read differently. It holds no part of a value."""

    rule: str
    """The code of the rule of `airconn check`."""
    message: str
    """Who reads what differently, as a clause: `python-dotenv expands ${NAME}, which is read as text here`."""
    way_out: str = ""
    """The option or the change of the text that settles it."""
    line: int | None = None
    """The line in the file, from 1. None for the line of the object."""
    column: int | None = None
    """The column in that line, from 1. None for that of the object."""
    blocks: bool = False
    """Whether a plan that would write the object is blocked by it."""
    is_minor: bool = False
    """Whether only `airconn check` reports it."""
    of_release: bool = False
    """Whether the release of Airflow settles it, so that it is only reported where none is known."""
    readers: tuple[str, ...] = ()
    """The programs that differ, as the message lists them. A warning for several objects lists those of all."""
    places: Places | None = None
    """The leaves that are read differently. None: any of them may be."""
    field: str = ""
    """The field, or the leaf of one, that is read differently. Empty for the object as a whole."""
    detail: str = ""
    """What is special about this object, such as the field: `U+200B in host`. Shown behind its name."""

    def without(self, field: str, path: JsonPath = ()) -> Ambiguity | None:
        """The ambiguity after a field, or the leaves at a path in it, got another value. None if that settles it."""
        if self.places is None:
            return self
        left = frozenset((name, known) for name, known in self.places if name != field or known[: len(path)] != path)
        if not left:
            return None
        return self if left == self.places else replace(self, places=left)
