"""Cleans output for people: only airconn's own colours are left of what a terminal or the log of a CI would obey."""

from __future__ import annotations

import os

import click

from airconn.patterns import pattern
from airconn.quoting import clean_lines

_MARK = f"\0{os.urandom(8).hex()}"
"""Marks the codes of airconn's own colours. Text from elsewhere can't have it, so its codes are escaped."""
_CODES = pattern(rf"{_MARK}([0-9;]+)m")


def coloured(text: str, colour: str) -> str:
    """A text with the marks of a colour, for `cleaned`."""
    before, _, after = click.style("\0", fg=colour, bold=True).partition("\0")
    return f"{_marked(before)}{text}{_marked(after)}"


def _marked(codes: str) -> str:
    return codes.replace("\x1b[", _MARK)


def cleaned(text: str, *, is_one: bool = False) -> str:
    """Lines, or with `is_one` a single line, cleaned for output: only airconn's own colours are kept."""
    if is_one:
        text = text.replace("\n", "\\n")
    if _MARK not in text:
        return clean_lines(text)
    parts = _CODES.split(text)
    shown = (f"\x1b[{part}m" if n % 2 else clean_lines(part, begun=n > 0) for n, part in enumerate(parts))
    return "".join(shown)
