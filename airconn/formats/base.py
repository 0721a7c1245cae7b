"""What passes in and out of a format."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from airconn.errors import InputError, InputErrors
from airconn.model import ALL_KINDS, NEWEST, AirflowVersion, Bundle, Kind, Origin, Rules, hidden_fields, rules_for

ConnectionFormat = Literal["json", "uri"]


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How a text is to be read."""

    airflow: AirflowVersion = NEWEST
    """The Airflow that the objects are for. Where versions differ, the text is read as that one reads it."""
    kind: Kind | None = None
    """What a text of one kind holds, where neither its name nor its content tells."""

    @property
    def rules(self) -> Rules:
        return rules_for(self.airflow)


@dataclass(frozen=True, slots=True)
class WriteOptions:
    """How a bundle is to be written."""

    airflow: AirflowVersion = NEWEST
    kinds: frozenset[Kind] = ALL_KINDS
    """The kinds that were asked for, which decides the shape of JSON and YAML, whatever happens to be there."""
    connection_format: ConnectionFormat = "json"
    """How a connection is written where a format takes it as JSON or as a URI."""

    @property
    def rules(self) -> Rules:
        return rules_for(self.airflow)


@dataclass(frozen=True, slots=True)
class Note:
    """Something to tell the user that isn't an error. `where` is a place, as text."""

    where: str
    message: str


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a text holds."""

    bundle: Bundle
    notes: tuple[Note, ...] = ()
    ignored: int = 0
    """How many entries are none of airconn's business, such as other settings in a `.env`."""


@dataclass(frozen=True, slots=True)
class Loss:
    """What a format can't hold of one object. `field` is empty where it is the whole object."""

    kind: Kind
    id: str
    field: str
    message: str


@dataclass(frozen=True, slots=True)
class Rendered:
    """A bundle as text, and what of it the text doesn't hold."""

    text: str
    losses: tuple[Loss, ...] = ()
    notes: tuple[Note, ...] = ()


@dataclass(slots=True)
class Faults:
    """Collects the faults of a text, so that all of them are told at once."""

    errors: list[InputError] = field(default_factory=list)

    def add(self, message: str, origin: Origin, hint: str | None = None) -> None:
        self.errors.append(InputError(message, where=str(origin), hint=hint))

    def check(self) -> None:
        """Raises `InputErrors` if there were any."""
        if self.errors:
            raise InputErrors(tuple(self.errors))


def hidden_comments(bundle: Bundle) -> str:
    """Comment lines that name what stands as `***` in the text below them."""
    lines = [
        f"# hidden by the source, written as ***: {obj.kind.value}/{json.dumps(obj.id)[1:-1]} {', '.join(hidden)}\n"
        for obj in bundle
        if (hidden := hidden_fields(obj))
    ]
    return "".join(lines)


def dropped(bundle: Bundle, kinds: Iterable[Kind], format_name: str) -> list[Loss]:
    """The losses of a format that has no place for the objects of `kinds`."""
    return [
        Loss(kind, id_, "", f"the {format_name} format holds no {kind.value}")
        for kind in kinds
        for id_ in bundle.of_kind(kind)
    ]
