"""Reads JSON as nested mappings and lists whose outer levels know their places."""

from __future__ import annotations

import json
from collections.abc import Container
from json.decoder import JSONDecodeError
from typing import Any

from airconn.errors import InputError
from airconn.formats.base import show_key
from airconn.formats.tree import MAX_ENTRIES, Mapping, Sequence
from airconn.model import Origin, jsontext
from airconn.patterns import pattern

_BLANKS = pattern(r"[ \t\n\r]*")
_NEXT = pattern(r"[ \t\n\r]*([,}])[ \t\n\r]*")
_MARK = pattern(r"[ \t\n\r]*([:,])[ \t\n\r]*")
_END = pattern(r"[ \t\n\r]*([}\]])")


def load(text: str, source: str, levels: int = 2, sections: Container[str] | None = None) -> Any:
    """The document as `Mapping` and `Sequence` in its outer levels, and plain values with `Number` below.

    With `sections`, only the values of these keys have the inner ones of the levels. Others are read much faster.

    Raises `InputError` with line and column, without quoting the text.
    """
    return _JsonText(text.removeprefix("\ufeff"), source, levels, sections).read()


_scan = json.decoder.scanstring  # type: ignore[attr-defined]


class _Duplicate(Exception):
    def __init__(self, key: str, position: int) -> None:
        super().__init__("duplicate key")
        self.key = key
        self.position = position


class _JsonText:
    """Reads a document so that the entries of its outer levels know their places.

    The standard library reads what is deeper, at its own speed.
    """

    def __init__(self, text: str, source: str, levels: int, sections: Container[str] | None) -> None:
        self.text = text
        self.source = source
        self.levels = levels
        self.sections = sections
        self.line = 1
        self.counted = 0
        self.line_start = 0

    def read(self) -> Any:
        try:
            value, end = self.value(self.skip(0), self.levels)
            end = self.skip(end)
            if end != len(self.text):
                raise JSONDecodeError("Extra data", self.text, end)
        except _Duplicate as error:
            raise InputError(
                f"{show_key(error.key)} is written twice in one object",
                where=str(Origin(self.source, *self.place(error.position))),
                hint="keep one of the two",
            ) from None
        except JSONDecodeError as error:
            from airconn.formats.json_breaks import position_of

            line, column = self.place(position_of(error))
            what = {"Extra data": "there is more after the end of the JSON"}.get(error.msg, "this is not JSON")
            raise InputError(
                what if self.text.strip() else "this file is empty, which is not JSON",
                where=str(Origin(self.source, line, column)),
                hint=_hint(error),
            ) from None
        return value

    def skip(self, position: int) -> int:
        match = _BLANKS.match(self.text, position)
        return match.end() if match else position

    def place(self, position: int) -> tuple[int, int]:
        """The line and column of a position. Counts on from the last position, so that a pass over all is linear."""
        if position < self.counted:
            self.line, self.counted, self.line_start = 1, 0, 0
        self.line += self.text.count("\n", self.counted, position)
        self.line_start = max(self.line_start, self.text.rfind("\n", self.counted, position) + 1)
        self.counted = position
        return self.line, position - self.line_start + 1

    def value(self, position: int, levels: int) -> tuple[Any, int]:
        opening = self.text[position : position + 1]
        if levels and opening == "{":
            return self.mapping(position, levels)
        if levels and opening == "[":
            return self.sequence(position, levels)
        try:
            return jsontext.decode_at(self.text, position)
        except jsontext.DuplicateKeyError as error:
            raise _Duplicate(error.key, jsontext.duplicate_position(self.text, position)) from None
        except jsontext.TooDeepError:
            where = Origin(self.source, self.place(position)[0])
            raise InputError("nested too deep from here on", where=str(where)) from None

    def mapping(self, position: int, levels: int) -> tuple[Mapping, int]:
        # Each entry of a large file goes through here, so names are local and calls are few.
        result, text, scan, following = Mapping(self.source), self.text, _scan, _NEXT.match
        position = self.skip(position + 1)
        if text[position : position + 1] == "}":
            return result, position + 1
        while True:
            if text[position : position + 1] != '"':
                raise JSONDecodeError("Expecting property name enclosed in double quotes", text, position)
            line, column = self.place(position)
            start = position
            key, position = scan(text, position + 1, True)
            if key in result:
                raise _Duplicate(key, start)
            self.count(result)
            position = self.behind(":", position)
            if text[position : position + 1] == '"':
                value, position = scan(text, position + 1, True)
            else:
                inner = levels - 1 if self.sections is None or key in self.sections else 0
                value, position = self.value(position, inner)
            result[key] = value
            result.places[key] = line, column
            match = following(text, position)
            if match is None:
                raise JSONDecodeError("Expecting ',' delimiter", text, self.skip(position))
            if match[1] == "}":
                return result, match.end(1)
            position = match.end()

    def sequence(self, position: int, levels: int) -> tuple[Sequence, int]:
        result = Sequence(self.source)
        position = self.skip(position + 1)
        if self.text[position : position + 1] == "]":
            return result, position + 1
        while True:
            line, column = self.place(position)
            self.count(result)
            value, position = self.value(position, levels - 1)
            result.put(value, line, column)
            if (end := self.end("]", position)) is not None:
                return result, end
            position = self.behind(",", position)

    def count(self, result: Mapping | Sequence) -> None:
        if len(result) == MAX_ENTRIES:
            raise InputError(f"more than {MAX_ENTRIES:,} entries", where=str(Origin(self.source, self.line)))

    def behind(self, mark: str, position: int) -> int:
        """The position behind a mark and the blanks around it."""
        match = _MARK.match(self.text, position)
        if match is None or match[1] != mark:
            raise JSONDecodeError(f"Expecting '{mark}' delimiter", self.text, self.skip(position))
        return match.end()

    def end(self, bracket: str, position: int) -> int | None:
        """The position behind a closing bracket. None if another text follows."""
        match = _END.match(self.text, position)
        return match.end() if match is not None and match[1] == bracket else None


def _hint(error: JSONDecodeError) -> str | None:
    """Why JSON breaks there if that can be told, and else what to look for."""
    from airconn.formats.json_breaks import reason_of

    if not error.doc.strip():
        return "look at the command that wrote it; a file without objects has {}"
    if error.msg.startswith(("Expecting", "Illegal")):
        if not error.doc[: error.pos].strip() and error.doc[error.pos] not in "'/#":
            return "a file of objects begins with {"
        if reason := reason_of(error):
            return reason.removeprefix("where ") if reason.startswith("where ") else f"it breaks {reason}"
    return _HINTS.get(error.msg.split(" ")[0])


_HINTS = {
    "Expecting": 'look for a missing comma, an extra comma, or quotes that are not "double"',
    "Extra": "keep one JSON document; 'jq -s .' makes a list of several",
    "Unterminated": "a text that starts here isn't closed",
    "Invalid": "inside a text, a line break is \\n, a tab is \\t, and a backslash is \\\\",
}
