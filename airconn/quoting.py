"""Makes text from elsewhere, such as an id, a file name or a message, safe to show to people and programs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from airconn.patterns import pattern

_OF_LINES = pattern(r"^(\s*):(?=:)")
_ANYWHERE = pattern(r"#(?=#(?:\[|vso\[|teamcity\[))", re.IGNORECASE)
"""The beginnings of commands to a runner of GitHub, Azure Pipelines or TeamCity."""

_BEGIN = pattern(r"[a-z][\w+.-]*:/+|[\w+.-]*//+|https?[:/]+|@", re.IGNORECASE)
"""The text before a user's name in a URL, also in a misspelled one."""

_USERINFO = pattern(r"([A-Za-z][\w+.-]{0,40}:[/\\]{1,4})(?!USER:PASSWORD@)[^\s/@'\"]{0,300}:[^\s'\"]{0,300}@")
"""A user's name and a password after a scheme, except the `USER:PASSWORD@` of hints."""


def clean(text: str) -> str:
    """`text` as a part of a line, with all that a terminal or the log of a CI would obey escaped."""
    if not text.isprintable():
        text = "".join(c if c.isprintable() else _escaped(c) for c in text)
    return _ANYWHERE.sub(r"\\x23", text) if "##" in text else text


def clean_lines(text: str, *, begun: bool = False) -> str:
    """`text` cleaned as whole lines. `begun`: its first line continues a line."""
    if "::" not in text and "##" not in text and text.replace("\n", "").isprintable():
        return text
    lines = text.split("\n")
    first = 1 if begun else 0
    return "\n".join([*map(clean, lines[:first]), *(_OF_LINES.sub(r"\1\\x3a", clean(x)) for x in lines[first:])])


def shown_address(text: str) -> str:
    """An address without all that may be a user's name, a password or a query with a token.

    The address may be invalid: this is how errors show one that is refused.
    """
    head, at, rest = text.rpartition("@")
    begin = _BEGIN.match(head)
    hides = at and (begin or ":" in head)
    rest = f"{begin[0] if begin else ''}…@{rest}" if hides else text
    place, mark, _ = (*re.split(r"([?#])", rest, maxsplit=1), "", "")[:3]
    return place + (f"{mark}…" if mark else "")


def without_passwords(text: str) -> str:
    """A message without the passwords of URLs in the arguments that it quotes."""
    return _USERINFO.sub(r"\1…@", text)


def some(names: Sequence[str], most: int = 3) -> str:
    """The first names, and how many more there are: `a, b and 3 more`."""
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def some_or_all(names: Sequence[str], most: int = 3) -> str:
    """As `some`, but where only one more would be left, it is named too."""
    return some(names, len(names) if len(names) <= most + 1 else most)


def to_json(value: Any) -> str:
    """A report as JSON. All that a terminal or the log of a CI would obey is escaped, which parses to the same."""
    import json

    text = json.dumps(value, indent=2, ensure_ascii=False)
    if not text.replace("\n", "").isprintable():
        text = "".join(c if c == "\n" or c.isprintable() else json.dumps(c)[1:-1] for c in text)
        text = text.replace("\x7f", "\\u007f")
    return _ANYWHERE.sub(r"\\u0023", text) if "##" in text else text


def _escaped(char: str) -> str:
    return char.encode("unicode_escape", "backslashreplace").decode()
