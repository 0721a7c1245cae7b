"""The tables of README.md that are made from the code.

`python -m tests.readme_tables` writes each in the place of the one with the same head.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from textwrap import wrap

from airconn import formats
from airconn.cli.main import COMMANDS
from tests import guide_tables, help_pages
from tests.help_pages import ROOT
from tests.stores import stores_table

README = ROOT / "README.md"


def commands() -> str:
    """The commands, each with the sentence that `airconn --help` has."""
    return _table(
        ("command", "what it does"), ((f"`airconn {name}`", words) for name, (_, words) in COMMANDS.items())
    )


def formats_table() -> str:
    """The formats, without how a file is detected."""
    words = {name: text.replace("](", "](airconn/help/") for name, text in guide_tables.FORMATS.items()}
    only_read = set(formats.names()) - set(formats.writable_names())
    rows = ((f"`{name}`", text + " (only read)" * (name in only_read)) for name, text in words.items())
    return _table(("file format", "what it is"), rows)


def pages() -> str:
    """Links to all pages of the guide."""
    # The width of a line counts what a reader of the source sees; no link is cut.
    links = [f"[{name.removesuffix('.md')}](airconn/help/{name})" for name in help_pages.pages()]
    return "\n".join(wrap(", ".join(links) + ".", 120, break_on_hyphens=False, break_long_words=False)) + "\n"


TABLES: list[Callable[[], str]] = [commands, stores_table.short, formats_table]
"""Each is found by its first line."""


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def main() -> None:
    text = README.read_text()
    for make in TABLES:
        table = make()
        found = re.search(rf"^{re.escape(table.partition(chr(10))[0])}\n(?:\|.*\n)+", text, re.MULTILINE)
        assert found, f"no table begins with {table.splitlines()[0]}"
        text = text[: found.start()] + table + text[found.end() :]
    found = re.search(r"^\[addresses\].*?\n(?=\n)", text, re.MULTILINE | re.DOTALL)
    assert found
    README.write_text(text[: found.start()] + pages() + text[found.end() :])


if __name__ == "__main__":
    main()
