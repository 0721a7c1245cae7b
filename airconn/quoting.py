"""Text from elsewhere, such as an id, the name of a file or a message, as it can be shown to people and programs."""

from __future__ import annotations

import re
from typing import Any

_OF_LINES = re.compile(r"^(\s*):(?=:)")
_ANYWHERE = re.compile(r"#(?=#(?:\[|vso\[|teamcity\[))", re.IGNORECASE)
"""What a runner of GitHub, Azure Pipelines or TeamCity takes for the beginning of a command to it."""

_BEGIN = re.compile(r"[a-z][\w+.-]*:/+|[\w+.-]*//+|https?[:/]+|@", re.IGNORECASE)
"""What comes before a user's name in a URL, or in what was meant to be one."""

_USERINFO = re.compile(r"([A-Za-z][\w+.-]{0,40}:[/\\]{1,4})(?!USER:PASSWORD@)[^\s/@'\"]{0,300}:[^\s'\"]{0,300}@")
"""A user's name and a password behind a scheme, but not how a hint writes them."""


def clean(text: str) -> str:
    """A text from elsewhere as a part of a line, with nothing in it that a terminal or the log of a CI would obey."""
    if not text.isprintable():
        text = "".join(c if c.isprintable() else _escaped(c) for c in text)
    return _ANYWHERE.sub(r"\\x23", text) if "##" in text else text


def clean_lines(text: str, *, begun: bool = False) -> str:
    """The same for whole lines. `begun`: other text stands before it, on the same line."""
    if "::" not in text and "##" not in text and text.replace("\n", "").isprintable():
        return text
    lines = text.split("\n")
    first = 1 if begun else 0
    return "\n".join([*map(clean, lines[:first]), *(_OF_LINES.sub(r"\1\\x3a", clean(x)) for x in lines[first:])])


def shown_address(text: str) -> str:
    """What was given as an address, without all that may be a user's name, a password or a query with a token.

    It is for an address that is refused, so it needn't be a valid one.
    """
    head, at, rest = text.rpartition("@")
    begin = _BEGIN.match(head)
    hides = at and (begin or ":" in head)
    rest = f"{begin[0] if begin else ''}…@{rest}" if hides else text
    place, mark, _ = (*re.split(r"([?#])", rest, maxsplit=1), "", "")[:3]
    return place + (f"{mark}…" if mark else "")


def without_passwords(text: str) -> str:
    """A message that quotes an argument as it was given, without the password of a URL in it."""
    return _USERINFO.sub(r"\1…@", text)


def to_json(value: Any) -> str:
    """A report as JSON. What a terminal or the log of a CI would obey is escaped in it, and means the same."""
    import json

    text = json.dumps(value, indent=2, ensure_ascii=False)
    if not text.replace("\n", "").isprintable():
        text = "".join(c if c == "\n" or c.isprintable() else json.dumps(c)[1:-1] for c in text)
        text = text.replace("\x7f", "\\u007f")
    return _ANYWHERE.sub(r"\\u0023", text) if "##" in text else text


def _escaped(char: str) -> str:
    return char.encode("unicode_escape", "backslashreplace").decode()
