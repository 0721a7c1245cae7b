"""How a value is written in a .env file so that as many of its readers as possible read the same."""

from __future__ import annotations

import re
from dataclasses import dataclass

_BARE = re.compile(r"[A-Za-z0-9_./:@%+,=?-]*")
_DOUBLE_ESCAPES = {"\\": "\\\\", '"': '\\"', "\r": "\\r"}


@dataclass(frozen=True, slots=True)
class Quoted:
    """A value as it stands in the file, and the readers that make something else of it."""

    text: str
    broken: tuple[str, ...] = ()


def quote(value: str) -> Quoted:
    """The form of `value` that python-dotenv, Docker Compose, sh and bash all read back, or the nearest to it.

    python-dotenv undoes `\\\\` and `\\'` between single quotes and knows no escape for `${`, which it replaces even
    there unless it is told not to; a shell undoes nothing between single quotes, and between double quotes wants a
    backslash before `$` and a backtick, which python-dotenv would keep.
    """
    if _BARE.fullmatch(value):
        return Quoted(value)
    expands = ("python-dotenv (with interpolation)",) if "${" in value else ()
    if "'" not in value and "\\\\" not in value and not value.endswith("\\") and "\r" not in value:
        return Quoted(f"'{value}'", expands + _line_readers(value))
    escaped = "".join(_DOUBLE_ESCAPES.get(character, character) for character in value)
    broken = [*expands, *_line_readers(value)]
    if "\r" in value:
        broken.append("sh")
    elif re.search(r"[$`]", value):
        broken.append("sh and Docker Compose")
    return Quoted(f'"{escaped}"', tuple(broken))


def _line_readers(value: str) -> tuple[str, ...]:
    return ("docker run --env-file",) if "\n" in value else ()


def json_without_quotes(text: str) -> str:
    """The same JSON without a quote, a backslash pair or a dollar sign in any of its strings.

    Between single quotes such a text is read alike by everything that reads a .env file.
    """

    def escape(match: re.Match[str]) -> str:
        return {"\\\\": "\\u005c", '\\"': "\\u0022", "'": "\\u0027", "$": "\\u0024"}.get(match[0], match[0])

    return re.sub(r"\\.|['$]", escape, text)
