"""Writes a connection or a variable into a secret of Vault, and reads it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airconn.formats import connection_fields, connection_uri, secret_values
from airconn.model import Connection, Kind, Origin, Rules, Variable, jsontext
from airconn.stores.secrets.codec import Payload, fields_with_text


class VaultCodec:
    """Writes a secret as a mapping: for a connection its fields or `conn_uri`, for a variable `value`.

    `get_conn_value` and `get_variable` of Airflow's backend read the same.
    """

    def __init__(self, *, uri: bool) -> None:
        self.connection_format = "uri" if uri else "json"

    def encode(self, obj: Connection | Variable) -> dict[str, Any]:
        if isinstance(obj, Variable):
            return {"value": connection_fields.shown(obj.value)}
        if self.connection_format == "uri":
            return {"conn_uri": connection_uri.build(obj)}
        # The server writes JSON anew, with other blanks and in another order, so an extra stays a text.
        return dict(fields_with_text(obj))

    def kept(self, kind: Kind, payload: Payload) -> dict[str, Any] | None:
        """The keys besides the `value` of a variable or the `conn_uri` of a connection. None without any."""
        text = "value" if kind is Kind.VARIABLES else "conn_uri"
        if not isinstance(payload, Mapping) or (kind is Kind.CONNECTIONS and not payload.get(text)):
            return None  # Airflow takes no other keys besides the fields of a connection
        return {key: item for key, item in payload.items() if key != text} or None

    def encode_over(self, obj: Connection | Variable, kept: Payload, rules: Rules) -> dict[str, Any]:
        encoded = self.encode(obj)
        if not kept:
            return encoded
        if isinstance(obj, Connection) and "conn_uri" not in encoded:
            # Other keys aren't allowed besides its fields, but are besides its text.
            encoded = {"conn_uri": jsontext.dumps(encoded)}
        return {**kept, **encoded}

    def decode(self, kind: Kind, id_: str, payload: Payload, rules: Rules, origin: Origin) -> Connection | Variable:
        return secret_values.read_vault(kind, id_, payload, rules, origin)
