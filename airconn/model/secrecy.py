"""What must not be shown to somebody who didn't ask for secrets."""

from __future__ import annotations

import re
from typing import Any

from airconn.model.jsontext import JsonPath
from airconn.model.objects import AirflowObject
from airconn.model.sensitive import has_secrets, is_sensitive_place
from airconn.model.text import Text

_LOOKS_SECRET = re.compile(
    r"://[^\s@]*:\S*@|PRIVATE KEY|\b(bearer|basic)\s+\S"
    r"|(passw(or)?d|pwd|secret|token|api_?key|account_?key|access_?key(_?id)?)[\"\\']*\s*[=:]\s*\S",
    re.IGNORECASE,
)
"""A login with its password in a URI, which Airflow's rules know nothing of, a private key, what a header of HTTP
holds, and a password in a connection string or in lines of settings."""


def is_secret(obj: AirflowObject, field: str, path: JsonPath, value: Any) -> bool:
    """Whether a leaf of an object is a secret, by its name as Airflow judges it, or by what it looks like.

    An extra that is no JSON has no names to judge by, and may be a secret as a whole.
    """
    if is_sensitive_place(obj, field, path) or (field == "extra" and isinstance(value, Text)):
        return True
    text = value.text if isinstance(value, Text) else value
    return isinstance(text, str) and (has_secrets(text) or looks_secret(text))


def looks_secret(text: str) -> bool:
    """Whether a text has something in it that looks like a secret, whatever its place is called."""
    return _LOOKS_SECRET.search(text) is not None
