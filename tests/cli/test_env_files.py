"""`--env-file`: which settings are taken from a file, and which of two wins."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from airconn.cli import run
from airconn.cli.app import App
from airconn.env_files import VARIABLES, is_taken
from tests.cli.password_door import PASSWORD, PasswordDoor
from tests.conftest import ROOT
from tests.stores.airflow_api.conftest import airflow
from tests.stores.site import Site

SECRET = "canary-of-the-file"


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with Site(airflow("3.3.2", PasswordDoor())) as site:
        yield site


def write(directory: Path, text: str, name: str = "login.env", mode: int = 0o600) -> Path:
    path = directory / name
    path.write_text(text)
    path.chmod(mode)
    return path


def test_a_file_has_the_address_and_the_login(airconn, tmp_path: Path, site: Site) -> None:
    text = f"AIRCONN_URL={site.url}\nexport AIRCONN_USERNAME=ann # me\nAIRCONN_PASSWORD='{PASSWORD}'\n"
    result = airconn("list", "--env-file", write(tmp_path, text))
    assert (result.code, PASSWORD in result.out + result.err) == (0, False)
    assert "warning" not in result.err


def test_the_environment_wins_over_the_file_also_where_it_is_empty(airconn, tmp_path: Path, site: Site) -> None:
    text = f"AIRCONN_URL=http://elsewhere.invalid\nAIRCONN_USERNAME=bob\nAIRCONN_TOKEN={SECRET}\n"
    login = {"AIRCONN_URL": site.url, "AIRCONN_USERNAME": "ann", "AIRCONN_PASSWORD": PASSWORD, "AIRCONN_TOKEN": ""}
    assert airconn("list", "--env-file", write(tmp_path, text), env=login).code == 0


def test_a_later_file_wins_over_one_before(airconn, tmp_path: Path, site: Site) -> None:
    first = write(tmp_path, f"AIRCONN_URL={site.url}\nAIRCONN_USERNAME=bob\nAIRCONN_PASSWORD={PASSWORD}\n")
    second = write(tmp_path, "AIRCONN_USERNAME=ann\n", "second.env")
    assert airconn("list", "--env-file", first, "--env-file", second).code == 0
    assert airconn("list", "--env-file", second, "--env-file", first).code == 5


def test_only_settings_are_taken(airconn, tmp_path: Path) -> None:
    text = f"AIRFLOW_VAR_A={SECRET}\nPATH=/nowhere\nLD_PRELOAD=x\nAWS_PROFILE=prod\nNO_COLOR=1\n"
    result = airconn("list", "--from", "env:", "--allow-empty", "--env-file", write(tmp_path, text))
    assert result.code == 0
    assert "variables" not in result.out


def test_each_variable_of_the_code_and_of_the_libraries_is_in_the_list() -> None:
    services = re.compile(
        r"[\"'`](AIRCONN_[A-Z_]+|(?:VAULT|AWS|AZURE|ASTRO|GOOGLE|CLOUDSDK|KUBE)[A-Z_]*_?[A-Z]+)[\"'`]"
    )
    read = {name for path in (ROOT / "airconn").rglob("*.py") for name in services.findall(path.read_text())}
    read = {name for name in read if "_" in name or name == "KUBECONFIG"}
    assert {"AIRCONN_TOKEN", "ASTRO_API_TOKEN", "VAULT_ADDR", "KUBECONFIG", "AWS_REGION"} <= read
    known = {name for name in read if is_taken(name)}
    assert {name for name in read - known if not name.startswith("KUBERNETES_")} == set()
    assert all(is_taken(name.replace("*", "X")) for names in VARIABLES.values() for name in names.split(", "))


@pytest.mark.parametrize("name", ["PATH", "AIRFLOW_VAR_A", "AIRFLOW_CONN_A", "MY_AIRCONN_TOKEN", "HTTPS_PROXY"])
def test_a_name_that_is_not_a_setting_is_left_alone(name: str) -> None:
    assert not is_taken(name)


def test_a_file_that_others_can_read_is_told(airconn, tmp_path: Path) -> None:
    path = write(tmp_path, f"AIRCONN_TOKEN={SECRET}\n", mode=0o640)
    result = airconn("list", "--from", path, "--allow-empty", "--env-file", path)
    assert f"warning: {path}: others can read this file of credentials (mode 0640): chmod 600 {path}" in result.err
    harmless = write(tmp_path, "OTHER=1\n", "other.env", mode=0o644)
    assert "others can read" not in airconn("list", "--from", path, "--allow-empty", "--env-file", harmless).err


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "--env-file: no such file"),
        ("AIRCONN_URL=x\nAIRCONN_TOKEN='canary-of-the-file\n", "this line is not NAME=VALUE"),
        (
            "AIRCONN_TOKEN=canary-of-the-file${X}\n",
            "python-dotenv and Docker Compose read the value of AIRCONN_TOKEN",
        ),
        (
            'AIRCONN_TOKEN="canary-of-the-file$$"\n',
            "python-dotenv and Docker Compose read the value of AIRCONN_TOKEN",
        ),
        ("AIRCONN_TOKEN=canary-of-the-file\\n\0", "AIRCONN_TOKEN has a NUL character in it"),
    ],
    ids=["missing", "quote", "reference", "dollar", "nul"],
)
def test_a_file_that_is_not_surely_understood_is_an_error(
    airconn, tmp_path: Path, text: str | None, message: str
) -> None:
    path = tmp_path / "login.env"
    if text is not None:
        write(tmp_path, text)
    result = airconn("list", "--env-file", path)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith(f"error: {path}:")
    assert message in result.err
    assert SECRET not in result.err


def test_a_dollar_between_single_quotes_is_a_dollar(airconn, tmp_path: Path) -> None:
    password = "canary$pa${x}$$"
    with Site(airflow("3.3.2", PasswordDoor(password=password))) as site:
        text = f"AIRCONN_USERNAME=ann\nAIRCONN_PASSWORD='{password}'\n"
        assert airconn("list", "--from", site.url, "--env-file", write(tmp_path, text)).code == 0


def test_a_command_that_is_run_gets_nothing_of_the_file(tmp_path: Path, capfd) -> None:
    import subprocess
    import sys

    text = f"AIRCONN_TOKEN={SECRET}\nAWS_SECRET_ACCESS_KEY={SECRET}\nAIRCONN_TIMEOUT=5\n"
    path = write(tmp_path, text)
    objects = write(tmp_path, "AIRFLOW_VAR_A=b\n", "objects.env")
    command = [sys.executable, "-m", "airconn", "run", "--keep-credentials", "--from", objects, "--env-file", path]
    done = subprocess.run([*map(str, command), "--", "env"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "AIRFLOW_VAR_A=b\n" in done.stdout
    assert SECRET not in done.stdout + done.stderr
    assert "AIRCONN_TIMEOUT" not in done.stdout


def test_libraries_find_the_settings_in_the_environment_of_the_process_until_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    path = write(tmp_path, "AWS_PROFILE=prod\nAWS_REGION=us-east-1\n")
    app = App.of_process()
    app.take_env_files([str(path)])
    assert (os.environ["AWS_PROFILE"], os.environ["AWS_REGION"]) == ("prod", "eu-west-1")
    assert run(["list", "--from", str(tmp_path / "none.env")], app) == 3
    assert ("AWS_PROFILE" in os.environ, os.environ["AWS_REGION"]) == (False, "eu-west-1")


def test_an_empty_path_is_told_as_such(airconn) -> None:
    result = airconn("list", "--env-file", "")
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("error: --env-file is empty\n")
