"""The main job, end to end, on every tested Airflow: what was imported is what Airflow itself then exports."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.integration.target import Target

FORMATS = ["env", "uri", "json", "yaml", "settings"]


@pytest.fixture
def target(sandbox: Any, airconn: Callable[..., Any], tmp_path: Path) -> Target:
    target = Target(sandbox, airconn, tmp_path)
    target.wipe()
    return target


def held_by(format_name: str, objects: dict[str, Any]) -> dict[str, Any]:
    """What of the examples a format can hold, worked out by hand from `objects.json`."""
    connections = {id_: dict(fields) for id_, fields in objects["connections"].items()}
    variables = {
        key: value if isinstance(value, dict) else {"value": value, "description": None}
        for key, value in objects["variables"].items()
    }
    pools = {name: dict(fields) for name, fields in objects["pools"].items()}
    if format_name == "uri":
        variables = pools = {}
        for fields in connections.values():
            fields |= {"description": None, "host": fields["host"] or "", "schema": fields["schema"] or ""}
    if format_name == "env":
        pools = {}
    if format_name == "settings":
        for fields in connections.values():
            fields["description"] = None
        for fields in pools.values():
            fields["include_deferred"] = False
    if format_name in ("env", "settings"):
        variables = {key: {"value": fields["value"], "description": None} for key, fields in variables.items()}
    return {"connections": connections, "variables": variables, "pools": pools}


def as_airflow_prints(variables: dict[str, Any], version: str) -> dict[str, Any]:
    """`airflow variables export` of a version: values that are JSON are decoded, and 2.x drops descriptions."""
    printed: dict[str, Any] = {}
    for key, fields in variables.items():
        try:
            value = json.loads(fields["value"])
        except ValueError:
            value = fields["value"]
        wrapped = fields["description"] and version.startswith("3.")
        printed[key] = {"value": value, "description": fields["description"]} if wrapped else value
    return printed


@pytest.mark.parametrize("format_name", FORMATS)
def test_what_was_imported_is_what_airflow_exports(target: Target, examples: Path, format_name: str) -> None:
    source = target.directory / f"objects.{format_name}"
    converted = target.airconn("convert", examples / "objects.json", "--format", format_name, "-o", source)
    assert converted.code == 0
    expected = held_by(format_name, json.loads((examples / "objects.json").read_text()))

    first = target.airconn("import", source, "--from-format", format_name)
    assert (first.code, first.err) == (0, "")
    number = sum(len(objects) for objects in expected.values())
    assert first.out.endswith(f": {number} created, 0 updated, 0 unchanged\n")
    exported = target.exported()
    assert exported["connections"] == expected["connections"]
    assert exported["variables"] == as_airflow_prints(expected["variables"], target.box.version)
    assert exported["pools"] == expected["pools"]
    assert target.database() == expected

    second = target.airconn("import", source, "--from-format", format_name, "--output", "json")
    assert second.code == 0
    for entry in json.loads(second.out)["objects"]:
        assert entry["action"] in ("unchanged", "update")
        assert all(field["how"].startswith("hidden") for field in entry["fields"]), entry
    assert target.database() == expected


@pytest.mark.parametrize("format_name", FORMATS)
def test_an_export_that_is_imported_again_destroys_nothing(target: Target, examples: Path, format_name: str) -> None:
    assert target.airconn("import", examples / "objects.json").code == 0
    before = target.database()
    out = target.directory / f"export.{format_name}"
    exported = target.airconn("export", "--exclude", "pools/default_pool", "--format", format_name, "-o", out, "-v")
    assert exported.code == 0
    assert "connections/warehouse  password\n" in exported.err
    secrets = [fields["password"] for fields in before["connections"].values() if fields["password"]]
    assert not any(secret in out.read_text() for secret in secrets)
    again = target.airconn("import", out, "--from-format", format_name)
    assert again.code == 0, again.err + again.out
    after = target.database()
    for conn_id, fields in before["connections"].items():
        assert after["connections"][conn_id]["password"] == fields["password"]
        assert after["connections"][conn_id]["extra"] == fields["extra"]
    assert {key: fields["value"] for key, fields in after["variables"].items()} == {
        key: fields["value"] for key, fields in before["variables"].items()
    }


def test_the_examples_of_the_readme_arrive_in_airflow(target: Target, examples: Path) -> None:
    result = target.airconn("import", examples / ".env", examples / "airflow_settings.yaml")
    assert (result.code, result.err) == (0, "")
    found = target.database()
    assert found["connections"]["warehouse"]["password"] == "p@ss/w:rd#1"
    assert json.loads(found["connections"]["google_cloud_default"]["extra"])["keyfile_dict"]["scopes"] == [
        "https://www.googleapis.com/auth/cloud-platform"
    ]
    assert found["connections"]["Bastion-Host"]["host"] == "Bastion.Example.com"
    assert found["connections"]["lake"]["schema"] == "raw"
    assert found["variables"]["zip_code"]["value"] == "01234"
    assert found["variables"]["feature_flags"]["value"] == ""
    assert found["variables"]["greeting"]["value"] == 'She said "it\'s #1" for $5\nand left'
    assert set(found["pools"]) == {"etl", "reports"}


@pytest.mark.parametrize(
    ("args", "env", "code", "message"),
    [
        ([".env"], {"AIRCONN_PASSWORD": "wrong"}, 5, "from AIRCONN_USERNAME and AIRCONN_PASSWORD"),
        ([".env"], {"AIRCONN_USERNAME": "", "AIRCONN_PASSWORD": ""}, 5, "AIRCONN_TOKEN"),
        ([".env"], {"AIRCONN_URL": "http://127.0.0.1:1"}, 5, "http://127.0.0.1:1: nothing listens there"),
        ([".env"], {"AIRCONN_URL": "http://name.invalid"}, 5, "http://name.invalid: "),
        ([".env"], {"AIRCONN_URL": "http://canary:pw@127.0.0.1:1"}, 2, "AIRCONN_USERNAME"),
        (["missing.env"], {}, 3, "missing.env: no such file"),
        (["broken.env"], {}, 3, "broken.env:1: this line is not NAME=VALUE"),
        ([".env", "--from-format", "toml"], {}, 2, "unknown format 'toml'"),
        (["bad-id.json"], {}, 3, "bad-id.json:1:2: connections/not valid: "),
        (["masked.json"], {}, 4, "connections/new"),
    ],
)
def test_what_is_wrong_is_told_and_nothing_is_written(
    target: Target,
    examples: Path,
    monkeypatch: pytest.MonkeyPatch,
    args: list[str],
    env: dict[str, str],
    code: int,
    message: str,
) -> None:
    monkeypatch.chdir(target.directory)
    Path(".env").write_text((examples / ".env").read_text())
    Path("broken.env").write_text("AIRFLOW_CONN_A B\nAIRFLOW_VAR_X=canary\n")
    Path("bad-id.json").write_text('{"not valid": {"conn_type": "http", "password": "canary"}}')
    Path("masked.json").write_text(
        '{"connections": {"new": {"conn_type": "http", "password": "***"}}, "variables": {"v": "x"}}'
    )
    before = target.database()
    result = target.airconn("import", *args, **env)
    assert message in result.err + result.out
    assert (result.code, "canary" in result.err + result.out) == (code, False)
    assert result.err.endswith("nothing was written\n")
    assert target.database() == before


def test_a_dry_run_shows_the_plan_and_writes_nothing(target: Target, examples: Path) -> None:
    before = target.database()
    result = target.airconn("import", examples / ".env", "--dry-run")
    assert result.code == 0
    assert "  + connections/warehouse     postgres  " in result.out
    assert result.out.endswith(": would be 8 created, 0 updated, 0 unchanged\n")
    assert target.database() == before


def test_what_exists_is_skipped_or_refused_as_told(target: Target, tmp_path: Path) -> None:
    (tmp_path / "a.env").write_text("AIRFLOW_VAR_X=old\n")
    (tmp_path / "b.env").write_text("AIRFLOW_VAR_X=new\nAIRFLOW_VAR_Y=new\n")
    assert target.airconn("import", tmp_path / "a.env").code == 0
    refused = target.airconn("import", tmp_path / "b.env", "--on-existing", "fail")
    assert (refused.code, "exists, with other values" in refused.out) == (4, True)
    assert set(target.database()["variables"]) == {"x"}
    skipped = target.airconn("import", tmp_path / "b.env", "--on-existing", "skip")
    assert (skipped.code, skipped.out.endswith(": 1 created, 0 updated, 0 unchanged, 1 skipped\n")) == (0, True)
    assert {key: fields["value"] for key, fields in target.database()["variables"].items()} == {
        "x": "old",
        "y": "new",
    }
