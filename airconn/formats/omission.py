"""The mark of a file that lacks the variables that its source hides, so that pruning by it keeps them."""

from __future__ import annotations

import re

from airconn.model import Kind

_COMMENT = "# airconn: omits variables that the source hides"
_LINE = re.compile(rf"^{_COMMENT}[ \t]*(?:\r?\n|\Z)", re.MULTILINE)
NOTE = "variables that its source hid are left out of this file"
"""The note for a file with the mark."""
KEY = "airconn"
"""The key of the mark in JSON with a section for each kind. A file of one kind is Airflow's, and can't have it."""
_IN_JSON = re.compile(r'"airconn"\s*:\s*\{\s*"omits"\s*:')
_ENTRY = '  "airconn": {"omits": "variables that the source hides"},\n'
_DIALECT = re.compile(r"\ufeff?#[ \t]*airconn:[ \t]*env-dialect[^\n]*\n|\ufeff?")


def is_marked(text: str) -> bool:
    """Whether the text has the mark."""
    in_comment = _COMMENT in text and _LINE.search(text) is not None
    return in_comment or ('"omits"' in text and _IN_JSON.search(text) is not None)


def marked(text: str, format_name: str, kinds: frozenset[Kind]) -> str | None:
    """The text with the mark. None if it can't have one. `kinds` are the kinds that the text was written for."""
    if is_marked(text):
        return text
    if format_name == "json":
        return "{\n" + _ENTRY + text[2:] if len(kinds) != 1 and text.startswith('{\n  "') else None
    match = _DIALECT.match(text)  # the dialect has to stay the first line
    start = match.end() if match else 0
    end = "\r\n" if "\r\n" in text else "\n"
    return f"{text[:start]}{_COMMENT}{end}{text[start:]}"


def unmarked(text: str) -> str:
    """The text without a mark in a comment. JSON is never changed in place, and so never has an old mark."""
    return _LINE.sub("", text) if _COMMENT in text else text
