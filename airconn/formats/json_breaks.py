"""Tells where broken JSON inside of a value breaks, and the usual reasons. Quotes nothing but marks of JSON."""

from __future__ import annotations

import json

from airconn.patterns import pattern

_BLANKS = pattern(r"[ \t\n\r]*")
_COMMA_TOO_MANY = pattern(r",[ \t\n\r]*[}\]]")
_PYTHONS_WORDS = pattern(r"(?:True|False|None)\b")
_BY_MESSAGE = {
    "Invalid control character": "at a line break or tab inside of a text, which is written \\n or \\t",
    "Invalid \\": "at a backslash, which is written \\\\",
    "Unterminated": "at the start of a text that isn't closed",
    "Extra data": "after its end, where more text follows",
}
"""Reasons by the beginnings of the messages of Python's reader."""
_BY_MARK = {
    "'": "at a single quote; JSON needs double quotes",
    "\u2018\u2019\u201c\u201d": "at a typographic quote; JSON needs double quotes",
    "/#": "at a comment, which JSON doesn't allow",
}
"""Reasons by the character that the reader stopped at."""


def break_of(text: str) -> str:
    """Where a text that is meant to be a JSON object breaks, and why: `at line 1, column 9, at a single quote, …`.

    Empty if it isn't meant to be one, or doesn't break.
    """
    if not text.lstrip().startswith("{"):
        return ""
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        return place_of(error)
    except (ValueError, RecursionError):
        return ""
    return ""


def place_of(error: json.JSONDecodeError) -> str:
    """The place of an error in JSON by its line and column, and why it breaks there, if that can be told."""
    text, start = error.doc, position_of(error)
    if not _of_message(error):
        start = _behind_blanks(text, start)
    line, column = text.count("\n", 0, start) + 1, start - text.rfind("\n", 0, start)
    reason = reason_of(error)
    return f"at line {line}, column {column}" + (f", {reason}" if reason else "")


def position_of(error: json.JSONDecodeError) -> int:
    """Where JSON breaks. Python 3.13 says where an extra comma is, and others where what follows it is."""
    is_comma = error.msg.startswith("Illegal trailing comma")
    return _behind_blanks(error.doc, error.pos + 1) if is_comma else error.pos


def reason_of(error: json.JSONDecodeError) -> str:
    """Why JSON breaks, as `at a single quote; JSON needs double quotes`. Empty if that can't be told."""
    return _of_message(error) or _reason(error.doc, _behind_blanks(error.doc, error.pos))


def _of_message(error: json.JSONDecodeError) -> str:
    return next((reason for message, reason in _BY_MESSAGE.items() if error.msg.startswith(message)), "")


def _behind_blanks(text: str, start: int) -> int:
    behind = _BLANKS.match(text, start)
    return behind.end() if behind else start


def _reason(text: str, start: int) -> str:
    if start >= len(text):
        return "where it ends too early"
    if _COMMA_TOO_MANY.match(text, start) or (text[start] in "}]" and text[:start].rstrip()[-1:] == ","):
        return "after an extra comma"
    if _PYTHONS_WORDS.match(text, start):
        return "at True, False or None of Python; in JSON: true, false and null"
    return next((reason for marks, reason in _BY_MARK.items() if text[start] in marks), "")
