"""The dialects of .env files: how those who read one take names, quotes and escapes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from airconn.errors import InputError, UsageError
from airconn.formats.dotenv import compose, docker, lines, quoting, sh
from airconn.formats.dotenv.lines import Entry
from airconn.formats.dotenv.quoting import Quoted

_MARK = re.compile(r"\ufeff?#[ \t]*airconn:[ \t]*env-dialect[ \t]+(\S+)[^\S\n]*(?:[\n\r]|\Z)")
_LIKE_A_MARK = re.compile(r"#[\W_]*airconn[\W_]*env[\W_]*dialect(?!s)", re.IGNORECASE)
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
    line_ends: tuple[str, ...] = ("\n", "\r\n", "\r")
    """What ends a line to its reader, so that a line of ours may end with it too."""
    one_line: Callable[[str], Quoted | None] | None = None
    """The form of a value with line breaks that stands in a single line, if there is one."""
    longest: int | None = None
    """How many bytes a line may have."""
    has_quotes: bool = True
    way_out: str = "close the quotes, or put the whole value in quotes; comments start with #"
    """What to do about a line that is none of the dialect."""

    @property
    def mark(self) -> str:
        """The line at the top of a file that tells its dialect, if it isn't the one that all files are taken for."""
        return "" if self.name == PORTABLE else f"# airconn: env-dialect {self.name}\n"

    def with_line_end(self, end: str) -> Dialect:
        """The same, for values in a file whose lines end with `end`.

        There, a line break in a value is written as an escape: among other line ends, the next editor, or git, would
        make one of those of it.
        """
        if end == "\n":
            return self

        def in_one_line(value: str) -> Quoted | None:
            return self.one_line(value) if self.one_line and "\n" in value else None

        def refusal(value: str) -> str:
            if (reason := self.refusal(value)) or "\n" not in value or in_one_line(value):
                return reason
            return "the value has a line break, which has no safe form in a file with other line ends than \\n"

        return replace(
            self,
            quote=lambda value: in_one_line(value) or self.quote(value),
            quote_like=lambda value, written: in_one_line(value) or self.quote_like(value, written),
            refusal=refusal,
            longest=self.longest and self.longest + 1 - len(end),
        )


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
        one_line=quoting.in_one_line,
    ),
    Dialect(
        "python-dotenv",
        "python-dotenv",
        lines.entries,
        quoting.quote_for_dotenv,
        _own(quoting.quote_for_dotenv),
        _is_text,
        one_line=quoting.in_one_line_for_dotenv,
    ),
    Dialect("sh", "sh", sh.entries, sh.quote, _own(sh.quote), _is_text, SHELL_NAME, line_ends=("\n",)),
    Dialect(
        "compose",
        "Docker Compose",
        compose.entries,
        compose.quote,
        _own(compose.quote),
        _is_text,
        re.compile(r"[\w.-]+"),
        line_ends=("\n", "\r\n"),
        one_line=compose.in_one_line,
    ),
    Dialect(
        "docker",
        "docker run --env-file",
        docker.entries,
        docker.quote,
        _own(docker.quote),
        _docker,
        line_ends=("\n", "\r\n"),
        longest=docker.LONGEST,
        has_quotes=False,
        way_out="write NAME=VALUE, with no blank in the name and no export before it; comments start with #",
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


def dialect_of(text: str, asked: str | None, source: str) -> Dialect:
    """The dialect of a file: the one that its first line names, else the one that was asked for, else `portable`.

    Raises `InputError` where the file names another than was asked for, or none that there is.
    """
    marked = named_by_mark(text)
    if marked is None:
        return get_dialect(asked or PORTABLE)
    if marked not in DIALECTS:
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
    return DIALECTS[marked]


def named_by_mark(text: str) -> str | None:
    """What the first line of a file names as its dialect, if it is a mark."""
    match = _MARK.match(text)
    return match[1] if match else None


def is_like_a_mark(comment: str) -> bool:
    """Whether a comment was meant to name the dialect of a file, as `# Airconn: env_dialect=sh` was."""
    return _LIKE_A_MARK.match(comment) is not None
