"""Lines that fit the width of a terminal: columns move together, and text breaks between words."""

from __future__ import annotations

import re

from airconn.patterns import pattern

_STYLE = pattern(r"\x1b\[[0-9;]*m")
_PADDING = pattern(r"(?<=\S) {3,}(?=\S)")
_LABEL = pattern(r"(?:error|hint|warning|fixed): +")
_LEAD = pattern(rf" *(?:(?:{_STYLE.pattern})*[^\w\s\x1b](?:{_STYLE.pattern})* )?")
"""The start of a row: its indentation and its symbol, which stays beside the id."""
_QUOTED = r"(?<!\w)'[^']*'(?!\w)"
_WORD = r"(?!\(|and |or )(?:[^\s;,)a-z]|[a-z][^\s;,)]*[/=@.*:_-])[^\s;,)]*"
_COMMAND = pattern(rf"{_QUOTED}|airconn (?:help )?[a-z][a-z-]*(?: {_WORD})*")
"""A command in a message: its name, and the words behind it that are options, addresses, files or placeholders. What
is in quotes is one, too."""
_JOINER = "\x00"
"""Stands for the blanks in a command, where no line is broken. No message has it, since it is escaped."""
_NARROWEST = 20
"""The fewest columns that text is broken for. A narrower terminal breaks it itself."""
_STEP = 4
"""How far the following lines of a row are indented beyond its first."""


def fit(text: str, columns: int | None, *, shorten: bool = True) -> str:
    """`text` with each of its lines broken between words so that none is wider than `columns`.

    Without `columns`, for a stream that isn't a terminal, lines stay whole. A single word that is wider than the
    terminal, such as an id or a path, is shortened in its middle, or left whole without `shorten`.
    """
    if columns is None or columns < _NARROWEST:
        return text
    return "\n".join(_fitted(line, columns, shorten) for line in text.split("\n"))


def fit_message(text: str, columns: int | None) -> str:
    """`text` fitted as a message: words stay whole, and so do commands, so that they can be copied."""
    if columns is None:
        return text
    lines = []
    for line in text.split("\n"):
        joined = _COMMAND.sub(lambda found: found[0].replace(" ", _JOINER), line)
        is_command = _STYLE.sub("", joined).strip().startswith(f"airconn{_JOINER}")
        lines.append(line if is_command else fit(joined, columns, shorten=False).replace(_JOINER, " "))
    return "\n".join(lines)


def _fitted(line: str, columns: int, shorten: bool) -> str:
    if width_of(line) <= columns:
        return line
    line = _PADDING.sub("  ", line)
    if width_of(line) <= columns:
        return line
    plain = _STYLE.sub("", line)
    label = _LABEL.match(plain)
    hanging = " " * (label.end() if label else len(plain) - len(plain.lstrip()) + _STEP)
    lead = _LEAD.match(line)
    lines = [lead[0] if lead else ""]
    is_new = True
    # Each word with the blanks before it, so that columns keep the two between them where they stay in one line.
    for piece in re.findall(r" *\S+", line[len(lines[0]) :]):
        if not is_new and width_of(lines[-1]) + width_of(piece) > columns:
            lines.append(hanging)
            is_new = True
        word = piece.lstrip() if is_new else piece
        lines[-1] += _shortened(word, columns - width_of(lines[-1])) if shorten else word
        is_new = False
    return "\n".join(lines)


def width_of(text: str) -> int:
    """The number of columns that a text takes, without its colours."""
    if "\x1b" in text:
        text = _STYLE.sub("", text)
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def _shortened(word: str, columns: int) -> str:
    """A word, without its middle if it is wider than `columns`."""
    if width_of(word) <= columns or columns < _STEP or "\x1b" in word:
        return word
    from rich.cells import set_cell_size

    tail = (columns - 1) // 2
    end = word[-tail:]
    while width_of(end) > tail:
        end = end[1:]
    return f"{set_cell_size(word, columns - 1 - tail).rstrip()}…{end}"
