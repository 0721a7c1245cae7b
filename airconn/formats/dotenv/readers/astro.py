"""What the Astro CLI reads in a .env file (`astro env … --from-file`): gotenv 1.6, `StrictParse`.

The rules are those of `gotenv.go`, odd ones included: a `#` ends an unquoted value wherever it is, and the search for
the end of a quoted value takes the last quote of a line.
"""

from __future__ import annotations

import re

from airconn.formats.dotenv.readers.plain_lines import PlainLine
from airconn.formats.dotenv.readers.reader import Values
from airconn.patterns import pattern

# Go's sets of blanks: `\s` of its regular expressions, and `strings.TrimSpace`.
_BLANKS = "\t\n\f\r "
_SPACES = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
_LINE_END = pattern(r"\r\n|\r|\n")
_EXPORT = pattern(rf"export[{_BLANKS}]+(?=[\w.])", re.ASCII)
_NAME = pattern(r"[\w.]+", re.ASCII)
_SKIPPED = pattern(rf"[{_BLANKS}]*")
_BARE = pattern(r"[^#\n]+")
_REST = pattern(rf"[{_BLANKS}]*(?:#[^\n]*)?\Z")
_ESCAPED = pattern(r"\\([^$])")
_VARIABLE = pattern(r"(\\)?\$\{?([A-Z0-9_]+)?\}?")
_LONGEST = 65_536
"""The bytes of a line that `bufio.Scanner` can't hold any more."""


def read(text: str, plain: dict[int, PlainLine]) -> Values:
    """The values of a text without a byte order mark."""
    values = Values()
    position = 0
    while position < len(text):
        if line := plain.get(position):
            position = line.end
            if line.name:
                values.put(line.name, line.value)
            continue
        start = position
        statement, position = _statement(text, position)
        if statement is None or (statement and not _take(statement, values)):
            values.refused_at = start
            break
    return values


def reads_in_single_quotes(value: str, written: str) -> bool:
    """Whether a value that is written between single quotes is read back, as far as that can be told at once."""
    return (
        len(written) == len(value) + 2 < _LONGEST // 5
        and "'" not in value
        and "\n" not in value
        and "\r" not in value
        and value[-1:] not in ("", "\\")
        and value[0] not in _SPACES
        and written == f"'{value}'"
    )


def _line(text: str, start: int) -> tuple[str, int]:
    """The line at an offset, and the offset of the next one."""
    match = _LINE_END.search(text, start)
    return (text[start : match.start()], match.end()) if match else (text[start:], len(text))


def _is_too_long(line: str) -> bool:
    return len(line) > _LONGEST // 4 and len(line.encode("utf-8", "replace")) >= _LONGEST


def _statement(text: str, position: int) -> tuple[str | None, int]:
    """The lines of one value, and the offset of the next one. Empty for a comment, None if the file is refused."""
    line, position = _line(text, position)
    if _is_too_long(line):
        return None, position
    line = line.strip(_SPACES)
    if not line or line[0] == "#":
        return "", position
    quote = _opened(line)
    lines = [line]
    while quote and position < len(text):
        line, position = _line(text, position)
        if _is_too_long(line):
            return None, position
        lines.append(line)
        last = line.rfind(quote)
        if last == 0 or (last > 0 and line[last - 1] != "\\"):
            quote = ""
    return (None if quote else "\n".join(lines)), position


def _opened(line: str) -> str:
    """The quote that a line leaves open. Empty for others."""
    assigned = line.find("=")
    assigned = line.find(":") if assigned < 0 else assigned
    if not 0 < assigned < len(line) - 1:
        return ""
    value = line[assigned + 1 :].strip(_SPACES)
    quote = value[:1]
    if quote not in ("'", '"'):
        return ""
    inside = value[1:].strip(_SPACES)
    if not value[1:].startswith(inside):  # gotenv counts in the text with the blanks what it found in the other
        last = inside.encode("utf-8", "surrogatepass").rfind(quote.encode())
        before = value.encode("utf-8", "surrogatepass")
        return quote if last < 0 or before[last : last + 1] == b"\\" else ""
    last = inside.rfind(quote)
    return quote if last < 0 or value[last] == "\\" else ""


def _take(statement: str, values: Values) -> bool:
    """Puts the value of a statement. False if gotenv refuses it."""
    position = _skip(statement, 0)
    if export := _EXPORT.match(statement, position):
        position = export.end()
    name = _NAME.match(statement, position)
    if name is None:
        return False
    position = _skip(statement, name.end())
    if statement[position : position + 1] == "=":
        position = _skip(statement, position + 1)
    elif statement[name.end() : name.end() + 1] == ":" and _skip(statement, name.end() + 1) > name.end() + 1:
        position = name.end() + 2
    else:
        return False
    end = _end_of_value(statement, position)
    if end is None:
        return False
    value, is_expanded = _value(statement[position:end].strip(_SPACES), values)
    values.put(name[0], value, is_expanded=is_expanded)
    return True


def _skip(text: str, position: int) -> int:
    match = _SKIPPED.match(text, position)
    return match.end() if match else position


def _end_of_value(statement: str, start: int) -> int | None:
    """The offset where a value ends, such that only blanks and a comment follow."""
    quote = statement[start : start + 1]
    if quote in ("'", '"'):
        last_line = statement.rfind("\n")
        end = statement.rfind(quote)
        while end > start:
            rest = _skip(statement, end + 1)
            if rest == len(statement) or (statement[rest] == "#" and rest > last_line):
                return end + 1
            end = statement.rfind(quote, start, end)
    bare = _BARE.match(statement, start)
    end = bare.end() if bare else start
    return end if _REST.match(statement, end) else None


def _value(value: str, values: Values) -> tuple[str, bool]:
    """The value as gotenv understands it, and whether a variable was expanded in it."""
    quote = value[:1] if len(value) >= 2 and value[0] == value[-1] and value[0] in "'\"" else ""
    if quote == "'":
        return value[1:-1], False
    if quote:
        value = value[1:-1].replace("\\n", "\n").replace("\\r", "\r")
        value = _ESCAPED.sub(r"\1", value)
    is_expanded = False

    def meaning(match: re.Match[str]) -> str:
        nonlocal is_expanded
        if match[1]:
            return match[0][1:]
        if match[2] is None:
            return match[0]
        is_expanded = True
        known = values.by_name.get(match[2], "")
        return known if values.is_within_limits(known) else ""

    return (_VARIABLE.sub(meaning, value) if "$" in value else value), is_expanded
