"""A file read as several Airflows read it, with all that its reader saw, faults and objects alike."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from airconn.errors import InputError, InputErrors
from airconn.formats.base import Note
from airconn.formats.watch import watched_by
from airconn.model import AirflowObject, AirflowVersion, Kind, Origin
from airconn.stores.base import Context
from airconn.stores.file import FileStore


@dataclass(frozen=True, slots=True, repr=False)
class SeenUri:
    """A URI as it stands in a file. Its text is a secret."""

    conn_id: str
    text: str
    origin: Origin
    column: int | None


@dataclass(repr=False)
class FileReading:
    """What one Airflow makes of a file. It is the `Watcher` of its own reading."""

    airflow: AirflowVersion
    faults: tuple[InputError, ...] = ()
    notes: list[Note] = field(default_factory=list)
    found: list[AirflowObject] = field(default_factory=list)
    uris: list[SeenUri] = field(default_factory=list)

    def uri(self, conn_id: str, text: str, origin: Origin, column: int | None) -> None:
        self.uris.append(SeenUri(conn_id, text, origin, column))

    def objects(self, found: Iterable[AirflowObject], notes: Iterable[Note]) -> None:
        self.found += found
        self.notes += notes

    def by_place(self) -> dict[tuple[Kind, str, Origin], AirflowObject]:
        """The objects by what they are and where they stand."""
        return {(obj.kind, obj.id, obj.origin): obj for obj in self.found}


def read(store: FileStore, airflow: AirflowVersion) -> FileReading:
    """The file as `airflow` reads it. Faults of it are no exceptions here."""
    reading = FileReading(airflow)
    try:
        with watched_by(reading):
            store.parse(Context(airflow))
    except InputErrors as error:
        reading.faults = error.errors
    except InputError as error:
        reading.faults = (error,)
    return reading


def place(file: str, where: str | None, message: str = "") -> tuple[int, int]:
    """Line and column of a place as errors and notes have it. The message may have the column (`columns 3 to 5`)."""
    match = re.fullmatch(r"(?::(\d+)(?::(\d+))?)?", (where or "").removeprefix(file))
    line, column = (match[1], match[2]) if match else (None, None)
    in_message = re.search(r"\(columns? (\d+)", message)
    return int(line or 1), int(column or (in_message[1] if in_message else 1))
