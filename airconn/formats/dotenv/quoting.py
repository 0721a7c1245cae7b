"""Writes values in .env files so that as many readers as possible read the same."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from airconn.patterns import pattern

BARE = pattern(r"[A-Za-z0-9_./:@%+,=?-]*")
# Makes a shell run a part of a text between double quotes, or stop reading the file.
_RUNS = pattern(r"[`]|\$[({]")
_ESCAPED = pattern(r"\\.|['$]")
DOUBLE_ESCAPES = {"\\": "\\\\", '"': '\\"', "\r": "\\r"}
LINE_ESCAPES = {**DOUBLE_ESCAPES, "\n": "\\n"}


@dataclass(frozen=True, slots=True)
class Quoted:
    """A value as it is written in the file, and the readers that read it differently."""

    text: str
    misread_by: tuple[str, ...] = ()


def refusal(value: str) -> str:
    """Why `value` has no form that is harmless for a shell which reads the file. Empty if it has one.

    Text that a shell would run has to be between single quotes, where python-dotenv's `\\'` ends it for a shell.
    """
    if ("`" in value or "$" in value) and _RUNS.search(value) and re.search("['\r]", value):
        return (
            "the value has quotes next to a ` or $( or ${, which a shell that reads the file would run; "
            "airconn convert --env-dialect writes a file for one program, which may be able to hold it"
        )
    return ""


def quote(value: str) -> Quoted:
    """A writable value in the form that python-dotenv, Docker Compose and shells all read back, or most of them.

    python-dotenv undoes `\\\\` and `\\'` between single quotes and has no escape for `${`, which it replaces even
    there unless interpolation is off. A shell undoes nothing between single quotes, and between double quotes needs a
    backslash before `$` and a backtick, which python-dotenv would keep.
    """
    if BARE.fullmatch(value):
        return Quoted(value)
    misread_by = ["python-dotenv (with interpolation)"] if "${" in value else []
    misread_by += ["docker run --env-file"] if "\n" in value else []
    if "'" not in value and "\\\\" not in value and not value.endswith("\\") and "\r" not in value:
        return Quoted(f"'{value}'", tuple(misread_by))
    if _RUNS.search(value):
        doubled = value.replace("\\", "\\\\")
        return Quoted(f"'{doubled}'", (*misread_by, "sh and Docker Compose"))
    if "$" in value:
        misread_by.append("sh and Docker Compose")
    elif "\r" in value:
        misread_by.append("sh")
    return Quoted(between_double(value, DOUBLE_ESCAPES), tuple(misread_by))


def in_one_line(value: str) -> Quoted | None:
    """A writable value with line breaks in a single line. None if a shell would run a part of it.

    Only double quotes have an escape for a line break, which a shell doesn't know.
    """
    if _RUNS.search(value):
        return None
    misread_by = ("docker run --env-file", "sh and Docker Compose" if "$" in value else "sh")
    return Quoted(between_double(value, LINE_ESCAPES), misread_by)


def between_double(value: str, escapes: Mapping[str, str]) -> str:
    return '"' + "".join(escapes.get(character, character) for character in value) + '"'


def quote_like(value: str, written: str) -> Quoted:
    """`value` in the style of quotes of `written`, if all readers read that as well as the best form."""
    best = quote(value)
    if written[:1] == '"' and best.text[:1] != '"' and not re.search(r"[\"\\$`\r]", value):
        return Quoted(f'"{value}"', best.misread_by)
    if written[:1] == "'" and best.text[:1] not in ("'", '"'):
        return Quoted(f"'{value}'", best.misread_by)
    return best


def json_without_quotes(text: str) -> str:
    """The same JSON without a quote, a backslash pair or a dollar sign in any of its strings.

    All readers of .env files read such a text alike between single quotes.
    """

    def escape(match: re.Match[str]) -> str:
        return {"\\\\": "\\u005c", '\\"': "\\u0022", "'": "\\u0027", "$": "\\u0024"}.get(match[0], match[0])

    return _ESCAPED.sub(escape, text) if "\\" in text or "'" in text or "$" in text else text
