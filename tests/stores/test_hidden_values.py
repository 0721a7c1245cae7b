"""What is hidden is refused before it is sent."""

from __future__ import annotations

from dataclasses import replace

from airconn.model import REDACTED, Connection, Text
from airconn.stores.hidden_values import hidden_refusal


def test_hidden_values_and_masks_are_found_before_they_are_sent() -> None:
    obj = Connection(
        conn_id="c", conn_type="t", host="***", login="a ***", password=REDACTED, extra=Text('{"a": ["***"]}')
    )
    names = ("conn_type", "host", "login", "password", "extra", "port")
    assert hidden_refusal(obj, names) == "host, password, extra are hidden (***) and wasn't written"


def test_a_mask_that_is_called_genuine_is_not_hidden() -> None:
    obj = Connection(conn_id="c", conn_type="t", host="***", extra=Text('{"a": "***"}'))
    assert hidden_refusal(obj, ("host", "extra")) == "host, extra are hidden (***) and wasn't written"
    genuine = replace(obj, literal=frozenset({"host", "extra"}))
    assert hidden_refusal(genuine, ("host", "extra")) == ""
    assert hidden_refusal(replace(genuine, host=REDACTED), ("host",)) == "host is hidden (***) and wasn't written"
