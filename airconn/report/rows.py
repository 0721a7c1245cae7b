"""Rows in columns: aligned on a terminal, where what doesn't fit beside the first columns stands below them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from airconn.report.fitting import width_of

T = TypeVar("T")
S = TypeVar("S")

_LEAD = 4
"""The columns of the indentation, the symbol and the blank behind it."""
_BELOW = " " * 6
_GAP = "  "


class RowLayout:
    """The layout of rows that have the same columns."""

    def __init__(self, rows: Iterable[Sequence[str]], columns: int | None) -> None:
        """`columns` is the width of the terminal. None for a file or a pipe, where all is in one line."""
        widths: list[int] = []
        for row in rows:
            own = list(map(width_of, row))
            widths = list(map(max, widths, own)) if widths else own
        self._widths = widths
        self._columns = columns
        self._aligned = len(widths)
        """The number of columns that all rows have room for."""
        while columns is not None and self._aligned and self._taken() > columns:
            self._aligned -= 1

    def row(self, lead: str, cells: Sequence[str], remark: str) -> str:
        """A row of one or two lines. `lead` is the indentation and the symbol, with its colour."""
        aligned = zip(cells, self._widths[: self._aligned], strict=False)
        first = _GAP.join(cell + " " * (width - width_of(cell)) for cell, width in aligned if width)
        rest = [cell for cell in (*cells[self._aligned :], remark) if cell]
        whole = _GAP.join(part for part in (first, *rest) if part)
        if self._columns is None or _LEAD + width_of(whole) <= self._columns or not rest:
            return f"{lead} {whole}".rstrip()
        line = first.rstrip() or rest.pop(0)
        while rest and _LEAD + width_of(line) + len(_GAP) + width_of(rest[0]) <= self._columns:
            line += f"{_GAP}{rest.pop(0)}"
        return f"{lead} {line}" + (f"\n{_BELOW}{_GAP.join(rest)}" if rest else "")

    def _taken(self) -> int:
        shown = [width for width in self._widths[: self._aligned] if width]
        return _LEAD + sum(shown) + len(_GAP) * (len(shown) - 1)


def first_rows(
    objects: Sequence[T], status_of: Callable[[T], S], words: Mapping[S, str], most: int
) -> tuple[Sequence[T], str]:
    """The first `most` objects of each status, and a line that counts the others. Empty if there are none.

    `words` say what the objects of each status are, in the order of that line.
    """
    seen: Counter[S] = Counter()
    shown = []
    for obj in objects:
        status = status_of(obj)
        seen[status] += 1
        if seen[status] <= most:
            shown.append(obj)
    more = [f"{seen[status] - most:,} more {word}" for status, word in words.items() if seen[status] > most]
    return shown, f"  … {', '.join(more)} (-v lists them)" if more else ""
