"""The dialects of .env files: how those who read one take names, quotes and escapes."""

from __future__ import annotations

import re
from importlib import import_module
from typing import TYPE_CHECKING, cast

from airconn.errors import InputError, UsageError

if TYPE_CHECKING:
    from airconn.formats.dotenv.dialect import Dialect

_MARK = re.compile(r"\ufeff?#[ \t]*airconn:[ \t]*env-dialect[ \t]+(\S+)[^\S\n]*(?:[\n\r]|\Z)")
_LIKE_A_MARK = re.compile(r"#[\W_]*airconn[\W_]*env[\W_]*dialect(?!s)", re.IGNORECASE)
SHELL_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

PORTABLE = "portable"
"""The dialect that a file is taken for which names none."""
_MODULES = {
    PORTABLE: "airconn.formats.dotenv.portable",
    "python-dotenv": "airconn.formats.dotenv.python_dotenv",
    "sh": "airconn.formats.dotenv.sh",
    "compose": "airconn.formats.dotenv.compose",
    "docker": "airconn.formats.dotenv.docker",
}
"""Name -> the module that has it as `DIALECT`. Imported when it is used."""
NAMES = tuple(_MODULES)


def get_dialect(name: str) -> Dialect:
    """The dialect of this name. Raises `UsageError`."""
    if name not in _MODULES:
        raise UsageError(f"there is no env dialect {name!r}", hint=f"one of {', '.join(NAMES)}")
    return cast("Dialect", import_module(_MODULES[name]).DIALECT)


def dialect_of(text: str, asked: str | None, source: str) -> Dialect:
    """The dialect of a file: the one that its first line names, else the one that was asked for, else `portable`.

    Raises `InputError` where the file names another than was asked for, or none that there is.
    """
    marked = named_by_mark(text)
    if marked is None:
        return get_dialect(asked or PORTABLE)
    if marked not in NAMES:
        raise InputError(
            "this line names no env dialect that airconn knows",
            where=f"{source}:1",
            hint=f"one of {', '.join(NAMES)}",
        )
    if asked and asked != marked:
        raise InputError(
            f"the file is in the env dialect {marked}, and not in {asked}",
            where=f"{source}:1",
            hint="leave out the option, or write the file afresh with --replace",
        )
    return get_dialect(marked)


def named_by_mark(text: str) -> str | None:
    """What the first line of a file names as its dialect, if it is a mark."""
    match = _MARK.match(text)
    return match[1] if match else None


def is_like_a_mark(comment: str) -> bool:
    """Whether a comment was meant to name the dialect of a file, as `# Airconn: env_dialect=sh` was."""
    return _LIKE_A_MARK.match(comment) is not None
