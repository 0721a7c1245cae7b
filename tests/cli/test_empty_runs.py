"""Selections that select nothing, and files that aren't there: said, also where nothing would come of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Airconn = Callable[..., Any]
NOTHING = "warning: the sources hold nothing that is selected\n"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "in.json"
    path.write_text(json.dumps({"variables": {"region": "eu"}}))
    return path


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["convert", "IN", "-o", "OUT.json"], NOTHING),
        (["convert", "IN", "-o", "OUT.env"], NOTHING),
        (["export", "--from", "IN", "-o", "OUT.yaml"], NOTHING),
        (["import", "IN", "--to", "OUT.json"], NOTHING),
        (["diff", "IN", "IN"], "warning: neither side holds anything that is selected\n"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_globs_that_match_nothing_are_an_error_unless_that_is_allowed_and_then_told_also_where_it_is_to_be_quiet(
    airconn: Airconn, source: Path, tmp_path: Path, args: list[str], said: str
) -> None:
    args = [arg.replace("IN", str(source)).replace("OUT", str(tmp_path / "out")) for arg in args]
    result = airconn(*args, "--include", "regoin", "-q")
    assert (result.code, result.out) == (3, "")
    assert "in.json: --include 'regoin' matches nothing\nhint:  did you mean variables/region? --allow" in result.err
    assert [path.name for path in tmp_path.iterdir()] == ["in.json"]
    result = airconn(*args, "--include", "regoin", "-q", "--allow-empty")
    assert (result.code, result.err) == (0, said)


def test_that_there_is_nothing_at_all_is_no_fault_of_a_selection(airconn: Airconn, tmp_path: Path) -> None:
    (tmp_path / "in.json").write_text(json.dumps({"variables": {}}))
    for args in (["convert", "--format", "env"], ["import", "--to", tmp_path / "out.json"]):
        result = airconn(*args, tmp_path / "in.json")
        assert (result.code, f"error: {tmp_path}/in.json: the sources hold nothing\n" in result.err) == (3, True)
    result = airconn("convert", tmp_path / "in.json", "--format", "env", "--allow-empty")
    assert (result.code, result.err) == (0, "warning: the sources hold nothing\n")
    assert airconn("convert", tmp_path / "in.json", "--format", "env", "-q", "--allow-empty").err == ""


@pytest.mark.parametrize(
    ("args", "objects", "said"),
    [
        (["convert", "--format", "uri"], {"variables": {"a": "b"}}, "the uri format can't hold anything"),
        (["convert", "--format", "env"], {"variables": {"a": "'`"}}, "the env format can't hold anything"),
        (
            ["convert", "--redacted", "omit", "--variables"],
            {"variables": {"a": "***"}},
            "every object has hidden values that is selected",
        ),
        (
            ["diff", "empty.env"],
            {"pools": {"a": {"slots": 1}}},
            "neither side holds anything that the other can hold",
        ),
        (
            ["run", "--dry-run", "--from"],
            {"pools": {"a": {"slots": 1}}},
            "nothing is set: all selected objects are omitted",
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_has_no_place_is_not_said_to_be_not_there(
    airconn: Airconn, tmp_path: Path, args: list[str], objects: object, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty.env").touch()
    (tmp_path / "in.json").write_text(json.dumps(objects))
    result = airconn(*args, "in.json")
    assert (result.code, said.removesuffix(" that is selected") in result.err) == (3, True)
    assert "--allow-empty" in result.err
    result = airconn(*args, "in.json", "--allow-empty")
    assert (result.code, said in result.err) == (0, True)
    assert "the sources hold nothing" not in result.err


def test_a_kind_that_the_target_has_no_place_for_is_there_all_the_same(
    airconn: Airconn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in.json").write_text('{"pools": {"a": {"slots": 1}}}')
    (tmp_path / "c.json").write_text("{}")
    (tmp_path / "v.json").write_text("{}")
    result = airconn("import", "in.json", "--to", "local:c.json,v.json")
    assert (result.code, "1 pools skipped, because this target can't hold them" in result.err) == (3, True)
    result = airconn("import", "in.json", "--to", "local:c.json,v.json", "--allow-empty")
    assert (result.code, "warning: the target can't hold anything\n" in result.err) == (0, True)
    assert "the sources hold nothing" not in result.err


@pytest.mark.parametrize("name", ["out.json", "out.yaml", "out.uri"])
def test_a_file_is_not_emptied_by_a_slip(airconn: Airconn, source: Path, tmp_path: Path, name: str) -> None:
    out = tmp_path / name
    connection = tmp_path / "c.json"
    connection.write_text(json.dumps({"connections": {"c": {"conn_type": "http"}}, "variables": {}}))
    assert airconn("convert", connection, "--connections", "-o", out).code == 0
    before = out.read_text()
    result = airconn("convert", connection, "--connections", "--include", "nobody", "-o", out)
    assert (result.code, out.read_text()) == (3, before)
    result = airconn("convert", connection, "--connections", "--include", "nobody", "-o", out, "--allow-empty")
    assert (result.code, out.read_text()) == (4, before)
    assert "there is nothing to write, and the object of this file would be gone" in result.err
    assert result.err.endswith("nothing was written\n")
    empty = ["convert", connection, "--connections", "--include", "nobody", "--allow-empty", "-o", out]
    assert airconn(*empty, "--replace").code == 0
    assert out.read_text() != before
    # What is empty already can be written anew.
    assert airconn(*empty).code == 0


def test_a_file_to_fill_from_has_to_be_there_though_nothing_is_hidden(
    airconn: Airconn, source: Path, tmp_path: Path
) -> None:
    for args in (["convert", source], ["import", source, "--to", tmp_path / "out.json"]):
        result = airconn(*args, "--fill", tmp_path / "gone.env")
        assert (result.code, "gone.env: no such file" in result.err) == (3, True)
        result = airconn(*args, "--fill", tmp_path / ("x" * 300))
        assert (result.code, "this file can't be read" in result.err) == (3, True)


def test_a_plan_of_elsewhere_says_where_it_is_carried_out(
    airconn: Airconn, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert airconn("import", "in.json", "--to", tmp_path / "o.json", "--dry-run", "--plan-out", "plan.json").code == 0
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    result = airconn("apply", "../plan.json")
    assert (result.code, "in.json: no such file" in result.err) == (3, True)
    assert "run airconn apply in the directory where the plan was made" in result.err


def test_a_plan_may_have_a_source_with_a_name(
    airconn: Airconn, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "airconn.toml").write_text('[addresses]\ndev = "in.json"\n')
    assert airconn("import", "@dev", "--to", tmp_path / "o.json", "--dry-run", "--plan-out", "plan.json").code == 0
    result = airconn("apply", "plan.json")
    assert (result.code, json.loads((tmp_path / "o.json").read_text())["variables"]) == (0, {"region": "eu"})


@pytest.mark.parametrize(
    ("command", "name", "hint"),
    [
        ("show", "variable/region", "did you mean variables/region?"),
        ("get", "reg*", "an ID is not a glob here; airconn list --include shows what one matches"),
    ],
)
def test_an_id_that_is_none_is_told_what_it_may_be(
    airconn: Airconn, source: Path, command: str, name: str, hint: str
) -> None:
    result = airconn(command, name, "--from", source)
    assert (result.code, hint in result.err) == (3, True)


def test_a_place_that_stands_for_itself_is_told_its_option(airconn: Airconn, source: Path) -> None:
    for command in ("list", "export"):
        result = airconn(command, source)
        assert (result.code, f"airconn {command} --from {source}" in result.err) == (2, True)


@pytest.mark.parametrize(
    "args",
    [
        ["list", "--from", "IN"],
        ["list", "--from", "IN", "--output", "json"],
        ["check", "IN"],
        ["run", "--dry-run", "--from", "IN"],
        ["export", "--from", "IN"],
        ["import", "IN", "--to", "OUT", "--dry-run"],
    ],
    ids=" ".join,
)
def test_each_glob_has_to_match_something(airconn: Airconn, source: Path, tmp_path: Path, args: list[str]) -> None:
    args = [arg.replace("IN", str(source)).replace("OUT", str(tmp_path / "out.json")) for arg in args]
    globs = ["--include", "region", "--include", "variables/regi*x", "--include", "connections/qqq*"]
    result = airconn(*args, *globs)
    assert (result.code, result.out) == (3, "")
    assert (
        f"error: {source}: --include 'variables/regi*x' matches nothing\nhint:  did you mean variables/region?"
        in (result.err)
    )
    assert "--include 'connections/qqq*' matches nothing\nhint:  airconn list shows the ids" in result.err
    assert "'region'" not in result.err
    assert airconn(*args, *globs, "--allow-empty").code == 0
    assert airconn(*args, "--include", "region").code == 0


def test_what_other_options_leave_out_is_told(airconn: Airconn, source: Path) -> None:
    result = airconn("list", "--from", source, "--connections", "--include", "reg*")
    assert (result.code, "hint:  other options exclude variables/region; --allow-empty" in result.err) == (3, True)


@pytest.mark.parametrize(
    "args", [["list", "--from"], ["export", "--from"], ["convert"], ["import", "--to", "o.json"]]
)
def test_a_file_of_other_kinds_than_those_that_are_selected(airconn: Airconn, source: Path, args: list[str]) -> None:
    result = airconn(*args, source, "--pools")
    assert (result.code, result.out) == (3, "")
    assert f"error: {source}: 1 variable here, which are not selected\nhint:  add --variables" in result.err


def test_a_place_that_is_empty_is_listed_exported_and_compared(airconn: Airconn, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{}")
    for args in (["list", "--from"], ["export", "--from"], ["diff", tmp_path / "a.json"], ["run", "-n", "--from"]):
        assert airconn(*args, tmp_path / "a.json").code == 0


def test_with_prune_a_glob_may_match_in_the_target_alone(airconn: Airconn, source: Path, tmp_path: Path) -> None:
    (tmp_path / "out.json").write_text(json.dumps({"connections": {}, "variables": {"old": "1"}}))
    args = [
        "import",
        source,
        "--to",
        tmp_path / "out.json",
        "--prune",
        "--dry-run",
        "--include",
        "region",
        "--include",
    ]
    assert airconn(*args, "old").code == 0
    result = airconn(*args, "odl")
    assert (result.code, "did you mean variables/old?" in result.err) == (3, True)


def test_an_overlay_adds_what_a_glob_matches(airconn: Airconn, source: Path, tmp_path: Path) -> None:
    args = ["import", source, "--to", tmp_path / "out.json", "--rename", "region=zone"]
    assert airconn(*args, "--include", "region").code == 0


def test_explain_suggests_the_nearest_id(airconn: Airconn) -> None:
    env = {"AIRFLOW_VAR_REGION": "eu", "AIRFLOW_HOME": "/nowhere"}
    result = airconn("explain", "variables/regoin", "--no-backend", "--database", "env:", env=env)
    assert (result.code, "hint:  did you mean variables/region?" in result.err) == (3, True)


def test_check_tells_of_a_glob_that_matches_nothing_also_in_a_file_that_others_can_read(
    airconn: Airconn, source: Path
) -> None:
    source.write_text(json.dumps({"variables": {"region": "eu", "api_key": "s3cretpw"}}))
    source.chmod(0o644)
    assert "AC512" in airconn("check", source).out
    result = airconn("check", source, "--include", "region", "--include", "regoin")
    assert (result.code, result.out) == (3, "")
    assert "--include 'regoin' matches nothing\nhint:  did you mean variables/region? --allow-empty" in result.err
    result = airconn("check", source, "--include", "regoin", "--allow-empty")
    assert result.code == 0


PLAIN = "ZONE=eu\n# hi\nexport DB_HOST='a b'\nZONE=us\n"


@pytest.mark.parametrize(
    "command", ["import FILE --to OUT", "convert FILE", "export --from FILE -o OUT", "run --from FILE -n"]
)
def test_a_env_file_of_plain_names_is_an_error_that_says_how_to_read_it(
    airconn: Airconn, tmp_path: Path, command: str
) -> None:
    path, out = tmp_path / "variables.env", tmp_path / "out.json"
    path.write_text(PLAIN)
    args = [{"FILE": path, "OUT": out}.get(word, word) for word in command.split()]
    result = airconn(*args)
    assert (result.code, result.out, out.exists()) == (3, "", False)
    assert result.err.startswith(
        f"error: {path}: no AIRFLOW_CONN_* or AIRFLOW_VAR_* in it, but 3 other names\n"
        "hint:  --kind variables reads each name as a variable, as AIRFLOW_VAR_NAME is; --allow-empty"
    )
    assert airconn(*args, "--allow-empty").code == 0


def test_plain_names_are_variables_if_the_user_says_so(airconn: Airconn, tmp_path: Path) -> None:
    (tmp_path / "variables.env").write_text(PLAIN)
    result = airconn("convert", tmp_path / "variables.env", "--kind", "variables", "--variables")
    assert json.loads(result.out) == {"DB_HOST": "a b", "ZONE": "us"}
    (tmp_path / "x.env").write_text("A=1\nno value\n")
    wrong = airconn("convert", tmp_path / "x.env", "--kind", "variables")
    assert (wrong.code, "x.env:2: this line is not NAME=VALUE" in wrong.err) == (3, True)


def test_other_names_beside_those_of_airflow_are_never_variables(airconn: Airconn, tmp_path: Path) -> None:
    (tmp_path / "x.env").write_text("SECRET=1\nAIRFLOW_VAR_A=1\n")
    result = airconn("convert", tmp_path / "x.env", "--kind", "variables", "--variables")
    assert json.loads(result.out) == {"a": "1"}


def test_one_of_several_sources_without_anything_for_airflow_is_a_warning(airconn: Airconn, tmp_path: Path) -> None:
    (tmp_path / "a.env").write_text("AIRFLOW_VAR_A=1\n")
    (tmp_path / "b.env").write_text("ZONE=eu\n")
    result = airconn("convert", tmp_path / "a.env", tmp_path / "b.env")
    assert result.code == 0
    assert f"warning: {tmp_path}/b.env: no AIRFLOW_CONN_* or AIRFLOW_VAR_* in it: nothing is read\n" in result.err


def test_sources_of_which_all_is_left_out_say_what(airconn: Airconn, tmp_path: Path) -> None:
    (tmp_path / "a.env").write_text("A=1\nAIRFLOW_CONN_X=\n")
    result = airconn("import", tmp_path / "a.env", "--to", tmp_path / "o.json")
    assert result.code == 3
    said = "AIRFLOW_CONN_X is empty, which is not a connection to Airflow: left out"
    assert f"error: {tmp_path}/a.env:2: the sources hold nothing else: {said}\n" in result.err
