"""The dialect of `docker run --env-file`, as docker/cli reads it (`pkg/kvfile`): NAME=VALUE, where quotes are text.

Measured with Docker 28.2.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from airconn.formats.dotenv.dialect import Dialect, nul_refusal, one_style
from airconn.formats.dotenv.lines import Entry, without_bom
from airconn.formats.dotenv.quoting import Quoted
from airconn.patterns import pattern

_LINES = pattern(r"([^\n]*)(\n|\Z)")
LONGEST = 65_535
"""The most bytes of a line that bufio.Scanner takes. With a longer one, docker reads nothing of the file."""
_ASTRO_MASK = pattern(r"\s+# secret\b")
_SELF_QUOTED = pattern(r"'.*'|\".*\"", re.DOTALL)


def entries(text: str) -> Iterator[Entry]:
    """The entries of a file in their order, as the docker command reads them."""
    text = without_bom(text)  # a carriage return within a line is a part of the value
    for number, match in enumerate(_LINES.finditer(text), 1):
        if match.start() < len(text):
            entry = entry_of(number, match[1].removesuffix("\r"), match.span())
            if is_too_long(match[1]):
                reason = "this line is too long for docker run --env-file, which then reads nothing of the file"
                entry = Entry(
                    number, 1, is_fault=True, reason=reason, hint="store a value of this size somewhere else"
                )
            if entry is not None:
                yield entry


def is_too_long(line: str) -> bool:
    """Whether docker can't read a line for its length."""
    return len(line) > LONGEST // 4 and len(line.encode("utf-8", "replace")) > LONGEST


def entry_of(number: int, line: str, span: tuple[int, int]) -> Entry | None:
    """The entry of one line, which starts at `span`. None for a blank line."""
    rest = line.lstrip()
    if not rest:
        return None
    indent = len(line) - len(rest)
    span = (span[0] + indent, span[1])
    if rest.startswith("#"):
        return Entry(number, indent + 1, comment=rest.rstrip(), span=span)
    name, assigned, value = rest.partition("=")
    if not name or re.search(r"[ \t]", name):
        return Entry(number, indent + 1, is_fault=True)
    start = span[0] + len(name) + 1
    if not assigned:
        return Entry(number, indent + 1, name, span=span)
    column = indent + len(name) + 2
    return Entry(number, indent + 1, name, value, column, (start, start + len(value)), span)


def refusal(value: str) -> str:
    """Why a value can't be written in such a file. Empty if it can."""
    if "\n" in value or value.endswith("\r"):
        return "the value has a line break, which docker run --env-file can't read"
    if _ASTRO_MASK.match(value):
        return "the value is the text that Astro writes instead of a hidden one, and would be read as hidden"
    return ""


def quote(value: str) -> Quoted:
    """A value as it is. Newer versions of docker remove quotes around it."""
    return Quoted(value, ("docker (depends on the version)",) if _SELF_QUOTED.fullmatch(value) else ())


DIALECT = Dialect(
    "docker",
    "docker run --env-file",
    entries,
    quote,
    one_style(quote),
    lambda value: nul_refusal(value) or refusal(value),
    line_ends=("\n", "\r\n"),
    longest=LONGEST,
    has_quotes=False,
    way_out="write NAME=VALUE, with no blank in the name and no export before it; comments start with #",
)
