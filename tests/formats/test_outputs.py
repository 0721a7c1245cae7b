"""What tools print is recognized by its shape, read as it is, and never half of it in silence."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from airconn.formats import detect, get_format
from airconn.formats.base import ReadOptions
from airconn.model import Kind
from tests.formats.test_growth import is_linear

CASES = Path(__file__).parent / "cases" / "output"
CONNECTION = {
    "id": "1", "conn_id": "crm", "conn_type": "http", "description": None, "host": "h", "schema": None, "login": None,
    "password": None, "port": "8443", "is_encrypted": "False", "is_extra_encrypted": "False",
    "extra_dejson": {"timeout": "5"}, "get_uri": "http://h:8443/?__extra__=%7B%22timeout%22%3A+5%7D",
}  # fmt: skip
POOL = {"name": "a", "slots": 4, "occupied_slots": 0, "running_slots": 0, "queued_slots": 0, "open_slots": 4}
SECRET = {"ARN": "arn", "Name": "airflow/variables/zone", "SecretString": "eu"}


def found_in(text: str, name: str = "x.json", **values: str) -> Any:
    return get_format("output").parse(text, name, ReadOptions(values=values))


@pytest.mark.parametrize("path", sorted(path for path in CASES.iterdir() if "expected" not in path.name), ids=str)
def test_every_case_is_recognized_by_its_content_under_any_name(path: Path) -> None:
    text = path.read_text()
    for name in ("x.json", "x.yaml", "list.txt", "connections.json", "variables.yaml", "<stdin>"):
        assert detect(name, text) == "output"


@pytest.mark.parametrize(
    "document",
    [
        {},
        [],
        {"zone": "eu", "key": "x", "value": "y"},
        {"key": "zone", "value": {"rows": 1}, "description": None},
        {"key": "zone", "val": "eu"},
        {"conn_id": "crm", "conn_type": "http"},
        {"crm": {"conn_type": "http", "conn_id": "crm"}},
        [{"key": "zone", "value": "eu"}],
        [{"key": "zone", "val": "eu", "more": "x"}],
        [{"conn_id": "crm", "conn_type": "http", "more": "x"}],
        [CONNECTION, "x"],
        [{"pool": "heavy", "slots": 4}],
        [POOL],
        {"connections": {"crm": {"conn_type": "http"}}, "total_entries": {"conn_type": "http"}},
        {"pools": [{"name": "a", "slots": 4}]},
        {"variables": ["a"], "total_entries": 1},
        {"variables": [], "total_entries": 0, "section": {}},
        {"objectKey": "a", "objectType": "b"},
        {"deployment": {"environment_variables": "x"}},
        {"deployment": {"environment_variables": []}},
        {"data": {"data": {"conn_uri": "http://h"}}},
        {"Parameters": [{"Name": "a", "Value": "b"}]},
        {"Parameters": [], "Resources": {}},
        {"Name": "airflow/variables/zone", "SecretString": "eu"},
        {"name": "projects/p/secrets/s", "payload": {"data": "eA=="}},
        {"id": "http://h/secrets/a/b", "value": "x", "attributes": {}},
        {"detail": "Not found"},
        [{"detail": "Not found"}],
    ],
    ids=json.dumps,
)
def test_a_document_that_only_resembles_an_output_isnt_taken_for_one(document: Any) -> None:
    assert detect("x.json", json.dumps(document)) == "json"


@pytest.mark.parametrize(
    ("document", "kinds"),
    [
        ([CONNECTION], {Kind.CONNECTIONS}),
        ([{"key": "a", "val": "b"}], {Kind.VARIABLES}),
        ({"pools": [POOL | {"include_deferred": False}], "total_entries": 1}, {Kind.POOLS}),
        (SECRET, {Kind.CONNECTIONS, Kind.VARIABLES}),
    ],
    ids=["connections", "variables", "pools", "secret"],
)
def test_pruning_by_an_output_reaches_only_the_kinds_that_it_can_hold(document: Any, kinds: set[Kind]) -> None:
    if isinstance(document, dict) and "pools" in document:
        document["pools"] = [document["pools"][0] | {"include_deferred": False}]
    assert found_in(json.dumps(document)).kinds == kinds


def test_an_airflow_that_types_the_query_of_a_uri_gets_the_extra_as_it_was() -> None:
    entry = CONNECTION | {"extra_dejson": {"a": "1"}, "get_uri": "http://h:8443/?a=1"}
    extra = found_in(json.dumps([entry])).bundle.connections["crm"].extra
    assert extra.text == '{"a": "1"}'


def test_lines_above_an_output_are_passed_over_and_other_lines_arent() -> None:
    text = json.dumps([CONNECTION])
    head = "2026-11-30T12:51:23.198627Z [info     ] setup plugin [alembic] loc=plugins.py:37\n"
    found = found_in(f"{head}{head}{text}")
    assert str(found.bundle.connections["crm"].origin) == "x.json:3:2"
    assert detect("x.json", f"[2026-11-30T12:51:23.198+0000] {{a.py:1}} INFO - loaded\n{text}") == "output"
    assert detect("x.json", f"hello\n{text}") == "json"


def test_a_page_that_isnt_all_is_said_and_blocks_pruning(airconn: Any, tmp_path: Path) -> None:
    (tmp_path / "page.json").write_text((CASES / "rest-v2-connections-short-page.json").read_text())
    (tmp_path / "target.yaml").write_text("connections: {old: {conn_type: fs}}\nvariables: {}\npools: {}\n")
    result = airconn("convert", tmp_path / "page.json", "--format", "json")
    assert (result.code, "only 2 of 5 connections" in result.err) == (0, True)
    result = airconn(
        "import", tmp_path / "page.json", "--include", "bare", "--to", tmp_path / "target.yaml", "--prune", "--yes"
    )
    assert (result.code, "--prune would delete it" in result.err) == (4, True)
    assert "old" in (tmp_path / "target.yaml").read_text()


def test_pages_that_are_all_together_are_whole() -> None:
    variable = {"value": "x", "description": None, "is_encrypted": True}
    pages = [{"variables": [{"key": str(i), **variable}], "total_entries": 3} for i in range(3)]
    assert found_in(json.dumps(pages)).notes == ()
    assert "only 2 of 3 variables" in found_in(json.dumps(pages[:2])).notes[0].message


def test_the_prefixes_of_secrets_are_options(airconn: Any, tmp_path: Path) -> None:
    (tmp_path / "secret.json").write_text(json.dumps({**SECRET, "Name": "team/vars/zone"}))
    result = airconn("convert", tmp_path / "secret.json", "--format", "json", "--variables")
    assert "--from-variables-prefix" in result.err
    result = airconn(
        "convert", tmp_path / "secret.json", "--format", "json", "--variables", "--from-variables-prefix", "team/vars"
    )
    assert (result.code, json.loads(result.out), result.err) == (0, {"zone": "eu"}, "")


def test_an_output_of_vault_needs_the_name_of_the_secret(airconn: Any, tmp_path: Path) -> None:
    (tmp_path / "secret.json").write_text((CASES / "vault-kv-get.json").read_text())
    result = airconn("convert", tmp_path / "secret.json", "--format", "json")
    assert (result.code, "--from-secret-name connections/CONN_ID" in result.err) == (3, True)
    result = airconn("list", "--from", tmp_path / "secret.json", "--from-secret-name", "secret/connections/crm")
    assert (result.code, "crm" in result.out) == (0, True)


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("airflow-connections-table.txt", "airflow connections list --show-values -o json"),
        ("airflow-connections-plain.txt", "airflow connections list --show-values -o json"),
        ("airflow-variables-table.txt", "airflow variables export"),
        ("airflow-pools-plain.txt", "airflow pools list -o json"),
        ("astro-table.txt", "astro env connection list --include-secrets --format json"),
    ],
)
@pytest.mark.parametrize("saved", ["list.txt", "connections.json", "objects.yaml"])
def test_a_table_is_refused_with_the_command_that_prints_json(
    airconn: Any, tmp_path: Path, name: str, command: str, saved: str
) -> None:
    (tmp_path / saved).write_text((CASES / name).read_text())
    result = airconn("convert", tmp_path / saved, "--format", "json")
    assert (result.code, command in result.err) == (3, True)
    assert "made-up" not in result.err


def test_the_output_in_another_format_is_refused_with_the_way_out(airconn: Any, tmp_path: Path) -> None:
    for text in (json.dumps([CONNECTION]), (CASES / "rest-v2-variables-page.json").read_text()):
        (tmp_path / "variables.json").write_text(text)
        result = airconn("convert", tmp_path / "variables.json", "--from-format", "json", "--format", "json")
        assert (result.code, result.out, "leave --from-format out" in result.err) == (3, "", True)


def test_reading_grows_with_the_number_of_objects() -> None:
    def text(number: int) -> str:
        return json.dumps([CONNECTION | {"conn_id": f"c{index}"} for index in range(number)])

    assert is_linear(lambda number: partial(found_in, text(number)))


def test_outputs_one_after_the_other_are_all_read_with_their_lines() -> None:
    variable = {"value": "x", "description": None, "is_encrypted": True}
    pages = [json.dumps({"variables": [{"key": str(i), **variable}], "total_entries": 3}) for i in range(3)]
    text = "\n".join(pages)
    assert detect("x.json", text) == "output"
    found = found_in(text)
    assert {key: variable.origin.line for key, variable in found.bundle.variables.items()} == {"0": 1, "1": 2, "2": 3}
    assert found.notes == ()
    assert detect("x.json", '{"key": "a"}{"key": "b"}') == "json"


def test_two_shapes_in_one_file_are_both_read() -> None:
    text = json.dumps([[CONNECTION], [{"key": "zone", "val": "eu"}], SECRET | {"Name": "airflow/variables/other"}])
    assert len(found_in(text).bundle) == 3
