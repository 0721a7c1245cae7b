"""Reads what the `airflow` command prints with `-o json` and `-o yaml` (2.7 to 3.3).

`cli/simple_table.py` makes a text of each value. `connections list` and `get` also print `get_uri`, in which the
values of the extra have their types; `extra_dejson` has them as texts.
"""

from __future__ import annotations

import json
from typing import Any

from airconn.errors import InputError
from airconn.formats import connection_fields, connection_uri
from airconn.formats.outputs.output_reader import Fields, OutputReader, is_mapping
from airconn.formats.outputs.shape import Shape, entries, is_list_of
from airconn.model import (
    MASK,
    REDACTED,
    UNDESCRIBED,
    Connection,
    Kind,
    Origin,
    Pool,
    Redacted,
    Text,
    Variable,
    jsontext,
)
from airconn.model.jsontext import Number

_FULL = {"get_uri", "extra_dejson", "is_encrypted"}
_CONNECTION = {"id", "conn_id", "conn_type", "description", "host", "schema", "login", "password", "port"} | _FULL
_CONNECTION |= {"is_extra_encrypted", "team_name"}
_POOL = {"pool", "slots", "description", "include_deferred", "team_name"}
_UNSAID = ("description", "host", "schema", "login", "password", "port")
_FLAT_KEY = connection_uri.EXTRA_KEY


def _is_connection(entry: Any) -> bool:
    return is_mapping(entry, "conn_id", "conn_type") and entry.keys() <= _CONNECTION


def _are_connections(document: Any) -> bool:
    is_full = _is_connection(document) and not _FULL.isdisjoint(document)  # one that jq took out of its list
    return is_full or is_list_of(document, _is_connection)


def _is_variable(entry: Any) -> bool:
    return is_mapping(entry, "key") and entry.keys() <= {"key", "val"}


def _is_pool(entry: Any) -> bool:
    # Numbers and truth values are those of `airflow pools export`.
    return (
        is_mapping(entry, "pool", "slots")
        and entry.keys() <= _POOL
        and isinstance(entry["slots"], str)
        and isinstance(entry.get("include_deferred"), str | None)
    )


def _read_connections(document: Any, origin: Origin, reader: OutputReader) -> None:
    reader.kinds.add(Kind.CONNECTIONS)
    found = entries(document, origin)
    if all(entry.keys() == {"conn_id", "conn_type"} for entry, _ in found):
        raise InputError(
            "this output of airflow connections list has no values, only ids and types",
            where=str(origin),
            hint="print them with: airflow connections list --show-values -o json",
        )
    for entry, place in found:
        with reader.collecting():
            reader.add(_connection(entry, place, reader))


def _connection(entry: Any, origin: Origin, reader: OutputReader) -> Connection:
    fields = Fields(id_of(entry, "conn_id", origin), entry, origin)
    conn_type = fields.text("conn_type")
    if isinstance(conn_type, Redacted):
        raise fields.fail("conn_type is the mask ***, so the type of this connection isn't known")
    password = fields.text("password")
    extra = _extra(fields, reader)
    unsaid = {name for name in _UNSAID if name not in entry}
    if _FULL.isdisjoint(entry):
        unsaid.add("extra")
    connection = Connection(
        conn_id=fields.id,
        conn_type=conn_type or "",
        description=fields.text("description"),
        host=fields.text("host"),
        schema=fields.text("schema"),
        login=fields.text("login"),
        password=None if password == "" else password,
        port=fields.whole("port"),
        extra=extra,
        unsaid=frozenset(unsaid),
        origin=origin,
    )
    connection_fields.check_extra(connection, reader.options.rules)
    if password is REDACTED or extra is REDACTED:
        reader.tell(
            f"connections/{fields.id}",
            "secrets are hidden in this output; airflow connections list --show-values -o json "
            "without --hide-sensitive prints them",
            origin,
        )
    return connection


def _extra(fields: Fields, reader: OutputReader) -> Text | Redacted | None:
    uri = fields.plain_text("get_uri")
    told = fields.fields.get("extra_dejson")
    if uri is not None and uri.strip() != MASK:
        text = _extra_of_uri(uri, told)
        if text is None:
            return REDACTED if told == MASK else None
        if isinstance(told, dict) and _as_printed(text) not in (_normalized(told), None):
            raise fields.fail(
                "'get_uri' and 'extra_dejson' have different extras", "print it again, or remove one of the two"
            )
        return Text.of(text)
    if told == MASK:
        return REDACTED
    if told is None or told == {}:
        return None
    if not isinstance(told, dict):
        raise fields.fail("'extra_dejson' is not an object")
    if _is_typed_in_doubt(told):
        reader.tell(
            f"connections/{fields.id}",
            "without get_uri, numbers, true and false in the extra are read as text (airflow connections "
            "export keeps them)",
            fields.origin,
        )
    return Text.of(jsontext.dumps(told))


def _extra_of_uri(uri: str, told: Any) -> str | None:
    """The extra in the query of `Connection.get_uri`, which percent-encodes each other `?`. None without one.

    It spreads an object of texts over the query, and writes any other extra as it is. So the values of a query are
    texts here, although Airflow 3.1 and later read such a URI differently.
    """
    _, mark, query = uri.rpartition("?")
    if not mark:
        return None
    values = dict(connection_uri.decode_query(query))
    if _FLAT_KEY in values and told != values:
        return values[_FLAT_KEY]
    return json.dumps(values)


def _as_printed(text: str) -> Any:
    """The extra as `extra_dejson` has it (`AirflowConsole._normalize_data`). None if it isn't JSON."""
    try:
        return _normalized(json.loads(text))
    except (ValueError, RecursionError):
        return None


def _normalized(value: Any) -> Any:
    if isinstance(value, list):
        return [_normalized(item) for item in value]
    if isinstance(value, dict):
        return {key: _normalized(item) for key, item in value.items()}
    if isinstance(value, Number):
        return value.text
    return None if value is None else str(value)


def _is_typed_in_doubt(value: Any) -> bool:
    """Whether a text may have been a number or a truth value before it was printed."""
    if isinstance(value, dict):
        return any(map(_is_typed_in_doubt, value.values()))
    if isinstance(value, list):
        return any(map(_is_typed_in_doubt, value))
    if value in ("True", "False"):
        return True
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return isinstance(value, str)


def _read_variables(document: Any, origin: Origin, reader: OutputReader) -> None:
    reader.kinds.add(Kind.VARIABLES)
    found = entries(document, origin)
    if all("val" not in entry for entry, _ in found):
        raise InputError(
            "this output of airflow variables list has no values, only keys",
            where=str(origin),
            hint="use airflow variables export variables.json, or from Airflow 3.2 on: "
            "airflow variables list --show-values -o json",
        )
    for entry, place in found:
        with reader.collecting():
            fields = Fields(id_of(entry, "key", place), entry, place)
            value = fields.plain_text("val")
            if value is None:
                reader.tell(f"variables/{fields.id}", "Airflow can't decrypt it: left out", place, left_out=True)
                continue
            held = Text.of(value)
            if held is REDACTED:
                reader.tell(
                    f"variables/{fields.id}",
                    "the value is hidden in this output; airflow variables list --show-values -o json "
                    "without --hide-sensitive prints it",
                    place,
                )
            reader.add(Variable(key=fields.id, value=held, unsaid=UNDESCRIBED, origin=place))


def _read_pools(document: Any, origin: Origin, reader: OutputReader) -> None:
    reader.kinds.add(Kind.POOLS)
    for entry, place in entries(document, origin):
        with reader.collecting():
            reader.add(pool_of(Fields(id_of(entry, "pool", place), entry, place)))


def pool_of(fields: Fields) -> Pool:
    """The pool of an entry, whose values may be texts."""
    slots = fields.whole("slots")
    if slots is None:
        raise fields.fail("'slots' is not a whole number")
    team = fields.text("team_name")
    if isinstance(team, Redacted):
        raise fields.fail("team_name is the mask ***, so the team of this pool isn't known")
    return Pool(
        name=fields.id,
        slots=slots,
        description=fields.text("description"),
        include_deferred=fields.truth("include_deferred"),
        team_name=team,
        unsaid=frozenset() if "description" in fields else UNDESCRIBED,
        origin=fields.origin,
    )


def id_of(entry: Any, name: str, origin: Origin) -> str:
    """The id of an entry. Raises `InputError` if it isn't a text."""
    id_ = entry[name]
    if not isinstance(id_, str):
        raise InputError(f"{name!r} is not a text", where=str(origin))
    return id_


SHAPES = (
    Shape("airflow connections list", _are_connections, _read_connections),
    Shape("airflow variables list", lambda document: is_list_of(document, _is_variable), _read_variables),
    Shape("airflow pools list", lambda document: is_list_of(document, _is_pool), _read_pools),
)
