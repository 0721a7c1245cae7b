"""The mark of a file that lacks the objects that its source hides, so that pruning by it keeps them.

A variable is hidden as a whole, and rarely a connection is. A mark without connections says so.
"""

from __future__ import annotations

import re
from collections.abc import Set

from airconn.model import Kind
from airconn.patterns import pattern

_WORDS = {
    frozenset({Kind.VARIABLES}): "variables",
    frozenset({Kind.CONNECTIONS}): "connections",
    frozenset({Kind.CONNECTIONS, Kind.VARIABLES}): "connections and variables",
}
_KINDS = {words: kinds for kinds, words in _WORDS.items()}
_OMITTED = f"({'|'.join(sorted(_KINDS, key=len, reverse=True))}) that the source hides"
_LINE = pattern(rf"^# airconn: omits {_OMITTED}[ \t]*(?:\r?\n|\Z)", re.MULTILINE)
KEY = "airconn"
"""The key of the mark in JSON with a section for each kind. A file of one kind is Airflow's, and can't have it."""
_IN_JSON = pattern(rf'"airconn"\s*:\s*\{{\s*"omits"\s*:(?:\s*"{_OMITTED}")?')
_DIALECT = pattern(r"\ufeff?#[ \t]*airconn:[ \t]*env-dialect[^\n]*\n|\ufeff?")


def omitted_kinds(text: str) -> frozenset[Kind]:
    """The kinds of which a marked text lacks objects. Empty without a mark."""
    found = _LINE.search(text) if "# airconn: omits " in text else None
    found = found or (_IN_JSON.search(text) if '"omits"' in text else None)
    return frozenset() if found is None else _KINDS[found[1] or "variables"]


def note(kinds: Set[Kind]) -> str:
    """The note for a file with the mark."""
    return f"{_WORDS[frozenset(kinds)]} that its source hid are not in this file"


def noted_kinds(message: str) -> frozenset[Kind]:
    """The kinds that a note is about. Empty if it is another note."""
    return next((kinds for kinds in _WORDS if message == note(kinds)), frozenset())


def marked(text: str, format_name: str, kinds: frozenset[Kind], omitted: Set[Kind]) -> str | None:
    """The text with the mark. None if it can't have one.

    `kinds` are the kinds that the text was written for, and `omitted` those of which it lacks objects.
    """
    if omitted_kinds(text) == omitted:
        return text
    text, words = unmarked(text), f"{_WORDS[frozenset(omitted)]} that the source hides"
    if format_name == "json":
        entry = f'  "airconn": {{"omits": "{words}"}},\n'
        return "{\n" + entry + text[2:] if len(kinds) != 1 and text.startswith('{\n  "') else None
    match = _DIALECT.match(text)  # the dialect has to stay the first line
    start = match.end() if match else 0
    end = "\r\n" if "\r\n" in text else "\n"
    return f"{text[:start]}# airconn: omits {words}{end}{text[start:]}"


def unmarked(text: str) -> str:
    """The text without a mark in a comment. JSON is never changed in place, and so never has an old mark."""
    return _LINE.sub("", text) if "# airconn: omits " in text else text
