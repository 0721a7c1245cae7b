"""The dialect of Docker Compose (`env_file`, and its own `.env`), as compose-go v2 reads it (`dotenv/parser.go`)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from airconn.formats.dotenv import compose_template
from airconn.formats.dotenv.compose_template import Lookup
from airconn.formats.dotenv.dialect import Dialect, nul_refusal, one_style
from airconn.formats.dotenv.expansion import Variables
from airconn.formats.dotenv.lines import LINE, Entry, Fault, Scanner, scanned, without_bom
from airconn.formats.dotenv.quoting import BARE, Quoted
from airconn.formats.dotenv.references import WAYS_OUT
from airconn.patterns import pattern

_NAME = pattern(r"[\w.\[\]-]+")
_COMMENTED = pattern("[\t\v\f\r \x85\xa0]*#")
_ESCAPE = pattern(r'\\([abfnrtv$"\\]|0)')
_MEANINGS = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "$": "$$"}
_DOUBLE = {"\\": "\\\\", '"': '\\"', "$": "\\$", "\r": "\\r"}
# compose-go has two sets of blanks: its own `isSpace`, for those within a line, and Go's `unicode.IsSpace`.
_BLANKS = "\t\v\f\r \x85\xa0"
_SPACES = _BLANKS + "\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_SPACE = pattern(f"[{_SPACES}]")


def entries(text: str) -> Iterator[Entry]:
    """The entries of a file in their order, as Docker Compose reads them. What it would interpolate is a fault."""
    return scanned(ComposeScanner(text))


def quote(value: str) -> Quoted:
    """A value between single quotes, or between double quotes if single quotes can't hold it.

    Between single quotes, Compose only has an escape for the quote, and none for a backslash before it.
    """
    if BARE.fullmatch(value):
        return Quoted(value)
    if "'" not in value and not value.endswith("\\") and "\r" not in value:
        return Quoted(f"'{value}'")
    return Quoted('"' + "".join(_DOUBLE.get(character, character) for character in value) + '"')


def in_one_line(value: str) -> Quoted | None:
    """A value with line breaks in a single line."""
    escapes = {**_DOUBLE, "\n": "\\n"}
    return Quoted('"' + "".join(escapes.get(character, character) for character in value) + '"')


def _refused(name: str) -> str | None:
    raise Fault("Docker Compose would expand a $ here", WAYS_OUT)


class ComposeScanner(Scanner):
    """Reads one entry after the other. `lookup` gives the values of variables, which are a fault without it."""

    assigns = "=:"
    blanks = pattern(f"[{_BLANKS}]*")
    blank_lines = pattern(f"[\n{_SPACES}]*")
    export = pattern(f"export(?=[\t\f\r ])[{_BLANKS}]+")
    comment = pattern(f"[{_SPACES}]*#[^\n]*")
    end = pattern(f"[{_SPACES}]*(?:\n|\\Z)")

    def __init__(self, text: str, lookup: Lookup = _refused) -> None:
        super().__init__(text)
        self.lookup = lookup

    @staticmethod
    def normal(text: str) -> str:
        """The text without its byte order mark. Compose ends a line at a line feed only."""
        return without_bom(text)

    def name(self) -> str | None:
        if self.peek() == "#":
            return None
        name = self.skip(_NAME)
        if not name or _COMMENTED.match(self.text, self.position):
            raise Fault
        return name

    def is_empty(self, blanks: str) -> bool:
        return self.peek() in ("", "\n")

    def word(self) -> tuple[str, int, int | None]:
        mark = self.peek()
        if mark not in ("'", '"'):
            raw = _stripped(self.skip(LINE).partition(" #")[0])
            value = self.filled(raw)
            return value, len(raw), 0 if value == raw else None
        raw = self.quoted(mark)
        value = re.sub(r"\\(.)", lambda m: m[1] if m[1] == mark else m[0], raw, flags=re.DOTALL)
        if mark == '"':
            value = self.filled(_ESCAPE.sub(_meaning, value))
        return value, len(raw) + 2, 1 if value == raw else None

    def filled(self, text: str) -> str:
        """A text with its variables expanded."""
        return compose_template.expanded(text, self.lookup)


class _ExpandingCompose(ComposeScanner):
    """Expands what `ComposeScanner` refuses. A variable of the environment wins over one of the lines above."""

    def __init__(self, text: str, variables: Variables) -> None:
        super().__init__(text)
        variables.environment_first = True
        self.variables = variables
        self.template: str | None = None

    def entry(self) -> Entry | None:
        self.template = None
        found = super().entry()
        if found is None or found.name is None:
            return found
        if found.value is not None:
            template = self.template
            get, need = self.variables.get, self.variables.need
            expand = None if template is None else partial(compose_template.expanded, template, get, need=need)
            return self.variables.settled(found, expand)
        if not self.text.endswith("\n", *found.span) or found.name not in self.variables.environ:
            return found  # Compose has such a name without a value from the environment
        end = found.span[0] + len(self.text[slice(*found.span)].rstrip())
        inherits = replace(found, value="", value_span=(end, end))
        return self.variables.settled(inherits, partial(self.variables.inherited, found.name))

    def filled(self, text: str) -> str:
        if "$" not in text:
            return text
        self.template = text
        return ""


def expanded(text: str, variables: Variables) -> Iterator[Entry]:
    """The entries of a file with their references expanded, as Docker Compose does."""
    return scanned(_ExpandingCompose(text, variables))


def _stripped(text: str) -> str:
    """A text without the blanks at its end, by Go's set of blanks, which isn't that of Python."""
    end = len(text)
    while end and _SPACE.match(text, end - 1):
        end -= 1
    return text[:end]


def _meaning(match: re.Match[str]) -> str:
    if match[1] == "0":
        raise Fault("an octal escape, which each version of Docker Compose reads differently")
    return _MEANINGS.get(match[1], match[1])


DIALECT = Dialect(
    "compose",
    "Docker Compose",
    entries,
    quote,
    one_style(quote),
    nul_refusal,
    pattern(r"[\w.-]+"),
    line_ends=("\n", "\r\n"),
    one_line=in_one_line,
    expanded=expanded,
)
