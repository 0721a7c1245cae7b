"""Files with one object each: their names, and their texts, which are proven to give back the object."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from typing import Any

from airconn.errors import InputError
from airconn.formats import documents, omission, registry, split_mark, yaml_tree
from airconn.formats.base import ReadOptions, Rendered, WriteOptions, holdable
from airconn.formats.python_json import that_python_writes
from airconn.model import AirflowObject, Bundle, Connection, Kind, Text, Variable, jsontext
from airconn.model.own_references import references_hidden, with_own_references
from airconn.model.reading import Reading

FORMATS = ("yaml", "json")
"""The formats of such files."""

_LONGEST = 150
"""The most characters of a name without its ending. Most file systems take 255 bytes, and git on Windows paths of 260
characters."""
_KEPT = 100
_UNSAFE = re.compile(r"[^A-Za-z0-9_.-]")
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)", re.IGNORECASE)
"""The names that Windows doesn't take, with any ending."""


def file_name(id_: str, format_name: str) -> str:
    """The name of the file of an object, which no other id has, also where capitals don't count.

    All but letters, digits, `_`, `-` and `.` is percent-encoded, as is what a system or a reader takes for something
    else. Behind a `~` is which letters are capitals, and of a long id a digest. No reader needs the name.
    """
    stem = _encoded(id_)
    if registry.name_of_path(f"{stem}.{format_name}") != format_name:  # such as airflow_settings.yaml
        stem = _percent(stem[0]) + stem[1:].replace(".", _percent("."))
    capitals = sum(1 << place for place, letter in enumerate(filter(str.isalpha, id_)) if letter in _CAPITALS)
    stem += f"~{capitals:x}" if capitals else ""
    if len(stem) > _LONGEST:
        stem = f"{stem[:_KEPT]}~~{hashlib.sha256(id_.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}"
    return f"{stem}.{format_name}"


_CAPITALS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ")


def _encoded(id_: str) -> str:
    if not id_:
        return "%"
    stem = _UNSAFE.sub(lambda match: _percent(match[0]), id_)
    if stem[0] in ".-" or _RESERVED.match(stem):  # hidden, an option, a device
        stem = _percent(stem[0]) + stem[1:]
    return stem


def _percent(text: str) -> str:
    return "".join(f"%{byte:02x}" for byte in text.encode("utf-8", "surrogatepass"))


def render(obj: AirflowObject, path: str, format_name: str, options: WriteOptions, *, masks: bool) -> Rendered:
    """The text of the file of an object, and what it can't hold.

    Hidden leaves are references to themselves or, with `masks`, masks. Raises `InputError` for an object that no text
    gives back.
    """
    (held,), lost = holdable(Bundle.of([obj]), options)
    if not masks:
        held = references_hidden(with_own_references(held))[0]
    for document in _documents(held if masks else with_own_references(held)):
        text = _text(document, format_name)
        if _gives_back(held, text, path, format_name, options):
            return Rendered(text, tuple(lost))
    raise InputError(
        f"{obj.kind.value}/{obj.id} can't be written so that its file is read back the same",
        where=str(obj.origin),
        hint="--exclude excludes it",
    )


def object_of(text: str, path: str, format_name: str, options: ReadOptions) -> AirflowObject | None:
    """The one object of such a file. None for a text that isn't one of these."""
    reading = _read(text, path, format_name, options) if split_mark.is_marked(text) else None
    if reading is None or reading.faults or len(reading.bundle) != 1:
        return None
    return next(iter(reading.bundle))


def _documents(obj: AirflowObject) -> Iterator[dict[str, Any]]:
    """The documents that may hold an object, the most readable one first.

    An extra, or a value, that is JSON is a mapping of its own if that gives back the same text, so that one change in
    it is one line. A section alone may look like an object (`conn_type` as the id of a variable).
    """
    entry = documents.entry_of(obj)
    if isinstance(entry, dict):
        entry = {name: value for name, value in entry.items() if value is not None}
    for value in (_nested(obj, entry), entry):
        yield {obj.kind.value: {obj.id: value}}
        yield {kind.value: {obj.id: value} if kind is obj.kind else {} for kind in Kind}


def _nested(obj: AirflowObject, entry: Any) -> Any:
    if isinstance(obj, Connection) and isinstance(obj.extra, Text):
        value = that_python_writes(obj.extra.text)
        return {**entry, "extra": value} if value else entry
    if isinstance(obj, Variable) and isinstance(obj.value, Text) and obj.value.text[:1] in ("{", "["):
        try:
            jsontext.refuse_deep(obj.value.text, value := json.loads(obj.value.text))
        except (ValueError, RecursionError):
            return entry
        if value and json.dumps(value, indent=2) == obj.value.text:
            return {**entry, "value": value} if isinstance(entry, dict) else value
    return entry


def _text(document: dict[str, Any], format_name: str) -> str:
    if format_name == "yaml":
        return split_mark.YAML + yaml_tree.dump(document)
    return jsontext.dumps({omission.KEY: split_mark.JSON, **document}, indent=2) + "\n"


def _gives_back(obj: AirflowObject, text: str, path: str, format_name: str, options: WriteOptions) -> bool:
    reading = _read(text, path, format_name, ReadOptions(options.airflow))
    if reading is None or reading.faults or reading.notes or len(reading.bundle) != 1:
        return False
    back = reading.bundle.get(obj.kind, obj.id)
    return back == obj


def _read(text: str, path: str, format_name: str, options: ReadOptions) -> Reading | None:
    try:
        if registry.detect(path, text) != format_name:
            return None
        return registry.get_format(format_name).read(text, path, options)
    except InputError:
        return None
