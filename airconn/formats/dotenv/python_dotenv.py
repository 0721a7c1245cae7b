"""Files that python-dotenv alone reads."""

from __future__ import annotations

from airconn.formats.dotenv import lines
from airconn.formats.dotenv.dialect import Dialect, no_text, own
from airconn.formats.dotenv.quoting import BARE, DOUBLE_ESCAPES, LINE_ESCAPES, Quoted, between_double


def quote(value: str) -> Quoted:
    """The form of a value that python-dotenv reads back, whatever others make of it."""
    if BARE.fullmatch(value):
        return Quoted(value)
    broken = _broken(value)
    if "\r" in value:
        return Quoted(between_double(value, DOUBLE_ESCAPES), broken)
    return Quoted("'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'", broken)


def in_one_line(value: str) -> Quoted | None:
    """The form of a value with line breaks in a single line, for python-dotenv."""
    return Quoted(between_double(value, LINE_ESCAPES), _broken(value))


def _broken(value: str) -> tuple[str, ...]:
    return ("python-dotenv (with interpolation)",) if "${" in value else ()


DIALECT = Dialect("python-dotenv", "python-dotenv", lines.entries, quote, own(quote), no_text, one_line=in_one_line)
