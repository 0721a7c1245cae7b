"""Finds the lines that all programs read alike, or nearly so. Only the other ones need the models of the programs."""

from __future__ import annotations

import re
from typing import NamedTuple

from airconn.patterns import pattern

_LINE = pattern(
    r"^(?:([A-Za-z_][A-Za-z0-9_]*)="
    r"(?:([\w./:@%+,=?^*!\[\]-]*)(?=\r?$)"
    r"|('[^'\\\r\n$`\0]*'|\"[^\"\\\r\n$`\0]*\")(?=\r?$)"
    r"|([^\s'\"#$\\`\0](?:[^#\r\n$\\`\0]*[^\s#$\\`\0])?)(?=\r?$))"
    r"|[ \t]*(?:\#[^\r\n\0]*)?(?=\r?$))(\r?)(?:\n|\Z)",
    re.MULTILINE,
)
_LONGEST = 16_000
"""The most characters of a plain line: docker and the Astro CLI have a limit of 65,535 bytes."""


class PlainLine(NamedTuple):
    """A line with one value, which python-dotenv, Docker Compose and the Astro CLI read alike."""

    end: int
    """The offset of the next line."""
    name: str
    """Empty for a comment and a blank line."""
    value: str
    written: str
    """The value with its quotes."""
    is_plain: bool
    """Whether shells and `docker run --env-file` read the same value."""
    has_return: bool
    """Whether a carriage return ends the line, which a shell takes for a part of the value."""


def plain_lines(text: str) -> dict[int, PlainLine]:
    """The plain lines of a text by their offsets. Those inside of a value with line breaks are among them."""
    found: dict[int, PlainLine] = {}
    for match in _LINE.finditer(text):
        name, bare, quoted, loose, carriage_return = match.groups()
        start, end = match.span()
        if start == end or end - start > _LONGEST:
            continue
        has_return = bool(carriage_return)
        if quoted:
            found[start] = PlainLine(end, name, quoted[1:-1], quoted, False, has_return)
        elif loose:
            found[start] = PlainLine(end, name, loose, loose, False, has_return)
        else:
            found[start] = PlainLine(end, name or "", bare or "", bare or "", True, has_return)
    return found
