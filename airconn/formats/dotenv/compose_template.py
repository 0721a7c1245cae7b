"""Expands variables in the values of .env files as Docker Compose does (compose-go v2, `template/template.go`)."""

from __future__ import annotations

import re
from collections.abc import Callable

from airconn.formats.dotenv.lines import Fault
from airconn.patterns import pattern

Lookup = Callable[[str], str | None]
"""Gives the value of a variable. None if it isn't set."""

_DOLLAR = pattern(r"\$(?:(\$)|([_a-z][_a-z0-9]*)|(\{)(?:([_a-z][_a-z0-9]*)(\}|:?[-+?]))?)?", re.IGNORECASE)
_BRACE = pattern(r"[{}]")
_DEEPEST = 50
"""The most expressions inside of one another. Compose has no limit, and its time is the square of their number."""


def expanded(text: str, lookup: Lookup, depth: int = 0, need: Lookup | None = None) -> str:
    """`text` with its variables expanded. Raises `Fault` where Compose refuses the file.

    `need` gives the value of a variable for which the text has no default, where `lookup` isn't to give it.
    """
    if "$" not in text:
        return text
    if depth > _DEEPEST:
        raise _too_deep()
    pieces: list[str] = []
    done, line_end, last = 0, -1, -1
    while match := _DOLLAR.search(text, done):
        pieces.append(text[done : match.start()])
        if match.end() > line_end:  # an expression ends in its line
            line_end = text.find("\n", match.end())
            line_end = line_end if line_end >= 0 else len(text)
            last = text.rfind("}", match.end() - 1, line_end)
        found, done = _replacement(text, match, last, lookup, depth, need or lookup)
        pieces.append(found)
    pieces.append(text[done:])
    return "".join(pieces)


def _replacement(
    text: str, match: re.Match[str], last: int, lookup: Lookup, depth: int, need: Lookup
) -> tuple[str, int]:
    """What Compose puts in place of a `$` expression, and the offset after the expression.

    `last` is the offset of the last `}` in the line.
    """
    escaped, bare, brace, name, follows = match.groups()
    if escaped:
        return "$", match.end()
    if bare or follows == "}":
        return need(bare or name) or "", match.end()
    if not brace:
        return "$", match.end()
    if not follows or last < match.end():
        raise Fault("Docker Compose refuses a '${' that isn't the start of ${NAME}", "write $$ for a $ that is text")
    end = _closing(text, match.start(), last)
    return _applied(name, follows, text[match.end() : end], lookup, depth, need), end + 1


def _closing(text: str, start: int, last: int) -> int:
    """The offset of the `}` that ends an expression: Compose counts braces, but not one right after a `{`."""
    opened, position = 0, start
    while match := _BRACE.search(text, position, last + 1):
        position = match.end()
        if match[0] == "{":
            opened += 1
            position += 1
            if opened > _DEEPEST:
                raise _too_deep()
        elif (opened := opened - 1) == 0:
            return match.start()
    return last


def _applied(name: str, operator: str, other: str, lookup: Lookup, depth: int, need: Lookup) -> str:
    """The value of `${NAME<operator>other}`."""
    value = lookup(name)
    has_value = value is not None and (value != "" or operator[0] != ":")
    if operator[-1] == "+":
        return expanded(other, lookup, depth + 1, need) if has_value else value or ""
    if has_value:
        return value or ""
    if operator[-1] == "?":
        raise Fault(f"Docker Compose refuses the file unless {name} is set", f"set {name}")
    return expanded(other, lookup, depth + 1, need)


def _too_deep() -> Fault:
    return Fault("the expressions are nested too deep", "nest fewer of them")
