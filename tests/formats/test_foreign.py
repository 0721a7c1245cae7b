"""Files of other tools: refused by what they look like, and never variables by a guess."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

LIST = {"variables": [{"key": "zone", "value": "x", "description": None, "is_encrypted": True}], "total_entries": 1}
ENV = "AIRFLOW_VAR_ZONE: eu-west-1\nAIRFLOW_CONN_SALES: postgres://etl:s3cretpw@db.example.com/sales\n"
CONNECTION = {"connection_id": "crm", "conn_type": "http", "host": "h", "password": "s3cretpw", "extra": None}

FILES: dict[str, tuple[str, Any, str, str]] = {
    "an error": ("variables.json", {"detail": "Not found"}, "an error of Airflow's REST API", "airconn export"),
    "an error of v1": (
        "vars.json",
        {"detail": None, "status": 401, "title": "Unauthorized", "type": "https://x"},
        "an error of Airflow's REST API",
        "airconn export",
    ),
    "Helm, settings": ("values.yaml", "executor: x\nextraEnvFrom: y\n", "the values of a Helm chart", "of their own"),
    "ECS": (
        "task.json",
        {"family": "x", "environment": [{"n": "AIRFLOW_VAR_ZONE", "v": "s3cretpw"}]},
        "the configuration of another tool",
        "into a .env",
    ),
}


@pytest.mark.parametrize("case", FILES)
@pytest.mark.parametrize("command", ["convert", "check", "import"])
def test_a_file_of_another_tool_is_named_and_makes_no_objects(
    airconn, tmp_path: Path, case: str, command: str
) -> None:
    name, content, what, hint = FILES[case]
    (tmp_path / name).write_text(content if isinstance(content, str) else json.dumps(content))
    more = {"convert": ["--format", "json"], "check": [], "import": ["--to", tmp_path / "target.yaml", "--yes"]}
    result = airconn(command, tmp_path / name, *more[command])
    said = result.out + result.err
    assert result.code == 3, said
    assert name in said
    assert what in said
    assert command == "check" or hint in result.err
    assert "s3cretpw" not in said
    assert not (tmp_path / "target.yaml").exists()


def test_variables_that_are_really_called_so_are_read_when_the_user_says_it(airconn, tmp_path: Path) -> None:
    for number, text in enumerate(('{"AIRFLOW_VAR_ZONE": "x"}', '{"detail": "x"}', '{"executor": "x", "rbac": "y"}')):
        path = tmp_path / f"{number}.json"
        path.write_text(text)
        result = airconn("convert", path, "--kind", "variables", "--format", "json", "--variables")
        assert (result.code, json.loads(result.out)) == (0, json.loads(text))


def test_a_connection_is_no_variable_even_then(airconn, tmp_path: Path) -> None:
    (tmp_path / "env.yaml").write_text(ENV)
    result = airconn("convert", tmp_path / "env.yaml", "--kind", "variables", "--format", "json")
    assert (result.code, result.out) == (3, "")
    assert "a mapping of environment variables" in result.err


@pytest.mark.parametrize(
    "variables",
    [
        {"executor": "x", "secret": "y"},
        {"detail": "x", "other": "y"},
        {"total_entries": "5"},
        {"variables": "x", "total_entries": 5},
        {"ingress": "x"},
        {"ingress": "x", "executor": "y", "rbac": "z"},
        {"services": {"a": "b"}},
        {"note": "see AIRFLOW_VAR_X"},
        {"my_AIRFLOW_VAR_X": "y"},
    ],
)
def test_what_the_name_of_a_file_says_is_believed_of_the_rest(
    airconn, tmp_path: Path, variables: dict[str, Any]
) -> None:
    (tmp_path / "variables.json").write_text(json.dumps(variables))
    result = airconn("convert", tmp_path / "variables.json", "--format", "json", "--variables")
    assert result.code == 0, result.err
    assert set(json.loads(result.out)) == set(variables)


def test_sections_hold_variables_of_any_name(airconn, tmp_path: Path) -> None:
    text = json.dumps({"connections": {}, "variables": {"AIRFLOW_VAR_ZONE": "x", "detail": "y"}})
    (tmp_path / "all.json").write_text(text)
    result = airconn("convert", tmp_path / "all.json", "--format", "json")
    assert json.loads(result.out)["variables"] == {"AIRFLOW_VAR_ZONE": "x", "detail": "y"}


@pytest.mark.parametrize("name", ["variables.json", "other.json"])
@pytest.mark.parametrize(
    "variables",
    [
        {"detail": "x"},
        {"services": {"web": {"image": "x"}}},
        {"airflowHome": "x", "executor": "y"},
        {"list": ["AIRFLOW_VAR_X=y"], "other": {"z": 1}},
    ],
)
def test_what_may_be_variables_after_all_is_refused_with_the_way_to_read_it(
    airconn, tmp_path: Path, name: str, variables: dict[str, Any]
) -> None:
    (tmp_path / name).write_text(json.dumps(variables))
    result = airconn("convert", tmp_path / name, "--format", "json", "--variables")
    if result.code == 0:
        assert (name, "list" in variables) == ("variables.json", True)
        return
    assert result.code == 3
    is_compose = "services" in variables  # which is suggested to be variables only if its name says so
    suggested = ", or add --kind variables if these are variables\n" in result.err
    assert suggested != (is_compose and name == "other.json")
    result = airconn("convert", tmp_path / name, "--format", "json", "--variables", "--kind", "variables")
    assert (result.code, set(json.loads(result.out))) == (0, set(variables))
