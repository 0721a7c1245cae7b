"""How an object is written into one secret, and what Airflow makes of a secret."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol

from airconn.errors import InputError
from airconn.formats import connection_fields, connection_uri, env
from airconn.model import (
    UNDESCRIBED,
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
"""What a service holds as the value of a secret: a text, or for Vault a mapping."""


class Codec(Protocol):
    """One way to write an object into a secret."""

    connection_format: str
    """How it writes a connection: `json` or `uri`."""

    def encode(self, obj: Connection | Variable) -> Payload:
        """The value of the secret of `obj`, hidden parts of it as the mask."""

    def decode(self, kind: Kind, id_: str, payload: Payload, rules: Rules, origin: Origin) -> Connection | Variable:
        """The object that Airflow makes of a secret. Raises `InputError` where Airflow makes none of it."""

    def kept(self, kind: Kind, payload: Payload) -> Payload:
        """What an update has to know of a secret to keep what Airflow doesn't read of it, or None."""

    def encode_over(self, obj: Connection | Variable, kept: Payload, rules: Rules) -> Payload:
        """The value that an update gives the secret of `obj`, with all that `kept` says. Raises `InputError`."""


class TextCodec:
    """A connection as a URI or as JSON, a variable as its text (`BaseSecretsBackend.deserialize_connection`)."""

    def __init__(self, connection_format: str = "json") -> None:
        self.connection_format = connection_format

    def encode(self, obj: Connection | Variable) -> str:
        if isinstance(obj, Variable):
            return str(connection_fields.shown(obj.value))
        if self.connection_format == "uri":
            return connection_uri.build(obj)
        return jsontext.dumps(connection_fields.to_json_fields(obj))

    def decode(self, kind: Kind, id_: str, payload: Payload, rules: Rules, origin: Origin) -> Connection | Variable:
        if not isinstance(payload, str):
            raise InputError(f"{id_}: this secret is no text", where=str(origin))
        if kind is Kind.CONNECTIONS and not payload.strip():
            raise InputError(f"{id_}: this secret is empty, which is no connection to Airflow", where=str(origin))
        if kind is Kind.CONNECTIONS and "://" not in payload and not payload.strip().startswith("{"):
            # Airflow would make nonsense of it. Whatever it is, it was not meant to be a connection.
            raise InputError(f"{id_}: this secret is neither a URI nor a JSON object", where=str(origin))
        return env.read_value(kind, id_, payload, rules, origin)

    def kept(self, kind: Kind, payload: Payload) -> Payload:
        """Nothing: Airflow refuses a connection that has another key (`Connection.from_json`)."""
        return None

    def encode_over(self, obj: Connection | Variable, kept: Payload, rules: Rules) -> str:
        return self.encode(obj)


def stored(codec: Codec, obj: AirflowObject, rules: Rules) -> AirflowObject:
    """What comes back of `obj` out of a secret. What is hidden stays so, and `***` that is called genuine is that."""
    if not isinstance(obj, Connection | Variable):
        return obj
    back = codec.decode(obj.kind, obj.id, codec.encode(obj), rules, obj.origin)
    literal = {name: getattr(obj, name) for name in obj.literal}
    # A text that isn't JSON to us, or has a key twice, is hidden as a whole to its readers; here it is known.
    return replace(back, **literal) if literal else back


def losses(codec: Codec, obj: AirflowObject, rules: Rules) -> dict[str, str]:
    """What of `obj` doesn't come back: field -> why."""
    try:
        back = stored(codec, obj, rules)
    except InputError:
        return {}  # told as a problem of the object
    return {
        name: _fate(getattr(back, name))
        for name in value_fields(obj.kind)
        if name not in obj.unsaid and getattr(obj, name) != getattr(back, name)
    }


def _fate(value: Any) -> str:
    return "has no place in a secret, and is left out" if value is None else "comes back in another form"


def without_description(connection: Connection) -> Connection:
    """A connection from a place where none has a description, which so isn't said to have none."""
    return replace(connection, description=None, unsaid=connection.unsaid | UNDESCRIBED)


def fields_with_text(connection: Connection) -> Mapping[str, Any]:
    """The fields of the JSON form with the extra as the text that it is, for services that write JSON anew."""
    fields = connection_fields.to_json_fields(connection)
    if isinstance(connection.extra, Text) and connection.extra.text:
        fields["extra"] = connection.extra.text
    return fields
