"""`airconn check --from`: what a place holds, checked for the Airflow that it moves to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from airconn.airflow.providers import GIVEN_UP_TYPES, UNREAD_KEYS, bare_key, package_of
from airconn.check.migration import acceptable_id
from airconn.model import AirflowObject, Connection, Pool, Variable, conn_ids
from tests.stores.metadb.databases import Airflow

CANARY = "hunter2canary"


@pytest.fixture
def old(tmp_path: Path) -> Airflow:
    (tmp_path / "old").mkdir()
    return Airflow(tmp_path / "old", "2.11.2")


def findings(airconn: Any, old: Airflow, *args: str) -> list[dict[str, Any]]:
    result = airconn("check", "--airflow", "3.3", "--from", "metadb:", "--output", "json", *args, env=old.environ)
    assert result.code in (0, 3), result.err
    assert CANARY not in result.out + result.err
    found: list[dict[str, Any]] = json.loads(result.out)["findings"]
    return found


def test_findings_name_the_place_the_object_and_the_option_that_settles_them(airconn: Any, old: Airflow) -> None:
    old.connection("a/b", conn_type="http")
    old.connection("legacy", conn_type="http", extra="[1]")
    old.insert("slot_pool", {"pool": "few", "slots": -5, "include_deferred": False})
    old.variable("k" * 251, CANARY)
    result = airconn("check", "--airflow", "3.3", "--from", "metadb:", env=old.environ)
    assert result.code == 3
    long_ = "k" * 251
    assert result.out == (
        "metadb: error AC103 connections/legacy: the extra is not a JSON object, and Airflow 3.3.0 accepts nothing "
        "else\n"
        '  fix: write the extra as {"key": "value"}; --set \'connections/legacy.extra={}\', or its JSON as a text in '
        "an --overlay\n"
        f"metadb: error AC301 variables/{long_}: the key is longer than 250 characters\n"
        f"  fix: use letters, digits, '_', '-' and '.', at most 200 of them; --rename variables/{long_}={'k' * 250}\n"
        "metadb: error AC321 pools/few: its slots are negative; -1 means no limit\n"
        "  fix: correct the field: airconn import refuses it; --set pools/few.slots=-1\n"
        "metadb: warning AC302 connections/a/b: the REST API and the airflow command refuse this id\n"
        "  fix: use letters, digits, '_', '-' and '.', at most 200 of them; --rename connections/a/b=a_b\n"
        "metadb: note AC315 these connections need providers that Airflow 3 doesn't come with: http (http: 2, came "
        "with Airflow 2)\n"
        "  fix: pip install apache-airflow-providers-http, if the new Airflow doesn't have them\n"
    )
    assert result.err.endswith(": 3 errors, 1 warning, 1 note\n")
    assert not result.err.startswith("0 files")


def test_the_same_of_many_objects_is_one_line_and_v_shows_each(airconn: Any, old: Airflow) -> None:
    for number in range(5):
        old.connection(f"a/{number}", conn_type="http")
    args = ("check", "--airflow", "3.3", "--from", "metadb:", "--ignore", "AC315")
    assert airconn(*args, env=old.environ).out == (
        "metadb: warning AC302 5 connections (a/0, a/1, a/2 and 2 more): the REST API and the airflow command "
        "refuse this id\n"
        "  fix: use letters, digits, '_', '-' and '.', at most 200 of them; --rename connections/a/0=a_0 (-v shows "
        "the fix for each)\n"
    )
    each = airconn(*args, "-v", env=old.environ).out
    assert [line.partition("--rename ")[2] for line in each.splitlines()[1::2]] == [
        f"connections/a/{number}=a_{number}" for number in range(5)
    ]


def test_the_options_of_the_fixes_make_an_import_that_no_airflow_3_refuses(
    airconn: Any, old: Airflow, tmp_path: Path
) -> None:
    old.connection("a/b", conn_type="http")
    old.connection("a:b", conn_type="http")
    old.connection("a_b", conn_type="http")
    old.connection("enqueue-test", conn_type="http")
    old.connection("x..y", conn_type="http", extra="no")
    old.variable("line\nbreak", "v")
    old.insert("slot_pool", {"pool": "few", "slots": -5, "include_deferred": False})
    fixes = [found["fix"].partition("; --")[2].partition(", or")[0] for found in findings(airconn, old)]
    assert sum(bool(fix) for fix in fixes) == 7
    arguments = [arg.strip("'$").replace("\\n", "\n") for fix in fixes if fix for arg in f"--{fix}".split(" ", 1)]
    result = airconn("export", "--from", "metadb:", "-o", tmp_path / "new.json", *arguments, env=old.environ)
    assert result.code == 0, result.err
    new = json.loads((tmp_path / "new.json").read_text())
    assert list(new["connections"]) == ["a_b", "a_b_2", "a_b_3", "enqueue-test_2", "x.y"]
    assert (list(new["variables"]), new["pools"]["few"]["slots"]) == (["line_break"], -1)
    checked = airconn("check", tmp_path / "new.json", "--strict", "--airflow", "3.3", env=old.environ)
    assert checked.code == 0, checked.out


def test_keys_that_providers_read_no_more_and_the_packages_that_are_needed(airconn: Any, old: Airflow) -> None:
    old.connection("lake", conn_type="aws", extra=json.dumps({"host": CANARY, "aws_iam_role": "r"}))
    old.connection("dw", conn_type="google_cloud_platform", extra='{"extra__google_cloud_platform__project": "p"}')
    old.connection("hadoop", conn_type="sqoop")
    old.connection("mail", conn_type="smtp")
    found = findings(airconn, old)
    assert [(one["code"], one["id"]) for one in found] == [
        ("AC314", "hadoop"),
        ("AC333", "lake"),
        ("AC333", "lake"),
        ("AC315", None),
        ("AC334", "dw"),
    ]
    assert found[1]["fix"] == "write endpoint_url instead, in an overlay with host: null"
    assert "amazon (aws: 1), google (google_cloud_platform: 1)" in found[3]["message"]
    assert "sqoop" not in found[3]["message"]
    assert "smtp" not in found[3]["message"]


def test_for_airflow_2_providers_are_no_subject(airconn: Any, old: Airflow) -> None:
    old.connection("hadoop", conn_type="sqoop")
    result = airconn("check", "--airflow", "2.11", "--from", "metadb:", env=old.environ)
    assert (result.code, result.out) == (0, "")


def test_entries_that_the_place_does_not_give_are_findings(airconn: Any, old: Airflow) -> None:
    old.connection("p", conn_type="http", port="abc")
    assert [(one["code"], one["message"]) for one in findings(airconn, old)] == [
        ("AC102", "connections/p: its port is not a whole number: left out")
    ]


def test_a_literal_mask_is_a_finding_where_all_values_are_shown(airconn: Any, old: Airflow) -> None:
    old.connection("a", conn_type="smtp", password="***")
    assert [one["code"] for one in findings(airconn, old)] == ["AC501"]


def test_the_environment_is_read_as_airflow_3_reads_it_and_as_airflow_2_did(airconn: Any) -> None:
    env = {
        "AIRFLOW_CONN_TYPED": "smtp://h/?timeout=30",
        "AIRFLOW_CONN_LEGACY": f"smtp://h/?__extra__=%5B%22{CANARY}%22%5D",
        "AIRFLOW_VAR_X": "1",
    }
    result = airconn("check", "--from", "env:", "--output", "json", env=env)
    found = json.loads(result.out)["findings"]
    assert [(one["code"], one["id"]) for one in found] == [("AC103", "legacy"), ("AC211", "typed")]
    assert CANARY not in result.out + result.err


def test_files_and_places_are_checked_together(airconn: Any, tmp_path: Path) -> None:
    (tmp_path / "a.env").write_text("AIRFLOW_CONN_A=http:/h\n")
    (tmp_path / "a.env").chmod(0o600)
    result = airconn("check", tmp_path / "a.env", "--from", "env:", env={"AIRFLOW_CONN_B": "smtp://h/?x=1"})
    assert [line.split()[2] for line in result.out.splitlines() if not line.startswith(" ")] == ["AC203", "AC211"]
    assert result.err == "1 file and the environment: 0 errors, 2 warnings, 0 notes\n"
    assert airconn("check", "--from", tmp_path / "a.env").err == "1 file: 0 errors, 1 warning, 0 notes\n"


def test_sarif_and_annotations_name_the_object_instead_of_a_line(airconn: Any) -> None:
    env = {"AIRFLOW_CONN_B": "smtp://h/?x=1"}
    log = json.loads(airconn("check", "--from", "env:", "--output", "sarif", env=env).out)
    assert log["runs"][0]["results"][0]["locations"] == [
        {"logicalLocations": [{"fullyQualifiedName": "env: connections/b"}]}
    ]
    out = airconn("check", "--from", "env:", env={**env, "GITHUB_ACTIONS": "true"}).out
    assert "::warning title=AC211 typed-query::env: connections/b: " in out


def test_a_glob_that_matches_nothing_there_is_an_error(airconn: Any, old: Airflow) -> None:
    old.connection("warehouse", conn_type="smtp")
    result = airconn("check", "--from", "metadb:", "--include", "warehose", env=old.environ)
    assert (result.code, result.out) == (3, "")
    assert "--include 'warehose' matches nothing" in result.err


def test_fix_is_for_files_alone(airconn: Any, old: Airflow) -> None:
    result = airconn("check", "--fix", "--from", "metadb:", env=old.environ)
    assert (result.code, result.err.splitlines()[0]) == (2, "error: --fix changes files, and none is named")


def test_nothing_to_check_is_an_error(airconn: Any) -> None:
    result = airconn("check")
    assert (result.code, result.err.splitlines()[0]) == (2, "error: no SOURCE and no --from")


@pytest.mark.parametrize(
    "obj",
    [
        Connection(conn_id="a b", conn_type="http"),
        Connection(conn_id="é..ü" * 80, conn_type="http"),
        Variable(key="\na\r\n" * 99, value=None),
        Pool(name="p\n" * 200, slots=1),
    ],
    ids=["blank", "letters", "breaks", "pool"],
)
def test_a_proposed_id_is_one_that_every_api_takes(obj: AirflowObject) -> None:
    name = acceptable_id(obj)
    assert 0 < len(name) <= 256
    assert "\n" not in name
    assert ".." not in name
    if isinstance(obj, Connection):
        assert conn_ids.is_in_api(name)
        assert len(name) <= conn_ids.LONGEST_IN_API


def test_the_tables_of_providers_agree_with_the_types_that_are_published() -> None:
    assert not [name for name in GIVEN_UP_TYPES if package_of(name)]
    assert all(package_of(name) for name in UNREAD_KEYS)
    assert (bare_key("extra__snowflake__account"), bare_key("extra__own__x"), bare_key("x")) == ("account", "", "")


def test_a_group_is_each_of_its_members(airconn: Any, old: Airflow, tmp_path: Path) -> None:
    old.connection("a/b", conn_type="smtp")
    (tmp_path.parent / f"{tmp_path.name}-user.toml").write_text(
        f'[targets.database]\naddress = "{old.address}"\nexclude = ["connections/x*"]\n'
        '[targets.machine]\naddress = "env:"\n[groups]\nboth = ["@database", "@machine"]\n'
    )
    old.connection("x/y", conn_type="smtp")
    result = airconn("check", "--from", "@both", env={**old.environ, "AIRFLOW_CONN_B": "smtp://h/?x=1"})
    assert [line.split(": ")[1].split()[1] for line in result.out.splitlines()[::2]] == ["AC302", "AC211"]
    assert "x/y" not in result.out
    assert airconn("check", "@machine").code == 2
