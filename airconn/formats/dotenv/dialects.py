"""Finds the dialect of a .env file: how the programs that read it treat names, quotes and escapes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from importlib import import_module
from typing import cast

from airconn.errors import InputError, UsageError
from airconn.formats.dotenv.astro_detection import detected
from airconn.formats.dotenv.dialect import Dialect
from airconn.formats.dotenv.expansion import Variables
from airconn.formats.dotenv.lines import Entry
from airconn.formats.dotenv.marks import NAMES, PORTABLE, named_by_mark


def get_dialect(name: str) -> Dialect:
    """The dialect of this name, from the module of this name. Raises `UsageError`."""
    if name not in NAMES:
        raise UsageError(f"unknown env dialect {name!r}", hint=f"one of {', '.join(NAMES)}", topic="dotenv")
    module = import_module(f"airconn.formats.dotenv.{name.replace('-', '_')}")
    return cast(Dialect, module.DIALECT)


def dialect_of(text: str, asked: str | None, source: str) -> Dialect:
    """The dialect of a file: the one that its first line names, else `asked`, else `portable`.

    A file that only the Astro CLI writes is in its dialect, if neither says otherwise.

    Raises `InputError` if the file names another dialect than `asked`, or an unknown one.
    """
    marked = named_by_mark(text)
    if marked is None:
        found = None if asked else detected(text)
        if found:
            return replace(get_dialect(found), compared_with=get_dialect(PORTABLE).compared_with)
        return get_dialect(asked or PORTABLE)
    if marked not in NAMES:
        raise InputError(
            "this line names an unknown env dialect",
            where=f"{source}:1",
            hint=f"one of {', '.join(NAMES)}",
            topic="dotenv",
        )
    if asked and asked != marked:
        raise InputError(
            f"the file is in the env dialect {marked}, and not in {asked}",
            where=f"{source}:1",
            hint="leave out the option, or write a new file with --replace",
            topic="dotenv",
        )
    return get_dialect(marked)


def expanded(text: str, dialect: Dialect, where: str, environ: Mapping[str, str]) -> Iterator[Entry]:
    """The entries of a file with their references expanded, from where the option `EXPAND` says.

    A dialect whose reader expands nothing gives them as they are.
    """
    if dialect.expanded is None:
        return dialect.entries(text)
    return dialect.expanded(text, Variables(environ, only_of_file=where == "file"))
