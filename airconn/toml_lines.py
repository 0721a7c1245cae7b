"""The lines of a TOML file that settings are in, which its parser doesn't tell."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from typing import Any

_HEADER = re.compile(r"\s*\[[^\[\]]+\]\s*(?:#.*)?")
_KEY = re.compile(r"""\s*((?:[\w-]+|"[^"\\]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"\\]*"|'[^']*'))*)\s*=""")
_PROBE = "airconn-line"


def line_of(text: str, path: tuple[str, ...]) -> int | None:
    """The number of the line that a setting or a table begins in, or the table around it. None if none is found.

    Each line that may be it is tried: the text before it has to be TOML, and a value
    there has to become that setting.
    """
    for length in range(len(path), 0, -1):
        if found := next(_lines(text, path[:length]), None):
            return found
    return None


def _lines(text: str, path: tuple[str, ...]) -> Iterator[int]:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    lines = text.splitlines(keepends=True)
    for index, line in enumerate(lines):
        if path[-1] not in line:
            continue
        key = _KEY.match(line)
        if key:
            tried = f"{key[1]} = '{_PROBE}'\n"
        elif _HEADER.fullmatch(line.rstrip("\r\n")):
            tried = f"{line}\n{_PROBE} = '{_PROBE}'\n"
        else:
            continue
        try:
            found: Any = tomllib.loads("".join(lines[:index]) + tried)
        except tomllib.TOMLDecodeError:
            continue
        for name in path:
            found = found.get(name) if isinstance(found, Mapping) else None
        if found == _PROBE or (isinstance(found, Mapping) and not key and found.get(_PROBE) == _PROBE):
            yield index + 1
