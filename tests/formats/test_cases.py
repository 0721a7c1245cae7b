"""Golden cases: files, and what they are read as or written as. Adding one needs no code.

`cases/FORMAT/NAME.*` is read; what is expected is in `NAME.expected.json` beside it: the objects with the line
and column of each, notes and errors. `options` in it says how to read: `airflow`, `kind`, `values` (of options of
the format), and `source`, the name that the file is said to have. Each is read with LF and with CRLF, and with a
byte order mark before it.

`cases/write/NAME/objects.json` is written in every shape, to the files beside it.

`AIRCONN_UPDATE_CASES=1 pytest tests/formats/test_cases.py` writes what is expected, for you to look at.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from airconn.errors import InputError, InputErrors
from airconn.formats import get_format
from airconn.formats.base import ReadOptions
from airconn.model import (
    NEWEST,
    REDACTED,
    AirflowObject,
    AirflowVersion,
    Bundle,
    Kind,
    Text,
    hidden_fields,
    value_fields,
)
from airconn.model.ambiguity_warnings import warnings
from tests.formats.options import writing

CASES = Path(__file__).parent / "cases"
UPDATE = bool(os.environ.get("AIRCONN_UPDATE_CASES"))
READ = sorted(
    path
    for name in ("env", "uri", "json", "yaml", "settings", "k8s", "environment", "output")
    for path in (CASES / name).iterdir()
    if not path.name.endswith(".expected.json")
)
VARIANTS: dict[str, Callable[[str], str]] = {
    "lf": lambda text: text,
    "crlf": lambda text: text.replace("\n", "\r\n"),
    "bom": lambda text: "\ufeff" + text,
}
SHAPES: dict[str, tuple[str, dict[str, Any]]] = {
    ".env": ("env", {}),
    "uri.env": ("env", {"connection_format": "uri"}),
    "objects.uri": ("uri", {}),
    "all.json": ("json", {}),
    "all.yaml": ("yaml", {}),
    "airflow_settings.yaml": ("settings", {}),
    "secrets.k8s.yaml": ("k8s", {}),
    "env.k8s.yaml": ("k8s", {"k8s_layout": "env", "k8s_namespace": "airflow", "k8s_name": "objects"}),
    **{f"{kind.value}.json": ("json", {"kinds": frozenset([kind])}) for kind in Kind},
    "connections.yaml": ("yaml", {"kinds": frozenset([Kind.CONNECTIONS])}),
    "variables-2.11.json": (
        "json",
        {"kinds": frozenset([Kind.VARIABLES]), "airflow": AirflowVersion(2, 11, 2)},
    ),
}


def as_json(obj: AirflowObject, source: str) -> dict[str, Any]:
    entry: dict[str, Any] = {"at": str(obj.origin).removeprefix(f"{source}:")}
    for name in value_fields(obj.kind):
        value = getattr(obj, name)
        if value is REDACTED:
            entry[name] = {"hidden": True}
        elif value is not None:
            entry[name] = value.text if isinstance(value, Text) else value
    if hidden := [name for name in hidden_fields(obj) if "." in name or "[" in name]:
        entry["hidden"] = hidden
    return entry


def read(format_name: str, text: str, options: dict[str, Any]) -> dict[str, Any]:
    source = options["source"]
    how = ReadOptions(
        airflow=AirflowVersion.parse(options["airflow"]) if "airflow" in options else NEWEST,
        kind=Kind(options["kind"]) if "kind" in options else None,
        values=options.get("values", {}),
    )
    try:
        parsed = get_format(format_name).parse(text, source, how)
    except InputError as error:
        faults = error.errors if isinstance(error, InputErrors) else (error,)
        return {"errors": [str(fault).removeprefix(f"{source}:") for fault in faults]}
    found: dict[str, Any] = {"objects": {f"{obj.kind.value}/{obj.id}": as_json(obj, source) for obj in parsed.bundle}}
    notes = [*((note.where, note.message) for note in parsed.notes), *warnings(parsed.bundle)]
    if notes:
        found["notes"] = [f"{where}: {message}".replace(f"{source}:", "") for where, message in notes]
    if parsed.ignored:
        found["ignored"] = parsed.ignored
    return found


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("path", READ, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_file_is_read_as_expected(path: Path, variant: str) -> None:
    beside = path.parent / f"{path.name}.expected.json"
    expected = json.loads(beside.read_text()) if beside.exists() else {}
    options = expected.pop("options", {})
    text = VARIANTS[variant](path.read_bytes().decode())
    found = read(path.parent.name, text, {"source": path.name, **options})
    if UPDATE and variant == "lf":
        beside.write_text(json.dumps({**({"options": options} if options else {}), **found}, indent=2) + "\n")
        return
    if variant == "crlf":  # other programs keep the carriage returns in a value with line breaks
        found["notes"] = [note for note in found.get("notes", ()) if "carriage return" not in note] or None
        found, expected = ({name: part for name, part in each.items() if part} for each in (found, expected))
    assert found == expected


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("directory", sorted((CASES / "write").iterdir()), ids=lambda path: path.name)
def test_objects_are_written_as_expected(directory: Path, shape: str) -> None:
    source = directory / "objects.json"
    how = ReadOptions(airflow=AirflowVersion(2, 11))  # which takes any extra
    bundle = get_format("json").parse(source.read_text(), source.name, how).bundle
    name, options = SHAPES[shape]
    kinds = options.get("kinds", frozenset(Kind))
    chosen = Bundle.of(obj for obj in bundle if obj.kind in kinds)
    rendered = get_format(name).render(chosen, writing(**options))
    said = [
        *(f"lost: {loss.kind.value}/{loss.id} {loss.field}: {loss.message}" for loss in rendered.losses),
        *(f"note: {note.where}: {note.message}" for note in rendered.notes),
    ]
    remarks = directory / f"{shape}.said.txt"
    if UPDATE:
        (directory / shape).write_text(rendered.text)
        remarks.unlink(missing_ok=True)
        if said:
            remarks.write_text("\n".join(said) + "\n")
        return
    assert rendered.text == (directory / shape).read_text()
    assert said == (remarks.read_text().splitlines() if remarks.exists() else [])
