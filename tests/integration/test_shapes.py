"""Shapes that Airflow refuses or converts, such as YAML without quotes. The import of each release is the judge."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from airconn.formats import get_format
from airconn.formats.base import ReadOptions
from airconn.model import AirflowVersion, Connection, Kind, Variable
from tests.integration.conftest import EVERY_VERSION
from tests.integration.test_formats import airflow, answers, as_dumped

CONNECTIONS = {
    "login": "a: {conn_type: sftp, login: 0123}",
    "decimal": "a: {conn_type: sftp, login: 1.50}",
    "schema": "a: {conn_type: sftp, schema: 000}",
    "date as login": "a: {conn_type: sftp, login: 2024-01-01}",
    "digits": "a: {conn_type: sftp, login: 240117, description: 5}",
    "extra": "a: {conn_type: sftp, extra: {a: yes, b: off, c: 1_000, d: 12:30:00, e: 1e5, f: 08, g: .inf, on: ~}}",
    "keys": "a: {conn_type: sftp, extra: {1: x, 1.50: y, ~: z, no: w}}",
    "port": "a: {conn_type: sftp, port: 022}",
    "time as port": "a: {conn_type: sftp, port: 22:22}",
    "merged": "b: &b {conn_type: sftp, extra: {x: 1, y: 2}}\na: {<<: *b, host: h}",
    "pairs": "a: {conn_type: sftp, extra: {a: !!pairs [on: 1]}}",
    "password": "a: {conn_type: sftp, password: 240117}",
    "truth as password": "a: {conn_type: sftp, password: yes}",
    "date as password": "a: {conn_type: sftp, password: 2024-01-01}",
    "list as login": "a: {conn_type: sftp, login: [x]}",
    "object as schema": "a: {conn_type: sftp, schema: {x: y}}",
    "date": "a: {conn_type: sftp, extra: {a: 2024-01-01}}",
    "date as key": "a: {conn_type: sftp, extra: {2024-01-01: x}}",
    "bytes": "a: {conn_type: sftp, extra: {a: !!binary aGk=}}",
    "set": "a: {conn_type: sftp, extra: {a: !!set {x}}}",
    "list": "a: {conn_type: sftp, extra: [1]}",
    "empty list": "a: {conn_type: sftp, extra: []}",
    "number as extra": "a: {conn_type: sftp, extra: 5}",
    "id": "123: {conn_type: sftp}",
    "truth as id": "on: {conn_type: sftp}",
    "uri": "a: {uri: 5}",
    "number": "a: 5",
    "nothing": "a:",
    "equals": "a: {conn_type: sftp, host: =}",
    "unknown field": "a: {conn_type: sftp, pasword: x}",
    "two connections": "a: [{conn_type: sftp}, {conn_type: http}]",
    # What a database takes, each in its own way, and nothing can use.
    "truth as host": "a: {conn_type: sftp, host: yes}",
    "no password": "a: {conn_type: sftp, password: no}",
    "zero as password": "a: {conn_type: sftp, password: 0}",
    "number as type": "a: {conn_type: 5}",
    "truth as port": "a: {conn_type: sftp, port: yes}",
    "half a port": "a: {conn_type: sftp, port: 80.5}",
    "word as port": "a: {conn_type: sftp, port: abc}",
    "no as extra": "a: {conn_type: sftp, extra: no}",
}
STRICTER = frozenset(list(CONNECTIONS)[-8:])
VARIABLES = {
    "octal": "k: 0123",
    "truth": "k: yes",
    "capitals": "k: True",
    "null": "k: ~",
    "nothing": "k:",
    "decimal": "k: 1.50",
    "time": "k: 12:30:00",
    "exponent": "k: 1e3",
    "infinite": "k: .inf",
    "object": "k: {a: 0123, b: yes, 2.50: z, ~: w}",
    "number as key": "0123: x",
    "decimal as key": "1.50: x",
    "date as key": "2024-01-01: x",
    "date": "k: 2024-01-01",
    "date and time": "k: 2024-01-01 10:00:00",
    "date in it": "k: {a: 2024-01-01}",
    "bytes": "k: !!binary aGk=",
    "equals": "k: =",
    "wrapped": "k: {value: 0123, description: d}",
}
OF_VARIABLES = AirflowVersion(3, 1, 8)
"""The first release whose command reads variables from YAML."""


def by_airconn(text: str, kind: Kind, version: AirflowVersion) -> dict[str, Any] | None:
    reading = get_format("yaml").read(text, f"{kind.value}.yaml", ReadOptions(airflow=version))
    if reading.faults:
        return None
    return {obj.id: as_dumped(obj) for obj in reading.found if isinstance(obj, Connection | Variable)}


@pytest.mark.parametrize("version", EVERY_VERSION)
def test_yaml_is_imported_as_airflow_imports_it_or_refused_as_it_is_there(version: str, tmp_path: Path) -> None:
    ours = AirflowVersion.parse(version)
    kinds = {Kind.CONNECTIONS: CONNECTIONS} | ({Kind.VARIABLES: VARIABLES} if ours >= OF_VARIABLES else {})
    questions: list[list[str]] = []
    asked: list[tuple[Kind, str, str]] = []
    for kind, cases in kinds.items():
        for number, (name, text) in enumerate(cases.items()):
            path = tmp_path / f"{kind.value}{number}.yaml"
            path.write_text(text + "\n")
            questions += [["wipe"], ["cli", kind.value, "import", str(path)], ["dump"]]
            asked.append((kind, name, text))
    (tmp_path / "home").mkdir()
    with airflow(version, tmp_path / "home", "run") as process:
        found = answers(process, questions)
    assert len(found) == len(questions), (tmp_path / "home" / "log").read_text()[-2000:]
    wrong = {}
    for (kind, name, text), said, dumped in zip(asked, found[1::3], found[2::3], strict=True):
        theirs = dumped[kind.value] if dumped and not said["code"] and dumped[kind.value] else None
        expected = by_airconn(text, kind, ours)
        if name in STRICTER and kind is Kind.CONNECTIONS:
            assert expected is None, name
        elif expected != theirs:
            wrong[f"{kind.value}: {name}"] = (expected, theirs, said)
    assert not wrong, json.dumps(wrong, indent=1, default=str)[:6000]
