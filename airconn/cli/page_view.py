"""Renders a page of the guide for a terminal."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from io import StringIO
from typing import ClassVar, cast

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.markdown import CodeBlock, Markdown, MarkdownElement, TableElement
from rich.padding import Padding
from rich.table import Column, Table
from rich.text import Text
from rich.theme import Theme

# Rich's own style of code has a black background, which is hard to read on a light terminal.
_THEME = Theme({"markdown.code": "bold cyan", "markdown.code_block": "cyan", "guide.command": "bold cyan"})
_LINK = r"\[([^]\n]+)\]\(([\w-]+)\.md(?:#[\w-]*)?\)"


def rendered(text: str, columns: int, *, colours: bool) -> str:
    """The text of a page as lines of at most this many columns, without Markdown."""
    out = StringIO()
    console = Console(
        file=out,
        width=columns,
        force_terminal=colours,
        no_color=not colours,
        highlight=False,
        legacy_windows=False,
        theme=_THEME,
    )
    console.print(_GuideMarkdown(_with_commands(text)))
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n"


def _with_commands(text: str) -> str:
    """The text of a page with the command that shows another page behind the words of a link to it."""
    return re.sub(_LINK, r"\1 (`airconn help \2`)", re.sub(rf"\({_LINK}\)", r"(`airconn help \2`)", text))


class _GuideTable(TableElement):
    """A table that breaks between words. Rich would cut a long word, and leave room for a column of short ones."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for made in super().__rich_console__(console, options):
            table = cast("Table", made)
            room = options.max_width - 2 * len(table.columns)  # two blanks between columns, and one at each edge
            widths = _widths(table.columns, room)
            if sum(widths) > room:
                yield from _as_list(table)
                continue
            for column, width in zip(table.columns, widths, strict=True):
                column.width = width
            yield table


def _widths(columns: Sequence[Column], room: int) -> list[int]:
    """The width of each column: that of its longest word, and a share of the room that is left."""
    cells = [[str(cell) for cell in (column.header, *column.cells)] for column in columns]
    longest = [max(cell_len(word) for cell in column for word in cell.split() or [""]) for column in cells]
    wanted = [max(map(cell_len, column)) for column in cells]
    needed = sum(wanted) - sum(longest)
    left = max(0, min(room - sum(longest), needed))
    return [a + (b - a) * left // needed if needed else b for a, b in zip(longest, wanted, strict=True)]


def _as_list(table: Table) -> Iterator[RenderableType]:
    """The rows of a table whose longest words don't fit side by side: each cell in a line of its own."""
    for first, *others in zip(*(column.cells for column in table.columns), strict=True):
        yield Padding(first, (0, 1))
        for column, cell in zip(table.columns[1:], others, strict=True):
            head, text = cast("Text", column.header), cast("Text", cell)  # as the Markdown of rich makes them
            if text:
                yield Padding(Text.assemble(head, ": " if head else "", text), (0, 1, 0, 3))
    yield Text()


class _GuideCode(CodeBlock):
    """A block of code, with its commands set apart from what they print. Long commands are still commands."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        room = options.max_width - 2  # one blank at each edge
        text = Text(no_wrap=True, overflow="fold")
        is_command = continues = False
        for line in str(self.text).rstrip().split("\n"):
            if self.lexer_name == "console":
                is_command = line.startswith("$ ") or (is_command and continues)
                style = "guide.command" if is_command else ""
            else:
                is_command, style = self.lexer_name == "sh", "markdown.code_block"
            continues = line.endswith("\\")
            for part in _command_lines(line, room) if is_command else _printed_lines(line, room):
                text.append(f"{part}\n", style)
        text.rstrip()
        yield Padding(text, (0, 1))


_CONTINUED = "    "
_QUOTED = r"""'[^']*'|"(?:\\.|[^"\\])*"|[^\s'"]"""
_UNIT = re.compile(rf"\s*(?:--[\w-]+\s+(?=[^\s|&-]))?(?:{_QUOTED})+\s*?(?=\s|$)")
"""A word of a command, or an option with its value. Quotes keep what is in them together."""


def _command_lines(line: str, room: int) -> Iterator[str]:
    """A command in lines that a shell reads as one: each but the last ends with a backslash."""
    units = _UNIT.findall(line)
    if cell_len(line) <= room or "".join(units) != line.rstrip():
        yield line
        return
    part = ""
    for unit in units:
        if part.strip(" $") and cell_len(part + unit) > room - len(" \\"):
            yield f"{part} \\"
            part = _CONTINUED + unit.lstrip()
        else:
            part += unit
    yield part


def _printed_lines(line: str, room: int) -> Iterator[str]:
    """What a command prints, in lines that are indented behind the first. A longer word is cut."""
    indent = " " * (len(line) - len(line.lstrip()) + len(_CONTINUED))
    while cell_len(line) > room:
        at = line.rfind(" ", len(indent), room + 1)
        if at < 0 or not line[:at].strip():
            yield line[:room]
            line = line[room:]
        else:
            yield line[:at].rstrip()
            line = indent + line[at:].lstrip()
    yield line


class _GuideMarkdown(Markdown):
    elements: ClassVar[dict[str, type[MarkdownElement]]] = {
        **Markdown.elements,
        "table_open": _GuideTable,
        "fence": _GuideCode,
        "code_block": _GuideCode,
    }
