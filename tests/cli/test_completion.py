"""What a shell offers at a tab: ids of files and Airflows, kinds, fields, rules, versions. Its script, installed."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.shell_completion import get_completion_class

from airconn.cli.completion_scripts import script_of
from airconn.cli.main import group
from tests.stores.airflow_api.conftest import airflow
from tests.stores.site import Answer, Received, Site

Airconn = Callable[..., Any]
OBJECTS = """\
connections:
  aws_a: {conn_type: aws, password: canary}
  aws_b: {conn_type: aws}
  db: {conn_type: postgres}
  a b: {conn_type: http}
  a$(touch hit): {conn_type: http}
variables:
  azure: "1"
  tmp: "2"
pools:
  a*: {slots: 1}
"""
OTHER = "connections:\n  zeta: {conn_type: aws}\n"


@pytest.fixture(autouse=True)
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "o.yaml").write_text(OBJECTS)
    (tmp_path / "z.yaml").write_text(OTHER)
    monkeypatch.chdir(tmp_path)
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "AIRCONN_URL", "AIRCONN_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AIRCONN_CONFIG", os.devnull)
    monkeypatch.setenv("AIRCONN_STATE_DIR", str(tmp_path / "state"))
    # From the start of the process, which is that of all tests.
    monkeypatch.setenv("AIRCONN_COMPLETION_SECONDS", "86400")
    return tmp_path


def offered(line: str, shell: str = "bash") -> list[str]:
    """What is offered for the last word of a line."""
    completion = get_completion_class(shell)
    assert completion is not None
    *words, last = line.split(" ")[1:]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("_AIRCONN_COMPLETE", f"{shell}_complete")
        return [item.value for item in completion(group, {}, "airconn", "").get_completions(words, last)]


def test_targets_are_offered_and_groups_where_several_places_are_possible(directory: Path) -> None:
    (directory / "airconn.toml").write_text(
        '[targets.eu]\naddress = "a.json"\n[addresses]\ndev = "b.json"\n[groups]\nprod = ["@eu"]\n'
    )
    assert offered("airconn get --from @") == ["@eu", "@dev"]
    assert offered("airconn import @") == ["@eu", "@dev"]
    assert offered("airconn import o.yaml --to @e") == ["@eu"]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("airconn show --from o.yaml ", "connections/ variables/ pools/"),
        ("airconn show --from o.yaml conn", "connections/"),
        ("airconn show --from o.yaml connections/", "connections/aws_a connections/aws_b connections/db"),
        ("airconn delete --from o.yaml connections/aws", "connections/aws_a connections/aws_b"),
        ("airconn delete --from o.yaml a", "aws_a aws_b azure"),
        ("airconn delete --variables --from o.yaml ", "azure tmp"),
        ("airconn edit --from o.yaml variables/", "variables/azure variables/tmp"),
        ("airconn test --source o.yaml d", "db"),
        ("airconn explain --database o.yaml connections/d", "connections/db"),
        ("airconn list --from o.yaml --include connections/a", "connections/aws_a connections/aws_b"),
        ("airconn import o.yaml z.yaml --to no.json --exclude connections/", "aws_a aws_b db zeta"),
        ("airconn diff o.yaml z.yaml --include connections/z", "connections/zeta"),
        ("airconn convert o.yaml --rename connections/d", "connections/db"),
        ("airconn get --from o.yaml connections/aws_a", "connections/aws_a."),
        ("airconn get --from o.yaml connections/db.p", "connections/db.password connections/db.port"),
        ("airconn get --from o.yaml variables/t", "variables/tmp"),
        ("airconn set --to o.yaml connections/db.ho", "connections/db.host="),
        ("airconn set --to o.yaml variables/t", "variables/tmp.value="),
        ("airconn set --to o.yaml variables/tmp.value =", ""),
        ("airconn set --to o.yaml variables/tmp.value=x variables/a", "variables/azure.value="),
        ("airconn import o.yaml --set connections/db.ex", "connections/db.extra."),
        ("airconn import o.yaml --literal variables/t", "variables/tmp.value"),
        ("airconn check --ignore ac10", "AC101 AC102 AC103"),
        ("airconn check --airflow 2.1", "2.10 2.11"),
        ("airconn sandbox --airflow 2.11.", "2.11.0 2.11.1 2.11.2"),
        ("airconn help obj", "objects"),
        ("airconn import --help-", "--help-all"),
        ("airconn explain --backend vau", "vault://"),
    ],
)
def test_a_shell_is_offered_what_is_there(line: str, words: str) -> None:
    found = offered(line)
    if line.endswith("--exclude connections/"):
        found = [word.removeprefix("connections/") for word in found]
    assert found == words.split()


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_get_ids_that_bash_would_run_or_split(shell: str) -> None:
    assert offered("airconn show --from o.yaml connections/a", shell) == [
        "connections/a b",
        "connections/a$(touch hit)",
        "connections/aws_a",
        "connections/aws_b",
    ]


@pytest.mark.parametrize("source", ["-", "no.yaml", "@nope", "vault://h/secret", "airflow-cli:touch hit", "metadb:"])
def test_nothing_is_offered_of_what_is_not_there_or_would_run_something(directory: Path, source: str) -> None:
    completion = get_completion_class("bash")
    assert completion is not None
    found = completion(group, {}, "airconn", "").get_completions(["show", "--from", source], "connections/")
    assert found == []
    assert not (directory / "hit").exists()


def test_the_runs_that_can_be_undone_are_offered_the_newest_first(airconn: Airconn, directory: Path) -> None:
    env = {"AIRCONN_STATE_DIR": str(directory / "state")}
    for id_ in ("aws_a", "db"):
        assert airconn("delete", id_, "--connections", "--from", "o.yaml", "--yes", env=env).code == 0
    first, second = offered("airconn undo 2")
    assert first > second
    assert offered(f"airconn undo {second}") == [second]


@pytest.fixture
def site() -> Iterator[Site]:
    def respond(received: Received) -> Answer | None:
        if received.method == "GET" and received.path == "/api/v2/connections":
            found = [{"connection_id": name, "conn_type": "aws"} for name in ("far_a", "far_b")]
            return Answer(body={"connections": found, "total_entries": 2})
        return None

    with Site(airflow("3.3.2", respond)) as site:
        yield site


def test_an_airflow_is_asked_once_in_a_minute(site: Site, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRCONN_URL", site.url)
    monkeypatch.setenv("AIRCONN_TOKEN", "canary")
    assert offered("airconn show connections/") == ["connections/far_a", "connections/far_b"]
    asked = len(site.log)
    assert offered("airconn delete far") == ["far_a", "far_b"]
    assert len(site.log) == asked
    (file,) = (directory / "state/completion").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    assert "canary" not in file.read_text() + file.name
    os.utime(file, (time.time() - 61, time.time() - 61))
    assert offered("airconn delete far") == ["far_a", "far_b"]
    assert len(site.log) > asked


def test_no_command_is_run_for_a_completion(site: Site, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRCONN_URL", site.url)
    monkeypatch.setenv("AIRCONN_TOKEN_COMMAND", f"touch {directory / 'hit'}")
    assert offered("airconn show connections/") == []
    assert site.log == []
    assert not (directory / "hit").exists()


def asked(words: str, **environ: str) -> tuple[subprocess.CompletedProcess[str], float]:
    """What the process for a completion prints, and its seconds."""
    own = {"_AIRCONN_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    own |= environ
    begun = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "airconn"], env={**os.environ, **own}, capture_output=True, text=True, check=False
    )
    return done, time.monotonic() - begun


def test_a_silent_airflow_is_not_waited_for(directory: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        done, seconds = asked("airconn show connections/", AIRCONN_URL=url, AIRCONN_COMPLETION_SECONDS="0.3")
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "", "")
    assert seconds < 4  # the time of a busy machine; the process that asks goes on for 6 seconds


def test_a_fault_is_not_shown_in_the_line_that_is_typed(directory: Path) -> None:
    (directory / "airconn.toml").write_text("no toml")
    done, _ = asked("airconn show connections/")
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "", "")


def test_a_real_bash_completes(directory: Path) -> None:
    script = """
eval "$(airconn completion bash)"
for line in 'show --from o.yaml connections/aws' 'get --from o.yaml connections/db' 'check --ignore AC102'; do
  COMP_WORDS=(airconn $line); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); COMPREPLY=()
  _airconn_completion airconn 2>/dev/null
  echo "${COMPREPLY[@]}"
done"""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environ = {**os.environ, "PATH": path, "AIRCONN_COMPLETION_SECONDS": "60"}
    done = subprocess.run(["bash", "-c", script], env=environ, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["connections/aws_a connections/aws_b", "connections/db.", "AC102"]
    assert not (directory / "hit").exists()


@pytest.mark.parametrize(
    ("shell", "environ", "path"),
    [
        ("bash", {}, ".local/share/bash-completion/completions/airconn"),
        ("bash", {"XDG_DATA_HOME": "{home}/data"}, "data/bash-completion/completions/airconn"),
        ("bash", {"BASH_COMPLETION_USER_DIR": "{home}/b"}, "b/completions/airconn"),
        ("zsh", {}, ".zfunc/_airconn"),
        ("fish", {}, ".config/fish/completions/airconn.fish"),
        ("fish", {"XDG_CONFIG_HOME": "{home}/c"}, "c/fish/completions/airconn.fish"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_script_is_installed_where_its_shell_looks(
    airconn: Airconn, tmp_path: Path, shell: str, environ: dict[str, str], path: str
) -> None:
    home = tmp_path / "home"
    own = {name: value.format(home=home) for name, value in environ.items()}
    env = {"HOME": str(home), "SHELL": f"/usr/bin/{shell}", **own}
    first = airconn("completion", "--install", env=env)
    assert (first.code, first.out) == (0, "")
    assert first.err.startswith(f"{home / path}: the completion script of {shell} installed\n")
    assert (home / path).read_text() == script_of(shell)
    again = airconn("completion", shell, "--install", env={**env, "SHELL": "/bin/sh"})
    assert again.err.startswith(f"{home / path}: the completion script of {shell} is up to date\n")
    assert [file for file in home.rglob("*") if file.is_file()] == [home / path]


def test_zsh_is_told_the_lines_that_it_needs_until_they_are_there(airconn: Airconn, tmp_path: Path) -> None:
    env = {"HOME": str(tmp_path), "SHELL": "zsh"}
    told = airconn("completion", "--install", env=env).err
    assert f"add to {tmp_path}/.zshrc:\n  fpath+=~/.zfunc\n  autoload -Uz compinit && compinit\n" in told
    (tmp_path / ".zshrc").write_text("fpath+=~/.zfunc\nautoload -Uz compinit && compinit\n")
    assert "add to" not in airconn("completion", "--install", env=env).err


def test_another_file_in_the_way_is_left_alone(airconn: Airconn, tmp_path: Path) -> None:
    path = tmp_path / ".config/fish/completions/airconn.fish"
    path.parent.mkdir(parents=True)
    path.write_text("mine\n")
    result = airconn("completion", "fish", "--install", env={"HOME": str(tmp_path)})
    assert result.code == 2
    assert f"error: {path}: this file isn't a completion script of airconn\n" in result.err
    assert path.read_text() == "mine\n"


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({"HOME": "/tmp", "SHELL": "/bin/dash"}, "$SHELL is dash, and airconn has scripts for bash, zsh and fish"),
        ({"HOME": "/tmp"}, "$SHELL isn't set"),
        ({"SHELL": "/bin/bash"}, "HOME isn't set"),
    ],
)
def test_a_shell_or_a_home_that_is_not_known_is_an_error(
    airconn: Airconn, environ: dict[str, str], message: str
) -> None:
    result = airconn("completion", "--install", env=environ)
    assert result.code == 2
    assert result.err.startswith(f"error: {message}")
