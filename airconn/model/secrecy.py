"""What must not be shown to somebody who didn't ask for secrets."""

from __future__ import annotations

from typing import Any

from airconn.model import jsontext
from airconn.model.jsontext import JsonPath
from airconn.model.objects import AirflowObject, Variable
from airconn.model.secret_names import is_secret_name
from airconn.model.secret_values import is_certain, is_harmless, may_be_secret
from airconn.model.sensitive import has_secrets, is_sensitive_place
from airconn.model.text import Text


def is_secret(obj: AirflowObject, field: str, path: JsonPath, value: Any) -> bool:
    """Whether a leaf of an object is not to be shown: by its name, as Airflow or as anybody careful would judge it,
    or by what it looks like.

    An extra that is no JSON has no names to judge by, and may be a secret as a whole.
    """
    if is_sensitive_place(obj, field, path) or (field == "extra" and isinstance(value, Text)):
        return True
    if _is_secret_place(obj, field, path) and not is_harmless(value.text if isinstance(value, Text) else value):
        return True
    text = value.text if isinstance(value, Text) else value
    return isinstance(text, str) and _has_something(text)


def _is_secret_place(obj: AirflowObject, field: str, path: JsonPath) -> bool:
    own = isinstance(obj, Variable) and field == "value" and is_secret_name(obj.key)
    return own or _is_secret_path(path)


def _is_secret_path(path: JsonPath) -> bool:
    return any(isinstance(part, str) and is_secret_name(part) for part in path)


def _has_something(text: str) -> bool:
    """Whether a text may be a secret, or is JSON with one in it."""
    if has_secrets(text):
        return True
    if text.lstrip()[:1] in ("{", "["):
        try:
            leaves = list(jsontext.leaves(jsontext.loads(text)))
        except ValueError:
            return may_be_secret(text)
        return any(
            (_is_secret_path(path) and not is_harmless(leaf) and leaf not in ({}, []))
            or (isinstance(leaf, str) and _has_something(leaf))
            for path, leaf in leaves
        )
    return may_be_secret(text)


def looks_secret(text: str) -> bool:
    """Whether a text has something in it that is certainly a secret, whatever its place is called."""
    return is_certain(text)
