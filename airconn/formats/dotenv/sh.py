"""The dialect of files that a shell sources (`set -a; . ./.env`): assignments of POSIX shells, without commands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial

from airconn.formats.dotenv.dialect import Dialect, nul_refusal, one_style
from airconn.formats.dotenv.expansion import Variables
from airconn.formats.dotenv.expansion_sh import Parts, ShellWord, evaluated
from airconn.formats.dotenv.lines import Entry, Fault, Scanner, scanned
from airconn.formats.dotenv.marks import SHELL_NAME
from airconn.formats.dotenv.quoting import BARE, Quoted
from airconn.formats.dotenv.references import WAYS_OUT
from airconn.patterns import pattern

_NAME = pattern(r"[A-Za-z_][A-Za-z0-9_]*(?==)")
_PLAIN = pattern(r"[^ \t\n'\"\\$`;&|<>()]+")
_IN_DOUBLE = pattern(r'[^"\\$`]+')
# A `$` that a shell expands, by what follows it. The shell removes a backslash at the end of a line before it looks.
_EXPANDS = pattern(r"\$(?:\\\n)*[A-Za-z0-9_{(\[@*#?$!'\"-]")
_CONTINUED = "\\\n"
_TILDE = pattern(r"(?:^|:)~")
_QUOTED = "''"
RUNS = "a shell would expand a $, ` or ~ here"
_SPLITS = "bash would expand the braces here"


def entries(text: str) -> Iterator[Entry]:
    """The entries of a file in their order, as sh and bash read them. What they would expand or run is a fault."""
    return scanned(ShellScanner(text))


def quote(value: str) -> Quoted:
    """A value between single quotes, where a shell expands nothing."""
    return Quoted(value) if BARE.fullmatch(value) else Quoted("'" + value.replace("'", "'\\''") + "'")


class ShellScanner(Scanner):
    """Reads one assignment after the other. All else is a fault."""

    blanks = pattern(r"[ \t]*")
    blank_lines = pattern(r"[ \t\n]*")
    export = pattern(r"export[ \t]+")
    comment = pattern(r"[ \t]*#[^\n]*")
    end = pattern(r"[ \t]*(?:\n|\Z)")

    @staticmethod
    def normal(text: str) -> str:
        """The text itself: a shell reads carriage returns and a byte order mark as text."""
        return text

    def name(self) -> str | None:
        if self.peek() == "#":
            return None
        if name := self.skip(_NAME):
            return name
        if self.position == 0 and self.peek() == "\ufeff":
            raise Fault(
                "the file starts with a byte order mark, which a shell reads as a part of a command",
                "save it as UTF-8 without a byte order mark",
            )
        raise Fault

    def is_empty(self, blanks: str) -> bool:
        return bool(blanks) or self.peek() in ("", "\n")  # text after a blank would be a command

    def word(self) -> tuple[str, int, int | None]:
        start = self.position
        pieces: list[str] = []
        bare: list[str] = []  # the parts in which a shell expands ~ and braces
        while self.position < len(self.text):
            mark = self.peek()
            if self.text.startswith(_CONTINUED, self.position):
                self.position += 2
                continue
            if plain := self.skip(_PLAIN):
                pieces.append(plain)
                bare.append(plain)
                continue
            if mark == "'":
                pieces.append(self.single())
            elif mark == '"':
                pieces.append(self.double())
            elif mark == "\\":
                pieces.append(self.escaped(""))
            elif mark == "$":
                pieces.append(self.dollar())
            elif mark == "`":
                raise Fault(RUNS, WAYS_OUT)
            else:
                break
            bare.append(_QUOTED)
        if _TILDE.search("".join(bare)):
            raise Fault(RUNS, WAYS_OUT)
        braced = "".join(bare).replace(_QUOTED, "").partition("{")[2]
        if self.is_exported and ("," in braced or ".." in braced):
            raise Fault(_SPLITS)
        value, length = "".join(pieces), self.position - start
        if value == self.text[start : self.position]:
            return value, length, 0
        return value, length, 1 if value == self.text[start + 1 : self.position - 1] else None

    def single(self) -> str:
        end = self.text.find("'", self.position + 1)
        if end < 0:
            raise Fault
        value = self.text[self.position + 1 : end]
        self.position = end + 1
        return value

    def double(self) -> str:
        self.position += 1
        pieces: list[str] = []
        while (mark := self.peek()) != '"':
            if mark == "\\":
                pieces.append(self.escaped('$`"\\\n'))
            elif mark == "$":
                pieces.append(self.dollar())
            elif mark == "`":
                raise Fault(RUNS, WAYS_OUT)
            elif plain := self.skip(_IN_DOUBLE):
                pieces.append(plain)
            else:
                raise Fault
        self.position += 1
        return "".join(pieces)

    def escaped(self, only: str) -> str:
        """The text of a backslash and the next character. With `only`, it is an escape before these characters."""
        following = self.text[self.position + 1 : self.position + 2]
        if not following:
            raise Fault
        self.position += 2
        if only and following not in only:
            return f"\\{following}"
        return "" if following == "\n" else following

    def dollar(self) -> str:
        if _EXPANDS.match(self.text, self.position):
            raise Fault(RUNS, WAYS_OUT)
        self.position += 1
        return "$"


class _ExpandingShell(ShellScanner):
    """Expands what `ShellScanner` refuses, if that needs no shell. The lines above win over the environment."""

    def __init__(self, text: str, variables: Variables) -> None:
        super().__init__(text)
        self.variables = variables
        self.parts: Parts = ()

    def entry(self) -> Entry | None:
        self.parts = ()
        found = super().entry()
        if found is None or found.name is None:
            return found
        expand = partial(evaluated, self.parts, self.variables, is_exported=self.is_exported) if self.parts else None
        return self.variables.settled(found, expand)

    def word(self) -> tuple[str, int, int | None]:
        start = self.position
        word = ShellWord(self.text, start)
        word.read()
        if all(isinstance(part, str) for part in word.parts):
            return super().word()
        if self.is_exported and re.search("[{~]", "".join(word.bare)):
            raise Fault(_SPLITS)
        self.parts, self.position = word.parts, word.position
        return "", word.position - start, None


def expanded(text: str, variables: Variables) -> Iterator[Entry]:
    """The entries of a file with their references expanded, as sh and bash do. What they would run is a fault."""
    return scanned(_ExpandingShell(text, variables))


DIALECT = Dialect(
    "sh", "sh", entries, quote, one_style(quote), nul_refusal, SHELL_NAME, line_ends=("\n",), expanded=expanded
)
