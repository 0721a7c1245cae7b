"""Reads answers of Airflow's REST API v1 and v2, saved with curl, and what `airflowctl` prints of them.

`airflowctl` makes a text of each value, and calls `schema` `schema_` (`ctl/console_formatting.py` of 0.1).
"""

from __future__ import annotations

from typing import Any

from airconn.errors import InputError
from airconn.formats import connection_fields, tree
from airconn.formats.outputs.airflow_command import id_of, pool_of
from airconn.formats.outputs.output_reader import Fields, OutputReader, is_mapping
from airconn.formats.outputs.shape import Shape, entries, is_list_of
from airconn.model import MASK, REDACTED, Connection, Kind, Origin, Redacted, Str, Text, Variable
from airconn.model.jsontext import Number

_VARIABLE = {"key", "value", "description"}
_VARIABLE_V2 = {"is_encrypted", "team_name"}
_SLOTS = ("occupied_slots", "running_slots", "queued_slots", "open_slots")
_ERRORS = ({"detail"}, {"detail", "status", "title", "type"})
_TOTAL = "total_entries"


def _is_connection(entry: Any) -> bool:
    return is_mapping(entry, "connection_id", "conn_type") and not isinstance(entry["conn_type"], dict | list)


def _is_variable(entry: Any) -> bool:
    if not is_mapping(entry, "key", "value") or not isinstance(entry["key"], str):
        return False
    known = entry.keys() == _VARIABLE or ("is_encrypted" in entry and entry.keys() <= _VARIABLE | _VARIABLE_V2)
    return known and isinstance(entry["value"], str | None)


def _is_pool(entry: Any) -> bool:
    return is_mapping(entry, "name", "slots", *_SLOTS)


def _is_printed_pool(entry: Any) -> bool:
    return _is_pool(entry) and isinstance(entry["slots"], str)


_ENTRIES = {Kind.CONNECTIONS: _is_connection, Kind.VARIABLES: _is_variable, Kind.POOLS: _is_pool}


def is_error(document: Any) -> bool:
    """Whether a document is an error that the API answered."""
    return isinstance(document, tree.Mapping) and set(document) in _ERRORS


def _kind_of_page(document: Any) -> Kind | None:
    """The kind whose objects a page holds. None if a document isn't a page."""
    if not isinstance(document, tree.Mapping):
        return None
    for kind, is_entry in _ENTRIES.items():
        items = document.get(kind.value)
        if isinstance(items, tree.Sequence) and all(map(is_entry, items)):
            others = document.keys() - {kind.value}
            is_page = _TOTAL in document or (items and kind is not Kind.POOLS)
            if is_page and not any(isinstance(document[name], dict | list) for name in others):
                return kind
    return None


def _read_page(document: Any, origin: Origin, reader: OutputReader) -> None:
    kind = _kind_of_page(document)
    if kind is None:
        return
    for index, entry in enumerate(document[kind.value]):
        _READERS[kind](entry, document[kind.value].origin(index), reader)
    total = document.get(_TOTAL)
    text = total.text if isinstance(total, Number) else total
    if isinstance(text, str) and text.isdecimal():
        known, _ = reader.totals.get(kind, (0, origin))
        reader.totals[kind] = (max(known, int(text)), document.origin(_TOTAL))


def _read_connection(entry: Any, origin: Origin, reader: OutputReader) -> None:
    reader.kinds.add(Kind.CONNECTIONS)
    with reader.collecting():
        fields = Fields(id_of(entry, "connection_id", origin), entry, origin)
        password = _unmasked(fields.plain_text("password") or None)
        extra_text = fields.plain_text("extra")
        extra = None if extra_text is None else Text.of(extra_text, masked=True)
        if "password" not in fields:  # v1 never gives one, and v2 always has the field
            password = REDACTED
            if "extra" not in fields:
                extra = REDACTED
                reader.tell(
                    f"connections/{fields.id}",
                    "lists of Airflow 2's API have no extra, so it is hidden "
                    "here; GET /api/v1/connections/CONN_ID shows it",
                    origin,
                )
        team = fields.text("team_name")
        if isinstance(team, Redacted):
            raise fields.fail("team_name is the mask ***, so the team of this connection isn't known")
        connection = Connection(
            conn_id=fields.id,
            conn_type=fields.plain_text("conn_type") or "",
            description=fields.text("description"),
            host=fields.text("host"),
            schema=fields.text("schema_" if "schema_" in fields else "schema"),
            login=fields.text("login"),
            password=password,
            port=fields.whole("port"),
            extra=extra,
            team_name=team,
            origin=origin,
        )
        connection_fields.check_extra(connection, reader.options.rules)
        reader.add(connection)


def _unmasked(text: str | None) -> Str:
    """A password. Airflow masks secrets anywhere in a text, so that a mask in it hides something."""
    return REDACTED if text is not None and MASK in text else text


def _read_variable(entry: Any, origin: Origin, reader: OutputReader) -> None:
    reader.kinds.add(Kind.VARIABLES)
    with reader.collecting():
        fields = Fields(id_of(entry, "key", origin), entry, origin)
        value = fields.plain_text("value")
        # v1 shows variables as they are. None is one that the server can't decrypt.
        held = REDACTED if value is None else Text.of(value, masked="is_encrypted" in fields)
        team = fields.text("team_name")
        if isinstance(team, Redacted):
            raise fields.fail("team_name is the mask ***, so the team of this variable isn't known")
        reader.add(
            Variable(key=fields.id, value=held, description=fields.text("description"), team_name=team, origin=origin)
        )


def _read_pool(entry: Any, origin: Origin, reader: OutputReader) -> None:
    reader.kinds.add(Kind.POOLS)
    with reader.collecting():
        reader.add(pool_of(Fields(id_of(entry, "name", origin), entry, origin)))


def _read_error(document: Any, origin: Origin, reader: OutputReader) -> None:
    raise InputError(
        "this answer of Airflow's REST API is an error, without objects",
        where=str(origin),
        hint="ask the server again, or remove it from the list",
    )


def _read_list(document: Any, origin: Origin, reader: OutputReader) -> None:
    for entry, place in entries(document, origin):
        kind = next(kind for kind, is_entry in _ENTRIES.items() if is_entry(entry))
        _READERS[kind](entry, place, reader)


_READERS = {Kind.CONNECTIONS: _read_connection, Kind.VARIABLES: _read_variable, Kind.POOLS: _read_pool}
POOL = Shape("a pool of the REST API", _is_pool, _read_list)
"""A single one: a list of them is what the json and yaml formats read, too."""
ERROR = Shape("an error of the REST API", is_error, _read_error)
SHAPES = (
    Shape("a page of the REST API", lambda document: _kind_of_page(document) is not None, _read_page),
    Shape(
        "airflowctl connections list", lambda doc: _is_connection(doc) or is_list_of(doc, _is_connection), _read_list
    ),
    Shape("airflowctl variables list", lambda doc: _is_variable(doc) or is_list_of(doc, _is_variable), _read_list),
    Shape("airflowctl pools list", lambda doc: is_list_of(doc, _is_printed_pool), _read_list),
    POOL,
)
