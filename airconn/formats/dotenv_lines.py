"""The grammar of .env files, as python-dotenv 1.2 has it, with the place of each value.

Written anew and not taken from python-dotenv because its own parser (`dotenv/parser.py`) takes gigabytes for a long
quoted value and hours for a long run of blanks, and reads differently from version to version: a byte order mark,
`NAME= # comment` and an escaped backslash before a quote. The tests hold both next to each other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_BLANK_LINES = re.compile(r"\s*")
_BLANKS = re.compile(r"[^\S\n]*")
_EXPORT = re.compile(r"export[^\S\n]+")
_BARE_NAME = re.compile(r"[^=#\s]+")
_COMMENT = re.compile(r"[^\S\n]*#[^\n]*")
_END = re.compile(r"[^\S\n]*(?:\n|\Z)")
_LINE = re.compile(r"[^\n]*")
_PLAIN = {"'": re.compile(r"[^'\\]*"), '"': re.compile(r'[^"\\]*')}
_ESCAPES = {"'": re.compile(r"\\([\\'])"), '"': re.compile(r"\\([\\'\"abfnrtv])")}
_MEANINGS = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


@dataclass(frozen=True, slots=True, repr=False)
class Entry:
    """One `NAME=VALUE`, comment or faulty line of a file.

    `name` is None in the latter two, `value` where there is no `=`. `line` and `column` (from 1) are where the entry
    starts; `value_column` is where its value does, if the value stands in that line just as it is.
    """

    line: int
    column: int
    name: str | None = None
    value: str | None = None
    value_column: int | None = None
    value_span: tuple[int, int] = (0, 0)
    """Where the value stands with its quotes, as offsets into the text with all line ends `\\n`."""
    span: tuple[int, int] = (0, 0)
    """Where all of the entry stands, with the end of its line."""
    comment: str = ""
    is_fault: bool = False


class _Fault(Exception):
    pass


def entries(text: str) -> Iterator[Entry]:
    """The entries of a file in their order. Line ends of all sorts are `\\n`, as in Python's text files."""
    scanner = _Scanner(text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n"))
    while (entry := scanner.entry()) is not None:
        yield entry


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0
        self.line = 1
        self.line_start = 0
        self.counted = 0

    def entry(self) -> Entry | None:
        self.skip(_BLANK_LINES)
        if self.position >= len(self.text):
            return None
        line, column = self.place()
        start = self.position
        value_span = (0, 0)
        try:
            self.skip(_EXPORT)
            name = self.name()
            self.skip(_BLANKS)
            value, value_column = None, None
            if self.peek() == "=":
                value, value_column, value_span = self.assigned()
            comment = self.skip(_COMMENT).strip()
            if not (end := _END.match(self.text, self.position)):
                raise _Fault
            self.position = end.end()
        except _Fault:
            self.skip(_LINE)
            self.position += 1
            return Entry(line, column, is_fault=True)
        return Entry(line, column, name, value, value_column, value_span, (start, self.position), comment)

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
            if not (name := self.skip(_BARE_NAME)):
                raise _Fault
            return name
        end = self.text.find("'", self.position + 1)
        if end <= self.position + 1:
            raise _Fault
        name = self.text[self.position + 1 : end]
        self.position = end + 1
        return name

    def assigned(self) -> tuple[str, int | None, tuple[int, int]]:
        """The value after a `=`, its column, and where it stands."""
        self.position += 1
        blanks = self.skip(_BLANKS)
        mark = self.peek()
        if mark in ("", "\n") or (blanks and mark == "#"):
            return "", None, (self.position - len(blanks), self.position - len(blanks))
        start = self.position
        raw = self.quoted(mark) if mark in _PLAIN else self.bare()
        span = (start, start + len(raw) + 2 * (mark in _PLAIN))
        value = _ESCAPES[mark].sub(lambda m: _MEANINGS.get(m[1], m[1]), raw) if mark in _PLAIN else raw
        if value != raw or "\n" in self.text[self.counted : start + len(raw)]:
            return value, None, span
        return value, start - self.line_start + 1 + (mark in _PLAIN), span

    def quoted(self, quote: str) -> str:
        start = end = self.position + 1
        while True:
            match = _PLAIN[quote].match(self.text, end)
            end = match.end() if match else end
            if end >= len(self.text):
                raise _Fault
            if self.text[end] == quote:
                self.position = end + 1
                return self.text[start:end]
            end += 2

    def bare(self) -> str:
        line = self.skip(_LINE)
        mark = line.find("#")
        while mark >= 0:
            if mark and line[mark - 1].isspace():
                return line[:mark].rstrip()
            mark = line.find("#", mark + 1)
        return line.rstrip()
