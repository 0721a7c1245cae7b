"""What Docker Compose reads in a .env file, with its variables expanded from the file alone."""

from __future__ import annotations

from airconn.formats.dotenv.compose import ComposeScanner
from airconn.formats.dotenv.readers.plain_lines import PlainLine
from airconn.formats.dotenv.readers.reader import Values


def read(text: str, plain: dict[int, PlainLine]) -> Values:
    """The values of a text without a byte order mark."""
    values = Values()
    looked_up: list[str] = []

    def lookup(name: str) -> str | None:
        looked_up.append(name)
        value = values.by_name.get(name)
        return value if not value or values.is_within_limits(value) else ""

    scanner = ComposeScanner(text, lookup)
    while True:
        while line := plain.get(scanner.position):
            scanner.position = line.end
            if line.name:
                values.put(line.name, line.value)
        start = scanner.position
        looked_up.clear()
        entry = scanner.entry()
        if entry is None:
            return values
        if entry.is_fault:
            values.refused_at = max(start, entry.span[0])
            return values
        if entry.name and entry.value is not None:
            is_expanded = bool(looked_up) or "$$" in entry.written
            values.put(entry.name, entry.value, is_expanded=is_expanded)
