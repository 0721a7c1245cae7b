"""The JSON Schema that `airconn help json-schema` prints holds for what each command prints."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import click
import jsonschema
import pytest

from airconn.check.rules import Severity
from airconn.cli.main import COMMANDS
from airconn.diff import Status
from airconn.diff_many import ManyStatus
from airconn.guide import pages
from airconn.model import Action, Kind
from airconn.model.change import FieldAction
from airconn.report.results import SCHEMA_VERSION
from airconn.stores.connection_tests import Verdict
from airconn.stores.health import Health
from airconn.transfer.lookup import LookupState
from tests.stores.airflow_api.conftest import airflow
from tests.stores.site import Answer, Received, Site

SCHEMA: dict[str, Any] = json.loads(pages()["json-schema"].data)


def closed(schema: Any) -> Any:
    """The schema without room for keys that it doesn't describe."""
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: closed(part) for key, part in schema.items()}
    if isinstance(found.get("properties"), dict) and found.get("type") == "object":
        found.setdefault("additionalProperties", False)
    return found


STRICT = closed(SCHEMA)


def check(command: str, text: str) -> dict[str, Any]:
    """The report, which the schema of its command describes to the last key."""
    report: dict[str, Any] = json.loads(text)
    whole = {"$defs": STRICT["$defs"], "$ref": f"#/$defs/{command}"}
    jsonschema.validate(report, whole, cls=jsonschema.Draft202012Validator)
    jsonschema.validate(report, SCHEMA, cls=jsonschema.Draft202012Validator)
    return report


def with_json() -> Iterator[str]:
    """The commands with `--output json`."""
    for name, (module, _) in COMMANDS.items():
        for param in import_module(module).command.params:
            if param.name == "output" and isinstance(param.type, click.Choice) and "json" in param.type.choices:
                yield name


def test_every_command_with_json_is_described() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert set(with_json()) <= set(SCHEMA["$defs"])
    assert set(SCHEMA["$defs"]) - set(with_json()) == {"schema_version", "kind", "field_names"}


def test_the_words_of_the_schema_are_those_of_the_code() -> None:
    defs = SCHEMA["$defs"]
    step = defs["import"]["properties"]["objects"]["items"]["properties"]
    assert defs["schema_version"]["const"] == SCHEMA_VERSION
    assert defs["kind"]["enum"] == [kind.value for kind in Kind]
    assert step["action"]["enum"] == [action.value for action in Action]
    assert step["fields"]["items"]["properties"]["how"]["enum"] == [how.value for how in FieldAction]
    diff = defs["diff"]["properties"]
    assert diff["objects"]["items"]["properties"]["status"]["enum"] == list(diff["summary"]["properties"])
    assert set(diff["summary"]["properties"]) == {status.value for status in (*Status, *ManyStatus)}
    chains = defs["explain"]["properties"]["objects"]["items"]["properties"]["chains"]["items"]["properties"]
    assert chains["places"]["items"]["properties"]["state"]["enum"] == [state.value for state in LookupState]
    results = defs["test"]["properties"]["connections"]["items"]["properties"]["result"]
    assert results["enum"] == [verdict.name.lower() for verdict in Verdict]
    assert set(defs["check"]["properties"]["summary"]["properties"]) == {severity.value for severity in Severity}
    health = defs["doctor"]["properties"]["checks"]["items"]["properties"]["result"]
    assert health["enum"] == [each.value for each in Health]


def test_a_pipe_gets_the_schema(airconn) -> None:
    assert json.loads(airconn("help", "json-schema").out) == SCHEMA


SOURCE = {
    "connections": {
        "new": {"conn_type": "http", "host": "h", "extra": {"a": {"token": "t"}}},
        "same": {"conn_type": "http"},
        "changed": {"conn_type": "http", "password": "p", "extra": {"x": 1}},
    },
    "variables": {"v": "1", "secret": "***", "api_token": '{"password": "p"}'},
    "pools": {"p": {"slots": 1}},
}
TARGET = {
    "connections": {"same": {"conn_type": "http"}, "changed": {"conn_type": "http", "login": "l", "extra": {"x": 2}}},
    "variables": {"v": "2", "old": "1"},
    "pools": {},
}


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    for name, objects in (("a", SOURCE), ("b", TARGET)):
        (tmp_path / f"{name}.json").write_text(json.dumps(objects))
    return tmp_path / "a.json", tmp_path / "b.json"


def test_imports_and_plans(airconn, files: tuple[Path, Path], tmp_path: Path) -> None:
    a, b = files
    json_ = ("--output", "json")
    blocked = check("import", airconn("import", a, "--to", b, "-n", *json_).out)
    assert blocked["summary"]["blocked"] == 1
    rest = ("--exclude", "secret")
    planned = check("import", airconn("import", a, "--to", b, "-n", "--prune", *rest, *json_).out)
    assert {"planned"} == {step["status"] for step in planned["objects"] if "status" in step}
    skipped = check("import", airconn("import", a, "--to", b, "-n", "--on-existing", "skip", *rest, *json_).out)
    assert skipped["summary"]["skipped"] == 3
    plan = tmp_path / "plan.json"
    assert airconn("import", a, "--to", b, *rest, "--plan-out", plan).code == 0
    done = check("apply", airconn("apply", plan, "--verify", *json_).out)
    assert done["verified"] is True
    check("set", airconn("set", "variables/v.value=3", "--to", b, *json_).out)
    deleted = check("delete", airconn("delete", "variables/v", "--from", b, "--yes", *json_).out)
    assert deleted["summary"]["deleted"] == 1
    runs = check("undo", airconn("undo", "--list", *json_).out)["runs"]
    assert runs
    check("undo", airconn("undo", "--dry-run", *json_).out)


def test_an_import_into_several_targets(airconn, files: tuple[Path, Path], tmp_path: Path) -> None:
    a, b = files
    targets = ("--to", b, "--to", tmp_path / "new.json", "--to", "http://127.0.0.1:9", "--retries", "0")
    args = ("import", a, *targets, "--exclude", "*secret", "--output", "json")
    planned = check("import", airconn(*args, "--dry-run").out)
    assert [one["status"] for one in planned["targets"]] == ["planned", "planned", "not reached"]
    done = check("import", airconn(*args, "--verify").out)
    assert [one["exit_code"] for one in done["targets"]] == [0, 0, 5]
    assert done["targets"][0]["verified"] is True
    plan = tmp_path / "plan.json"
    assert (
        airconn(
            "import", a, *targets[:4], "--exclude", "*secret", "--set", "variables/v.value=9", "--plan-out", plan
        ).code
        == 0
    )
    assert len(check("apply", airconn("apply", plan, "--output", "json").out)["targets"]) == 2
    check("undo", airconn("undo", "--yes", "--output", "json").out)
    deletes = ("--from", b, "--from", tmp_path / "new.json", "--yes", "--output", "json")
    check("delete", airconn("delete", "variables/v", *deletes).out)


def test_reports_of_what_is_there(airconn, files: tuple[Path, Path]) -> None:
    a, b = files
    for command in ("list", "show"):
        ids = (
            () if command == "list" else ("connections/changed", "variables/secret", "variables/api_token", "pools/p")
        )
        for path in (a, b) if command == "list" else (a,):
            check(command, airconn(command, *ids, "--from", path, "--output", "json").out)
    report = check("diff", airconn("diff", a, b, "--output", "json").out)
    assert {obj["status"] for obj in report["objects"]} >= {"only_in_a", "only_in_b", "different", "equal"}
    check("check", airconn("check", a, b, "--output", "json").out)
    check("version", airconn("version", "--output", "json").out)


def test_reports_of_a_server(airconn, files: tuple[Path, Path]) -> None:
    held = {"connection_id": "same", "conn_type": "http", "password": "***", "extra": '{"token": "***"}'}
    row = dict.fromkeys(("host", "login", "port", "schema", "description")) | held
    variable = {"key": "v", "value": "***", "description": None, "is_encrypted": True}
    pool = {"name": "p", "slots": -1, "description": None, "include_deferred": False}

    def answer(received: Received) -> Answer | None:
        shown: dict[str, list[Any]] = {"connections": [row], "variables": [variable], "pools": [pool]}
        kind = received.path.rpartition("/")[2]
        if received.path.endswith("/connections/same"):
            return Answer(body=row)
        if received.path.endswith("/connections/test"):
            return Answer(body={"status": True, "message": "it works"})
        return Answer(body={kind: shown[kind], "total_entries": 1}) if kind in shown else None

    with Site(airflow("3.0.6", answer)) as site:
        env = {"AIRCONN_TOKEN": "a-token", "AIRCONN_URL": site.url, "AIRFLOW_CONN_SAME": "http://h"}
        check("list", airconn("list", "--output", "json", env=env).out)
        check("show", airconn("show", "connections/same", "--output", "json", env=env).out)
        check("diff", airconn("diff", files[0], site.url, "--output", "json", env=env).out)
        check("explain", airconn("explain", "connections/same", "--output", "json", env=env).out)
        check("test", airconn("test", "same", "--source", files[0], "--output", "json", env=env).out)
        check("doctor", airconn("doctor", site.url, "--output", "json", env=env).out)


def test_several_targets_are_described(airconn, tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        value = {"connections": {name: {"conn_type": "http", "password": "***"}}, "variables": {"v": name}}
        (tmp_path / f"{name}.json").write_text(json.dumps(value))
    files = [str(tmp_path / f"{name}.json") for name in ("a", "b", "c", "no")]
    sources = [word for file in files for word in ("--from", file)]
    check("list", airconn("list", *sources, "--output", "json").out)
    check("diff", airconn("diff", *files[:3], "--output", "json").out)
    urls = [word for port in (1, 2) for word in ("--to", f"http://127.0.0.1:{port}")]
    options = ("--retries", "0", "--fail-fast", "--parallel", "1", "--output", "json")
    tests = airconn(
        "test",
        "a",
        "--source",
        files[0],
        "--set",
        "connections/a.password=env:P",
        *urls,
        *options,
        env={"P": "x", "AIRCONN_TOKEN": "t"},
    )
    assert [list(one)[-1] for one in check("test", tests.out)["targets"]] == ["hint", "held_back"]


def test_targets(airconn, tmp_path: Path) -> None:
    (tmp_path / "airconn.toml").write_text(
        '[targets.eu]\naddress = "https://eu"\noverlay = "o.yaml"\ntimeout = 3\ntoken_env = "AIRCONN_EU"\n'
        '[targets.us]\nexclude = "pools/*"\n[groups]\nprod = ["@eu", "@us"]\n'
    )
    report = check("targets", airconn("targets", "--output", "json").out)
    eu, us = report["targets"]
    assert (eu["address"], us["address"], eu["settings"][2]["is_set"]) == ("https://eu", None, False)
    assert [group["name"] for group in report["groups"]] == ["@prod", "@all"]
    assert len(us["problems"]) == 1
