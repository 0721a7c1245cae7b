"""The dialects of .env files: how those who read one take names, quotes and escapes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from airconn.errors import InputError, UsageError
from airconn.formats.dotenv import compose, docker, lines, quoting, sh
from airconn.formats.dotenv.lines import Entry
from airconn.formats.dotenv.quoting import Quoted

_MARK = re.compile(r"\ufeff?#[ \t]*airconn:[ \t]*env-dialect[ \t]+(\S+)[^\S\n]*(?:\n|\Z)")
SHELL_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Dialect:
    """One way to read and to write a .env file."""

    name: str
    reader: str
    """Who reads such a file, for messages."""
    entries: Callable[[str], Iterator[Entry]]
    quote: Callable[[str], Quoted]
    quote_like: Callable[[str, str], Quoted]
    """The form of a value in the style of another that stands in the file."""
    refusal: Callable[[str], str]
    """Why a value has no form in this dialect, if it has none."""
    names: re.Pattern[str] = re.compile(r".*", re.DOTALL)
    """The names that don't keep its reader from reading the file."""
    normal: Callable[[str], str] = lines.unix_lines
    """The text that the offsets of its entries count in."""
    has_quotes: bool = True

    @property
    def mark(self) -> str:
        """The line at the top of a file that tells its dialect, if it isn't the one that all files are taken for."""
        return "" if self.name == PORTABLE else f"# airconn: env-dialect {self.name}\n"


def _is_text(value: str) -> str:
    return "the value has a NUL in it, which no environment variable holds" if "\0" in value else ""


def _docker(value: str) -> str:
    return _is_text(value) or docker.refusal(value)


def _own(quote: Callable[[str], Quoted]) -> Callable[[str, str], Quoted]:
    return lambda value, written: quote(value)


PORTABLE = "portable"
_ALL = [
    Dialect(
        PORTABLE,
        "every reader of .env files",
        lines.entries,
        quoting.quote,
        quoting.quote_like,
        lambda value: _is_text(value) or quoting.refusal(value),
    ),
    Dialect(
        "python-dotenv",
        "python-dotenv",
        lines.entries,
        quoting.quote_for_dotenv,
        _own(quoting.quote_for_dotenv),
        _is_text,
    ),
    Dialect("sh", "sh", sh.entries, sh.quote, _own(sh.quote), _is_text, SHELL_NAME, normal=docker.normal),
    Dialect(
        "compose",
        "Docker Compose",
        compose.entries,
        compose.quote,
        _own(compose.quote),
        _is_text,
        re.compile(r"[\w.-]+"),
    ),
    Dialect(
        "docker",
        "docker run --env-file",
        docker.entries,
        docker.quote,
        _own(docker.quote),
        _docker,
        normal=docker.normal,
        has_quotes=False,
    ),
]
DIALECTS = {dialect.name: dialect for dialect in _ALL}
NAMES = tuple(DIALECTS)


def get_dialect(name: str) -> Dialect:
    """The dialect of this name. Raises `UsageError`."""
    try:
        return DIALECTS[name]
    except KeyError:
        raise UsageError(f"there is no env dialect {name!r}", hint=f"one of {', '.join(NAMES)}") from None


def dialect_of(text: str, asked: str | None, where: str) -> Dialect:
    """The dialect of a file: the one that its first line names, else the one that was asked for, else `portable`.

    Raises `InputError` where the file names another than was asked for, or none that there is.
    """
    match = _MARK.match(text)
    if match is None:
        return get_dialect(asked or PORTABLE)
    if match[1] not in DIALECTS:
        raise InputError(
            "this line names no env dialect that airconn knows", where=where, hint=f"one of {', '.join(NAMES)}"
        )
    if asked and asked != match[1]:
        raise InputError(
            f"the file is in the env dialect {match[1]}, and not in {asked}",
            where=where,
            hint="leave out the option, or write the file afresh with --replace",
        )
    return DIALECTS[match[1]]
