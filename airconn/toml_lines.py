"""The lines of a TOML file that settings are in, which its parser doesn't tell."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

_HEADER = re.compile(r"\s*\[[^\[\]]+\]\s*(?:#.*)?")
_KEY = re.compile(r"""\s*((?:[\w-]+|"[^"\\]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"\\]*"|'[^']*'))*)\s*=""")
_PROBE = "airconn-line"


def line_of(text: str, path: tuple[str, ...]) -> int | None:
    """The number of the line that a setting or a table begins in, or the table around it. None if none is found."""
    known = _lines(text)
    return next((known[path[:length]] for length in range(len(path), 0, -1) if path[:length] in known), None)


@lru_cache(maxsize=2)
def _lines(text: str) -> Mapping[tuple[str, ...], int]:
    """The first line of each setting and table. Both configuration files are remembered."""
    found: dict[tuple[str, ...], int] = {}
    lines = text.splitlines(keepends=True)
    start = 0
    while start < len(lines):
        end = _end_of_table(lines, start)
        for path, line in _of_table(lines[start:end]):
            found.setdefault(path, start + line)
        start = end
    return found


def _end_of_table(lines: Sequence[str], start: int) -> int:
    """The index of the next header. What looks like one inside of a text or a list ends nothing: what is before it
    isn't TOML by itself."""
    for end in range(start + 1, len(lines)):
        is_header = _HEADER.fullmatch(lines[end].rstrip("\r\n"))
        if is_header and _parsed("".join(lines[start:end])) is not None:
            return end
    return len(lines)


def _of_table(lines: Sequence[str]) -> Iterator[tuple[tuple[str, ...], int]]:
    """The settings of one table with their lines, counted from 1, and the table itself.

    Each line that may begin a setting is tried: what is before it has to be TOML, together with a setting of that
    name.
    """
    if _HEADER.fullmatch(lines[0].rstrip("\r\n")):
        yield _path_of_probe(_parsed(f"{lines[0]}\n{_PROBE} = '{_PROBE}'\n"))[:-1], 1
    for number, line in enumerate(lines):
        if key := _KEY.match(line):
            document = _parsed("".join(lines[:number]) + f"{key[1]} = '{_PROBE}'\n")
            if path := _path_of_probe(document):
                yield path, number + 1


def _path_of_probe(document: Any) -> tuple[str, ...]:
    """The names that lead to the setting that was tried. Empty without one."""
    for name, value in document.items() if isinstance(document, Mapping) else ():
        if value == _PROBE:
            return (name,)
        if inner := _path_of_probe(value):
            return (name, *inner)
    return ()


def _parsed(text: str) -> Mapping[str, Any] | None:
    """What a text says. None if it isn't TOML."""
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        document: Mapping[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return None
    return document
