"""Finds what deceives the eye in the objects of a text: characters that can't be seen, and keys that occur twice."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import replace

from airconn.airflow.masked_names import is_sensitive
from airconn.errors import InputError
from airconn.formats.base import show_key
from airconn.model import (
    AirflowObject,
    Bundle,
    Connection,
    Origin,
    Text,
    Variable,
    field_values,
    jsontext,
    value_fields,
)
from airconn.model.ambiguity import Ambiguity
from airconn.model.reading import Reading
from airconn.model.sensitive import is_sensitive_path, text_leaves
from airconn.patterns import pattern

ODD_CHARACTER = "AC331"
KEY_TWICE = "AC332"

_UNSEEN = "\0\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2064\u2066-\u2069\ufeff"
_BLANKS = "\xa0\u2000-\u200a\u202f\u205f\u3000"
_QUOTES = "\u2018\u2019\u201c\u201d"
_ODD = pattern(f"[{_UNSEEN}{_BLANKS}{_QUOTES}]")
_IN_QUOTES = pattern(
    "[\u2018\u2019\u201c\u201d](?P<inner>[^\u2018\u2019\u201c\u201d]*)[\u2018\u2019\u201c\u201d]", re.DOTALL
)
_KEY = pattern(r'"([^"\\]*)"[ \t\n\r]*:')
_TEXT_FIELDS = frozenset({"conn_type", "host", "schema", "login", "password", "team_name"})
"""The fields in which such a character is never meant. Others hold prose."""


def marked(reading: Reading, text: str) -> Reading:
    """The reading of `text`, in which the objects have ambiguities for what is found."""
    found = {id(obj): ambiguities for obj in reading.found if (ambiguities := tuple(_ambiguities(obj)))}
    if not found:
        return reading
    places = _TextPlaces(text, reading.found)
    changed: dict[int, AirflowObject] = {}
    for obj in reading.found:
        if id(obj) in found:
            placed = (places.of(obj, ambiguity, char) for ambiguity, char in found[id(obj)])
            changed[id(obj)] = replace(obj, ambiguities=(*obj.ambiguities, *placed))
    bundle = Bundle.map(reading.bundle, lambda obj: changed.get(id(obj), obj))
    return replace(reading, bundle=bundle, found=tuple(changed.get(id(obj), obj) for obj in reading.found))


def fault_of_name(name: str, origin: Origin) -> InputError | None:
    """The fault of a name with such a character before `AIRFLOW_CONN_` or `AIRFLOW_VAR_`. None for other names."""
    if name.isascii() or not (match := _ODD.match(name)):
        return None
    rest = _ODD.sub("", name)
    prefix = next((prefix for prefix in ("AIRFLOW_CONN_", "AIRFLOW_VAR_") if rest.startswith(prefix)), None)
    if prefix is None:
        return None
    return InputError(
        f"{shown(match[0])} is in front of this {prefix}*, so Airflow doesn't find it",
        where=str(origin),
        hint="delete that character, or type the name again",
    )


def shown(char: str) -> str:
    """A character by its code and name: `U+200B zero width space`."""
    import unicodedata

    names = {"\0": "NUL", "\ufeff": "byte order mark"}
    name = names.get(char) or unicodedata.name(char, "control character").lower()
    return f"U+{ord(char):04X} {name}"


def _ambiguities(obj: AirflowObject) -> Iterator[tuple[Ambiguity, str]]:
    """The ambiguities of an object, each with the character that it is about."""
    if odd := _odd(obj):
        name, char = odd
        yield (
            Ambiguity(
                ODD_CHARACTER,
                "it has a character that you can't see, or that looks like another",
                "delete it, or type the text again",
                detail=f"{shown(char)} in {name}",
            ),
            char,
        )
    if isinstance(obj, Connection) and isinstance(obj.extra, Text) and (key := _twice(obj.extra.text)):
        yield (
            Ambiguity(
                KEY_TWICE,
                "the extra has a key twice: Airflow takes the last one",
                "keep one of the two",
                detail=show_key(key),
            ),
            "",
        )


def _odd(obj: AirflowObject) -> tuple[str, str] | None:
    """The name of the first field with such a character, and the first one in it. None without one."""
    values = field_values(obj)
    texts = [value.text if type(value) is Text else value if type(value) is str else "" for value in values]
    if not _first("".join((obj.id, *texts))):
        return None
    if char := _first(obj.id):
        return obj.kind.id_field, char
    for name, value, held in zip(value_fields(obj.kind), values, texts, strict=True):
        if not (char := _first(held)):
            continue
        if "\0" in held:
            return name, "\0"
        if name in _TEXT_FIELDS or _is_secret(obj, name, value) or (name == "value" and _IN_QUOTES.fullmatch(held)):
            return name, char
    return None


def _is_secret(obj: AirflowObject, name: str, value: object) -> bool:
    """Whether a text with such a character is a secret, or has one with it."""
    if isinstance(obj, Variable) and name == "value" and is_sensitive(obj.key):
        return True
    if not isinstance(value, Text):
        return False
    return any(is_sensitive_path(path) and _first(leaf) for path, leaf in text_leaves(value))


def _first(text: str) -> str:
    """The first such character of a text. Empty without one."""
    if text.isascii() and text.isprintable():
        return ""
    match = _ODD.search(text)
    return match[0] if match else ""


def _twice(text: str) -> str:
    """A key that JSON has twice in one object. Empty without one."""
    keys = _KEY.findall(text)
    if len(set(keys)) == len(keys) and "\\" not in text:
        return ""
    try:
        jsontext.loads(text)
    except jsontext.DuplicateKeyError as error:
        return error.key or "a key"
    except ValueError:
        return ""
    return ""


class _TextPlaces:
    """Finds characters in the text that objects were read from."""

    def __init__(self, text: str, found: tuple[AirflowObject, ...]) -> None:
        self._text = text
        self._absent: set[str] = set()
        """The characters that the text only has escaped."""
        self._lines = [0, *(match.end() for match in re.finditer("\n", text))]
        self._starts = sorted({self._start(obj) for obj in found})

    def of(self, obj: AirflowObject, ambiguity: Ambiguity, char: str) -> Ambiguity:
        """The ambiguity with the place of its character, if the text has it unescaped."""
        if not char or char in self._absent or not obj.origin.line:
            return ambiguity
        if char not in self._text:
            self._absent.add(char)
            return ambiguity
        start = self._start(obj)
        following = bisect_right(self._starts, start)
        end = self._starts[following] if following < len(self._starts) else len(self._text)
        position = self._text.find(char, start, end)
        if position < 0:
            return ambiguity
        line = bisect_right(self._lines, position)
        column = position - self._lines[line - 1] + 1
        return replace(ambiguity, line=line, column=column)

    def _start(self, obj: AirflowObject) -> int:
        line = min(obj.origin.line or 1, len(self._lines))
        return self._lines[line - 1] + (obj.origin.column or 1) - 1
