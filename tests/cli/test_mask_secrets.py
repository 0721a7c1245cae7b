"""`--mask-secrets`, and what is said where secrets are written as plain text."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from airconn.cli.export import command

HOOK = "https://hooks.slack.com/services/T0/B0/XYZ"
SECRETS = ["HUNTER2", "BEGIN PRIVATE KEY", "B0/XYZ", "ACCOUNTKEY"]
OBJECTS = {
    "connections": {
        "api": {
            "conn_type": "http",
            "host": HOOK,
            "login": "etl",
            "password": "HUNTER2",
            "extra": '{"k": "-----BEGIN PRIVATE KEY-----", "account_key": "ACCOUNTKEY==", "region": "eu", "n": 1.5}',
        }
    },
    "variables": {
        "db": "postgres://u:HUNTER2@h/d",
        "cfg": '{"uri": "postgres://u:HUNTER2@h/d", "n": 1.50}',
        "region": "eu-west-1",
    },
    "pools": {},
}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "objects.json"
    path.write_text(json.dumps(OBJECTS))
    return path


@pytest.mark.parametrize("name", ["json", "yaml", "env", "uri", "settings", "k8s"])
@pytest.mark.parametrize("words", [["convert"], ["export", "--from"]], ids=["convert", "export"])
def test_no_secret_is_written_and_an_import_keeps_them_all(
    airconn, source: Path, tmp_path: Path, name: str, words: list[str]
) -> None:
    out = tmp_path / f"out.{'uri' if name == 'uri' else 'env' if name == 'env' else 'yaml'}"
    result = airconn(*words, source, "--format", name, "--mask-secrets", "-o", out)
    assert result.code == 0, result.err
    assert "are masked" in result.err
    decoded = airconn("convert", out, "--from-format", name, "--format", "json")
    for secret in SECRETS:
        assert secret not in out.read_text() + decoded.out + result.err
    assert "etl" in decoded.out
    out.chmod(0o644)
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", out.name)
    codes = airconn("check", out, "--from-format", name).out
    assert "AC511" not in codes
    assert "AC512" not in codes
    again = airconn("import", out, "--from-format", name, "--to", source, "--merge")
    assert again.code == 0, again.out + again.err
    kept = json.loads(source.read_text())
    assert kept["connections"]["api"]["password"] == "HUNTER2"
    assert kept["connections"]["api"]["host"] == HOOK
    assert "ACCOUNTKEY" in kept["connections"]["api"]["extra"]
    assert kept["variables"] == OBJECTS["variables"]


def test_a_file_is_masked_in_place_and_secrets_of_others_in_it_block(airconn, source: Path, tmp_path: Path) -> None:
    out = tmp_path / ".env"
    assert airconn("convert", source, "-o", out).code == 0
    assert "HUNTER2" in out.read_text()
    assert airconn("convert", source, "--mask-secrets", "-o", out).code == 0
    assert not any(secret in out.read_text() for secret in SECRETS)
    before = out.read_text() + "AIRFLOW_CONN_OTHER=http://u:HUNTER2@h\n"
    out.write_text(before)
    blocked = airconn("convert", source, "--mask-secrets", "-o", out)
    assert (blocked.code, out.read_text()) == (4, before)
    assert airconn("convert", source, "--mask-secrets", "-o", out, "--replace").code == 0
    assert "HUNTER2" not in out.read_text()


def test_masked_secrets_are_left_out_where_what_is_hidden_is(airconn, source: Path) -> None:
    result = airconn("convert", source, "--mask-secrets", "--redacted", "omit")
    objects = json.loads(result.out)
    assert list(objects["variables"]) == ["region"]
    assert objects["connections"]["api"]["password"] is None
    assert json.loads(objects["connections"]["api"]["extra"]) == {"region": "eu", "n": 1.5}


@pytest.mark.parametrize("how", ["mask", "omit"])
def test_redacted_says_that_it_hides_nothing_that_the_source_shows(airconn, source: Path, how: str) -> None:
    said = airconn("convert", source, "--redacted", how)
    assert said.err.count("secrets of 3 objects are written as plain text") == 1
    assert "--mask-secrets" in said.err
    assert "in clear" not in airconn("convert", source).err
    assert "in clear" not in airconn("convert", source, "--redacted", how, "--include", "region").err


def git(directory: Path, *args: str) -> None:
    subprocess.run(["git", "-C", str(directory), *args], check=True, capture_output=True)


def test_secrets_in_clear_that_git_would_take_in_are_told(airconn, source: Path, tmp_path: Path) -> None:
    out = tmp_path / "sub" / "out.json"
    out.parent.mkdir()
    assert "git doesn't" not in airconn("convert", source, "-o", out).err
    git(tmp_path, "init", "-q")
    assert "git doesn't ignore this file" in airconn("convert", source, "-o", out).err
    assert "git doesn't" not in airconn("convert", source, "-o", out, "--include", "region", "--replace").err
    assert "git doesn't" not in airconn("convert", source, "-o", out, "--mask-secrets", "--replace").err
    (tmp_path / ".gitignore").write_text("out.json\n")
    assert "git doesn't" not in airconn("convert", source, "-o", out).err


def test_the_help_says_what_redacted_is_about() -> None:
    helps = {option.name: getattr(option, "help", "") for option in command.params}
    assert "the source hides" in helps["redacted"]
    assert "airconn show" in helps["mask_secrets"]
