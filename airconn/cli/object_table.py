"""The table of objects that `airconn list` shows."""

from __future__ import annotations

from collections.abc import Sequence

from airconn.cli.app import App

_HEADERS = ("KIND", "ID", "WHAT", "HIDDEN")


def tell_rows(app: App, rows: Sequence[Sequence[str]]) -> None:
    """Writes a table of objects."""
    widths = [max(len(row[column]) for row in (_HEADERS, *rows)) for column in range(len(_HEADERS))]
    for row in (_HEADERS, *rows):
        app.rows("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() + "\n")
