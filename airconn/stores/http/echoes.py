"""Shows texts of a server only if they don't echo what was sent, passwords included."""

from __future__ import annotations

import html
import json
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

_LONGEST = 300
_WINDOW = 8
"""The characters of a secret in a row that count as a quotation of it."""


def shown(text: object, hidden: Iterable[str]) -> str:
    """`text` in one line. Empty if a text of `hidden` is in it."""
    if not isinstance(text, str):
        return ""
    line = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    if "<html" in line.lower() or any(quotes(line, secret) for secret in hidden):
        return ""
    return line if len(line) <= _LONGEST else line[:_LONGEST] + "…"


def quotes(text: str, secret: str) -> bool:
    """Whether `text` has `secret` in it, in any encoding, or a part that is too long for a coincidence."""
    if not secret.strip():
        return False
    forms = echo_forms(secret)
    windows = {text[start : start + _WINDOW] for start in range(len(text) - _WINDOW + 1)}
    return any(
        form in text or any(form[start : start + _WINDOW] in windows for start in range(len(form) - _WINDOW + 1))
        for form in forms
    )


def echo_forms(text: str) -> set[str]:
    """The forms in which a message may quote a text: as it is, or encoded."""
    forms = {text, " ".join(text.split()), json.dumps(text)[1:-1], repr(text)[1:-1], html.escape(text)}
    return forms | {
        quote(text, errors="replace"),
        quote(text, safe="", errors="replace"),
        quote_plus(text, errors="replace"),
    }
