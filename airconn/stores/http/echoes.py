"""Shows texts of a server only if they don't echo what was sent, passwords included."""

from __future__ import annotations

import html
import json
from collections.abc import Iterable
from urllib.parse import quote

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
    forms = {secret, " ".join(secret.split()), json.dumps(secret)[1:-1], repr(secret)[1:-1], html.escape(secret)}
    forms |= {quote(secret, errors="replace"), quote(secret, safe="", errors="replace")}
    windows = {text[start : start + _WINDOW] for start in range(len(text) - _WINDOW + 1)}
    return any(
        form in text or any(form[start : start + _WINDOW] in windows for start in range(len(form) - _WINDOW + 1))
        for form in forms
    )
