"""`airconn run`: what the command gets, and when it isn't run."""

from __future__ import annotations

import errno
import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.integration.program import Program, Ran

Airconn = Callable[..., Any]

SECRET = "hunter2canary"
OBJECTS = {
    "connections": {
        "My-Db.1": {"conn_type": "postgres", "login": "é日", "password": f"{SECRET}/\"'$\n", "extra": '{"n": 1.50}'},
        "api": {"conn_type": "http", "host": "Example.com", "description": "d"},
    },
    "variables": {"text": f' {SECRET}é\n"it\'s" $5 `x`\\n\n', "empty": "", "json": '{"n": 1.50}'},
}
SHOWING = "import json, os; print(json.dumps(dict(os.environ)))"


@pytest.fixture
def program(tmp_path: Path) -> Program:
    program = Program(tmp_path / "work", {})
    (program.directory / "in.json").write_text(json.dumps(OBJECTS))
    return program


@pytest.fixture
def hiding(tmp_path: Path) -> Path:
    """A source that hides a password and shows one."""
    path = tmp_path / "hiding.json"
    shown, hidden = ({"conn_type": "http", "login": "l", "password": pw} for pw in (SECRET, "***"))
    path.write_text(json.dumps({"connections": {"shown": shown, "hidden": hidden}}))
    return path


def environ_of(program: Program, *args: object, **options: Any) -> dict[str, str]:
    """What the command finds in its environment."""
    ran = program.run("run", *args, "--", sys.executable, "-c", SHOWING, **options)
    assert ran.code == 0, ran.err
    return json.loads(ran.out)  # type: ignore[no-any-return]


def objects_in(environ: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in environ.items() if name.startswith(("AIRFLOW_CONN_", "AIRFLOW_VAR_"))}


def test_the_command_has_the_objects_in_its_environment_and_all_else_as_it_was(program: Program) -> None:
    plain = program.run(
        "run", "--from", "in.json", "--include", "none", "--allow-empty", "--", sys.executable, "-c", SHOWING
    )
    found = environ_of(program, "--from", "in.json", env={"OTHER": "é"})
    assert {name: json.loads(found.pop(f"AIRFLOW_CONN_{name}")) for name in ("MY-DB.1", "API")} == {
        "MY-DB.1": {**OBJECTS["connections"]["My-Db.1"], "extra": '{"n": 1.50}'},
        "API": OBJECTS["connections"]["api"],
    }
    for key, value in OBJECTS["variables"].items():
        assert found.pop(f"AIRFLOW_VAR_{key.upper()}") == value
    assert found == {**json.loads(plain.out), "OTHER": "é"}
    assert {name: value for name, value in found.items() if name in program.environ} == program.environ


def test_connections_are_uris_on_wish(program: Program) -> None:
    found = environ_of(program, "--from", "in.json", "--connection-format", "uri", "--connections")
    assert found["AIRFLOW_CONN_API"] == "http://%45xample.com/"
    assert found["AIRFLOW_CONN_MY-DB.1"].startswith("postgres://%C3%A9%E6%97%A5:hunter2canary%2F%22%27%24%0A@")
    assert "AIRFLOW_VAR_EMPTY" not in found


def test_a_value_is_nowhere_but_in_the_environment(program: Program) -> None:
    before = {path.name for path in program.directory.iterdir()}
    ran = program.run("run", "--from", "in.json", "-vv", "--", sys.executable, "-c", "import time; time.sleep(0.5)")
    assert ran.code == 0, ran.err
    assert (ran.out, SECRET in ran.err) == ("", False)
    assert any("time.sleep" in line for line in ran.command_lines)
    assert SECRET not in " ".join(ran.command_lines)
    assert ran.file_names <= before | {"run.in", "run.out", "run.err"}
    assert program.leftovers() == list(program.state.iterdir()) == []


def test_verbose_tells_the_names_that_are_set_and_those_that_are_taken_away(program: Program) -> None:
    ran = program.run("run", "--from", "in.json", "-v", "--", "true", env={"AIRCONN_TOKEN": "t"})
    assert ran.err.splitlines() == [
        "AIRFLOW_CONN_API is set",
        "AIRFLOW_CONN_MY-DB.1 is set; some shells, such as dash, don't pass on a variable of such a name",
        "AIRFLOW_VAR_EMPTY is set",
        "AIRFLOW_VAR_JSON is set",
        "AIRFLOW_VAR_TEXT is set",
        "AIRCONN_TOKEN is removed",
    ]
    assert program.run("run", "--from", "in.json", "--", "true").err == ""


@pytest.mark.parametrize(("script", "code"), [("exit 0", 0), ("exit 3", 3), ("exit 130", 130), ("kill $$", -15)])
def test_the_exit_code_is_that_of_the_command(program: Program, script: str, code: int) -> None:
    ran = program.run("run", "--from", "in.json", "--", "sh", "-c", script)
    assert (ran.code, ran.out, ran.err) == (code, "", "")


def test_options_behind_the_command_are_its_own(program: Program) -> None:
    ran = program.run("run", "--from", "in.json", "echo", "--from", "-n", "--", "-h")
    assert (ran.code, ran.out) == (0, "--from -n -- -h\n")


def test_standard_input_is_all_the_commands(program: Program) -> None:
    text = "é" * 100_000
    assert program.run("run", "--from", "in.json", "--", "cat", stdin=text).out == text


def test_standard_input_can_be_the_source_and_is_at_its_end_then(program: Program) -> None:
    ran = program.run(
        "run", "--from", "-", "--", "sh", "-c", 'cat; echo "$AIRFLOW_VAR_A"', stdin='{"variables": {"a": "x"}}'
    )
    assert (ran.code, ran.out) == (0, "x\n")


def test_the_objects_win_over_what_is_set_already(program: Program) -> None:
    caller = {"AIRFLOW_VAR_TEXT": "old", "AIRFLOW_VAR_MINE": "kept", "AIRFLOW_CONN_MINE": "http://h"}
    found = environ_of(program, "--from", "in.json", "--variables", "--include", "t*", env=caller)
    assert objects_in(found) == {**caller, "AIRFLOW_VAR_TEXT": OBJECTS["variables"]["text"]}
    found = environ_of(program, "--from", "in.json", "--variables", "--include", "t*", "--clean", env=caller)
    assert objects_in(found) == {"AIRFLOW_VAR_TEXT": OBJECTS["variables"]["text"]}


def test_the_environment_itself_can_be_the_source(program: Program) -> None:
    caller = {"AIRFLOW_VAR_A": " x ", "AIRFLOW_VAR_B": "y"}
    assert objects_in(environ_of(program, "--from", "env:", "--include", "a", "--clean", env=caller)) == {
        "AIRFLOW_VAR_A": " x "
    }


CREDENTIALS = {
    "AIRCONN_TOKEN": SECRET,
    "AIRCONN_USERNAME": SECRET,
    "AIRCONN_PASSWORD": SECRET,
    "AIRCONN_TOKEN_COMMAND": f"echo {SECRET}",
    "AIRCONN_CLIENT_ID": SECRET,
    "AIRCONN_CLIENT_SECRET": SECRET,
    "AIRCONN_HEADER_CF_ACCESS_CLIENT_SECRET": SECRET,
    "AIRCONN_METADB_PASSWORD": SECRET,
    "AIRCONN_PROD_TOKEN": SECRET,
    "MY_PASSWORD": SECRET,
    "MY_COOKIE": SECRET,
}


def test_what_airconn_logs_in_with_does_not_reach_the_command_unless_it_is_to(program: Program) -> None:
    (program.directory / "airconn.toml").write_text(
        '[addresses]\ndev = "http://dev"\n[addresses.prod]\nurl = "http://prod"\ntoken_env = "AIRCONN_PROD_TOKEN"\n'
    )
    (program.directory / "config.toml").write_text(
        '[addresses.mine]\nurl = "http://mine"\nusername_env = "MY_NAME"\npassword_env = "MY_PASSWORD"\n'
        'headers.Cookie = { env = "MY_COOKIE" }\n'
    )
    environ = {**CREDENTIALS, "AIRCONN_URL": "http://x", "OTHER_TOKEN": "kept"}
    args = ("--from", "in.json", "--include", "json")
    found = environ_of(program, *args, env=environ)
    assert SECRET not in json.dumps(found)
    assert (found["AIRCONN_URL"], found["OTHER_TOKEN"]) == ("http://x", "kept")
    assert environ_of(program, *args, "--keep-credentials", env=environ).items() >= environ.items()


def run_marked(program: Program, *args: object, **options: Any) -> tuple[Ran, bool]:
    """Runs a command that leaves a mark, and tells whether it did."""
    mark = program.directory / "it-was-run"
    ran = program.run("run", *args, "--", "touch", str(mark), **options)
    return ran, mark.exists()


def test_what_the_source_hides_is_an_error_and_nothing_is_run(program: Program, hiding: Path) -> None:
    ran, was_run = run_marked(program, "--from", hiding)
    assert (ran.code, was_run, ran.out) == (4, False, "")
    assert ran.err == (
        f"error: {hiding}: hidden by the source: connections/hidden password\n"
        "hint:  --fill ADDRESS gets it from a source that shows it; --redacted omit skips it\n"
    )


def test_what_is_hidden_is_filled_in_or_left_out(program: Program, hiding: Path, tmp_path: Path) -> None:
    filling = tmp_path / "secrets.env"
    filling.write_text(f"AIRFLOW_CONN_HIDDEN=http://:{SECRET}9@\n")
    found = environ_of(program, "--from", hiding, "--fill", filling)
    assert json.loads(found["AIRFLOW_CONN_HIDDEN"])["password"] == f"{SECRET}9"
    ran = program.run("run", "--from", hiding, "--redacted", "omit", "--", sys.executable, "-c", SHOWING)
    assert json.loads(json.loads(ran.out)["AIRFLOW_CONN_HIDDEN"]) == {"conn_type": "http", "login": "l"}
    assert ran.err == (
        "warning: hidden values of connections/hidden (password) are left out\n"
        "hint:  to get the real values: --fill ADDRESS (airconn help secrets)\n"
    )


def test_a_mask_is_never_an_option(airconn: Airconn, hiding: Path) -> None:
    result = airconn("run", "--from", hiding, "--redacted", "mask", "--", "true")
    assert (result.code, "'mask' is not one of 'omit', 'fail'" in result.err) == (2, True)


def test_a_mask_that_is_set_by_an_option_is_hidden_as_well(airconn: Airconn, hiding: Path) -> None:
    result = airconn("run", "--from", hiding, "--set", "connections/shown.password=***", "--include", "shown", "true")
    assert (result.code, "hidden by the source: connections/shown password" in result.err) == (4, True)


def test_objects_are_changed_on_the_way(program: Program) -> None:
    (program.directory / "over.yaml").write_text(
        "connections: {api: {host: overlaid}}\nvariables: {json: {value: m}}\n"
    )
    found = environ_of(
        program,
        *("--from", "in.json", "--overlay", "over.yaml", "--set", "variables/text.value=env:REGION"),
        *("--set", "connections/api.port=81", "--rename", "connections/api=api_dev", "--exclude", "My*"),
        env={"REGION": "eu"},
    )
    assert objects_in(found).keys() == {f"AIRFLOW_VAR_{key}" for key in ("EMPTY", "JSON", "TEXT")} | {
        "AIRFLOW_CONN_API_DEV"
    }
    assert json.loads(found["AIRFLOW_CONN_API_DEV"]).items() >= {("host", "overlaid"), ("port", 81)}
    assert (found["AIRFLOW_VAR_TEXT"], found["AIRFLOW_VAR_JSON"]) == ("eu", "m")


def test_a_dry_run_prints_names_and_runs_nothing(program: Program, airconn: Airconn, tmp_path: Path) -> None:
    ran, was_run = run_marked(program, "--from", "in.json", "--dry-run")
    names = ["AIRFLOW_CONN_API", "AIRFLOW_CONN_MY-DB.1", "AIRFLOW_VAR_EMPTY", "AIRFLOW_VAR_JSON", "AIRFLOW_VAR_TEXT"]
    assert (ran.code, ran.out.splitlines(), ran.err, was_run) == (0, names, "", False)
    assert airconn("run", "--from", program.directory / "in.json", "-n").out.splitlines() == names
    odd = tmp_path / "odd.json"
    odd.write_text(json.dumps({"variables": {"a\nb": "x"}}))
    assert airconn("run", "--from", odd, "-n").out == "AIRFLOW_VAR_A\\nB\n"


def test_without_a_command_it_says_how(airconn: Airconn) -> None:
    result = airconn("run", "--from", "no-such-file.json")
    assert result.code == 2
    assert result.err.startswith("error: COMMAND is missing\nhint:  write it after --, as in airconn run --from")


def test_a_command_that_is_not_there_is_told_before_anything_is_read(airconn: Airconn, program: Program) -> None:
    result = airconn("run", "--from", "no-such-file.json", "--", "no-such-command", "--option")
    assert (result.code, result.out, result.err) == (127, "", "no-such-command: command not found\n")
    ran = program.run("run", "--from", "in.json", "--", "./no/such", "--option")
    assert (ran.code, ran.err) == (127, "./no/such: command not found\n")


def test_a_command_that_is_a_directory_of_the_place_alone_is_not_found(program: Program) -> None:
    (program.directory / "folder").mkdir()
    ran = program.run("run", "--from", "in.json", "--", "folder")
    assert (ran.code, ran.err) == (127, "folder: command not found\n")
    ran = program.run("run", "--from", "in.json", "--", "./folder")
    assert (ran.code, ran.err) == (126, f"./folder: {os.strerror(errno.EACCES)}\n")


@pytest.mark.parametrize(
    ("text", "mode", "said"),
    [
        ("neither a program nor a script", 0o755, os.strerror(errno.ENOEXEC)),
        ("#!/bin/sh\n", 0o644, os.strerror(errno.EACCES)),
        ("#!/no/such/interpreter\n", 0o755, "its interpreter, or a library that it needs, is missing"),
    ],
)
def test_a_command_that_can_not_be_run_is_told(program: Program, text: str, mode: int, said: str) -> None:
    path = program.directory / "tool"
    path.write_text(text)
    path.chmod(mode)
    for command, environ in (("./tool", {}), ("tool", {"PATH": str(program.directory)})):
        ran = program.run("run", "--from", "in.json", "--", command, env=environ)
        assert (ran.code, ran.out, ran.err) == (126, "", f"{command}: {said}\n")


def test_the_command_is_looked_for_on_the_path_and_without_one_where_the_system_says(program: Program) -> None:
    shutil.copy("/bin/sh", program.directory / "its-own-sh")
    environ = {"PATH": str(program.directory)}
    assert program.run("run", "--from", "in.json", "--", "its-own-sh", "-c", "exit 9", env=environ).code == 9
    assert program.run("run", "--from", "in.json", "--", "sh", "-c", "exit 9", env={"PATH": None}).code == 9  # type: ignore[dict-item]


def test_what_has_no_place_is_told_and_strict_makes_it_an_error(program: Program) -> None:
    (program.directory / "lossy.json").write_text(
        json.dumps(
            {
                "variables": {"a=b": SECRET, "nul": f"{SECRET}\0", "described": {"value": "x", "description": "d"}},
                "pools": {"etl": {"slots": 1}, "default_pool": {"slots": 9}},
            }
        )
    )
    ran, was_run = run_marked(program, "--from", "lossy.json")
    assert (ran.code, was_run, SECRET in ran.err) == (0, True, False)
    nul = "the value has a NUL character in it, which ends the value of an environment variable"
    odd = "it has a character that you can't see, or that looks like another"
    skipped, changed = "skipped variables/a=b, variables/nul, 1 pool", "description of variables/described"
    assert ran.err.splitlines() == [
        f"warning: lossy.json:1: {odd}: variables/nul (U+0000 NUL in value) (delete it, or type the text again)",
        f"warning: the environment can't hold everything: {skipped}; lost or changed: {changed} (-v lists them)",
    ]
    assert program.run("run", "--from", "lossy.json", "-v", "--dry-run").err.splitlines() == [
        f"warning: lossy.json:1: {odd}: variables/nul (U+0000 NUL in value) (delete it, or type the text again)",
        "warning: variables: left out: the id can't be part of the name of an environment variable (1: a=b)",
        "warning: variables: description has no field in an environment variable (1: described)",
        f"warning: variables: left out: {nul} (1: nul)",
        "warning: pools: left out: Airflow doesn't read pools from the environment (1: etl)",
    ]
    (program.directory / "it-was-run").unlink()
    ran, was_run = run_marked(program, "--from", "lossy.json", "--strict")
    assert (ran.code, was_run, ran.err.count("error: ")) == (3, False, 5)
    assert program.run("run", "--from", "lossy.json", "-q", "--", "true").err == ""


def test_pools_alone_are_refused_without_asking_the_source(airconn: Airconn) -> None:
    result = airconn("run", "--from", "http://127.0.0.1:1", "--pools", "--", "true")
    assert (result.code, result.out) == (2, "")
    assert result.err == "error: Airflow doesn't read pools from the environment\nhint:  leave out --pools\n"


def test_two_ids_of_one_name_are_an_error(airconn: Airconn, tmp_path: Path) -> None:
    source = tmp_path / "twice.json"
    source.write_text(json.dumps({"variables": {"a": SECRET, "A": "other"}}))
    result = airconn("run", "--from", source, "--", "true")
    assert (result.code, "variables/a and A are both AIRFLOW_VAR_A in an environment" in result.err) == (3, True)
    assert SECRET not in result.err


def test_a_selection_of_nothing_is_told(program: Program) -> None:
    ran, was_run = run_marked(program, "--from", "in.json", "--include", "nothing")
    assert (ran.code, was_run) == (3, False)
    assert ran.err.startswith("error: in.json: --include 'nothing' matches nothing\n")
    ran, was_run = run_marked(program, "--from", "in.json", "--include", "nothing", "--allow-empty")
    assert (ran.code, was_run) == (0, True)
    assert ran.err == "warning: nothing is set: no connection or variable is selected\n"


def test_a_variable_is_set_up_to_the_last_byte_that_the_system_takes(program: Program) -> None:
    most = 32 * os.sysconf("SC_PAGE_SIZE") - 1 - len("AIRFLOW_VAR_FITS=")
    objects = {"variables": {"fits": "x" * most, "over": "x" * (most + 1)}}
    (program.directory / "long.json").write_text(json.dumps(objects))
    ran = program.run("run", "--from", "long.json", "--", sys.executable, "-c", SHOWING)
    assert objects_in(json.loads(ran.out)) == {"AIRFLOW_VAR_FITS": "x" * most}
    assert ran.err.startswith(
        f"warning: variables: left out: it is longer than the {most + 17} bytes that the system"
    )


def test_an_environment_that_is_too_large_is_told_by_its_largest_variables(program: Program) -> None:
    objects = {"variables": {f"v{number:03}": SECRET + "x" * (100_000 - number) for number in range(100)}}
    (program.directory / "large.json").write_text(json.dumps(objects))
    ran, was_run = run_marked(program, "--from", "large.json")
    assert (ran.code, was_run, SECRET in ran.err) == (126, False, False)
    first, second = ran.err.splitlines()
    assert first.startswith("error: COMMAND and its environment of 9,99")
    assert first.endswith(
        "the largest variables are AIRFLOW_VAR_V000 (100,031 bytes), AIRFLOW_VAR_V001 (100,030 bytes), "
        "AIRFLOW_VAR_V002 (100,029 bytes)"
    )
    assert second == "hint:  select less with --include and --exclude"


def test_in_another_encoding_what_it_lacks_is_told(program: Program) -> None:
    (program.directory / "in.json").write_text(json.dumps({"variables": {"a": "日", "b": "x"}}))
    environ = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    ran = program.run(
        "run", "--from", "in.json", "--", "sh", "-c", 'echo "$AIRFLOW_VAR_A,$AIRFLOW_VAR_B"', env=environ
    )
    assert (ran.code, ran.out) == (0, ",x\n")
    assert "the encoding of this environment (ascii) can't hold a character of it (1: a)" in ran.err
