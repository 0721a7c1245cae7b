"""Which leaves and fields hold a secret, going by Airflow's own list of names."""

from __future__ import annotations

from collections.abc import Iterator

from airconn.airflow.masked_names import is_sensitive
from airconn.model import jsontext
from airconn.model.jsontext import JsonPath
from airconn.model.objects import AirflowObject, Connection, Variable
from airconn.model.redacted import MASK
from airconn.model.text import Text


def is_sensitive_path(path: JsonPath) -> bool:
    """Whether Airflow hides the leaf at a path, which it does below any sensitive key."""
    return any(isinstance(part, str) and is_sensitive(part) for part in path)


def is_sensitive_place(obj: AirflowObject, field: str, path: JsonPath = ()) -> bool:
    """Whether a field of an object, or a leaf of the field, holds a secret."""
    if isinstance(obj, Connection) and field == "password":
        return True
    if isinstance(obj, Variable) and field == "value" and is_sensitive(obj.key):
        return True
    return is_sensitive_path(path)


def has_secrets(text: str) -> bool:
    """Whether a text is JSON with a secret in it. Of what only looks like JSON, any sensitive word counts as one."""
    if text.lstrip()[:1] not in ("{", "["):
        return False
    try:
        value = jsontext.loads(text)
    except ValueError:
        return is_sensitive(text)
    return any(
        is_sensitive_path(path) and not isinstance(leaf, bool | None) and leaf not in ("", MASK, {}, [])
        for path, leaf in jsontext.leaves(value)
    )


def text_leaves(text: Text) -> Iterator[tuple[JsonPath, str]]:
    """The texts in a JSON object or list, with their paths. Other texts have none."""
    if text.text.lstrip()[:1] not in ("{", "["):
        return
    try:
        value = jsontext.loads(text.text)
    except ValueError:
        return
    for path, leaf in jsontext.leaves(value):
        if isinstance(leaf, str):
            yield path, leaf
