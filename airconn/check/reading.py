"""Places of objects, faults and notes in a file that was read."""

from __future__ import annotations

import re

from airconn.model import AirflowObject, Kind, Origin
from airconn.model.reading import Reading


def by_place(reading: Reading) -> dict[tuple[Kind, str, Origin], AirflowObject]:
    """The objects by their kind, id and origin."""
    return {(obj.kind, obj.id, obj.origin): obj for obj in reading.found}


def line_and_column(file: str, where: str | None, message: str = "") -> tuple[int, int]:
    """The line and column of an error or a note. The message may have the column (`columns 3 to 5`)."""
    match = re.fullmatch(r"(?::(\d+)(?::(\d+))?)?", (where or "").removeprefix(file))
    line, column = (match[1], match[2]) if match else (None, None)
    in_message = re.search(r"\(columns? (\d+)", message)
    return int(line or 1), int(column or (in_message[1] if in_message else 1))
