"""`--expand`, and `expand` and `env_dialect` in the configuration."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

ENV = "PW=correct-horse\nAIRFLOW_CONN_DB=postgres://etl:${PW}@${DB_HOST}/s\n"


def password(text: str) -> object:
    return json.loads(text)["connections"]["db"]["password"]


def test_references_are_expanded_from_the_file_and_the_environment(airconn, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(ENV)
    result = airconn("convert", tmp_path / ".env", "--expand", env={"DB_HOST": "hidden.example.com"})
    assert (result.code, password(result.out), result.err) == (0, "correct-horse", "")


def test_what_came_from_the_environment_is_told_by_name_to_who_asks(airconn, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(ENV + "OTHER=${UNUSED}\n")
    environ = {"DB_HOST": "hidden.example.com", "UNUSED": "x"}
    result = airconn("convert", tmp_path / ".env", "--expand", "-v", "-o", tmp_path / "x.json", env=environ)
    assert f"{tmp_path / '.env'}: taken from the environment: DB_HOST\n" in result.err
    assert "hidden.example.com" not in result.err
    assert "UNUSED" not in result.err


def test_a_variable_that_is_not_set_is_an_error(airconn, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(ENV)
    result = airconn("import", tmp_path / ".env", "--to", tmp_path / "out.json", "--expand")
    assert result.code == 3
    assert f"{tmp_path / '.env'}:2: AIRFLOW_CONN_DB refers to DB_HOST, which isn't set" in result.err
    assert result.err.endswith("nothing was written\n")


@pytest.mark.parametrize(
    "command",
    [
        ["import", "FILE", "--to", "out.json"],
        ["convert", "FILE"],
        ["export", "--from", "FILE"],
        ["run", "--from", "FILE", "--dry-run"],
        ["diff", "FILE", "same"],
        ["check", "FILE"],
        ["list", "--from", "FILE"],
        ["show", "connections/db", "--from", "FILE"],
    ],
    ids=lambda command: command[0],
)
def test_every_command_that_reads_files_expands(airconn, tmp_path: Path, command: list[str]) -> None:
    (tmp_path / "x.env").write_text("AIRFLOW_CONN_DB=${URI}\n")
    (tmp_path / "connections.json").write_text(json.dumps({"db": "postgres://etl:pw@h/s"}))
    places = {"FILE": tmp_path / "x.env", "same": tmp_path / "connections.json", "out.json": tmp_path / "out.json"}
    words = [str(places.get(word, word)) for word in command]
    unset = airconn(*words, "--expand")
    assert unset.code == 3 or (command[0] == "check" and "URI" in unset.out), unset
    expanded = airconn(*words, "--expand", env={"URI": "postgres://etl:pw@h/s"})
    assert expanded.code == 0, expanded
    assert "${URI}" not in expanded.out


@pytest.mark.parametrize("command", ["import", "convert"])
def test_an_option_that_does_nothing_is_an_error(airconn, tmp_path: Path, command: str) -> None:
    (tmp_path / "x.env").write_text("AIRFLOW_VAR_A=$x\n")
    to = ["--to", tmp_path / "out.json"] if command == "import" else []
    result = airconn(command, tmp_path / "x.env", *to, "--expand", "--from-env-dialect", "docker")
    assert result.code == 2
    assert "--expand is not for the env dialect docker: docker run --env-file expands nothing" in result.err


def test_a_file_for_docker_among_others_is_read_as_it_is(airconn, tmp_path: Path) -> None:
    (tmp_path / "x.env").write_text("# airconn: env-dialect docker\nAIRFLOW_VAR_A=$x\n")
    (tmp_path / "y.env").write_text("AIRFLOW_VAR_B=${X}\n")
    files = (tmp_path / "x.env", tmp_path / "y.env")
    result = airconn("convert", *files, "--expand", "-v", env={"X": "new"})
    assert json.loads(result.out)["variables"] == {"a": "$x", "b": "new"}
    assert "nothing is expanded: docker run --env-file doesn't" in result.err


def test_what_fills_in_hidden_values_is_expanded_as_well(airconn, tmp_path: Path) -> None:
    (tmp_path / "variables.json").write_text('{"api_key": "***"}')
    (tmp_path / "fill.env").write_text("AIRFLOW_VAR_API_KEY=${KEY}\n")
    command = ("convert", tmp_path / "variables.json", "--fill", tmp_path / "fill.env", "--expand")
    result = airconn(*command, env={"KEY": "value-of-key"})
    assert (result.code, json.loads(result.out)["variables"]) == (0, {"api_key": "value-of-key"}), result.err
    assert airconn(*command).code == 3


def test_references_in_a_file_of_another_format_are_told(airconn, tmp_path: Path) -> None:
    (tmp_path / "variables.json").write_text('{"a": "${X}"}')
    result = airconn("convert", tmp_path / "variables.json", "--expand")
    assert "--expand is for .env files: references in this file are not expanded" in result.err
    (tmp_path / "variables.json").write_text('{"a": "x"}')
    assert airconn("convert", tmp_path / "variables.json", "--expand").err == ""


PROJECT = "expand = true\n"


def test_a_project_expands_from_the_file_alone(airconn, tmp_path: Path) -> None:
    (tmp_path / "airconn.toml").write_text(PROJECT)
    (tmp_path / "a.env").write_text("PW=x\nAIRFLOW_VAR_A=${PW}\n")
    assert json.loads(airconn("convert", tmp_path / "a.env").out)["variables"] == {"a": "x"}
    (tmp_path / "b.env").write_text("AIRFLOW_VAR_A=${VAULT_TOKEN:-none}\n")
    result = airconn("convert", tmp_path / "b.env", env={"VAULT_TOKEN": "hvs.secret"})
    assert result.code == 3
    assert "AIRFLOW_VAR_A refers to VAULT_TOKEN in the environment, and a project" in result.err
    assert "--expand takes values from there" in result.err
    assert "hvs.secret" not in result.out + result.err
    result = airconn("convert", tmp_path / "b.env", "--expand", env={"VAULT_TOKEN": "hvs.secret"})
    assert json.loads(result.out)["variables"] == {"a": "hvs.secret"}


def test_the_user_s_own_configuration_expands_from_the_environment(airconn, tmp_path: Path) -> None:
    (tmp_path / "a.env").write_text("AIRFLOW_VAR_A=${X}\n")
    own = tmp_path.parent / f"{tmp_path.name}-user.toml"
    own.write_text(PROJECT)
    assert json.loads(airconn("convert", tmp_path / "a.env", env={"X": "x"}).out)["variables"] == {"a": "x"}
    (tmp_path / "airconn.toml").write_text("expand = false\n")
    assert json.loads(airconn("convert", tmp_path / "a.env", env={"X": "x"}).out)["variables"] == {"a": "${X}"}


def test_where_a_project_has_a_file_the_user_s_own_configuration_expands_from_the_env_file_alone(
    airconn, tmp_path: Path
) -> None:
    """The project may be another's, with a target and a `.env` of its choice."""
    (tmp_path.parent / f"{tmp_path.name}-user.toml").write_text(PROJECT)
    (tmp_path / "airconn.toml").write_text('url = "https://airflow.example.com"\n')
    (tmp_path / "a.env").write_text("AIRFLOW_VAR_A=${VAULT_TOKEN}\n")
    result = airconn("convert", tmp_path / "a.env", env={"VAULT_TOKEN": "hvs.secret"})
    assert (result.code, result.out) == (3, "")
    assert "hvs.secret" not in result.err


@pytest.mark.parametrize(("is_of_user", "code"), [(True, 0), (False, 3)])
def test_an_address_has_its_own_expansion_and_dialect(airconn, tmp_path: Path, is_of_user: bool, code: int) -> None:
    (tmp_path / "a.env").write_text("AIRFLOW_VAR_A=$X-$$\n")
    file = tmp_path.parent / f"{tmp_path.name}-user.toml" if is_of_user else tmp_path / "airconn.toml"
    file.write_text(f'[addresses.dev]\nurl = "{tmp_path / "a.env"}"\nenv_dialect = "compose"\nexpand = true\n')
    result = airconn("export", "--from", "@dev", env={"X": "x"})
    assert result.code == code
    if not code:
        assert json.loads(result.out)["variables"] == {"a": "x-$"}
    plain = airconn("convert", tmp_path / "a.env", env={"X": "x"})
    assert json.loads(plain.out)["variables"] == {"a": "$X-$$"}


def test_a_project_says_the_dialect_of_files_that_say_none(airconn, tmp_path: Path) -> None:
    (tmp_path / "airconn.toml").write_text('env_dialect = "docker"\n')
    (tmp_path / "a.env").write_text("AIRFLOW_VAR_A='x'\n")
    (tmp_path / "b.env").write_text("# airconn: env-dialect sh\nAIRFLOW_VAR_A='x'\n")
    assert json.loads(airconn("convert", tmp_path / "a.env").out)["variables"] == {"a": "'x'"}
    assert json.loads(airconn("convert", tmp_path / "b.env").out)["variables"] == {"a": "x"}
    option = airconn("convert", tmp_path / "a.env", "--from-env-dialect", "compose")
    assert json.loads(option.out)["variables"] == {"a": "x"}


def test_a_new_file_of_a_project_is_in_its_dialect_and_says_so(airconn, tmp_path: Path) -> None:
    (tmp_path / "airconn.toml").write_text('env_dialect = "docker"\n')
    (tmp_path / "variables.json").write_text('{"a": "it\'s"}')
    for command in (["convert", "-o"], ["import", "--to"]):
        new = tmp_path / f"{command[0]}.env"
        assert airconn(command[0], tmp_path / "variables.json", command[1], new).code == 0
        assert new.read_text() == "# airconn: env-dialect docker\nAIRFLOW_VAR_A=it's\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('env_dialect = "bash"\n', "'env_dialect' is not an env dialect"),
        ('expand = "yes"\n', "'expand' has to be true or false, without quotes"),
        ('[addresses.x]\nurl = "x.env"\nexpand = 1\n', "address 'x' can't have 'expand' like this"),
        ('[addresses.x]\nurl = "x.env"\nenv_dialect = "bash"\n', "'env_dialect' is not an env dialect"),
    ],
)
def test_a_wrong_setting_is_an_error(airconn, tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "airconn.toml").write_text(text)
    (tmp_path / "a.env").write_text("AIRFLOW_VAR_A=x\n")
    result = airconn("convert", tmp_path / "a.env")
    assert (result.code, said in result.err) == (2, True), result.err


@pytest.mark.parametrize("config", ["", PROJECT])
def test_a_target_keeps_its_references(airconn, tmp_path: Path, config: str) -> None:
    (tmp_path / "airconn.toml").write_text(config)
    text = "PW=old\nAIRFLOW_CONN_DB=postgres://etl:${PW}@h/s\nAIRFLOW_VAR_A=old\n"
    (tmp_path / "target.env").write_text(text)
    (tmp_path / "source.env").write_text(text.replace("old", "new"))
    result = airconn("convert", tmp_path / "source.env", "--expand", "-o", tmp_path / "target.env")
    assert result.code == 4
    assert "connections/db (line 2)" in result.err
    assert (tmp_path / "target.env").read_text() == text.replace("A=old", "A=new")
    same = airconn("convert", tmp_path / "target.env", "--expand", "-o", tmp_path / "target.env", "--connections")
    assert (same.code, (tmp_path / "target.env").read_text()) == (0, text.replace("A=old", "A=new"))


def test_what_is_mended_in_a_file_is_not_expanded(airconn, tmp_path: Path) -> None:
    text = "PW=x\nAIRFLOW_CONN_A=http://u:it's@h\nAIRFLOW_CONN_B=postgres://u:${PW}@h/s\n"
    (tmp_path / ".env").write_text(text)
    airconn("check", tmp_path / ".env", "--fix", "--expand")
    assert "${PW}" in (tmp_path / ".env").read_text()


def test_a_plan_expands_again_and_notices_another_value(airconn, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("AIRFLOW_VAR_A=${X}\n")
    plan, out = tmp_path / "plan.json", tmp_path / "out.json"
    made = airconn("import", tmp_path / ".env", "--to", out, "--expand", "--plan-out", plan, env={"X": "value-of-x"})
    assert made.code == 0, made.err
    assert "value-of-x" not in plan.read_text()
    other = airconn("apply", plan, env={"X": "another"})
    assert (other.code, "what the sources hold has changed since the plan was made" in other.err) == (4, True)
    assert airconn("apply", plan, env={"X": "value-of-x"}).code == 0
    assert json.loads(out.read_text())["variables"] == {"a": "value-of-x"}
