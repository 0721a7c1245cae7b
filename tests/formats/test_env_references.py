"""Which values of a .env file other readers expand, and what an import makes of that."""

from __future__ import annotations

import io
import shutil
import subprocess
from pathlib import Path

import pytest
from dotenv import dotenv_values

from airconn.formats import get_format
from airconn.formats.dotenv.dialects import get_dialect
from airconn.formats.dotenv.references import sourcing
from tests.formats.options import reading

DOTENV, COMPOSE, ASTRO, SHELL = "python-dotenv", "Docker Compose", "the Astro CLI", "a shell"
ALL = (DOTENV, COMPOSE, ASTRO, SHELL)
FORMS = {
    "a${HOME}b": ALL,
    '"${HOME}"': ALL,
    "${HOME:-x}": ALL,
    "$HOME/data": (COMPOSE, ASTRO, SHELL),
    '"a $HOME"': (COMPOSE, ASTRO, SHELL),
    "$home": (COMPOSE, SHELL),
    "$(echo)": (SHELL,),
    '"`echo`"': (SHELL,),
    "'$HOME $(echo) `echo`'": (),
    "'${HOME}'": (DOTENV,),
    '"\\$HOME \\`echo\\`"': (),
    "5$": (),
    "$": (),
    "$5": (ASTRO, SHELL),
    "pa$$": (COMPOSE, SHELL),
    "a$,b": (),
}


def expanded_by(dialect: str, written: str) -> tuple[str, ...]:
    """The readers of which `check` says that they expand a reference in a value."""
    found = get_format("env").parse(
        f"AIRFLOW_VAR_A={written}\n", ".env", reading(env_dialect=dialect, keeps_uris=True)
    )
    (variable,) = found.bundle
    return next((each.readers for each in variable.ambiguities if each.rule == "AC407"), ())


@pytest.mark.parametrize("written", FORMS)
def test_who_expands_a_value(written: str) -> None:
    assert expanded_by("portable", written) == FORMS[written]
    assert expanded_by("python-dotenv", written) == tuple(name for name in FORMS[written] if name == DOTENV)
    assert expanded_by("docker", written) == ()


@pytest.mark.parametrize("written", FORMS)
def test_the_real_readers_do_so(written: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/h")
    line = f"V={written}\n"
    (entry,) = get_dialect("portable").entries(line)
    changes = dotenv_values(stream=io.StringIO(line))["V"] != entry.value
    assert changes == (DOTENV in FORMS[written])
    script = f'{line}printf %s "$V"'
    shell = subprocess.run([shutil.which("sh") or "sh", "-c", script], capture_output=True, text=True, check=True)
    if "HOME" in written:
        assert ("/h" in shell.stdout) == (SHELL in FORMS[written])


@pytest.mark.parametrize(
    "line",
    [
        "AIRFLOW_CONN_DB=postgres://u:${DB_PW}@h/s",
        "AIRFLOW_CONN_DB=postgres://u:p@$DB_HOST/s",
        'AIRFLOW_CONN_DB=\'{"conn_type": "http", "host": "h"}\'\nAIRFLOW_VAR_DB_PASSWORD="$HOME/data"',
    ],
)
def test_a_reference_blocks_an_import_and_names_who_expands_it(airconn, tmp_path: Path, line: str) -> None:
    source, target = tmp_path / ".env", tmp_path / "out.json"
    source.write_text(f"OTHER=$HOME\n{line}\n")
    result = airconn("import", source, "--to", target)
    assert (result.code, target.exists()) == (4, False)
    number = line.count("\n") + 2
    assert f"{source}:{number}: other readers (" in result.err.replace("\n", " ")
    assert "a shell" in result.err
    assert f"set -a; . {source}; set +a; airconn import env:" in result.out
    converted = airconn("convert", source)
    assert converted.code == 0
    assert "other readers (" in converted.err
    checked = airconn("check", source)
    assert f"{source}:{number}:" in checked.out
    assert "AC407" in checked.out


@pytest.mark.parametrize(
    "line", ["AIRFLOW_VAR_DIR=$HOME/data", "AIRFLOW_VAR_DIR='${HOME}/data'", "AIRFLOW_VAR_A=for $5"]
)
def test_a_reference_in_a_variable_without_a_secret_is_a_warning(airconn, tmp_path: Path, line: str) -> None:
    source, target = tmp_path / ".env", tmp_path / "out.json"
    source.write_text(f"{line}\n")
    result = airconn("import", source, "--to", target)
    assert (result.code, target.exists()) == (0, True)
    assert result.err.count(" expand a reference in the value: variables/") == 1
    assert "warning AC407" in airconn("check", source).out


@pytest.mark.parametrize("line", ["AIRFLOW_VAR_NOW=$(date)", "AIRFLOW_VAR_NOW=`date`", "AIRFLOW_VAR_TOKEN_FILE=~/x"])
def test_what_only_a_shell_expands_is_a_note_of_check(airconn, tmp_path: Path, line: str) -> None:
    source, target = tmp_path / ".env", tmp_path / "out.json"
    source.write_text(f"{line}\n")
    result = airconn("import", source, "--to", target)
    assert (result.code, "expand" in result.err) == (0, False)
    assert "note AC407" in airconn("check", source).out


@pytest.mark.parametrize(
    ("line", "options"),
    [
        ("AIRFLOW_VAR_DIR='$HOME/data'", []),
        ("AIRFLOW_CONN_DB='postgres://u:a$B@h/s'", []),
        ("AIRFLOW_CONN_DB=postgres://u:a$B@h/s", ["--from-env-dialect", "python-dotenv"]),
        ("AIRFLOW_CONN_DB=postgres://u:a${B}c@h/s", ["--from-env-dialect", "docker"]),
        ("# airconn: env-dialect docker\nAIRFLOW_VAR_DIR=$(x) `y`", []),
        ("AIRFLOW_VAR_A=costs 5$ or $(five)", []),
        ("AIRFLOW_VAR_A='costs 5$ or $5'", []),
    ],
)
def test_what_is_literal_to_the_reader_of_the_file_is_imported(
    airconn, tmp_path: Path, line: str, options: list[str]
) -> None:
    (tmp_path / ".env").write_text(f"{line}\n")
    result = airconn("import", tmp_path / ".env", "--to", tmp_path / "out.json", *options)
    assert (result.code, "expand" in result.err) == (0, False)


def test_a_field_that_is_set_to_another_value_settles_it(airconn, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("AIRFLOW_VAR_DIR=$HOME/data\n")
    given = ("--set", "variables/dir.value=/data")
    assert airconn("import", tmp_path / ".env", "--to", tmp_path / "out.json", *given).code == 0
    assert airconn("import", tmp_path / ".env", "--to", tmp_path / "out.json", "--exclude", "dir").code != 4


@pytest.mark.parametrize("dialect", ["sh", "compose"])
def test_a_dialect_that_expands_says_what_works(airconn, tmp_path: Path, dialect: str) -> None:
    (tmp_path / ".env").write_text("AIRFLOW_CONN_DB=postgres://u:${DB_PW}@h/s\n")
    result = airconn("import", tmp_path / ".env", "--to", tmp_path / "out.json", "--from-env-dialect", dialect)
    assert (result.code, "set -a; . ./FILE; set +a; airconn import env:" in result.err) == (3, True)


@pytest.mark.parametrize(
    ("file", "named"),
    [("p.env", "./p.env"), ("a b/.env", "'./a b/.env'"), ("/etc/x.env", "/etc/x.env"), ("../.env", "../.env")],
)
def test_the_file_is_named_as_a_shell_finds_it(file: str, named: str) -> None:
    assert sourcing(file) == f"set -a; . {named}; set +a; airconn import env:"


def test_a_value_that_a_comment_cuts_short_says_so(airconn, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("AIRFLOW_CONN_A=postgres://u:ab #cd@h/d\nAIRFLOW_CONN_B='http://h:x' # c\n")
    checked = airconn("check", tmp_path / ".env")
    cut, other = (
        line for line in checked.out.splitlines() if line.lstrip().startswith("fix: ") and "chmod" not in line
    )
    assert "the value ends at the ' #', where a comment starts" in cut
    assert "comment" not in other
