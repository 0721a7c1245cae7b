"""The dialect of `astro env variable export` and `list --format dotenv` (astro-cli `cloud/env/format.go`).

A value is bare, or between double quotes with six escapes. The Astro CLI itself reads such a file with gotenv, which
isn't the exact inverse; this dialect is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial

from airconn.formats.dotenv.dialect import Dialect, nul_refusal, one_style
from airconn.formats.dotenv.expansion import ValueFault, Variables
from airconn.formats.dotenv.lines import Entry, without_bom
from airconn.formats.dotenv.marks import SHELL_NAME
from airconn.formats.dotenv.quoting import Quoted
from airconn.patterns import pattern

MASK = "  # secret, use --include-secrets"
"""What follows the `=` of a secret."""
_LINE = pattern(r"([^\n]*)(?:\n|\Z)")
_BARE = pattern(r"[^ \t\r\n\"'#\\$]*")
_ESCAPES = {"\\": "\\\\", '"': '\\"', "$": "\\$", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_MEANINGS = {"n": "\n", "r": "\r", "t": "\t"}
_ESCAPE = pattern(r"\\(.)")
# In pieces, because Python's `re` takes memory for each repetition.
_INSIDE = pattern(r"(?:[^\"\\$\r\n]+|\\[\\\"$nrt]){1,500}")
# gotenv 1.6 takes names in capitals only, with braces around them or without.
_REFERENCE = pattern(
    r"(?P<other>\\\\\$)|(?P<escape>\\.)"
    r"|\$(?:\{(?P<braced>[A-Z0-9_]+)\}|(?P<bare>[A-Z0-9_]+)(?![A-Z0-9_}])|(?P<part>[{A-Z0-9_]))"
)
_NOT_ITS_FORM = "the Astro CLI doesn't write lines like this"
_HINT = 'write NAME=VALUE, with VALUE bare or between double quotes, and \\$, \\" and \\\\ for $, " and \\ there'


def entries(text: str) -> Iterator[Entry]:
    """The entries of a file in their order. A line in another form than the Astro CLI writes is a fault."""
    for entry, _ in _lines(text):
        yield entry


def expanded(text: str, variables: Variables) -> Iterator[Entry]:
    """The entries with references expanded as gotenv does. The environment comes first, then the lines above."""
    variables.environment_first = True
    for entry, written in _lines(text, has_references=True):
        if entry.name is None:
            yield entry
        else:
            yield variables.settled(entry, partial(_substituted, written, variables) if "$" in written else None)


def quote(value: str) -> Quoted:
    """A value as the Astro CLI writes it."""
    return Quoted(value if _BARE.fullmatch(value) else f'"{"".join(_ESCAPES.get(mark, mark) for mark in value)}"')


def is_exact(text: str) -> bool:
    """Whether each line is one that the Astro CLI writes, and has the quotes that it needs and no others."""
    for match in _LINE.finditer(text):
        if match.start() == len(text):
            return True
        name, _, value = match[1].partition("=")
        is_bare = _BARE.fullmatch(value) or value == MASK
        is_as_written = is_bare or (_is_quoted(value) and quote(_unescaped(value[1:-1])).text == value)
        if not SHELL_NAME.fullmatch(name) or not is_as_written:
            return False
    return True


def _lines(text: str, *, has_references: bool = False) -> Iterator[tuple[Entry, str]]:
    """The entries, each with the text between its quotes if it has a reference in it that isn't expanded yet."""
    text = without_bom(text)
    for number, match in enumerate(_LINE.finditer(text), 1):
        line = match[1].removesuffix("\r")
        if match.start() < len(text) and line.strip():
            yield _entry(number, line, match.span(), has_references=has_references)


def _entry(number: int, line: str, span: tuple[int, int], *, has_references: bool) -> tuple[Entry, str]:
    if line.startswith("#"):
        return Entry(number, 1, comment=line.rstrip(), span=span), ""
    name, assigned, value = line.partition("=")
    if not assigned or not SHELL_NAME.fullmatch(name):
        return Entry(number, 1, span=span, is_fault=True, reason=_NOT_ITS_FORM, hint=_HINT), ""
    start = span[0] + len(name) + 1
    if value == MASK:
        return Entry(number, 1, name, "", None, (start, start), span, comment=value.strip()), ""
    value_span = (start, start + len(value))
    if _BARE.fullmatch(value):
        return Entry(number, 1, name, value, len(name) + 2, value_span, span), ""
    if _is_quoted(value):
        inner = _unescaped(value[1:-1])
        column = len(name) + 3 if inner == value[1:-1] else None
        return Entry(number, 1, name, inner, column, value_span, span), ""
    written = value[1:-1] if value[:1] == '"' and len(value) > 1 and value[-1] == '"' else value
    if has_references and _is_of_form_but_for_references(value, written):
        return Entry(number, 1, name, "", None, value_span, span, written=value), written
    if "$" in value and _is_of_form_but_for_references(value, written):
        reason = "this line has a $ that the Astro CLI expands"
        hint = "write \\$ between double quotes for a $; --expand expands it"
        return Entry(number, 1, span=span, is_fault=True, reason=reason, hint=hint), ""
    return Entry(number, 1, span=span, is_fault=True, reason=_NOT_ITS_FORM, hint=_HINT), ""


def _is_quoted(value: str) -> bool:
    return len(value) > 1 and value[0] == value[-1] == '"' and _is_inside(value[1:-1])


def _is_inside(text: str) -> bool:
    """Whether a text is what may be between double quotes."""
    end = 0
    while match := _INSIDE.match(text, end):
        end = match.end()
    return end == len(text)


def _is_of_form_but_for_references(value: str, written: str) -> bool:
    """Whether a value would be of this form without each `$` that has no backslash before it."""
    without = re.sub(r"(\\.)|\$", lambda match: match[1] or "", written)
    return bool(_BARE.fullmatch(without)) if written is value else _is_inside(without)


def _unescaped(written: str) -> str:
    return _ESCAPE.sub(lambda match: _MEANINGS.get(match[1], match[1]), written)


def _substituted(written: str, variables: Variables) -> str:
    def meaning(match: re.Match[str]) -> str:
        if match["escape"]:
            return _unescaped(match["escape"])
        if match["other"] or match["part"]:
            raise ValueFault(
                "has a reference that is neither ${NAME} nor $NAME; the Astro CLI reads only a part of it",
                "write ${NAME}, in capitals",
            )
        return variables.need(match["braced"] or match["bare"])

    value = _REFERENCE.sub(meaning, written)
    variables.spend(len(value))
    return value


DIALECT = Dialect(
    "astro-env",
    "astro env variable export",
    entries,
    quote,
    one_style(quote),
    nul_refusal,
    SHELL_NAME,
    line_ends=("\n", "\r\n"),
    one_line=quote,
    expanded=expanded,
    way_out=_HINT,
)
