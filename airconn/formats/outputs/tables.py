"""Refuses tables, which cut and wrap values, with the command that prints the same as JSON."""

from __future__ import annotations

import re

from airconn.errors import InputError
from airconn.patterns import pattern

_CONNECTIONS = "airflow connections list --show-values -o json (before Airflow 3.2 without --show-values)"
_VARIABLES = "airflow variables export variables.json"
_POOLS = "airflow pools list -o json"
_HEADERS: tuple[tuple[tuple[str, ...], str, str], ...] = (
    (("id", "conn_id", "conn_type"), "airflow connections list", _CONNECTIONS),
    (("conn_id", "conn_type"), "airflow connections list", _CONNECTIONS),
    (("conn_id", "conn_type", "host"), "airflow connections list", _CONNECTIONS),
    (("key", "val"), "airflow variables list", _VARIABLES),
    (("key",), "airflow variables list", _VARIABLES),
    (("pool", "slots"), "airflow pools list", _POOLS),
    (("connection_id", "conn_type"), "airflowctl connections list", "airflowctl connections list -o json"),
    (("key", "value", "description"), "airflowctl variables list", "airflowctl variables list -o json"),
    (("name", "slots"), "airflowctl pools list", "airflowctl pools list -o json"),
    (
        ("#", "key", "type", "host", "port"),
        "astro env connection list",
        "astro env connection list --include-secrets --format json",
    ),
    (
        ("#", "key", "value", "secret"),
        "astro env airflow-variable list",
        "astro env airflow-variable list --include-secrets --format json",
    ),
)
"""The first columns of each table, the command that prints it, and the one that prints JSON."""
_EMPTY = {"No data found", "No connections found", "No Airflow variables found", "No environment variables found"}
_VAULT = pattern(r"=+ (?:Secret Path|Metadata|Data) =+")
_BORDER = pattern(r"[\s+=|│┃║\u2500-\u257f-]+")
_BEGINNING = 16_000
"""The characters in which the first columns of a table are: plain tables have very wide ones."""


def command_of(text: str) -> tuple[str, str] | None:
    """The command that printed a table, and the one that prints the same as JSON. None for another text.

    Both are empty for a command that found no objects.
    """
    lines = [line.strip() for line in text[:_BEGINNING].removeprefix("\ufeff").splitlines()]
    lines = [line for line in lines if line]
    if lines and _VAULT.fullmatch(lines[0]):
        return "vault kv get", "vault kv get -format json PATH"
    while lines and _BORDER.fullmatch(lines[0]):
        del lines[0]
    if not lines or lines[0][:1] in "[{":
        return None
    if lines[0] in _EMPTY and len(lines) == 1:
        return "", ""
    cells = re.split(r"[|│┃║]", lines[0])
    is_plain = len(cells) == 1
    if is_plain:
        cells = re.split(r"\s{2,}|\t", lines[0])
    names = tuple(name for cell in cells if (name := cell.strip().lower().replace(" ", "_")))
    has_border = len(lines) > 1 and _BORDER.fullmatch(lines[1]) is not None
    for columns, command, way_out in _HEADERS:
        # A single word, or two, may be anything without a line below it.
        is_sure = has_border or (len(names) > 1 and not _is_assignment(lines[0]))
        if is_sure and names[: len(columns)] == columns and (len(names) == len(columns) or len(columns) > 1):
            return command, way_out
    return None


def _is_assignment(line: str) -> bool:
    return "=" in line or ":" in line


def refuse(text: str, source: str) -> None:
    """Raises `InputError` for a table, with the command that prints the same as JSON."""
    found = command_of(text)
    if found is None:
        return
    command, way_out = found
    if not command:
        raise InputError(
            "this output holds no objects",
            where=source,
            hint="check that it is the right Airflow, and the right kind of object",
        )
    raise InputError(
        f"this is a table of {command}, which cuts or wraps values",
        where=source,
        hint=f"print it as JSON: {way_out}",
    )
