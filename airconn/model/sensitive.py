"""Which leaves and fields hold a secret, by Airflow's own list of names."""

from __future__ import annotations

from collections.abc import Iterator

from airconn.airflow.masked_names import is_sensitive
from airconn.model import jsontext
from airconn.model.jsontext import JsonPath
from airconn.model.objects import AirflowObject, Connection, Variable
from airconn.model.redacted import MASK
from airconn.model.text import Text


def is_sensitive_path(path: JsonPath) -> bool:
    """Whether Airflow hides the leaf at a path: it hides all that is below a sensitive key."""
    return any(isinstance(part, str) and is_sensitive(part) for part in path)


def is_sensitive_place(obj: AirflowObject, field: str, path: JsonPath = ()) -> bool:
    """Whether a field of an object, or a leaf of the field, holds a secret."""
    if isinstance(obj, Connection) and field == "password":
        return True
    if isinstance(obj, Variable) and field == "value" and is_sensitive(obj.key):
        return True
    return is_sensitive_path(path)


def has_secrets(text: str) -> bool:
    """Whether a text is JSON that holds a secret. In broken JSON, any sensitive word counts."""
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
    """The texts in a JSON object or list, with their paths. Nothing for text of another shape."""
    if text.text.lstrip()[:1] not in ("{", "["):
        return
    try:
        value = jsontext.loads(text.text)
    except ValueError:
        return
    for path, leaf in jsontext.leaves(value):
        if isinstance(leaf, str):
            yield path, leaf
