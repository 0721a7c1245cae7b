"""Single objects with their values, for people and for scripts. Secrets are masked unless they are asked for."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from airconn.model import MASK, REDACTED, AirflowObject, Text, hidden_fields, is_hidden_whole, jsontext, value_fields
from airconn.model.jsontext import JsonPath
from airconn.model.leaves import leaf_name, leaves_of
from airconn.model.secrecy import is_secret
from airconn.quoting import clean, to_json
from airconn.report.results import SCHEMA_VERSION

_HIDDEN = f"{MASK} (hidden by the source)"


def show_lines(objects: Sequence[AirflowObject], *, reveal: bool) -> Iterator[str]:
    """The lines of each object: its origin, and each field and leaf of extra that is set."""
    for obj in objects:
        yield clean(f"{obj.kind.value}/{obj.id}  ({obj.origin})")
        rows = [row for name in value_fields(obj.kind) for row in _rows(obj, name, reveal)]
        width = max((len(name) for name, _ in rows), default=0)
        for name, value in rows:
            yield f"  {name.ljust(width)}  {value}".rstrip()


def _rows(obj: AirflowObject, name: str, reveal: bool) -> Iterator[tuple[str, str]]:
    value = _held(obj, name)
    leaves = leaves_of(value)
    in_one_piece = name != "extra" and isinstance(value, Text) and not value.hidden
    if in_one_piece and (reveal or not _secrets(obj, name)):
        leaves = {(): value}
    for path, leaf in leaves.items():
        yield clean(leaf_name(name, path)), _shown(obj, name, path, leaf, reveal)


def _held(obj: AirflowObject, name: str) -> Any:
    """A field, where one that isn't said because all is hidden is hidden as well."""
    return REDACTED if name == "conn_type" and is_hidden_whole(obj) else getattr(obj, name)


def _shown(obj: AirflowObject, name: str, path: JsonPath, leaf: Any, reveal: bool) -> str:
    if leaf is REDACTED:
        return _HIDDEN
    if not reveal and is_secret(obj, name, path, leaf):
        return MASK
    text = leaf.text if isinstance(leaf, Text) else leaf
    if isinstance(text, str):
        return clean(text) if text.strip() else json.dumps(text)
    return jsontext.dumps(text)


def _secrets(obj: AirflowObject, name: str) -> list[JsonPath]:
    """The leaves of a field that the source shows and that are secrets."""
    leaves = leaves_of(getattr(obj, name))
    return [p for p, leaf in leaves.items() if leaf is not REDACTED and is_secret(obj, name, p, leaf)]


def show_json(objects: Sequence[AirflowObject], source: str, *, reveal: bool) -> str:
    """The objects as JSON, where a text that is JSON itself stays a text.

    `masked` and `hidden` name the leaves that are written as `***`.
    """
    entries = []
    for obj in objects:
        masked = {} if reveal else {name: paths for name in value_fields(obj.kind) if (paths := _secrets(obj, name))}
        fields = {name: _field(_held(obj, name), masked.get(name, [])) for name in value_fields(obj.kind)}
        entries.append(
            {
                "kind": obj.kind.value,
                "id": obj.id,
                "origin": str(obj.origin),
                "fields": fields,
                "masked": [leaf_name(name, path) for name, paths in masked.items() for path in paths],
                "hidden": list(hidden_fields(obj)),
            }
        )
    return to_json({"schema_version": SCHEMA_VERSION, "source": source, "objects": entries})


def _field(value: Any, masked: Sequence[JsonPath]) -> Any:
    if value is REDACTED or () in masked:
        return MASK
    if isinstance(value, Text) and masked:
        return jsontext.dumps(
            jsontext.replace_leaves(jsontext.loads(value.text), lambda path, leaf: MASK if path in masked else leaf)
        )
    return value.text if isinstance(value, Text) else value
