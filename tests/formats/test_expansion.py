"""With --expand, a value is what the program that the file is for makes of it."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from dotenv import dotenv_values
from hypothesis import example, given
from hypothesis import strategies as st

from airconn.errors import InputErrors
from airconn.formats import get_format
from airconn.formats.base import ReadOptions
from airconn.formats.dotenv import marks
from airconn.formats.dotenv.dialects import expanded, get_dialect
from airconn.formats.expansion_limits import LONGEST

RECORDED = json.loads((Path(__file__).parent / "expanded_by_go.json").read_text())
SHELLS = [shutil.which(name) or name for name in ("sh", "bash")]
EXPANDING = [name for name in marks.NAMES if get_dialect(name).expanded]


def values_of(dialect: str, text: str, environ: dict[str, str], where: str = "environment") -> dict[str, str] | None:
    """The expanded values, or None if a line is at fault."""
    found = list(expanded(text, get_dialect(dialect), where, environ))
    if any(entry.is_fault for entry in found):
        return None
    return {entry.name: entry.value for entry in found if entry.name and entry.value is not None}


def faults_of(dialect: str, text: str, where: str = "environment", **environ: str) -> list[str]:
    """The faults, each with its line."""
    options = ReadOptions(values={"env_dialect": dialect, "expand": where}, environ=environ)
    return [str(fault) for fault in get_format("env").read(text, "file", options).faults]


@pytest.mark.parametrize("record", RECORDED["compose"], ids=range(len(RECORDED["compose"])))
def test_docker_compose_reads_the_same(record: dict[str, Any]) -> None:
    ours, theirs = values_of("compose", record["text"], RECORDED["environ"]), record["values"]
    if ours is None:
        # What airconn refuses and Compose reads: a name that is no name, and a variable that isn't set.
        assert theirs is None or record["has_unset"] or "" in theirs
    else:
        assert ours == theirs


@pytest.mark.parametrize("record", RECORDED["gotenv"], ids=range(len(RECORDED["gotenv"])))
def test_the_astro_cli_reads_the_same(record: dict[str, Any]) -> None:
    ours = values_of("astro-env", record["text"], RECORDED["environ"])
    if ours is not None:
        assert ours == record["values"]


def test_most_of_what_the_astro_cli_reads_is_read() -> None:
    read = [values_of("astro-env", record["text"], RECORDED["environ"]) for record in RECORDED["gotenv"]]
    assert sum(found is not None for found in read) > len(read) / 2


OF_PYTHON_DOTENV = [
    "A",
    "${A}",
    "${B}",
    "${E}",
    "${N:-x}",
    "${N:-",
    "${",
    "}",
    ":",
    "$A",
    "\\",
    "x",
    " ",
    "é",
    "${A:-y}",
]


@given(st.lists(st.sampled_from(OF_PYTHON_DOTENV), max_size=8).map("".join), st.sampled_from(["", "'", '"']))
@pytest.mark.parametrize("dialect", ["portable", "python-dotenv"])
def test_python_dotenv_reads_the_same(dialect: str, value: str, quote: str) -> None:
    text = f"A=first\nAIRFLOW_VAR_X={quote}{value}{quote}\nAIRFLOW_VAR_Y=${{AIRFLOW_VAR_X}}\n"
    environ = {"A": "second", "B": "bee", "E": ""}
    ours = values_of(dialect, text, environ)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "environ", environ)
        theirs = dotenv_values(stream=io.StringIO(text))
    if ours is not None:
        assert ours == {name: found for name, found in theirs.items() if found is not None}
    else:
        assert "${" in value or quote


OF_SHELLS = [
    *("A", "$A", "${A}", "$B", "${B}", "${C:-", "${C-", "${E:-", "${E-", "${B:+", "${C+", "${E:+", "${E+", "${A:?"),
    *(
        "${D:=",
        "${D=",
        "$D",
        "}",
        "}",
        "}",
        "{",
        "$",
        "\\$",
        "\\",
        "\\}",
        '"',
        '"',
        "'",
        " ",
        " #",
        "x",
        "-",
        ":",
        "+",
    ),
    *("${P##*/}", "${P#*/}", "${P%/*}", "${P%%/*}", "${P%.*}", "${#B}", "${A#f}", "*", "$S", "$G", "${B%?}", "$P"),
    *("~", "~/", ":~", "\\\n", "/", ".", "é", "\n", "=", "&", "#", "${P##", "${P%"),
]
OF_SHELL = {"B": "bee", "E": "", "P": "/a/b/c.tar.gz", "S": "two  words", "G": "*", "HOME": "/home/x", "PATH": ""}


@given(
    st.lists(st.sampled_from(OF_SHELLS), max_size=7).map("".join),
    st.sampled_from(["", "'", '"', '"']),
    st.sampled_from(["", "export "]),
)
@example("${C:-${B}/${P##*/}}", '"', "export ")
@example("${C:-a b}", "", "export ")
@example("$S", "", "")
@example("~/x:~/y", "", "")
def test_shells_read_the_same(tmp_path_factory: pytest.TempPathFactory, value: str, quote: str, export: str) -> None:
    text = f"A=first\nF=\n{export}AIRFLOW_VAR_X={quote}{value}{quote}\nAIRFLOW_VAR_Y=$AIRFLOW_VAR_X\n"
    ours = values_of("sh", text, OF_SHELL)
    if ours is None:
        return
    directory = tmp_path_factory.mktemp("env")
    (directory / "file").write_bytes(text.encode())
    for shell in SHELLS:
        script = "set -a; . ./file || exit 1; exec /usr/bin/env -0"
        done = subprocess.run([shell, "-c", script], cwd=directory, env=OF_SHELL, capture_output=True, check=True)
        assert not done.stderr
        theirs = dict(line.split("=", 1) for line in done.stdout.decode().split("\0") if line)
        assert ours == {name: theirs.get(name) for name in ours}


SHELL = {
    "$B": "bee",
    '"${B}s"': "bees",
    "${NO:-x y}": "x y",
    "'$B'": "$B",
    "\\$B": "$B",
    "${NO:-${B}}": "bee",
    "${B:+yes}": "yes",
    "${E-x}": "",
    "${E:-x}": "x",
    "${P##*/}": "c.tar.gz",
    "${P%.*}": "/a/b/c.tar",
    "${#B}": "3",
    "~/data": "/home/x/data",
}


@pytest.mark.parametrize(("written", "value"), SHELL.items(), ids=SHELL)
def test_what_a_shell_expands(written: str, value: str) -> None:
    assert values_of("sh", f"AIRFLOW_VAR_X={written}\n", OF_SHELL) == {"AIRFLOW_VAR_X": value}


@pytest.mark.parametrize(
    "value", ["$(id)", '"$(id)"', "`id`", "$((1 + 1))", "$1", "$$", "${B/e/x}", "${!B}", "$'x'", "~root"]
)
def test_what_only_a_shell_can_evaluate_is_an_error_with_a_way_out(value: str) -> None:
    options = ReadOptions(values={"env_dialect": "sh", "expand": "environment"}, environ=OF_SHELL)
    with pytest.raises(InputErrors) as caught:
        get_format("env").parse(f"AIRFLOW_VAR_X={value}\n", "file", options)
    assert "set +a; airconn import env:" in (caught.value.hint or "")


def test_a_command_in_a_line_of_another_program_is_not_run_and_no_error() -> None:
    text = "TOKEN=$(vault read x)\nDIR=`pwd`\nAIRFLOW_VAR_X=$B\n"
    assert (values_of("sh", text, {"B": "bee"}) or {})["AIRFLOW_VAR_X"] == "bee"
    assert faults_of("sh", text + "AIRFLOW_VAR_Y=$TOKEN\n", B="bee") == [
        "file:4: AIRFLOW_VAR_Y refers to TOKEN, whose value in line 1 isn't known"
    ]


@pytest.mark.parametrize("dialect", EXPANDING)
def test_a_variable_that_is_not_set_is_an_error_with_its_line_and_name(dialect: str) -> None:
    text = "OTHER=${NO_SUCH}\nAIRFLOW_VAR_A=${NO_SUCH}\nAIRFLOW_VAR_B=${SET}\nAIRFLOW_VAR_C=${OTHER}\n"
    assert faults_of(dialect, text, SET="x") == [
        "file:2: AIRFLOW_VAR_A refers to NO_SUCH, which isn't set in the lines above or in the environment",
        "file:4: AIRFLOW_VAR_C refers to OTHER, whose value in line 1 isn't known",
    ]


@pytest.mark.parametrize("dialect", ["compose", "sh"])
def test_a_part_of_a_password_is_not_taken_for_the_name_of_a_variable(dialect: str) -> None:
    (fault,) = faults_of(dialect, "AIRFLOW_CONN_A=postgres://u:pa$hunter2@h/s\n")
    assert fault == (
        "file:1: AIRFLOW_CONN_A refers to a variable, which isn't set in the lines above or in the environment"
    )
    (fault,) = faults_of(dialect, "AIRFLOW_CONN_A=postgres://u:${db_pw}@h/s\n")
    assert "refers to db_pw, which isn't set" in fault


@pytest.mark.parametrize("dialect", EXPANDING)
def test_the_text_of_a_reference_that_is_no_name_is_not_shown(dialect: str) -> None:
    (fault, *_) = faults_of(dialect, "AIRFLOW_VAR_A=x${hunter two 2}\n") or [""]
    assert "hunter" not in fault


FIRST = {"portable": "of the file", "python-dotenv": "of the file", "sh": "of the file"}


@pytest.mark.parametrize("dialect", EXPANDING)
def test_the_file_or_the_environment_comes_first_as_for_the_program(dialect: str) -> None:
    found = values_of(dialect, "NAME=of.the.file\nAIRFLOW_VAR_A=${NAME}\n", {"NAME": "of.the.environment"})
    assert (found or {})["AIRFLOW_VAR_A"].replace(".", " ") == FIRST.get(dialect, "of the environment")


@pytest.mark.parametrize("dialect", EXPANDING)
def test_an_expansion_for_a_project_takes_nothing_from_the_environment(dialect: str) -> None:
    text = "NAME=x\nAIRFLOW_VAR_A=${NAME}\n"
    assert (values_of(dialect, text, {}, "file") or {})["AIRFLOW_VAR_A"] == "x"
    (fault,) = faults_of(dialect, "AIRFLOW_VAR_A=${TOKEN}\n", "file", TOKEN="hunter")
    assert "refers to TOKEN in the environment, and a project's file may not do that" in fault
    if dialect in ("portable", "compose"):  # a default doesn't stand in for a value that the program would take
        assert faults_of(dialect, "AIRFLOW_VAR_A=${TOKEN:-x}\n", "file", TOKEN="hunter")


@pytest.mark.parametrize("dialect", ["compose", "astro-env"])
def test_a_value_of_the_environment_that_wins_over_the_file_is_an_error_for_a_project(dialect: str) -> None:
    text = "NAME=x\nAIRFLOW_VAR_A=${NAME}\n"
    assert faults_of(dialect, text, "file", NAME="hunter")
    assert faults_of(dialect, text, "file", NAME="x") == []


def test_a_name_without_a_value_is_taken_over_as_docker_compose_does() -> None:
    text = "AIRFLOW_VAR_A\nB\nC\n"
    assert values_of("compose", text, {"AIRFLOW_VAR_A": "x", "B": "y"}) == {"AIRFLOW_VAR_A": "x", "B": "y"}
    assert faults_of("compose", text) == ["file:1: this line has no '='"]
    assert faults_of("compose", text, "file", AIRFLOW_VAR_A="x")


@pytest.mark.parametrize("dialect", EXPANDING)
def test_a_file_whose_values_double_again_and_again_is_refused(dialect: str) -> None:
    lines = [f"A{n}={f'${{A{n - 1}}}' * 10}\n" for n in range(1, 30)]
    text = "A0=xxxxxxxxxx\n" + "".join(lines) + "AIRFLOW_VAR_X=${A29}\n"
    assert "has references that make it too long" in faults_of(dialect, text)[0]
    half = "A=" + "x" * (LONGEST // 2) + "\n"
    many = half + "".join(f"AIRFLOW_VAR_V{n}=${{A}}\n" for n in range(100))
    assert any("too long" in fault or "too many references" in fault for fault in faults_of(dialect, many))


DEEP = {
    "open": "${A:-" * 200_000,
    "closed": "${NO:-" * 150_000 + "}" * 150_000,
    "braces": "${A:-{" * 100_000,
    "starts": "${" * 300_000,
    "many": "${NO:-x}" * 50_000,
}


@pytest.mark.parametrize("dialect", EXPANDING)
@pytest.mark.parametrize("value", DEEP.values(), ids=DEEP)
def test_a_line_with_very_many_references_is_read_or_refused_at_once(dialect: str, value: str) -> None:
    list(expanded(f"A=x\nAIRFLOW_VAR_X={value}\n", get_dialect(dialect), "environment", {}))


@pytest.mark.parametrize("dialect", EXPANDING)
def test_what_is_expanded_has_one_reading(dialect: str) -> None:
    options = ReadOptions(values={"env_dialect": dialect, "expand": "environment"})
    text = "PW=x\nAIRFLOW_CONN_A=postgres://u:${PW}@h/s\n"
    (found,) = get_format("env").parse(text, "file", options).bundle.connections.values()
    assert (found.password, found.ambiguities) == ("x", ())


@pytest.mark.parametrize(
    "value", ["postgres://u:${PW}@$host/s", "'postgres://u:${PW}@h/s'", '"postgres://u:\\${PW}@h/s"']
)
def test_what_others_expand_differently_in_a_file_for_all_blocks(value: str) -> None:
    options = ReadOptions(values={"expand": "environment"}, environ={"host": "h"})
    text = f"# mine\nPW=x\nAIRFLOW_CONN_A={value}\n"
    (found,) = get_format("env").parse(text, "file", options).bundle.connections.values()
    assert [(doubt.rule, doubt.blocks) for doubt in found.ambiguities if not doubt.is_minor] == [("AC407", True)]


def test_another_value_in_the_environment_than_in_the_file_is_told() -> None:
    text = "PW=x\nAIRFLOW_CONN_A=postgres://u:${PW}@h/s\n"
    options = ReadOptions(values={"expand": "environment"}, environ={"PW": "hunter"})
    (found,) = get_format("env").parse(text, "file", options).bundle.connections.values()
    (doubt,) = found.ambiguities
    assert found.password == "x"
    assert "the environment has another value of PW, which load_dotenv() and Docker Compose use" in doubt.message
    assert "hunter" not in doubt.message
