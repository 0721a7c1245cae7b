"""What a user reads when something is wrong, and the exit code that a script gets."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from airconn.cli import COMMANDS
from airconn.model import NEWEST


@pytest.mark.parametrize("option", ["--format", "--from-format", "--airflow", "--redacted", "--kind", "-o"])
@pytest.mark.parametrize("address", ["https://admin:hunter2@example.com", "https:/admin:hun@ter2@example.com"])
def test_an_address_in_the_place_of_something_else_is_told_without_its_password(
    airconn, option: str, address: str
) -> None:
    result = airconn("convert", "-", option, address, stdin="AIRFLOW_VAR_A=b\n")
    assert result.code == 2
    assert "…@example.com" in result.err
    assert not any(part in result.err for part in ("admin", "hun", "ter2"))


def test_the_name_of_a_command_is_told_without_a_password(airconn) -> None:
    assert airconn("https://admin:hunter2@example.com").err.startswith(
        "error: unknown command 'https://…@example.com'"
    )


@pytest.mark.parametrize(
    ("args", "stdin", "code", "message"),
    [
        (["imprt", "x"], "", 2, "error: unknown command 'imprt'\nhint:  did you mean 'import'?\n"),
        (["import"], "", 2, "error: missing argument 'SOURCE...'\n"),
        (["convert", "-", "--formt", "uri"], "", 2, "error: no such option '--formt'"),
        (
            ["convert", "-", "--format", "xml"],
            "",
            2,
            "error: unknown format 'xml'\nhint:  the formats are env, json, k8s, settings, uri, yaml",
        ),
        (["convert", "-", "--from-format", "xml"], "", 2, "error: unknown format 'xml'\n"),
        (["convert", "-", "-o", "out.xml"], "A=1", 2, "error: the name of out.xml doesn't show the format\n"),
        (["convert", "-", "--airflow", "three"], "", 2, "error: 'three' is not a version of Airflow\n"),
        (["convert", "-", "--airflow", ""], "", 2, "error: '' is not a version of Airflow\n"),
        (["convert", "@prod"], "", 2, "error: no address is named @prod\n"),
        (["convert", "s3://bucket"], "", 2, "error: s3:// is an unknown kind of address\n"),
        (["convert", "nope.env"], "", 3, "error: nope.env: no such file\n"),
        (["convert", "-"], "what is this?", 3, "error: <stdin>: the format of this file is unclear\n"),
        (["convert", "-"], "[}", 3, "error: <stdin>:1:2: this is not JSON\n"),
        (
            ["convert", "-", "--from-format", "json"],
            '{"a": "postgres://x"}',
            3,
            "<stdin>: unclear whether this file holds connections or variables\nhint:  add --kind",
        ),
        (
            ["convert", "-", "--from-format", "env"],
            "# one\nAIRFLOW_CONN_WAREHOUSE=postgres://user:pa/ss@host:5432/db\nA B\n",
            3,
            "<stdin>:2: warehouse: the port of this URI (columns 40 to 41) is not a number\nhint:  a '/' inside",
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_the_message_says_what_where_and_what_to_do(
    airconn, monkeypatch, tmp_path: Path, args: list[str], stdin: str, code: int, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    result = airconn(*args, stdin=stdin)
    assert result.err.startswith(message) or message in result.err
    assert (result.code, result.out) == (code, "")
    assert list(tmp_path.iterdir()) == []


def test_all_faults_of_a_file_are_told_at_once(airconn) -> None:
    result = airconn("convert", "-", "--from-format", "env", stdin="A B\nX=1\nAIRFLOW_CONN_A={\n'\n")
    assert [line for line in result.err.splitlines() if line.startswith("error")] == [
        "error: <stdin>:1: this line is not NAME=VALUE",
        "error: <stdin>:3: a: this is not JSON from character 2 of the value onwards",
        "error: <stdin>:4: this line is not NAME=VALUE",
    ]


def test_the_same_object_in_two_sources_with_other_values_is_an_error(airconn, tmp_path: Path) -> None:
    (tmp_path / "a.env").write_text("AIRFLOW_VAR_X=1\nAIRFLOW_VAR_Y=1\n")
    (tmp_path / "b.env").write_text("AIRFLOW_VAR_X=2\nAIRFLOW_VAR_Y=1\n")
    result = airconn("convert", tmp_path / "a.env", tmp_path / "b.env")
    assert result.code == 3
    assert f"variables/x is in {tmp_path}/a.env:1 already, with other values" in result.err


def test_a_fault_of_our_own_shows_no_value_and_no_traceback(airconn, monkeypatch) -> None:
    def fails(*args: object, **options: object) -> None:
        raise RuntimeError("the password is canary")

    monkeypatch.setattr("airconn.transfer.exporting.load", fails)
    result = airconn("convert", "-")
    assert (result.code, "canary" in result.err, "Traceback" in result.err) == (1, False, False)
    assert "a fault of airconn itself: RuntimeError in airconn.transfer.exporting:" in result.err


def test_ctrl_c_ends_with_130(airconn, monkeypatch) -> None:
    def interrupted(*args: object, **options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("airconn.transfer.exporting.load", interrupted)
    result = airconn("convert", "-")
    assert (result.code, result.err) == (130, "interrupted\n")


def test_an_id_can_not_command_a_terminal(airconn) -> None:
    result = airconn(
        "list", "--from", "-", "--from-format", "json", "--kind", "variables", stdin='{"a\\u001b[2Jb": "x"}'
    )
    assert "\x1b" not in result.out
    assert "a\\x1b[2Jb" in result.out


def test_colour_is_for_terminals_only_and_no_color_is_honoured(airconn) -> None:
    assert "\x1b[" in airconn("nope", terminal=True).err
    assert "\x1b[" not in airconn("nope", terminal=True, env={"NO_COLOR": "1"}).err
    assert "\x1b[" not in airconn("nope").err


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_command_has_help_with_an_example(airconn, name: str, capsys) -> None:
    assert airconn(name, "--help").code == 0
    text = capsys.readouterr().out
    assert text.startswith(f"Usage: airconn {name} ")
    assert "airconn " + name in re.split(r"^\w+:$", text, flags=re.MULTILINE)[0].split("\n", 1)[1] or name in (
        "sandbox",
    )


def test_version_is_told(airconn, capsys) -> None:
    assert airconn("--version").code == 0
    assert capsys.readouterr().out.startswith("airconn 0.")


@pytest.mark.parametrize(
    ("address", "error", "hint"),
    [
        ("valt://x", "valt:// is an unknown kind of address", "did you mean vault://?"),
        ("astro://ws/dep", "astro:// is an unknown kind of address", "did you mean astro-"),
        (
            "aws://x",
            "aws:// is an unknown kind of address",
            "did you mean aws-secretsmanager:// or aws-ssm://?",
        ),
        ("vault:/secret", "vault:/secret has no vault:// in front", "the two slashes are a part of the address"),
        ("Astro-Airflow:ws/d", "Astro-Airflow:ws/d has no astro-airflow:// in front", "the two slashes are a part"),
    ],
)
def test_an_address_with_a_slip_is_told_what_is_meant(
    airconn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str, error: str, hint: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s.env").write_text("AIRFLOW_VAR_A=1\n")
    for command in (["list", "--from", address], ["import", "s.env", "--to", address]):
        result = airconn(*command)
        assert (result.code, result.out) == (2, "")
        assert result.err.startswith(f"error: {error}")
        assert f"\nhint:  {hint}" in result.err


def test_a_file_whose_name_begins_like_an_address_is_a_file(airconn, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("vault:x").write_text("AIRFLOW_VAR_A=1\n")
    assert airconn("list", "--from", "vault:x", "--from-format", "env").code == 0


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script(airconn, shell: str) -> None:
    result = airconn("completion", shell)
    assert (result.code, "_AIRCONN_COMPLETE" in result.out) == (0, True)


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("airconn import fi", ["file fi"]),
        ("airconn check fi", ["file fi"]),
        ("airconn convert a.json fi", ["file fi"]),
        ("airconn diff a.json fi", ["file fi"]),
        ("airconn export --from fi", ["file fi"]),
        ("airconn import a.json --to fi", ["file fi"]),
        ("airconn import a.json --fill fi", ["file fi"]),
        ("airconn import a.json --overlay fi", ["file fi"]),
        ("airconn export --from @pr", ["plain @prod"]),
        ("airconn export --from vau", ["plain vault://"]),
        ("airconn export --from astro-a", ["plain astro-airflow://"]),
        ("airconn import airc --to airc", ["file airc"]),
        ("airconn export --format y", ["plain yaml"]),
        ("airconn imp", ["plain import"]),
    ],
)
def test_a_shell_is_offered_what_fits(
    words: str, offered: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "airconn.toml").write_text('[addresses]\nprod = "https://prod.example.com"\n')
    environ = {**os.environ, "_AIRCONN_COMPLETE": "bash_complete", "COMP_WORDS": words}
    environ["COMP_CWORD"] = str(len(words.split()) - 1)
    command = [sys.executable, "-m", "airconn"]
    done = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)
    assert [line.replace(",", " ") for line in done.stdout.splitlines()] == offered


@pytest.mark.parametrize("command", [["convert"], ["import", "--to", "to.json"], ["delete", "c", "--yes", "--from"]])
def test_the_hint_of_an_extra_that_is_no_object_leads_somewhere_in_every_command(
    airconn, tmp_path: Path, command: list[str]
) -> None:
    """An import is for the Airflow that it goes to, whatever --airflow says."""
    (tmp_path / "c.json").write_text('{"connections": {"c": {"conn_type": "http", "extra": "[1]"}}}')
    result = airconn(*command, tmp_path / "c.json")
    hint = result.err.splitlines()[1]
    assert hint.startswith('hint:  write it as {"key": "value"}; for Airflow 2, which accepts any text')
    assert hint.endswith("add --airflow 2.11")
    for follows in (["convert"], ["check"], ["delete", "c", "--dry-run", "--from"]):
        assert "JSON object" not in airconn(*follows, tmp_path / "c.json", "--airflow", "2.11").err


def test_of_many_faults_the_first_are_told_and_a_hint_that_comes_again_is_told_once(airconn, examples: Path) -> None:
    args = ["import", examples / "objects.json", "--from-format", "env", "--to", "out.json"]
    result = airconn(*args)
    lines = result.err.splitlines()
    number = len([line for line in airconn(*args, "-v").err.splitlines() if line.startswith("error: ")])
    assert (result.code, number > 22) == (3, True)
    assert len([line for line in lines if line.startswith("error: ")]) == 20
    hints = [line for line in lines if line.startswith("hint:  ")]
    assert all(first != second for first, second in pairwise(hints))
    assert lines[-2:] == [f"and {number - 20} more errors (-v shows all)", "nothing was written"]


def test_two_faults_in_a_row_with_one_hint(airconn) -> None:
    result = airconn("convert", "-", "--from-format", "env", stdin="A B\nC D\n")
    assert [line.partition(":")[0] for line in result.err.splitlines()] == ["error", "hint", "error"]
    assert result.code == 3


@pytest.mark.parametrize("version", ["1.10", "2.6", "2.6.3"])
@pytest.mark.parametrize(
    "command",
    [
        "check x",
        "convert x",
        "export",
        "import x",
        "list",
        "show x",
        "delete x",
        "diff x y",
        "explain x",
        "run -- true",
    ],
)
def test_an_airflow_that_is_too_old_is_an_error_of_the_option(airconn, command: str, version: str) -> None:
    name, *rest = command.split()
    result = airconn(name, "--airflow", version, *rest)
    assert result.code == 2
    assert "is older than 2.7, the oldest that airconn knows\nhint:  --airflow 2.7 is the nearest" in result.err


def test_an_airflow_that_is_newer_than_all_is_the_newest(airconn) -> None:
    for version in ("2.7", "4.0"):
        assert airconn("check", "-", "--airflow", version, "--from-format", "env").code == 0


@pytest.mark.parametrize("command", ["check -", "convert - --format json", "list --from -"])
def test_a_minor_version_of_airflow_that_is_unknown_is_a_warning(airconn, command: str) -> None:
    name, *rest = (*command.split(), "--from-format", "env")
    said = "warning: Airflow {} is unknown to this airconn, which goes by Airflow {}\n"
    for version, series, nearest in (("3.33", "3.33", NEWEST), ("4.0.1", "4.0", NEWEST), ("2.12", "2.12", "2.11.2")):
        assert airconn(name, "--airflow", version, *rest).err.startswith(said.format(series, nearest))
        assert "unknown" not in airconn(name, "--airflow", version, *rest, "-q").err
    for version in ("3.3", "3.3.99", "2.7.3"):
        assert "unknown" not in airconn(name, "--airflow", version, *rest).err


@pytest.mark.parametrize("command", ["check", "convert"])
def test_where_no_airflow_is_in_question_the_help_says_which_it_is(airconn, capsys, command: str) -> None:
    airconn(command, "--help")
    text = " ".join(capsys.readouterr().out.split())
    assert f"2.7 or newer [{NEWEST}, the newest known]" in text
    assert "in question" not in text


CONNECTIONS = '{"db": {"conn_type": "postgres", "password": "s3cret"}}'


@pytest.mark.parametrize(
    ("name", "text", "kind", "said"),
    [
        ("conns.yaml", '{"a": "postgres://x"}', "variables", "the name of this file says connections"),
        ("x.json", CONNECTIONS, "variables", "this looks like a file of connections"),
        ("x.json", '{"a": {"slots": 1}}', "variables", "this looks like a file of pools"),
        ("x.json", '{"a": {"slots": 1}}', "connections", "this looks like a file of pools"),
    ],
)
def test_kind_does_not_gainsay_a_file(airconn, tmp_path: Path, name: str, text: str, kind: str, said: str) -> None:
    (tmp_path / name).write_text(text)
    result = airconn("convert", tmp_path / name, "--kind", kind)
    assert (result.code, result.out) == (3, "")
    assert result.err.startswith(f"error: {tmp_path / name}: {said}, and --kind says {kind}\nhint:  read it without")


def test_kind_is_for_the_files_that_do_not_tell(airconn, tmp_path: Path) -> None:
    (tmp_path / "connections.json").write_text(CONNECTIONS)
    (tmp_path / "v.json").write_text('{"dsn": "postgres://x"}')
    result = airconn("list", "--from", tmp_path / "v.json", "--kind", "variables")
    assert "variables  dsn" in result.out
    both = airconn("convert", tmp_path / "connections.json", tmp_path / "v.json", "--kind", "variables", "-q")
    assert '"connections": {\n    "db"' in both.out
    assert '"variables": {\n    "dsn": ' in both.out
    # A variable may hold what looks like a connection.
    (tmp_path / "variables.json").write_text(CONNECTIONS)
    assert "variables  db" in airconn("list", "--from", tmp_path / "variables.json", "--kind", "variables").out


@pytest.mark.parametrize(
    ("command", "asks"), [("import", True), ("diff", True), ("convert", False), ("sandbox", False)]
)
def test_the_help_of_what_logs_in_says_how(airconn, capsys, command: str, asks: bool) -> None:
    assert airconn(command, "--help").code == 0
    words = " ".join(capsys.readouterr().out.split())
    assert ("login with AIRCONN_TOKEN, a password or a command: airconn help login" in words) is asks


@pytest.mark.parametrize(
    "entry",
    [
        '"postgres://u:s3cret@h"',
        '["postgres://u:s3cret@h"]',
        '[{"conn_type": "postgres", "password": "s3cret"}]',
        '{"conn_uri": "postgres://u:s3cret@h"}',
        '{"settings": {"login": "u", "password": "s3cret"}}',
        '"u:s3cret@h"',
        '"***"',
        '"{\\"conn_type\\": \\"postgres\\", \\"password\\": \\"s3cret\\"}"',
        '"{\\"conn_type\\": "',
        '[{"key": "a", "value": "s3cret"}]',
    ],
)
def test_what_may_be_a_connection_is_no_variable_unless_somebody_says_so(airconn, tmp_path: Path, entry: str) -> None:
    (tmp_path / "data.json").write_text(f'{{"plain": "1", "db": {entry}}}')
    result = airconn("convert", tmp_path / "data.json")
    assert (result.code, result.out) == (3, "")
    assert "unclear whether this file holds connections or variables" in result.err
    assert airconn("convert", tmp_path / "data.json", "--kind", "variables", "-q").code == 0


@pytest.mark.parametrize(
    "text",
    [
        '{"a": {"conn_typ": "http", "pasword": "s3cret"}}',
        '{"conn_id": "a", "conn_pass": "s3cret"}',
    ],
)
def test_what_only_lacks_the_marks_of_connections_is_no_variable(airconn, tmp_path: Path, text: str) -> None:
    (tmp_path / "data.json").write_text(text)
    result = airconn("convert", tmp_path / "data.json")
    assert (result.code, result.out) == (3, "")
    assert "unclear whether this file holds connections or variables" in result.err


@pytest.mark.parametrize(
    ("command", "variable", "project", "whence"),
    [
        (["import", "{url}", "--to", "t.env"], "", "", "the command line"),
        (["list", "--from", "{url}"], "", "", "the command line"),
        (["diff", "t.env", "{url}"], "", "", "the command line"),
        (["list"], "{url}", "", "AIRCONN_URL"),
        (["list"], "", 'url = "{url}"', "'url' in airconn.toml"),
        (["list"], "", 'url = "@x"\naddresses.x = "{url}"', "@x in airconn.toml"),
        (["import", "@x", "--to", "t.env"], "", 'addresses.x = "{url}"', "@x in airconn.toml"),
    ],
)
def test_an_address_that_does_not_answer_is_told_with_where_it_comes_from(
    airconn, tmp_path: Path, monkeypatch, command: list[str], variable: str, project: str, whence: str
) -> None:
    monkeypatch.chdir(tmp_path)
    url = "https://bad-host.invalid"
    (tmp_path / "t.env").touch()
    (tmp_path / "airconn.toml").write_text(project.replace("{url}", url))
    args = [word.replace("{url}", url) for word in command]
    env = {"AIRCONN_RETRIES": "0", **({"AIRCONN_URL": url} if variable else {})}
    result = airconn(*args, env=env)
    assert result.code == 5
    assert f"hint:  the address comes from {whence}\n" in result.err
    assert "--to" not in result.err
