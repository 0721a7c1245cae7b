"""Reads the `Environment=` lines of units of systemd and of Podman's quadlets (systemd.exec(5))."""

from __future__ import annotations

import re
from collections.abc import Iterator

from airconn.formats.env import named_by
from airconn.formats.environment.entries import FoundVariable, Program

_SECTION = re.compile(r"^\[(Service|Container|Manager|Socket|Mount|Swap)\][ \t]*\r?$", re.MULTILINE)
_LINE = re.compile(r"^[ \t]*(?:Default)?Environment[ \t]*=", re.MULTILINE)
_SPECIFIER = re.compile(r"%(?P<escaped>%)|%[aAbBCdDEfgGhHiIjJlLmMnNopPqsStTuUvVwWyY]")
"""What systemd replaces in a value (systemd.unit(5)). It leaves a `%` before anything else as it is."""
_ESCAPES = {
    "a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v",
    "\\": "\\", '"': '"', "'": "'", "s": " ",
}  # fmt: skip
_NUMBERED = re.compile(r"x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|([0-7]{3})")


def sniff(text: str) -> bool:
    """Whether a text is a unit with environment variables."""
    return _SECTION.search(text) is not None and _LINE.search(text) is not None


def entries(text: str) -> list[FoundVariable]:
    """The variables of a unit. Of several with one name, the last one counts, and an empty line resets all."""
    found: dict[str, FoundVariable] = {}
    section = ""
    for line, content in _logical_lines(text):
        stripped = content.strip()
        if stripped.startswith("["):
            section = stripped.strip("[]")
            continue
        key, mark, value = content.partition("=")
        if not mark or key.strip() not in ("Environment", "DefaultEnvironment"):
            continue
        if not value.strip():
            found.clear()
        for word in _words(value):
            name, equals, text_ = word.partition("=")
            if equals and named_by(name):
                found[name] = _entry(name, text_, line, f"[{section}]")
    return list(found.values())


def _entry(name: str, value: str, line: int, holder: str) -> FoundVariable:
    if "\0" in value:
        return FoundVariable(name, line, None, holder, unread="has an escape that systemd refuses")
    if any(not match["escaped"] for match in _SPECIFIER.finditer(value)):
        return FoundVariable(name, line, None, holder, value, expanded_by=Program.SYSTEMD.value)
    return FoundVariable(name, line, None, holder, value.replace("%%", "%"))


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """The lines with the continued ones joined by a blank, each with the number of its first line."""
    start, parts = 0, list[str]()
    for number, line in enumerate(text.split("\n"), 1):
        line = line.removesuffix("\r")
        if line.lstrip().startswith(("#", ";")):
            continue
        start = start if parts else number
        if line.endswith("\\"):
            parts.append(line[:-1])
            continue
        yield start, " ".join([*parts, line])
        parts = []
    if parts:
        yield start, " ".join(parts)


def _words(value: str) -> Iterator[str]:
    """The words of a value: separated by blanks, with quotes removed and C escapes decoded."""
    word: list[str] = []
    quote, is_word, at = "", False, 0
    while at < len(value):
        character = value[at]
        at += 1
        if character == "\\" and at < len(value):
            decoded, length = _escape(value, at)
            word.append(decoded)
            at += length
            is_word = True
        elif quote:
            if character == quote:
                quote = ""
            else:
                word.append(character)
        elif character in "'\"":
            quote, is_word = character, True
        elif character in " \t":
            if is_word:
                yield "".join(word)
            word, is_word = [], False
        else:
            word.append(character)
            is_word = True
    if is_word:
        yield "".join(word)


def _escape(value: str, at: int) -> tuple[str, int]:
    """The character of an escape, and its length. NUL, which no variable can hold, for one that isn't known."""
    if value[at] in _ESCAPES:
        return _ESCAPES[value[at]], 1
    match = _NUMBERED.match(value, at)
    if match is None:
        return "\0", 1
    number = int(match[4], 8) if match[4] else int(match[1] or match[2] or match[3], 16)
    return (chr(number) if 0 < number < 0x110000 else "\0"), match.end() - at
