"""Reads and writes `conn_id=URI` lines.

The grammar is Airflow's own (`secrets/local_filesystem.py`, `_parse_env_file`): no quotes, no `export`, no inline
comments, and blanks are part of the id or the value.
"""

from __future__ import annotations

from collections.abc import Iterator

from airconn.errors import InputError
from airconn.formats import connection_fields, connection_uri
from airconn.formats.base import (
    Faults,
    Loss,
    ReadOptions,
    Rendered,
    WriteOptions,
    holdable,
    holdable_part,
    losses_of_kinds,
    quoted,
    reading,
)
from airconn.model import AirflowObject, Bundle, Connection, Kind, Origin, hidden_fields
from airconn.model.reading import FoundUri, Note, Reading
from airconn.patterns import pattern

# An id with one of these isn't read back: it isn't one to Airflow, or starts a comment.
_NO_ID = pattern(r"://|[@=\s\0]|^[#\ufeff]")
_ENV_NAME = "AIRFLOW_CONN_"


def read(text: str, source: str, options: ReadOptions) -> Reading:
    """The connections of a file of `conn_id=URI` lines.

    A value that starts with `{` is the JSON that `--serialization-format json` writes, which has all fields as they
    are in the database. Airflow's own import misreads it.
    """
    faults = Faults()
    found: dict[str, Connection] = {}
    uris: list[FoundUri] | None = [] if options.keeps_uris else None
    for place, line in lines_of(text.removeprefix("\ufeff")):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        origin = Origin(source, place[0])
        conn_id, equals, value = line.partition("=")
        # Text that isn't an id may be a URI without one, and must not be shown.
        if not equals or not conn_id or not value or _NO_ID.search(conn_id):
            faults.add("this line is not conn_id=URI", origin, _hint_of(conn_id))
            continue
        if conn_id in found:
            faults.add(f"{conn_id} is in line {found[conn_id].origin.line} already", origin, "remove one of the two")
            continue
        try:
            if value.startswith("{"):
                found[conn_id] = connection_fields.from_file_json(conn_id, value, options.rules, origin, uris)
            else:
                found[conn_id] = connection_fields.from_uri(
                    conn_id, value, options.rules, origin, uris, column=place[1] + len(conn_id) + 1
                )
        except InputError as error:
            faults.take(error)
    named = next((connection for id_, connection in found.items() if id_.startswith(_ENV_NAME)), None)
    told = f"{_ENV_NAME}… is a part of the conn_id here, as it is to Airflow; --from-format env takes it off"
    notes = [Note(str(named.origin), told)] if named else []
    return reading(found.values(), faults, notes, kinds=frozenset({Kind.CONNECTIONS}), uris=uris)


def _hint_of(before: str) -> str:
    """What to do about a line, by the text before its '='."""
    if _ENV_NAME in before:
        return "lines of a .env are read with --from-format env"
    if "://" in before:
        return "write the conn_id and a '=' before the URI"
    if before.strip() and not _NO_ID.search(before.strip()):
        return "write conn_id=URI without blanks around the '='"
    return "comments start with #; every connection takes one line"


def lines_of(text: str) -> Iterator[tuple[tuple[int, int], str]]:
    """The lines as Airflow splits them, each with the line and the column (from 1) at which it starts.

    Airflow uses `str.splitlines()`, which has more line ends than an editor.
    """
    line, column = 1, 1
    for piece in text.splitlines(keepends=True):
        content = piece.splitlines()[0]
        yield (line, column), content
        if piece[-1] in "\r\n":
            line, column = line + 1, 1
        else:
            column += len(piece)


def render(bundle: Bundle, options: WriteOptions) -> Rendered:
    """The connections as `conn_id=URI` lines. A comment above a line names its hidden fields."""
    bundle, losses = holdable(bundle, options)
    losses += losses_of_kinds(bundle, [Kind.VARIABLES, Kind.POOLS], "uri")
    lines: list[str] = []
    for connection in bundle.connections.values():
        if reason := _unwritable(connection):
            losses.append(Loss(connection.kind, connection.id, "", reason))
            continue
        uri = connection_uri.build(connection)
        lost = connection_uri.losses(connection, uri, options.rules)
        losses += [Loss(connection.kind, connection.id, field, message) for field, message in lost.items()]
        if hidden := hidden_fields(connection):
            lines.append(f"# hidden by the source: {quoted(', '.join(hidden))}")
        lines.append(f"{connection.conn_id}={uri}")
    return Rendered("".join(f"{line}\n" for line in lines), tuple(losses))


def stored(obj: AirflowObject, options: WriteOptions) -> AirflowObject | None:
    """The connection that is read back after it was written. None if it can't be written."""
    if not isinstance(obj, Connection) or _unwritable(obj):
        return None
    uri = connection_uri.build(holdable_part(obj, options))
    return connection_fields.from_uri(obj.conn_id, uri, options.rules, obj.origin)


def _unwritable(connection: Connection) -> str:
    """Why a connection can't be written as a line. Empty if it can."""
    if not connection.conn_id or _NO_ID.search(connection.conn_id):
        return "the id can't be written in a conn_id=URI line"
    return "" if connection_uri.is_writable(connection) else "the conn_type can't be written in a URI"
