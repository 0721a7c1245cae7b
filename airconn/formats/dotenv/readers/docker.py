"""What `docker run --env-file` reads in a .env file."""

from __future__ import annotations

from airconn.formats.dotenv.docker import entry_of, is_too_long
from airconn.formats.dotenv.readers.plain_lines import PlainLine
from airconn.formats.dotenv.readers.reader import Values


def read(text: str, plain: dict[int, PlainLine]) -> Values:
    """The values of a text without a byte order mark."""
    values = Values()
    start = 0
    while start < len(text):
        if line := plain.get(start):
            start = line.end
            if line.name:
                values.put(line.name, line.written)
            continue
        end = text.find("\n", start)
        end = end if end >= 0 else len(text)
        written = text[start:end]
        entry = entry_of(1, written.removesuffix("\r"), (start, end))
        if is_too_long(written) or (entry is not None and entry.is_fault):
            values.refused_at = start
            break
        if entry is not None and entry.name and entry.value is not None:
            values.put(entry.name, entry.value)
        start = end + 1
    return values
