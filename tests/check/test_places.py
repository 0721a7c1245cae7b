"""Files with secrets that git tracks, or that others can read."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from airconn.check import check_all
from airconn.config import Settings
from airconn.model import Selection
from airconn.stores import git as git_places
from airconn.stores.file import FileStore

SECRETS = {
    "password": "AIRFLOW_CONN_A=http://u:p@h\n",
    "extra": "AIRFLOW_CONN_A=http://h/?api_token=x\n",
    "variable": "AIRFLOW_VAR_MY_SECRET=x\n",
    "a database URI in a variable": "AIRFLOW_VAR_DB=postgres://u:p@h/d\n",
    "a webhook": 'AIRFLOW_CONN_A=\'{"conn_type": "http", "host": "https://hooks.slack.com/services/T0/B0/x"}\'\n',
    "a PEM key": 'AIRFLOW_CONN_A=\'{"conn_type": "ssh", "extra": {"k": "-----BEGIN PRIVATE KEY-----"}}\'\n',
    "an account key": 'AIRFLOW_CONN_A=\'{"conn_type": "wasb", "extra": {"account_key": "eA=="}}\'\n',
    "a leaf of a variable": 'AIRFLOW_VAR_A=\'{"db": {"passwd": "x"}}\'\n',
}
OPEN = {
    "no secret": "AIRFLOW_CONN_A=http://u@h/?region=x\nAIRFLOW_VAR_A=x\n",
    "hidden": "AIRFLOW_CONN_A=http://u:***@h\nAIRFLOW_VAR_TOKEN=***\n",
    "empty": "AIRFLOW_CONN_A=http://u:@h/?token=\nAIRFLOW_VAR_TOKEN=\n",
    "none of ours": "PASSWORD=x\n",
}


def codes(path: Path) -> list[str]:
    besides = ("AC501", "AC420")  # masks, and quotes to `docker run --env-file`
    return [f.code for f in check_all([FileStore(str(path), Settings())], Selection()) if f.code not in besides]


def git(directory: Path, *args: str) -> None:
    subprocess.run(["git", "-C", str(directory), *args], check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q")
    return tmp_path


@pytest.mark.parametrize("text", SECRETS.values(), ids=SECRETS)
def test_a_file_with_a_secret_that_git_tracks(text: str, repository: Path) -> None:
    path = repository / "[a]*.env"
    path.write_text(text)
    path.chmod(0o600)
    assert codes(path) == []
    git(repository, "--literal-pathspecs", "add", path.name)
    assert codes(path) == ["AC511"]
    link = repository.parent / f"{repository.name}-link.env"
    link.symlink_to(path)
    assert codes(link) == ["AC511"]
    other = repository / "[a]b.env"  # which the name of the first would match as a pattern
    path.rename(other)
    assert codes(other) == []


@pytest.mark.parametrize("text", OPEN.values(), ids=OPEN)
def test_a_file_without_a_secret_may_lie_anywhere(text: str, repository: Path) -> None:
    path = repository / "x.env"
    path.write_text(text)
    path.chmod(0o644)
    git(repository, "add", "x.env")
    assert codes(path) == []


@pytest.mark.parametrize(("mode", "expected"), [(0o600, []), (0o400, []), (0o640, ["AC512"]), (0o604, ["AC512"])])
def test_a_file_with_a_secret_that_others_can_read(mode: int, expected: list[str], tmp_path: Path) -> None:
    path = tmp_path / "x.env"
    path.write_text(SECRETS["password"])
    path.chmod(mode)
    assert codes(path) == expected


def test_no_git_and_a_git_that_hangs_say_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.env"
    path.touch()
    programs = tmp_path / "bin"
    programs.mkdir()
    monkeypatch.setenv("PATH", str(programs))
    assert not git_places.is_tracked(path)
    (programs / "git").write_text("#!/bin/sh\nwhile :; do :; done\n")
    (programs / "git").chmod(0o755)
    monkeypatch.setattr(git_places, "_SECONDS", 0.2)
    assert not git_places.is_tracked(path)


def test_what_git_sets_for_its_hooks_is_not_taken_for_the_repository(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = repository / "x.env"
    path.write_text("x")
    git(repository, "add", "x.env")
    monkeypatch.setenv("GIT_DIR", "nowhere")
    assert git_places.is_tracked(path)
