"""Puts the decrypted values of a text into their places in the encrypted one, so that all lines stay where they are.

A message can then name a line of the file that the user has, and comments and blank lines are those of the file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import yaml

from airconn.formats.sops.sealed import CIPHERTEXT, SopsType
from airconn.formats.text_edits import TextEdits

_JSON_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]:,]|[^\s{}\[\]:,"]+', re.DOTALL)
_COMMENT_LINE = re.compile(r"^[ \t]*#(.*)$", re.MULTILINE)
_SCALAR = "ScalarEvent"
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _UnlikeError(Exception):
    """The encrypted and the decrypted text aren't alike but for their values."""


def clear_text(sealed: str, decrypted: str, type_: SopsType) -> str:
    """The encrypted text with its values decrypted and without its metadata. `decrypted` is what SOPS prints.

    Where the two can't be laid side by side, it is the decrypted text, whose lines are those that SOPS gives it.
    """
    put = {SopsType.YAML: _yaml, SopsType.JSON: _json, SopsType.DOTENV: _dotenv}.get(type_)
    if put is None:
        return decrypted
    try:
        return put(sealed.removeprefix("\ufeff"), decrypted)
    except (_UnlikeError, yaml.YAMLError, ValueError):
        return decrypted


def without_metadata(sealed: str, type_: SopsType) -> str:
    """The encrypted text as it is, without its metadata. Its lines stay where they are."""
    sealed = sealed.removeprefix("\ufeff")
    try:
        if type_ is SopsType.YAML:
            edits = TextEdits(sealed)
            _drop(edits, _events(sealed)[1])
            return edits.edited()
        if type_ is SopsType.DOTENV:
            return "\n".join("" if line.startswith("sops_") else line for line in sealed.split("\n"))
        edits = TextEdits(sealed)
        _drop(edits, _json_tokens(sealed)[1])
        return edits.edited()
    except (_UnlikeError, yaml.YAMLError, ValueError):
        return sealed


def _dotenv(sealed: str, decrypted: str) -> str:
    lines = sealed.split("\n")
    values = iter([line for line in decrypted.split("\n") if line])
    found: list[str] = []
    for line in lines:
        if not line.strip("\r") or line.startswith("sops_"):
            found.append("")
            continue
        value = next(values, "")
        if line.startswith("#") != value.startswith("#") or (
            line[:1] != "#" and line.partition("=")[0] != value.partition("=")[0]
        ):
            raise _UnlikeError
        found.append(value)
    if next(values, None) is not None:
        raise _UnlikeError
    text = "\n".join(found).rstrip("\n")
    return f"{text}\n" if text else ""


@dataclass(frozen=True, slots=True)
class _PlacedToken:
    """A token of a text, with its place. Only scalars have a value."""

    kind: str
    start: int
    end: int
    value: str


def _drop(edits: TextEdits, spans: Sequence[tuple[int, int]]) -> None:
    """Removes spans, but not the line ends before what follows them."""
    for start, end in spans:
        rest = edits.text[end:]
        keeps_lines = bool(rest.strip(" \t\r\n}"))
        edits.replace(start, end, "\n" * edits.text.count("\n", start, end) if keeps_lines else "")


def _json(sealed: str, decrypted: str) -> str:
    tokens, metadata = _json_tokens(sealed)
    values = list(_JSON_TOKEN.finditer(decrypted))
    if len(tokens) != len(values):
        raise _UnlikeError
    edits = TextEdits(sealed)
    for token, value in zip(tokens, values, strict=True):
        if token.value == value[0]:
            continue
        if token.value.startswith('"ENC['):
            edits.replace(token.start, token.end, value[0])
        elif json.loads(token.value) != json.loads(value[0]):
            raise _UnlikeError
    _drop(edits, metadata)
    return edits.edited()


def _json_tokens(text: str) -> tuple[list[_PlacedToken], list[tuple[int, int]]]:
    """The tokens of a JSON text but for the metadata, and where that is, with the comma before it."""
    tokens = _json_scalars(text)
    depth = 0
    for index, token in enumerate(tokens):
        if depth == 1 and token.value == '"sops"' and tokens[index + 1].value == ":":
            begin = index - 1 if tokens[index - 1].value == "," else index
            end = _end_of(tokens, index + 2)
            if begin == index and tokens[end].value == ",":
                end += 1
            return [*tokens[:begin], *tokens[end:]], [(tokens[begin].start, tokens[end - 1].end)]
        depth += (token.value in "{[") - (token.value in "}]")
    return tokens, []


def _end_of(tokens: Sequence[_PlacedToken], index: int) -> int:
    """The index behind the value that starts at `index`."""
    depth = 0
    while True:
        depth += (tokens[index].value in "{[") - (tokens[index].value in "}]")
        index += 1
        if not depth:
            return index


def _yaml(sealed: str, decrypted: str) -> str:
    tokens, metadata = _events(sealed)
    values, _ = _events(decrypted)
    if [token.kind for token in tokens] != [value.kind for value in values]:
        raise _UnlikeError
    edits = TextEdits(sealed)
    for token, value in zip(tokens, values, strict=True):
        if token.kind != _SCALAR or token.value == value.value:
            continue
        cipher = CIPHERTEXT.fullmatch(token.value)
        if cipher is None:
            raise _UnlikeError
        is_text = cipher[1] in ("str", "bytes")
        edits.replace(token.start, token.end, quoted(value.value) if is_text else decrypted[value.start : value.end])
    _put_comments(edits, tokens, decrypted, values)
    _drop(edits, metadata)
    return edits.edited()


def _put_comments(
    edits: TextEdits, tokens: Sequence[_PlacedToken], decrypted: str, values: Sequence[_PlacedToken]
) -> None:
    """Decrypts the comments that have a line of their own, unless SOPS prints others."""
    sealed, clear = list(comment_lines(edits.text, tokens)), list(comment_lines(decrypted, values))
    if len(sealed) != len(clear):
        return
    for one, other in zip(sealed, clear, strict=True):
        if CIPHERTEXT.fullmatch(one[1].strip()):
            edits.replace(one.start(1), one.end(1), other[1])


def yaml_comments(text: str) -> list[str]:
    """The comments of a YAML text that have lines of their own."""
    return [match[1].strip() for match in comment_lines(text, _events(text)[0])]


def comment_lines(text: str, tokens: Sequence[_PlacedToken]) -> Iterator[re.Match[str]]:
    """The comments in lines of their own, with their texts."""
    spans = iter([(token.start, token.end) for token in tokens if token.kind == _SCALAR and token.end > token.start])
    start, end = next(spans, (len(text), len(text)))
    for match in _COMMENT_LINE.finditer(text):
        while end <= match.start():
            start, end = next(spans, (len(text), len(text) + 1))
        if match.end() <= start or match.start() >= end:
            yield match


def _events(text: str) -> tuple[list[_PlacedToken], list[tuple[int, int]]]:
    """The events of a YAML text but for the metadata, with the places of scalars, and where the metadata is."""
    found: list[_PlacedToken] = []
    spans: list[tuple[int, int]] = []
    depth, is_key, begin = 0, True, -1
    for event in yaml.parse(text, _LOADER):
        token = _token_of(event)
        if depth == 1 and is_key:
            if begin >= 0:
                spans.append((begin, token.start))
                begin = -1
            if token.kind == _SCALAR and token.value == "sops":
                begin = text.rfind("\n", 0, token.start) + 1
        if begin < 0:
            found.append(token)
        opens = isinstance(event, yaml.events.CollectionStartEvent)
        closes = isinstance(event, yaml.events.CollectionEndEvent)
        depth += opens - closes
        is_node = closes or isinstance(event, yaml.events.NodeEvent)
        if depth == 1 and is_node:
            # In the mapping at the root, keys and values take turns.
            is_key = opens or not is_key
    if begin >= 0:
        spans.append((begin, len(text)))
    return found, spans


def _token_of(event: yaml.events.Event) -> _PlacedToken:
    if event.start_mark is None or event.end_mark is None:
        raise _UnlikeError
    value = event.value if isinstance(event, yaml.events.ScalarEvent) else ""
    return _PlacedToken(type(event).__name__, event.start_mark.index, event.end_mark.index, value)


def grafted(sealed: str, result: str, type_: SopsType) -> str:
    """`sealed` with the values and the metadata of `result`, which SOPS made of it by changing values.

    SOPS writes a file anew each time, in its own layout; this keeps that of the file. Where the two can't be laid
    side by side, it is `result`.
    """
    try:
        if type_ is SopsType.DOTENV:
            return _grafted_lines(sealed, result)
        old, new = (
            [_token_of(event) for event in yaml.parse(text, _LOADER)]
            if type_ is SopsType.YAML
            else _json_scalars(text)
            for text in (sealed, result)
        )
    except (_UnlikeError, yaml.YAMLError, ValueError):
        return result
    if [token.kind for token in old] != [token.kind for token in new]:
        return result
    edits = TextEdits(sealed)
    for token, other in zip(old, new, strict=True):
        if token.value != other.value and not _is_same_in_go(token.value, other.value):
            edits.replace(token.start, token.end, result[other.start : other.end])
    return edits.edited()


def _grafted_lines(sealed: str, result: str) -> str:
    lines = iter([line for line in result.split("\n") if line])
    found = [next(lines, "") if line else "" for line in sealed.split("\n")]
    if next(lines, None) is not None:
        raise _UnlikeError
    return "\n".join(found)


def _is_same_in_go(one: str, other: str) -> bool:
    """Whether SOPS reads a plain value and writes it in another way, such as 1.50 as 1.5."""
    try:
        return float(one) == float(other)
    except ValueError:
        return bool(re.fullmatch(r"\d{4}-\d\d-\d\d", one)) and other.startswith(one)


def _json_scalars(text: str) -> list[_PlacedToken]:
    return [
        _PlacedToken(
            "" if match[0][0] == '"' or match[0] not in "{}[]:," else match[0], match.start(), match.end(), match[0]
        )
        for match in _JSON_TOKEN.finditer(text)
    ]


_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def quoted(value: str) -> str:
    """A text as a YAML scalar in one line, between double quotes."""
    return '"' + "".join(map(_escaped, value)) + '"'


def _escaped(char: str) -> str:
    if char in _ESCAPES:
        return _ESCAPES[char]
    code = ord(char)
    if 0x20 <= code < 0x7F or (code >= 0xA0 and char.isprintable()):
        return char
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
