"""Reads what stands in a secret without any of airconn's own reading, to judge what airconn wrote."""

from __future__ import annotations

import json

from airconn.model import AirflowObject, Connection, Kind, Text, Variable

FIELDS = {"conn_type", "description", "host", "login", "password", "schema", "port", "extra"}


def object_of(kind: Kind, id_: str, text: str) -> AirflowObject:
    """The connection whose JSON form, or the variable whose value, is `text`."""
    if kind is Kind.VARIABLES:
        return Variable(key=id_, value=Text(text))
    fields = json.loads(text)
    assert fields.keys() <= FIELDS
    port, extra = fields.get("port"), fields.get("extra")
    return Connection(
        conn_id=id_,
        conn_type=fields["conn_type"],
        description=fields.get("description"),
        host=fields.get("host"),
        schema=fields.get("schema"),
        login=fields.get("login"),
        # To Airflow an empty password is none.
        password=fields.get("password") or None,
        port=None if port is None else int(port),
        # What is no text becomes the JSON that Python writes of it.
        extra=None if extra is None else Text(extra if isinstance(extra, str) else json.dumps(extra)),
    )
