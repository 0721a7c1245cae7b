"""Finds the secrets of an object, by Airflow's own list of names."""

from __future__ import annotations

from collections.abc import Iterator

from airconn.airflow.masked_names import is_sensitive
from airconn.model import AirflowObject, Connection, Text, Variable, jsontext
from airconn.model.sensitive import is_sensitive_path, text_leaves


def secrets(obj: AirflowObject) -> Iterator[tuple[str, str]]:
    """The texts of an object that are secrets and neither hidden nor empty, with the names of their fields."""
    if isinstance(obj, Connection):
        if isinstance(obj.password, str) and obj.password:
            yield "password", obj.password
        if isinstance(obj.extra, Text):
            yield from _sensitive_leaves("extra", obj.extra)
    elif isinstance(obj, Variable) and isinstance(obj.value, Text):
        if is_sensitive(obj.key) and obj.value.text and not obj.value.hidden:
            yield "value", obj.value.text
        else:
            yield from _sensitive_leaves("value", obj.value)


def _sensitive_leaves(field: str, text: Text) -> Iterator[tuple[str, str]]:
    for path, leaf in text_leaves(text):
        if path not in text.hidden and leaf and is_sensitive_path(path):
            yield f"{field}.{jsontext.show_path(path)}", leaf
