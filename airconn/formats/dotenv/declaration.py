"""The declaration of the `env` format."""

from __future__ import annotations

import re

from airconn.formats.declaration import Format
from airconn.formats.dotenv.marks import NAMES, is_like_a_mark, named_by_mark
from airconn.formats.format_option import FormatOption

CONNECTION_FORMAT = FormatOption(
    "connection_format",
    "How a connection is written in a .env file [json, which holds all fields].",
    ("json", "uri"),
    default="json",
)
DIALECT = FormatOption(
    "env_dialect",
    "The program that will read the .env file [portable: all of them, if possible].",
    NAMES,
    help_of_sources="The program that a .env file among the sources is for, if the file doesn't tell [portable].",
)

EXPAND = FormatOption(
    "expand",
    "",
    ("environment", "file"),
    help_of_sources="Expand references in .env files ($NAME, ${NAME:-default} and the like) from the file and the "
    "environment, as the program of the env dialect does.",
    said="environment",
)
"""Where references may take values from: the environment too, or only the file. None: they aren't expanded."""


def sniff(text: str) -> bool:
    """Whether a text looks like a .env file with objects, or its first line says that it is one."""
    first_line = text[:200].removeprefix("\ufeff").partition("\n")[0].strip()
    if re.match(r"\s*[\[{]", text):
        return False  # this is JSON, and its texts don't count
    return (
        is_like_a_mark(first_line)
        or re.search(r"^[ \t]*(export[ \t]+)?AIRFLOW_(CONN|VAR)_\S*?=", text, re.MULTILINE) is not None
    )


def values_in_text(text: str) -> dict[str, str]:
    """The dialect that the first line of a file names, as the value of the option."""
    name = named_by_mark(text)
    return {DIALECT.name: name} if name in NAMES else {}


FORMAT = Format(
    "env",
    (".env", ".env.*", "*.env"),
    sniff,
    reader="airconn.formats.dotenv.reading",
    writer="airconn.formats.dotenv.writing",
    updater="airconn.formats.dotenv.update",
    kind_names=("connections", "variables"),
    options=(CONNECTION_FORMAT, DIALECT, EXPAND),
    values_in_text=values_in_text,
)
