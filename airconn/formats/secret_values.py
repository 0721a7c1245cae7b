"""Reads the value of one secret as Airflow's secrets backends do."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

from airconn.errors import InputError
from airconn.formats import connection_fields, env
from airconn.formats.connection_fields import Uris
from airconn.model import UNDESCRIBED, Connection, Kind, Origin, Rules, Variable, jsontext

Words = Mapping[str, Sequence[str]]
"""The names that the keys of a JSON secret may have, by the fields of a connection."""
AWS_WORDS: Words = {
    "login": ("login", "user", "username", "user_name"),
    "password": ("password", "pass", "key"),
    "host": ("host", "remote_host", "server"),
    "port": ("port",),
    "schema": ("database", "schema"),
    "conn_type": ("conn_type", "conn_id", "connection_type", "engine"),
    "extra": ("extra",),
}
"""Those of AWS Secrets Manager (`SecretsManagerBackend._standardize_secret_keys`)."""


def read_text(
    kind: Kind, id_: str, value: Any, rules: Rules, origin: Origin, uris: Uris = None
) -> Connection | Variable:
    """The object in a text (`BaseSecretsBackend.deserialize_connection`).

    Raises `InputError` if Airflow reads none.
    """
    if not isinstance(value, str):
        raise InputError(f"{id_}: this secret is not a text", where=str(origin))
    if kind is Kind.CONNECTIONS and not value.strip():
        raise InputError(f"{id_}: this secret is empty, which is not a connection to Airflow", where=str(origin))
    if kind is Kind.CONNECTIONS and "://" not in value and not value.strip().startswith("{"):
        # Airflow would misread it. It wasn't meant to be a connection.
        raise InputError(
            f"{id_}: this secret is neither a URI nor a JSON object",
            where=str(origin),
            hint="store it as CONN_TYPE://…, or as JSON with the fields of a connection",
        )
    return env.read_value(kind, id_, value, rules, origin, uris)


def read_vault(
    kind: Kind, id_: str, value: Any, rules: Rules, origin: Origin, uris: Uris = None
) -> Connection | Variable:
    """The object in the mapping of a secret of Vault (`VaultBackend.get_connection` and `get_variable`)."""
    if not isinstance(value, Mapping):
        raise InputError(f"{id_}: this secret is not a mapping", where=str(origin))
    if kind is Kind.VARIABLES:
        text = value.get("value")
        if not isinstance(text, str):
            raise InputError(f"{id_}: this secret has no text under 'value'", where=str(origin))
        return env.read_value(kind, id_, text, rules, origin, uris)
    uri = value.get("conn_uri")
    if uri:
        if not isinstance(uri, str):
            raise InputError(f"{id_}: its conn_uri is not a text", where=str(origin))
        return read_text(kind, id_, uri, rules, origin, uris)
    # Airflow writes it anew in the same way, numbers included. An empty one is a connection without fields.
    text = json.dumps(value, default=lambda number: json.loads(number.text))
    return connection_fields.from_json(id_, text, rules, origin, uris)


def read_aws_json(
    id_: str,
    text: str,
    rules: Rules,
    origin: Origin,
    uris: Uris = None,
    *,
    words: Words = AWS_WORDS,
    is_quoted: bool = False,
) -> Connection:
    """The connection in a JSON secret of AWS Secrets Manager, whose keys may have other names, or may be ignored.

    `is_quoted`: its values are percent-encoded (`_remove_escaping_in_secret_dict` of amazon 8.20.0).
    """
    try:
        found = jsontext.loads(text)
    except ValueError:
        raise InputError(f"{id_}: this secret is not JSON, or has a key twice", where=str(origin)) from None
    fields = by_name(found, words)
    if is_quoted:
        fields = {name: _unquoted(id_, value, origin) for name, value in fields.items()}
    connection = connection_fields.from_json(id_, jsontext.dumps(fields), rules, origin, uris)
    return replace(connection, description=None, unsaid=connection.unsaid | UNDESCRIBED)


def by_name(document: Mapping[str, Any], words: Words) -> dict[str, Any]:
    """The value of each field: that of the first key with one of its names, in the order of the secret."""
    return {
        name: next((value for key, value in document.items() if key in known), None) for name, known in words.items()
    }


def _unquoted(id_: str, value: Any, origin: Origin) -> Any:
    if value is None or isinstance(value, dict):
        return value
    if not isinstance(value, str):
        raise InputError(
            f"{id_}: a value of this secret can't be URL-decoded, because it is not a text", where=str(origin)
        )
    return unquote(value)
