"""`--strict`: what would be a warning about the input, or a loss, is an error, and nothing is written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

TEXT = "AIRFLOW_CONN_A='http://u:p@h/s?a=b#c'\nAIRFLOW_CONN_B=\nAIRFLOW_VAR_X=1\n"
COMMANDS = [
    "import SOURCE --to OUT",
    "import SOURCE --to OUT --plan-out OUT",
    "import SOURCE --to OUT --dry-run",
    "convert SOURCE",
    "convert SOURCE -o OUT",
    "export --from SOURCE",
    "export --from SOURCE -o OUT",
    "diff SOURCE SOURCE",
    "run --from SOURCE -- true",
]


def words(command: str, source: Path, out: Path) -> list[str]:
    return [{"SOURCE": str(source), "OUT": str(out)}.get(word, word) for word in command.split()]


@pytest.mark.parametrize("command", COMMANDS)
def test_each_warning_about_the_input_is_an_error_in_the_same_words(airconn, tmp_path: Path, command: str) -> None:
    source, out = tmp_path / ".env", tmp_path / "out.json"
    source.write_text(TEXT)
    name, *rest = words(command, source, out)
    strict = airconn(name, "--strict", *rest)
    assert (strict.code, strict.out, out.exists()) == (3, "", False)
    lines = list(dict.fromkeys(strict.err.splitlines()))
    assert [line for line in lines if line.startswith("error: ")] == [
        f"error: {source}:2: AIRFLOW_CONN_B is empty, which is not a connection to Airflow: left out",
        f"error: {source}:1: Airflow drops this '#' and all that follows: connections/a (percent-encode it as %23)",
    ]


@pytest.mark.parametrize("command", [command for command in COMMANDS if not command.startswith("run")])
def test_input_without_a_warning_passes(airconn, tmp_path: Path, command: str) -> None:
    source, out = tmp_path / ".env", tmp_path / "out.json"
    source.write_text("AIRFLOW_CONN_A=http://u:p@Host/s?a=b\nAIRFLOW_VAR_X=1\nOTHER=1\n")
    name, *rest = words(command, source, out)
    assert airconn(name, "--strict", *rest).code == 0


def test_what_the_target_of_an_import_can_not_hold_is_an_error_before_anything_is_written(
    airconn, tmp_path: Path
) -> None:
    objects = {"connections": {"a": {"conn_type": "http", "description": "d", "host": "h", "schema": "s"}}}
    (tmp_path / "in.json").write_text(json.dumps(objects))
    result = airconn("import", tmp_path / "in.json", "--to", tmp_path / "out.uri", "--strict")
    assert result.code == 3
    assert result.err == "error: connections/a: description has no field in a URI\nnothing was written\n"
    assert not (tmp_path / "out.uri").exists()
    assert airconn("import", tmp_path / "in.json", "--to", tmp_path / "out.uri").code == 0


def test_objects_of_a_kind_that_the_target_can_not_hold_are_an_error(airconn, tmp_path: Path) -> None:
    (tmp_path / "in.json").write_text('{"variables": {"a": "1"}, "pools": {"p": {"slots": 1}}}')
    result = airconn("import", tmp_path / "in.json", "--to", tmp_path / "out.env", "--strict")
    assert (result.code, (tmp_path / "out.env").exists()) == (3, False)
    assert "1 pools skipped, because this target can't hold them" in result.err


def test_a_plan_that_was_made_strictly_is_carried_out_strictly(airconn, tmp_path: Path) -> None:
    source, plan = tmp_path / ".env", tmp_path / "plan.json"
    source.write_text("AIRFLOW_VAR_X=1\n")
    assert airconn("import", source, "--to", tmp_path / "o.json", "--strict", "--plan-out", plan).code == 0
    assert json.loads(plan.read_text())["request"]["strict"] is True
    source.write_text("AIRFLOW_VAR_X=1\nAIRFLOW_CONN_B=\n")
    result = airconn("apply", plan)
    assert (result.code, (tmp_path / "o.json").exists()) == (3, False)
    assert "AIRFLOW_CONN_B is empty" in result.err


@pytest.mark.parametrize("command", COMMANDS)
def test_the_configuration_can_say_it_and_an_option_the_opposite(airconn, tmp_path: Path, command: str) -> None:
    source, out = tmp_path / ".env", tmp_path / "out.json"
    source.write_text(TEXT)
    (tmp_path / "airconn.toml").write_text("strict = true\n")
    name, *rest = words(command, source, out)
    assert airconn(name, *rest).code == 3
    if name != "run":  # which would take the place of this process
        assert airconn(name, "--no-strict", *rest).code == 0


def test_a_setting_of_another_type_is_refused(airconn, tmp_path: Path) -> None:
    (tmp_path / "airconn.toml").write_text('strict = "yes"\n')
    result = airconn("import", "x.env")
    assert result.code == 2
    assert "'strict' has to be true or false, without quotes" in result.err
    assert result.err.endswith("nothing was written\n")


def test_a_file_as_target_doesn_t_say_which_airflow_reads_a_uri(airconn, tmp_path: Path) -> None:
    (tmp_path / "a.uri").write_text("a=postgres://h/d?a=1\n")
    result = airconn("import", tmp_path / "a.uri", "--to", tmp_path / "b.json", "--strict")
    assert (result.code, (tmp_path / "b.json").exists()) == (3, False)
    assert "query values are JSON to Airflow" in result.err
    assert airconn("import", tmp_path / "a.uri", "--to", tmp_path / "b.json").code == 0
