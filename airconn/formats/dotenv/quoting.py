"""How a value is written in a .env file so that as many of its readers as possible read the same."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

BARE = re.compile(r"[A-Za-z0-9_./:@%+,=?-]*")
# What makes a shell run a part of a text between double quotes, or give up the whole file.
_RUNS = re.compile(r"[`]|\$[({]")
_ESCAPED = re.compile(r"\\.|['$]")
DOUBLE_ESCAPES = {"\\": "\\\\", '"': '\\"', "\r": "\\r"}
LINE_ESCAPES = {**DOUBLE_ESCAPES, "\n": "\\n"}


@dataclass(frozen=True, slots=True)
class Quoted:
    """A value as it stands in the file, and the readers that make something else of it."""

    text: str
    broken: tuple[str, ...] = ()


def refusal(value: str) -> str:
    """Why `value` has no form that is at least harmless to a shell which reads the file. Empty if it has one.

    What a shell would run has to stand between single quotes, where python-dotenv's `\\'` ends the text for a shell.
    """
    if ("`" in value or "$" in value) and _RUNS.search(value) and re.search("['\r]", value):
        return (
            "the value has quotes next to a ` or $( or ${, which a shell that reads the file would run; "
            "airconn convert --env-dialect writes files that have a form for it"
        )
    return ""


def quote(value: str) -> Quoted:
    """The form of a writable value that python-dotenv, Docker Compose and shells all read back, or the nearest to it.

    python-dotenv undoes `\\\\` and `\\'` between single quotes and knows no escape for `${`, which it replaces even
    there unless it is told not to; a shell undoes nothing between single quotes, and between double quotes wants a
    backslash before `$` and a backtick, which python-dotenv would keep.
    """
    if BARE.fullmatch(value):
        return Quoted(value)
    broken = ["python-dotenv (with interpolation)"] if "${" in value else []
    broken += ["docker run --env-file"] if "\n" in value else []
    if "'" not in value and "\\\\" not in value and not value.endswith("\\") and "\r" not in value:
        return Quoted(f"'{value}'", tuple(broken))
    if _RUNS.search(value):
        doubled = value.replace("\\", "\\\\")
        return Quoted(f"'{doubled}'", (*broken, "sh and Docker Compose"))
    if "$" in value:
        broken.append("sh and Docker Compose")
    elif "\r" in value:
        broken.append("sh")
    return Quoted(between_double(value, DOUBLE_ESCAPES), tuple(broken))


def in_one_line(value: str) -> Quoted | None:
    """The form of a writable value with line breaks in a single line, if it has one that no shell would run.

    Only double quotes have an escape for a line break, and a shell doesn't know it.
    """
    if _RUNS.search(value):
        return None
    broken = ("docker run --env-file", "sh and Docker Compose" if "$" in value else "sh")
    return Quoted(between_double(value, LINE_ESCAPES), broken)


def between_double(value: str, escapes: Mapping[str, str]) -> str:
    return '"' + "".join(escapes.get(character, character) for character in value) + '"'


def quote_like(value: str, written: str) -> Quoted:
    """The form of `value` in the style of quotes of `written`, a value as it stands, where no reader is the worse."""
    best = quote(value)
    if written[:1] == '"' and best.text[:1] != '"' and not re.search(r"[\"\\$`\r]", value):
        return Quoted(f'"{value}"', best.broken)
    if written[:1] == "'" and best.text[:1] not in ("'", '"'):
        return Quoted(f"'{value}'", best.broken)
    return best


def json_without_quotes(text: str) -> str:
    """The same JSON without a quote, a backslash pair or a dollar sign in any of its strings.

    Between single quotes such a text is read alike by everything that reads a .env file.
    """

    def escape(match: re.Match[str]) -> str:
        return {"\\\\": "\\u005c", '\\"': "\\u0022", "'": "\\u0027", "$": "\\u0024"}.get(match[0], match[0])

    return _ESCAPED.sub(escape, text) if "\\" in text or "'" in text or "$" in text else text
