"""How a connection or a variable is written into a secret of Vault."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from airconn.errors import InputError
from airconn.formats import connection_fields, connection_uri, env
from airconn.model import Connection, Kind, Origin, Rules, Variable, jsontext
from airconn.stores.secrets.codec import Payload, TextCodec, fields_with_text


class VaultCodec:
    """A secret is a mapping: of a connection its fields, or `conn_uri`; of a variable `value`.

    As `get_conn_value` and `get_variable` of Airflow's backend have it.
    """

    def __init__(self, *, uri: bool) -> None:
        self._text = TextCodec()
        self.connection_format = "uri" if uri else "json"

    def encode(self, obj: Connection | Variable) -> dict[str, Any]:
        if isinstance(obj, Variable):
            return {"value": connection_fields.shown(obj.value)}
        if self.connection_format == "uri":
            return {"conn_uri": connection_uri.build(obj)}
        # The server writes JSON anew, with other blanks and in another order: an extra stays a text.
        return dict(fields_with_text(obj))

    def kept(self, kind: Kind, payload: Payload) -> dict[str, Any] | None:
        """What is beside the `value` of a variable or the `conn_uri` of a connection."""
        text = "value" if kind is Kind.VARIABLES else "conn_uri"
        if not isinstance(payload, Mapping) or (kind is Kind.CONNECTIONS and not payload.get(text)):
            return None  # beside the fields of a connection Airflow takes nothing else
        return {key: item for key, item in payload.items() if key != text} or None

    def encode_over(self, obj: Connection | Variable, kept: Payload, rules: Rules) -> dict[str, Any]:
        encoded = self.encode(obj)
        if not kept:
            return encoded
        if isinstance(obj, Connection) and "conn_uri" not in encoded:
            # Beside its fields nothing can stand, beside its text anything can.
            encoded = {"conn_uri": jsontext.dumps(encoded)}
        return {**kept, **encoded}

    def decode(self, kind: Kind, id_: str, payload: Payload, rules: Rules, origin: Origin) -> Connection | Variable:
        if not isinstance(payload, Mapping):
            raise InputError(f"{id_}: this secret is no mapping", where=str(origin))
        if kind is Kind.VARIABLES:
            value = payload.get("value")
            if not isinstance(value, str):
                raise InputError(f"{id_}: this secret has no text under 'value'", where=str(origin))
            return env.read_value(kind, id_, value, rules, origin)
        uri = payload.get("conn_uri")
        if uri:
            if not isinstance(uri, str):
                raise InputError(f"{id_}: its conn_uri is no text", where=str(origin))
            return self._text.decode(kind, id_, uri, rules, origin)
        # As Airflow writes it anew, numbers and all; what is empty is a connection without a field to it.
        return connection_fields.from_json(id_, json.dumps(payload), rules, origin)
