"""The properties of a dialect of .env files."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from airconn.formats.dotenv.lines import Entry
from airconn.formats.dotenv.marks import PORTABLE
from airconn.formats.dotenv.quoting import Quoted
from airconn.patterns import pattern

if TYPE_CHECKING:
    from airconn.formats.dotenv.expansion import Variables

_ANY = pattern(r".*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Dialect:
    """One way to read and to write a .env file."""

    name: str
    reader: str
    """The program that reads such a file, for messages."""
    entries: Callable[[str], Iterator[Entry]]
    quote: Callable[[str], Quoted]
    quote_like: Callable[[str, str], Quoted]
    """Gives a value in the style of another one that is in the file."""
    refusal: Callable[[str], str]
    """Gives the reason why a value can't be written in this dialect. Empty if it can."""
    names: re.Pattern[str] = _ANY
    """The names with which its reader still reads the file."""
    line_ends: tuple[str, ...] = ("\n", "\r\n", "\r")
    """The line ends that its reader knows, and that new lines may have."""
    one_line: Callable[[str], Quoted | None] | None = None
    """Gives a value with line breaks in a single line, or None if that can't be written."""
    longest: int | None = None
    """The most bytes that a line may have."""
    has_quotes: bool = True
    compared_with: tuple[str, ...] = ()
    """The programs (`readers/`) that may read another value in such a file. None for an exact dialect."""
    expanded_by: Callable[[str], tuple[str, ...]] = lambda written: ()
    """The readers that expand a reference in a value as it is written, with its quotes, and airconn reads as text.

    Dialects that refuse references or have none leave it out.
    """
    expanded: Callable[[str, Variables], Iterator[Entry]] | None = None
    """The entries with their references expanded as its reader does. None if that expands nothing."""
    way_out: str = "close the quotes, or put the whole value in quotes; comments start with #"
    """What to do about a line that the dialect doesn't allow."""

    @property
    def mark(self) -> str:
        """The first line of a file, which names its dialect. Empty for the default dialect."""
        return "" if self.name == PORTABLE else f"# airconn: env-dialect {self.name}\n"

    def with_line_end(self, end: str) -> Dialect:
        """The dialect for values in a file whose lines end with `end`.

        Unless that is a line feed, a line break in a value is written as an escape: an editor, or git, would convert
        it to the line end of the file.
        """
        if end == "\n":
            return self

        def in_one_line(value: str) -> Quoted | None:
            return self.one_line(value) if self.one_line and "\n" in value else None

        def refusal(value: str) -> str:
            if (reason := self.refusal(value)) or "\n" not in value or in_one_line(value):
                return reason
            return "the value has a line break, and this file has other line ends than \\n"

        return replace(
            self,
            quote=lambda value: in_one_line(value) or self.quote(value),
            quote_like=lambda value, written: in_one_line(value) or self.quote_like(value, written),
            refusal=refusal,
            longest=self.longest and self.longest + 1 - len(end),
        )


def nul_refusal(value: str) -> str:
    """Why no dialect can hold a value. Empty if one can."""
    return "the value has a NUL in it, which environment variables can't hold" if "\0" in value else ""


def one_style(quote: Callable[[str], Quoted]) -> Callable[[str, str], Quoted]:
    """The `quote_like` of a dialect with only one style of quotes."""
    return lambda value, written: quote(value)
