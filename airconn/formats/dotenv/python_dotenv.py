"""The dialect of python-dotenv, as the installed version reads it."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from airconn.formats.dotenv import lines
from airconn.formats.dotenv.dialect import Dialect, nul_refusal, one_style
from airconn.formats.dotenv.expansion_python_dotenv import expanding
from airconn.formats.dotenv.lines import Entry
from airconn.formats.dotenv.quoting import BARE, DOUBLE_ESCAPES, LINE_ESCAPES, Quoted, between_double
from airconn.formats.dotenv.readers.reader import PYTHON_DOTENV
from airconn.formats.dotenv.references import expanded_by_python_dotenv

if TYPE_CHECKING:
    from dotenv.parser import Binding

_BLANKS = re.compile(r"[^\S\n]+")
_MOST_STEPS = 100_000_000
"""The most steps that python-dotenv may take for runs of blanks (their squares) and for unclosed quotes."""
_LONGEST = 1 << 20
"""The most characters that it may search for the end of a quoted value: it takes 130 bytes for each."""


def entries(text: str) -> Iterator[Entry]:
    """The entries of a file in their order, as python-dotenv reads them.

    A file that would take it gigabytes or hours is read by airconn's own scanner, which gives the same entries.
    """
    ours, text = list(lines.entries(text)), lines.unix_lines(text)
    return _read(text, ours) if _is_quick(text, ours) else iter(ours)


def _is_quick(text: str, ours: Sequence[Entry]) -> bool:
    """Whether python-dotenv reads a text quickly, and without dropping a second byte order mark."""
    unclosed = [len(text) - entry.span[0] for entry in ours if entry.is_fault]
    longest = max((entry.value_span[1] - entry.value_span[0] for entry in ours), default=0)
    steps = sum(len(blanks[0]) ** 2 for blanks in _BLANKS.finditer(text)) + sum(unclosed)
    return steps <= _MOST_STEPS and max(unclosed, default=longest) <= _LONGEST >= longest and text[:1] != "\ufeff"


def _read(text: str, ours: Sequence[Entry]) -> Iterator[Entry]:
    """The entries of python-dotenv, with the places of our scanner."""
    from dotenv.parser import parse_stream

    known = {entry.span[0]: entry for entry in ours}
    end = 0
    for binding in parse_stream(io.StringIO(text, newline="")):
        piece = binding.original.string
        start, end = end + len(piece) - len(piece.lstrip()), end + len(piece)
        entry = known.get(start)
        if entry and (entry.name, entry.value, entry.is_fault) == (binding.key, binding.value, binding.error):
            yield entry
        elif start < end:  # otherwise only blanks are left
            yield _entry(text, start, end, binding)


def _entry(text: str, start: int, end: int, binding: Binding) -> Entry:
    """An entry that python-dotenv reads differently from our scanner. Its value ends at the end of the line."""
    line = binding.original.line + binding.original.string[: start - end].count("\n")
    column = start - text.rfind("\n", 0, start)
    span, content = (start, end), text[start:end].rstrip()
    if binding.key is None:
        return Entry(line, column, span=span, comment="" if binding.error else content, is_fault=binding.error)
    if binding.value is None:
        return Entry(line, column, binding.key, span=span)
    first = text.index("=", start + len(binding.key)) + 1
    first += len(text[first:end]) - len(text[first:end].lstrip(" \t"))
    value_span = (first, max(first, start + len(content)))
    return Entry(line, column, binding.key, binding.value, None, value_span, span, written=text[slice(*value_span)])


def quote(value: str) -> Quoted:
    """A value in the form that python-dotenv reads back. Other readers may read it differently."""
    if BARE.fullmatch(value):
        return Quoted(value)
    misread_by = _misread_by(value)
    if "\r" in value:
        return Quoted(between_double(value, DOUBLE_ESCAPES), misread_by)
    return Quoted("'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'", misread_by)


def in_one_line(value: str) -> Quoted | None:
    """A value with line breaks in a single line, for python-dotenv."""
    return Quoted(between_double(value, LINE_ESCAPES), _misread_by(value))


def _misread_by(value: str) -> tuple[str, ...]:
    return ("python-dotenv (with interpolation)",) if "${" in value else ()


DIALECT = Dialect(
    "python-dotenv",
    "python-dotenv",
    entries,
    quote,
    one_style(quote),
    nul_refusal,
    one_line=in_one_line,
    expanded_by=expanded_by_python_dotenv,
    expanded=expanding(entries, for_all=False),
    compared_with=(PYTHON_DOTENV,),
)
