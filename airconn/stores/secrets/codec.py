"""Writes an object into one secret, and reads a secret as Airflow does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol

from airconn.errors import InputError
from airconn.formats import connection_fields, connection_uri, secret_values
from airconn.formats.base import UNSET_COMES_BACK_EMPTY
from airconn.model import (
    AirflowObject,
    Connection,
    Kind,
    Origin,
    Rules,
    Text,
    Variable,
    jsontext,
    value_fields,
)

Payload = Any
"""The value of a secret in a service: a text, or for Vault a mapping."""


class Codec(Protocol):
    """A way to write an object into a secret."""

    connection_format: str
    """The form of a connection: `json` or `uri`."""

    def encode(self, obj: Connection | Variable) -> Payload:
        """The value of the secret of `obj`, with hidden parts as the mask."""

    def decode(self, kind: Kind, id_: str, payload: Payload, rules: Rules, origin: Origin) -> Connection | Variable:
        """The object that Airflow reads from a secret. Raises `InputError` if Airflow reads none."""

    def kept(self, kind: Kind, payload: Payload) -> Payload:
        """The part of a secret that Airflow doesn't read, and that an update has to keep. None without one."""

    def encode_over(self, obj: Connection | Variable, kept: Payload, rules: Rules) -> Payload:
        """The value that an update gives the secret of `obj`, with the part in `kept`. Raises `InputError`."""


class TextCodec:
    """Writes a connection as a URI or JSON, a variable as its text (`BaseSecretsBackend.deserialize_connection`)."""

    def __init__(self, connection_format: str = "json") -> None:
        self.connection_format = connection_format

    def encode(self, obj: Connection | Variable) -> str:
        if isinstance(obj, Variable):
            return str(connection_fields.shown(obj.value))
        if self.connection_format == "uri":
            return connection_uri.build(obj)
        return jsontext.dumps(connection_fields.to_json_fields(obj))

    def decode(self, kind: Kind, id_: str, payload: Payload, rules: Rules, origin: Origin) -> Connection | Variable:
        return secret_values.read_text(kind, id_, payload, rules, origin)

    def kept(self, kind: Kind, payload: Payload) -> Payload:
        """None: Airflow refuses a connection with another key (`Connection.from_json`)."""
        return None

    def encode_over(self, obj: Connection | Variable, kept: Payload, rules: Rules) -> str:
        return self.encode(obj)


def stored(codec: Codec, obj: AirflowObject, rules: Rules) -> AirflowObject:
    """The object that is read back after `obj` was written. Hidden parts stay hidden, and a genuine `***` a text."""
    if not isinstance(obj, Connection | Variable):
        return obj
    back = codec.decode(obj.kind, obj.id, codec.encode(obj), rules, obj.origin)
    literal = {name: getattr(obj, name) for name in obj.literal}
    # Readers hide a text as a whole that isn't JSON to them or has a key twice. Here its parts are known.
    return replace(back, **literal) if literal else back


def losses(codec: Codec, obj: AirflowObject, rules: Rules) -> dict[str, str]:
    """The fields of `obj` that aren't read back, and why."""
    try:
        back = stored(codec, obj, rules)
    except InputError:
        return {}  # reported as a problem of the object
    return {
        name: _fate(getattr(obj, name), getattr(back, name))
        for name in value_fields(obj.kind)
        if name not in obj.unsaid and getattr(obj, name) != getattr(back, name)
    }


def _fate(before: Any, after: Any) -> str:
    if before is None and after == "":
        return UNSET_COMES_BACK_EMPTY
    return "has no field in a secret, and is skipped" if after is None else "comes back in another form"


def fields_with_text(connection: Connection) -> Mapping[str, Any]:
    """The fields of the JSON form with the extra as its text, for services that write JSON anew."""
    fields = connection_fields.to_json_fields(connection)
    if isinstance(connection.extra, Text) and connection.extra.text:
        fields["extra"] = connection.extra.text
    return fields
