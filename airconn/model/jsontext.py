"""JSON that keeps what Python's own reader throws away: the text of a number, and that a key came twice.

Nothing here does I/O. Values are plain Python values, except for numbers, which are :class:`Number`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from json.encoder import encode_basestring_ascii
from typing import Any, Final

from airconn.patterns import pattern

JsonPath = tuple[str | int, ...]
"""Where a leaf is: keys of objects and positions in lists, from the outside in."""

MAX_DEPTH: Final = 200
"""How deep a document may nest, far below the limits of Python's recursion and of Airflow's parsers."""


@dataclass(frozen=True, slots=True)
class Number:
    """A JSON number as its text: `1.50`, `1e5` and thirty digits stay as they are."""

    text: str


class DuplicateKeyError(ValueError):
    """An object names a key twice. `key` is the key."""

    def __init__(self, key: str) -> None:
        super().__init__("duplicate key")
        self.key = key


class TooDeepError(ValueError):
    """A document nests deeper than :data:`MAX_DEPTH`."""


def unique_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An `object_pairs_hook` that refuses a key that occurs twice."""
    result = dict(pairs)
    if len(result) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise DuplicateKeyError(key)
            seen.add(key)
    return result


DECODER: Final = json.JSONDecoder(
    object_pairs_hook=unique_object, parse_float=Number, parse_int=Number, parse_constant=Number
)
"""Reads JSON (and the `NaN` and `Infinity` that Python and so Airflow accept) with numbers as :class:`Number`."""


def loads(text: str) -> Any:
    """The value that `text` writes.

    Raises `json.JSONDecodeError`, :class:`DuplicateKeyError` or :class:`TooDeepError`, all of them `ValueError`.
    """
    value, end = decode_at(text, _behind_blanks(text, 0))
    end = _behind_blanks(text, end)
    if end != len(text):
        raise json.JSONDecodeError("Extra data", text, end)
    return value


def _behind_blanks(text: str, position: int) -> int:
    match = _BLANKS.match(text, position)
    return match.end() if match else position


def decode_at(text: str, position: int) -> tuple[Any, int]:
    """The value that starts at `position`, and where it ends. Raises what :func:`loads` raises."""
    try:
        value, end = DECODER.raw_decode(text, position)
    except RecursionError:
        raise TooDeepError("nested too deep") from None
    refuse_deep(text, value, position, end)
    return value, end


def refuse_deep(text: str, value: Any, start: int = 0, end: int | None = None) -> None:
    """Raises :class:`TooDeepError` where `value`, which a part of `text` writes, nests too deep."""
    if text.count("[", start, end) + text.count("{", start, end) > MAX_DEPTH and _is_deep(value):
        raise TooDeepError("nested too deep")


def is_plain_object(text: str) -> bool:
    """Whether a text is a JSON object of texts and whole numbers, as `json.dumps` writes it. Keys may be there twice.

    It is quick, and also says no of some that are.
    """
    return _PLAIN_OBJECT.fullmatch(text) is not None


def _is_deep(value: Any) -> bool:
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        containers = (item for item in level if isinstance(item, dict | list | tuple))
        level = [inner for item in containers for inner in (item.values() if isinstance(item, dict) else item)]
    return bool(level)


def duplicate_position(text: str, position: int) -> int:
    """The position of the key that :class:`DuplicateKeyError` was raised for, reading from `position` on."""
    keys: list[set[str]] = []
    last, doubles = position, [-1]
    for match in _TOKEN.finditer(text, position):
        mark = match[0][0]
        if mark == '"':
            last = match.start()
        elif mark in "{[":
            keys.append(set())
            doubles.append(-1)
        elif mark in "}]":
            keys.pop()
            if (double := doubles.pop()) >= 0:
                return double
        elif mark == ":":
            key = json.decoder.scanstring(text, last + 1, True)[0]  # type: ignore[attr-defined]
            if key in keys[-1] and doubles[-1] < 0:
                doubles[-1] = last
            keys[-1].add(key)
    return position


_PLAIN_TEXT = r'"[ !#-\[\]-~]*"'
_PLAIN_ENTRY = rf"{_PLAIN_TEXT}: (?:{_PLAIN_TEXT}|0|[1-9][0-9]{{0,17}}|true|false|null)"
_PLAIN_OBJECT = pattern(rf"\{{(?:{_PLAIN_ENTRY}(?:, {_PLAIN_ENTRY}){{0,100}})?\}}")
_BLANKS = pattern(r"[ \t\n\r]*")
_TOKEN = pattern(r'"[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\]:]')


def dumps(value: Any, *, indent: int | None = None) -> str:
    """`value` as `json.dumps` writes it (ASCII, `", "` and `": "`), with numbers in the text that they came with."""
    if indent is None:
        try:
            text = _encoder(", ").encode(value)
        except RecursionError:
            raise TooDeepError("nested too deep") from None
        except _OwnTextError:
            pass
        else:
            refuse_deep(text, value)
            return text
    pieces: list[str] = []
    _write(value, pieces.append, indent, 0)
    return "".join(pieces)


class _OwnTextError(Exception):
    """Python's encoder, which is much faster than ours, would write this differently."""


def _as_python(value: Any) -> int | float:
    """A number as Python has it, if Python writes it with the same text."""
    if isinstance(value, Number):
        with suppress(ValueError):
            number: int | float = int(value.text) if _INTEGER.fullmatch(value.text) else float(value.text)
            if repr(number) == value.text:
                return number
    raise _OwnTextError


_INTEGER = pattern("-?[0-9]+")


@cache
def _encoder(separator: str) -> json.JSONEncoder:
    return json.JSONEncoder(check_circular=False, separators=(separator, ": "), default=_as_python)


_FLAT = frozenset((str, int, float, bool, type(None), Number))


def _write(value: Any, out: Callable[[str], None], indent: int | None, depth: int) -> None:
    if isinstance(value, str):
        out(encode_basestring_ascii(value))
    elif isinstance(value, Number):
        out(value.text)
    elif isinstance(value, dict | list | tuple | Mapping):
        _write_items(value, out, indent, depth)
    else:
        out(json.dumps(value))


def _write_items(
    value: Mapping[Any, Any] | list[Any] | tuple[Any, ...],
    out: Callable[[str], None],
    indent: int | None,
    depth: int,
) -> None:
    is_mapping = isinstance(value, Mapping)
    values = value.values() if isinstance(value, Mapping) else value
    opening, closing = "{}" if is_mapping else "[]"
    if not value:
        out(opening + closing)
        return
    if depth >= MAX_DEPTH:
        raise TooDeepError("nested too deep")
    newline, end, separator = "", "", ", "
    if indent is not None:
        newline, end = ("\n" + " " * (indent * level) for level in (depth + 1, depth))
        separator = "," + newline
        if _FLAT.issuperset(map(type, values)):
            with suppress(_OwnTextError):
                out(f"{opening}{newline}{_encoder(separator).encode(value)[1:-1]}{end}{closing}")
                return
    lead = opening + newline
    for item in value:
        out(f"{lead}{encode_basestring_ascii(str(item))}: " if is_mapping else lead)
        _write(value[item] if is_mapping else item, out, indent, depth + 1)
        lead = separator
    out(end + closing)


def leaves(value: Any, path: JsonPath = ()) -> Iterator[tuple[JsonPath, Any]]:
    """Every leaf of `value` with its path. An empty object or list is a leaf of its own."""
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from leaves(item, (*path, key))
    elif isinstance(value, list) and value:
        for index, item in enumerate(value):
            yield from leaves(item, (*path, index))
    else:
        yield path, value


def replace_leaves(value: Any, change: Callable[[JsonPath, Any], Any], path: JsonPath = ()) -> Any:
    """A copy of `value` with each leaf passed through `change`, which removes a leaf by giving :data:`DROP`."""
    if isinstance(value, dict):
        items = ((key, replace_leaves(item, change, (*path, key))) for key, item in value.items())
        return {key: item for key, item in items if item is not DROP}
    if isinstance(value, list):
        changed = (replace_leaves(item, change, (*path, index)) for index, item in enumerate(value))
        return [item for item in changed if item is not DROP]
    return change(path, value)


DROP: Final = object()


def show_path(path: JsonPath) -> str:
    """A path as people write it: `keyfile.private_key`, `hosts[0]`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text
