"""210 inputs and what real Airflows make of them (`cases/airflow/`): airconn makes the same, but for a few."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from airconn.errors import InputError
from airconn.formats import connection_fields
from airconn.model import NOWHERE, AirflowVersion, Rules, rules_for

CASES = Path(__file__).parent / "cases" / "airflow"
URIS: list[dict[str, Any]] = json.loads((CASES / "uris.json").read_text())
JSONS: list[dict[str, Any]] = json.loads((CASES / "connection_json.json").read_text())
AIRFLOWS = {"airflow_2_11": "2.11.2", "airflow_3_3": "3.3.2"}
FIELDS = ("conn_type", "description", "host", "login", "password", "schema", "port", "extra")

# Where airconn deliberately reads something else than Airflow does: input -> fields, and why. No fields: airconn
# reads what Airflow refuses, or the other way round.
NO_TYPE = "a connection without a type has the type '', which the database can hold, and not None"
NUMBER = "a number in a field of text is an error; Airflow fails when it makes a URI of it"
DEVIATIONS: dict[str, tuple[set[str], str]] = {
    "": ({"conn_type", "host", "schema"}, "to Airflow's core an empty text is no URI"),
    '{"host":"h"}': ({"conn_type"}, NO_TYPE),
    "{}": ({"conn_type"}, NO_TYPE),
    '{"conn_type":null}': ({"conn_type"}, NO_TYPE),
    '{"conn_type":""}': ({"conn_type"}, NO_TYPE),
    '{"conn_type":"h","host":5}': (set(), NUMBER),
    '{"conn_type":"h","login":5}': (set(), NUMBER),
    '{"conn_type":"h","extra":{"a":1,"a":2}}': (set(), "a key that stands twice is an error, and not the last one"),
    '{"conn_type":"h","extra":{"a":1.50,"b":1e5,"c":12345678901234567890}}': (
        {"extra"},
        "a number inside of an extra keeps its text",
    ),
}
ONLY_BEFORE_TEAMS = {
    '{"conn_type":"h","team_name":"t"}': "what a newer Airflow exports is read for an older one, too"
}


def read(text: str, is_json: bool, rules: Rules) -> dict[str, Any] | None:
    try:
        connection = (connection_fields.from_json if is_json else connection_fields.from_uri)(
            "c", text, rules, NOWHERE
        )
    except InputError:
        return None
    fields = {name: getattr(connection, name) for name in FIELDS}
    return fields | {"extra": connection.extra and connection.extra.text}  # type: ignore[union-attr]


def made_by_airflow(case: dict[str, Any], airflow: str) -> dict[str, Any] | None:
    result = case[airflow]
    return None if "error" in result else {name: result.get(name) for name in FIELDS}


@pytest.mark.parametrize("airflow", AIRFLOWS)
@pytest.mark.parametrize("is_json", [False, True], ids=["uris", "json"])
def test_airconn_reads_what_airflow_reads(airflow: str, is_json: bool) -> None:
    rules = rules_for(AirflowVersion.parse(AIRFLOWS[airflow]))
    found: dict[str, set[str]] = {}
    for case in JSONS if is_json else URIS:
        ours, theirs = read(case["input"], is_json, rules), made_by_airflow(case, airflow)
        if ours is None or theirs is None:
            if ours is not theirs:
                found[case["input"]] = set()
        elif ours != theirs:
            found[case["input"]] = {name for name in FIELDS if ours[name] != theirs[name]}
    cases = {case["input"] for case in (JSONS if is_json else URIS)}
    expected = {text: fields for text, (fields, _) in DEVIATIONS.items() if text in cases}
    if is_json and not rules.team_names:
        expected |= {text: set() for text in ONLY_BEFORE_TEAMS}
    assert found == expected


def test_there_are_210_of_them() -> None:
    assert len(URIS) + len(JSONS) == 210
