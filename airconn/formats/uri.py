"""The `uri` format: `conn_id=URI` lines, as `airflow connections export --file-format env` writes them.

The grammar is Airflow's own (`secrets/local_filesystem.py`, `_parse_env_file`): no quotes, no `export`, no inline
comments; blanks are part of what they stand in.
"""

from __future__ import annotations

import re

from airconn.errors import InputError
from airconn.formats import connection_fields, connection_uri
from airconn.formats.base import Faults, Loss, Parsed, ReadOptions, Rendered, WriteOptions, dropped
from airconn.model import Bundle, Connection, Kind, Origin, hidden_fields

_LINE = re.compile(r"\r\n|\r|\n")


def sniff(text: str) -> bool:
    """Whether every line of a text of unknown name is `conn_id=URI`."""
    lines = [line for line in _LINE.split(text) if line.strip() and not line.lstrip().startswith("#")]
    return bool(lines) and all(re.match(r"[\w.-]+=([a-zA-Z][a-zA-Z0-9+.-]*:)?//", line) for line in lines)


def parse(text: str, source: str, options: ReadOptions) -> Parsed:
    """The connections of a file of `conn_id=URI` lines. A value that starts with `{` is taken as JSON, which
    `--serialization-format json` writes and Airflow's own import makes garbage of."""
    faults = Faults()
    found: dict[str, Connection] = {}
    for number, line in enumerate(_LINE.split(text.removeprefix("\ufeff")), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        origin = Origin(source, number)
        conn_id, equals, value = line.partition("=")
        if not equals or not conn_id or not value:
            faults.add(
                "this line is not conn_id=URI", origin, "comments start with #; every connection takes one line"
            )
            continue
        if conn_id in found:
            faults.add(f"{conn_id} is in line {found[conn_id].origin.line} already", origin, "remove one of the two")
            continue
        try:
            if value.startswith("{"):
                found[conn_id] = connection_fields.from_json(conn_id, value, options.rules, origin)
            else:
                found[conn_id] = connection_fields.from_uri(
                    conn_id, value, options.rules, origin, column=len(conn_id) + 2
                )
        except InputError as error:
            faults.errors.append(error)
    faults.check()
    return Parsed(Bundle.of(found.values()))


def render(bundle: Bundle, options: WriteOptions) -> Rendered:
    """`conn_id=URI` lines. Hidden fields are named in a comment above their line."""
    losses = dropped(bundle, [Kind.VARIABLES, Kind.POOLS], "uri")
    lines: list[str] = []
    for connection in bundle.connections.values():
        uri = connection_uri.build(connection)
        lost = connection_uri.losses(connection, uri, options.rules)
        losses += [Loss(connection.kind, connection.id, field, message) for field, message in lost.items()]
        if lost.get("conn_type") == "" or not re.fullmatch(r"[^\s=#][^=\r\n]*", connection.conn_id):
            losses.append(Loss(connection.kind, connection.id, "", "can't be written as a conn_id=URI line"))
            continue
        if hidden := hidden_fields(connection):
            lines.append(f"# hidden by the source: {', '.join(hidden)}".replace("\n", " "))
        lines.append(f"{connection.conn_id}={uri}")
    return Rendered("".join(f"{line}\n" for line in lines), tuple(losses))
