"""Reads .env files in the grammar of python-dotenv 1.2, with the place of each value.

python-dotenv's own parser (`dotenv/parser.py`) reads the files of its dialect (`python_dotenv.py`). It doesn't give
places, takes gigabytes for a long quoted value and hours for many blanks, and its versions differ: in a byte order
mark, `NAME= # comment` and an escaped backslash before a quote. The tests compare both.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from airconn.model.ambiguity import Ambiguity
from airconn.patterns import pattern

BARE_NAME = pattern(r"[^=#\s]+")
LINE = pattern(r"[^\n]*")
# The text between quotes, in pieces, because Python's `re` takes memory for each repetition.
_INSIDE = {
    "'": pattern(r"(?:[^'\\]+|\\.){1,500}", re.DOTALL),
    '"': pattern(r'(?:[^"\\]+|\\.){1,500}', re.DOTALL),
}
_ESCAPES = {"'": pattern(r"\\([\\'])"), '"': pattern(r"\\([\\'\"abfnrtv])")}
_MEANINGS = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


@dataclass(frozen=True, slots=True, repr=False)
class Entry:
    """One `NAME=VALUE`, comment or faulty line of a file.

    The latter two have no `name`, and a line without a `=` has no `value`. `line` and `column` (from 1) are where the
    entry starts. `value_column` is where its value starts, if it is written in that line without escapes.
    """

    line: int
    column: int
    name: str | None = None
    value: str | None = None
    value_column: int | None = None
    value_span: tuple[int, int] = (0, 0)
    """The value with its quotes, as offsets into the text of `Scanner.normal`."""
    span: tuple[int, int] = (0, 0)
    """The whole entry with its line end, as offsets into the same text."""
    comment: str = ""
    written: str = ""
    """The value with its quotes, if it may have a reference in it."""
    is_fault: bool = False
    reason: str = ""
    """Why the line is faulty, if that is known."""
    hint: str = ""
    """What to do about it."""
    ambiguities: tuple[Ambiguity, ...] = ()
    """What its dialect knows to be read differently in the value."""
    is_expanded: bool = False
    """Whether the references in the value are expanded, so that they have no other reading."""
    from_environment: tuple[str, ...] = ()
    """The names of the variables of the environment that are in an expanded value."""


class Fault(Exception):
    """A line that the grammar doesn't allow, with the reason if it is known, and what to do about it."""

    def __init__(self, reason: str = "", hint: str = "put the value between single quotes") -> None:
        super().__init__(reason)
        self.reason = reason
        self.hint = hint if reason else ""


def entries(text: str) -> Iterator[Entry]:
    """The entries of a file in their order, as python-dotenv reads them."""
    return scanned(Scanner(text))


def scanned(scanner: Scanner) -> Iterator[Entry]:
    """All entries that a scanner finds."""
    while (entry := scanner.entry()) is not None:
        yield entry


def without_bom(text: str) -> str:
    """A text without its byte order mark, and with its carriage returns."""
    return text.removeprefix("\ufeff")


def unix_lines(text: str) -> str:
    """A text without its byte order mark, and with all line ends `\\n`, as in Python's text files."""
    return without_bom(text).replace("\r\n", "\n").replace("\r", "\n")


class Scanner:
    """Reads one entry after the other. Dialects with other rules for names and quotes override methods."""

    assigns = "="
    blanks = pattern(r"[^\S\n]*")
    blank_lines = pattern(r"\s*")
    export = pattern(r"export[^\S\n]+")
    comment = pattern(r"[^\S\n]*#[^\n]*")
    end = pattern(r"[^\S\n]*(?:\n|\Z)")

    def __init__(self, text: str) -> None:
        self.text = self.normal(text)
        self.position = 0
        self.line = 1
        self.line_start = 0
        self.counted = 0
        self.is_exported = False

    @staticmethod
    def normal(text: str) -> str:
        """The text that the offsets of the entries count in."""
        return unix_lines(text)

    def entry(self) -> Entry | None:
        """The next entry, or None at the end."""
        self.skip(self.blank_lines)
        if self.position >= len(self.text):
            return None
        line, column = self.place()
        start = self.position
        value_span = (0, 0)
        try:
            self.is_exported = bool(self.skip(self.export))
            name = self.name()
            self.skip(self.blanks)
            value, value_column = None, None
            if self.peek() in self.assigns and self.peek():
                value, value_column, value_span = self.assigned()
            comment = self.skip(self.comment).strip()
            if not (end := self.end.match(self.text, self.position)):
                raise Fault
            self.position = end.end()
        except Fault as fault:
            self.skip(LINE)
            self.position += 1
            span = (start, self.position)
            return Entry(line, column, span=span, is_fault=True, reason=fault.reason, hint=fault.hint)
        written = self.text[slice(*value_span)]
        written = written if "$" in written or "`" in written else ""
        return Entry(line, column, name, value, value_column, value_span, (start, self.position), comment, written)

    def skip(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self.text, self.position)
        if match is None:
            return ""
        self.position = match.end()
        return match[0]

    def peek(self) -> str:
        return self.text[self.position : self.position + 1]

    def place(self) -> tuple[int, int]:
        self.line += self.text.count("\n", self.counted, self.position)
        self.line_start = max(self.line_start, self.text.rfind("\n", self.counted, self.position) + 1)
        self.counted = self.position
        return self.line, self.position - self.line_start + 1

    def name(self) -> str | None:
        if self.peek() == "#":
            return None
        if self.peek() != "'":
            if not (name := self.skip(BARE_NAME)):
                raise Fault
            return name
        end = self.text.find("'", self.position + 1)
        if end <= self.position + 1:
            raise Fault
        name = self.text[self.position + 1 : end]
        self.position = end + 1
        return name

    def assigned(self) -> tuple[str, int | None, tuple[int, int]]:
        """The value after a `=`, its column and its span."""
        self.position += 1
        blanks = self.skip(self.blanks)
        if self.is_empty(blanks):
            return "", None, (self.position - len(blanks), self.position - len(blanks))
        start = self.position
        value, length, lead = self.word()
        span = (start, start + length)
        if lead is None or "\n" in self.text[self.counted : start + length]:
            return value, None, span
        return value, start - self.line_start + 1 + lead, span

    def is_empty(self, blanks: str) -> bool:
        """Whether nothing follows a `=` and these blanks."""
        mark = self.peek()
        return mark in ("", "\n") or (bool(blanks) and mark == "#")

    def word(self) -> tuple[str, int, int | None]:
        """The value that starts here, its length as written, and the length of the quote before it.

        The last one is replaced by None if the value is written with escapes.
        """
        mark = self.peek()
        if mark not in _INSIDE:
            raw = self.bare()
            return raw, len(raw), 0
        raw = self.quoted(mark)
        value = _ESCAPES[mark].sub(lambda m: _MEANINGS.get(m[1], m[1]), raw)
        return value, len(raw) + 2, 1 if value == raw else None

    def quoted(self, quote: str) -> str:
        start = end = self.position + 1
        while True:
            if self.text[end : end + 1] == quote:
                self.position = end + 1
                return self.text[start:end]
            match = _INSIDE[quote].match(self.text, end)
            if match is None:
                raise Fault
            end = match.end()

    def bare(self) -> str:
        line = self.skip(LINE)
        mark = line.find("#")
        while mark >= 0:
            if mark and line[mark - 1].isspace():
                return line[:mark].rstrip()
            mark = line.find("#", mark + 1)
        return line.rstrip()
