"""Reads and writes a connection as a mapping of fields: in a connections file, and as JSON in one variable."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import replace
from operator import attrgetter
from typing import Any

from airconn.errors import InputError
from airconn.formats import connection_uri, json_breaks, tree, uri_problems
from airconn.formats.base import extra_fault, show_key
from airconn.formats.connection_uri import UriError
from airconn.formats.meant_keys import meant_key
from airconn.formats.python_json import is_as_python_writes, that_python_writes
from airconn.model import (
    MASK,
    REDACTED,
    UNDESCRIBED,
    UNTYPED,
    Connection,
    Origin,
    Redacted,
    Rules,
    Str,
    Text,
    is_untyped,
    jsontext,
)
from airconn.model.ambiguity import Ambiguity
from airconn.model.jsontext import Number
from airconn.model.placeholders import placeholder_in, stands_for_all, whole_words
from airconn.model.reading import FoundUri

_JSON_KEYS = dict.fromkeys(
    ("conn_type", "description", "host", "login", "password", "schema", "port", "extra", "uri", "team_name")
)
FILE_KEYS = frozenset({*_JSON_KEYS, "conn_id", "extra_dejson"})
_FILE_KEYS = dict.fromkeys(sorted(FILE_KEYS))


Uris = list[FoundUri] | None
"""The list in which the URIs of a text are collected. None if they aren't needed."""


def from_json(conn_id: str, text: str, rules: Rules, origin: Origin, uris: Uris = None) -> Connection:
    """The connection that an `AIRFLOW_CONN_*` variable or a secret holds as JSON (`Connection.from_json`).

    Raises `InputError`.
    """
    reader = _FieldsReader(conn_id, rules, origin, _JSON_KEYS, uris)
    return reader.read(_decode(conn_id, text, origin), as_variable=True)


def from_file_json(conn_id: str, text: str, rules: Rules, origin: Origin, uris: Uris = None) -> Connection:
    """The connection of an entry in a connections file that is JSON text (`--serialization-format json`)."""
    return from_fields(conn_id, _decode(conn_id, text, origin), rules, origin, uris)


def _decode(conn_id: str, text: str, origin: Origin) -> Any:
    try:
        return jsontext.loads(text)
    except jsontext.DuplicateKeyError as error:
        raise InputError(
            f"{conn_id}: this JSON has {show_key(error.key)} twice", where=str(origin), hint="keep one of the two"
        ) from None
    except jsontext.TooDeepError:
        raise InputError(f"{conn_id}: this JSON is nested too deep", where=str(origin)) from None
    except ValueError as error:
        if what := whole_words(text):
            raise InputError(f"{conn_id}: {what[0]}", where=str(origin), hint=what[1]) from None
        position = getattr(error, "pos", 0)
        reason = json_breaks.reason_of(error) if isinstance(error, json.JSONDecodeError) else ""
        raise InputError(
            f"{conn_id}: this is not JSON from character {position + 1} of the value onwards",
            where=str(origin),
            hint=f"it breaks {reason}"
            if reason
            else "a value that starts with '{' must be a JSON object; a URI starts with its conn_type",
        ) from None


def from_fields(conn_id: str, fields: Any, rules: Rules, origin: Origin, uris: Uris = None) -> Connection:
    """The connection that an entry of a connections file holds (`secrets/local_filesystem.py`, `_create_connection`).

    Unlike JSON in the environment, the type is taken as it is and port 0 is a port. Raises `InputError`.
    """
    return _FieldsReader(conn_id, rules, origin, _FILE_KEYS, uris).read(fields, as_variable=False)


def from_uri(
    conn_id: str, uri: str, rules: Rules, origin: Origin, uris: Uris = None, *, column: int | None = None
) -> Connection:
    """The connection of a URI. `column` is where the URI starts in its line, if it is written there unescaped.

    Raises `InputError` with the place of the fault, which quotes nothing.
    """
    if uris is not None:
        uris.append(FoundUri(conn_id, uri, origin, column))
    if uri.strip() == MASK:
        raise InputError(f"{conn_id}: all of it is hidden (***)", where=str(origin), hint="fill in the connection")
    try:
        parsed = connection_uri.parse(uri, rules)
    except UriError as error:
        span = ""
        if error.span and column is not None:
            first, last = error.span[0] + column, max(error.span[0], error.span[1] - 1) + column
            span = f" (column {first})" if first == last else f" (columns {first} to {last})"
        message = error.message.format(span) if "{}" in error.message else error.message + span
        if found := placeholder_in(uri):
            raise InputError(f"{conn_id}: {message}", where=str(origin), hint=found) from None
        raise InputError(f"{conn_id}: {message}", where=str(origin), hint=error.hint) from None
    unsaid = UNDESCRIBED if parsed.conn_type else UNDESCRIBED | UNTYPED
    whole = uri.strip() if stands_for_all(uri) else ""
    connection = connection_uri.fields_of(
        conn_id,
        parsed,
        origin=origin,
        unsaid=unsaid,
        stands_for=whole,
        ambiguities=() if whole else uri_problems.ambiguities(uri, rules, column),
    )
    check_extra(connection, rules)
    return connection


def check_extra(connection: Connection, rules: Rules) -> None:
    """Raises `InputError` for an extra that the Airflow of `rules` refuses."""
    if reason := extra_fault(connection, rules):
        raise InputError(
            f"{connection.conn_id}: the extra {reason}",
            where=str(connection.origin),
            # An import always reads for its target, so that --airflow doesn't help there.
            hint='write it as {"key": "value"}; for Airflow 2, which accepts any text, add --airflow 2.11'
            if rules.extra_is_object
            else None,
        )


class _FieldsReader:
    """Reads the fields of one connection."""

    def __init__(self, conn_id: str, rules: Rules, origin: Origin, keys: Mapping[str, None], uris: Uris) -> None:
        self.conn_id = conn_id
        self.rules = rules
        self.origin = origin
        self.keys = keys
        self.uris = uris
        self.ambiguities: list[Ambiguity] = []

    def fail(self, message: str, hint: str | None = None) -> InputError:
        return InputError(f"{self.conn_id}: {message}", where=str(self.origin), hint=hint)

    def read(self, fields: Any, *, as_variable: bool) -> Connection:
        if not isinstance(fields, Mapping):
            raise self.fail("a connection is a URI or an object of fields, and this is neither")
        self._check_keys(fields)
        if fields.get("uri"):
            return self._from_uri(fields, as_variable)
        self.refuse_types(fields, as_variable)
        conn_type = self.text(fields, "conn_type")
        if isinstance(conn_type, Redacted):
            raise self.fail("conn_type is the mask ***, so the type of this connection is unknown")
        password = self.text(fields, "password")
        extra = self._extra_of_variable(fields) if as_variable else self._extra_of_file(fields)
        connection = Connection(
            conn_id=self.conn_id,
            conn_type=connection_uri.normalize_conn_type(conn_type or "") if as_variable else conn_type or "",
            description=self.text(fields, "description"),
            host=self.text(fields, "host"),
            schema=self.text(fields, "schema"),
            login=self.text(fields, "login"),
            # Airflow's core can't hold an empty password: `set_password` ignores it.
            password=None if password == "" else password,
            port=self._port(fields.get("port"), as_variable),
            extra=extra,
            team_name=self._team_name(fields),
            # Airflow's own import fails on a row without a conn_type. Here the type is left open.
            unsaid=UNTYPED if conn_type is None else frozenset(),
            ambiguities=tuple(self.ambiguities),
            origin=self.origin,
        )
        check_extra(connection, self.rules)
        return connection

    def _check_keys(self, fields: Mapping[Any, Any]) -> None:
        for key in fields:
            if key not in self.keys:
                meant = meant_key(str(key), self.keys)
                raise self.fail(
                    f"{show_key(str(key))} is not a field of a connection",
                    f"did you mean {meant!r}?" if meant else f"the fields are {', '.join(self.keys)}",
                )
        if "conn_id" in fields and fields["conn_id"] != self.conn_id:
            raise self.fail("its 'conn_id' isn't its name in the file", "write the same id in both")
        if "extra" in fields and "extra_dejson" in fields:
            raise self.fail("has both 'extra' and 'extra_dejson'", "keep one of them")

    def _from_uri(self, fields: Mapping[str, Any], as_variable: bool) -> Connection:
        beside = {"uri", "conn_id", "description", "team_name"}
        if as_variable and not self._port(fields.get("port"), as_variable):
            beside.add("port")  # Airflow has converted it to a number by then, so that '0' counts as not set
        mixed = [key for key, value in fields.items() if key not in beside and not is_falsy(value)]
        if mixed:
            raise self.fail(f"has 'uri' next to {mixed[0]!r}", "a connection is written as a URI or by its fields")
        uri = fields["uri"]
        if not isinstance(uri, str):
            raise self.fail("'uri' is not a text")
        connection = from_uri(self.conn_id, uri, self.rules, self.origin, self.uris)
        description = self.text(fields, "description")
        unsaid = connection.unsaid - UNDESCRIBED if "description" in fields else connection.unsaid
        return replace(connection, description=description, team_name=self._team_name(fields), unsaid=unsaid)

    def refuse_types(self, fields: Mapping[str, Any], as_variable: bool) -> None:
        """Raises `InputError` for a number where Airflow needs text, and notes one that its import makes text of.

        Encrypting a password fails (`set_password`), `from_json` fails on a conn_type, and on the others what makes a
        URI of them, or a client of a task. `airflow connections import` gives them to its database, which makes text
        of a number or a date, but each its own text of a truth value.
        """
        for name in _NEEDS_TEXT:
            value = fields.get(name)
            if value is None or type(value) is str:
                continue
            what = value.what if isinstance(value, tree.NotJson) else _TYPES.get(type(value), "an object or a list")
            line, column = fields.places[name] if isinstance(fields, tree.Mapping) else (None, None)
            if name in _NEVER_TYPED or as_variable or not isinstance(value, Number | tree.NotJson):
                raise InputError(
                    f"{self.conn_id}: {name!r} is {what}, and Airflow takes only text there",
                    where=str(Origin(self.origin.source, line, column) if line else self.origin),
                    hint=_IN_QUOTES,
                )
            places = frozenset({(name, ())})
            self.ambiguities.append(
                Ambiguity(NUMBER_RULE, _NUMBER, _IN_QUOTES, line, column, field=name, places=places)
            )

    def text(self, fields: Mapping[str, Any], name: str) -> Str:
        """The text of a field. A number, and a date of YAML, is the text that a database makes of it."""
        value = fields.get(name)
        if value is None:
            return None
        if type(value) is str:
            return REDACTED if value == MASK else value
        if isinstance(value, tree.NotJson) and value.text:
            return value.text
        if isinstance(value, Number) and (text := _number_text(value)) is not None:
            return text
        raise self.fail(f"{name!r} is not a text", "put it in quotes")

    def _team_name(self, fields: Mapping[str, Any]) -> str | None:
        value = self.text(fields, "team_name")
        if isinstance(value, Redacted):
            raise self.fail("team_name is the mask ***, so the team of this connection is unknown")
        return value

    def _port(self, value: Any, as_variable: bool) -> int | None:
        if value is None or value == "" or (as_variable and is_falsy(value)):
            return None
        try:
            if isinstance(value, bool) and not as_variable:
                raise TypeError  # databases differ in what they make of it
            if isinstance(value, Number) and as_variable and not re.fullmatch("-?[0-9]+", value.text):
                return int(float(value.text))  # Airflow's from_json takes int() of the number: 80.9 is 80
            return int(value.text if isinstance(value, Number) else value)
        except (TypeError, ValueError, OverflowError):
            raise self.fail("'port' is not a whole number") from None

    def _extra_of_variable(self, fields: Mapping[str, Any]) -> Text | Redacted | None:
        value = fields.get("extra")
        if is_falsy(value):
            return None
        return Text.of(value if isinstance(value, str) else jsontext.dumps(value))

    def _extra_of_file(self, fields: Mapping[str, Any]) -> Text | Redacted | None:
        value = fields.get("extra")
        if value is None and fields.get("extra_dejson") is not None:
            value = fields["extra_dejson"]
            if not isinstance(value, Mapping):
                raise self.fail("'extra_dejson' is not an object", "write text as 'extra'")
        if value is None:
            return None
        if not isinstance(value, str | Mapping) and is_falsy(value):
            # The constructor doesn't make JSON of it, so that it gets into the database as it is, or not at all.
            raise self.fail("'extra' is neither an object nor a text", 'write it as {"key": "value"}')
        return Text.of(value if isinstance(value, str) else jsontext.dumps(value))


_NEVER_TYPED = frozenset(("password", "conn_type"))
_NEEDS_TEXT = ("conn_type", "host", "login", "password", "schema")
_TYPES = {Number: "a number", bool: "true or false"}
NUMBER_RULE = "AC422"
_NUMBER = (
    "a number or a date where Airflow needs text: 'airflow connections import' converts it; a task that "
    "gets it from a secrets backend fails"
)
_IN_QUOTES = "put it in quotes"


def _number_text(number: Number) -> str | None:
    """The text that a database makes of the number that Python reads. None if it isn't finite."""
    if re.fullmatch("-?(0|[1-9][0-9]*)", number.text):
        return "0" if number.text == "-0" else number.text
    value = float(number.text)
    return repr(value) if math.isfinite(value) else None


def is_falsy(value: Any) -> bool:
    """Whether Airflow's `if value` counts a JSON value as not set."""
    return not value or (isinstance(value, Number) and float(value.text) == 0)


_EXPORTED = ("conn_type", "description", "login", "password", "host", "port", "schema", "extra")
_exported = attrgetter(*_EXPORTED)


def to_fields(connection: Connection) -> dict[str, Any]:
    """All fields with the names and in the order of `airflow connections export`, and the extra as text.

    `team_name` is only there if it is set, as in Airflow 3.2, and `conn_type` only if the source said it.
    """
    fields = {name: shown(value) for name, value in zip(_EXPORTED, _exported(connection), strict=True)}
    if is_untyped(connection):
        del fields["conn_type"]
    if connection.team_name is not None:
        fields["team_name"] = connection.team_name
    return fields


def to_json_fields(connection: Connection) -> dict[str, Any]:
    """The fields that are set, as `Connection.from_json` reads them back to the same connection.

    The extra is an object if Airflow writes the same text for it, else the text. `team_name` is left out: the
    `from_json` of 2.x and of the Task SDK refuse a connection that has one.
    """
    fields = _set_fields(connection)
    if isinstance(connection.extra, Text) and (value := that_python_writes(connection.extra.text)):
        fields["extra"] = value
    return fields


def _set_fields(connection: Connection) -> dict[str, Any]:
    """The fields that are set, and the extra as a text."""
    fields = {
        name: value if type(value) is str else shown(value)
        for name, value in zip(_EXPORTED, _exported(connection), strict=True)
        if value is not None
    }
    if is_untyped(connection):
        del fields["conn_type"]
    if connection.port == 0:
        fields["port"] = "0"  # the number 0 counts as not set
    return fields


def to_json(connection: Connection) -> str:
    """The fields of `to_json_fields` as JSON text."""
    fields, extra = _set_fields(connection), connection.extra
    if isinstance(extra, Text) and is_as_python_writes(extra.text):
        del fields["extra"]  # it is the last field, and its text is known
        return f'{json.dumps(fields)[:-1]}{", " if fields else ""}"extra": {extra.text}}}'
    return json.dumps(fields)


def json_losses(connection: Connection) -> dict[str, str]:
    """The fields that `Connection.from_json` doesn't read back as they were, and what happens to them."""
    lost: dict[str, str] = {}
    if connection_uri.normalize_conn_type(connection.conn_type) != connection.conn_type:
        lost["conn_type"] = "comes back in another form"
    if connection.team_name is not None:
        lost["team_name"] = "has no field in the JSON of an environment variable"
    if shown(connection.extra) == "":
        lost["extra"] = "is an empty text, and comes back as not set"
    return lost


def shown(value: Any) -> Any:
    """A field as a file has it: opaque text as text, a hidden value as the mask."""
    if isinstance(value, Text):
        return value.text
    return MASK if value is REDACTED else value
