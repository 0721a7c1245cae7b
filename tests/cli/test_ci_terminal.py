"""A CI that gives its jobs a terminal: no command asks there, as none does in a pipe."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from airconn.cli import run
from airconn.cli.app import App
from tests.cli.at_terminal import AtTerminal
from tests.cli.test_consent import Keyboard
from tests.conftest import Terminal
from tests.stores.airflow_api.conftest import airflow
from tests.stores.site import Site

QUESTIONS = {
    "confirm": ("import", "new.json", "--to", "kept.json", "--confirm"),
    "confirm-of-address": ("import", "new.json", "--to", "@prod"),
    "prune": ("import", "new.json", "--to", "kept.json", "--prune"),
    "delete": ("delete", "variables/a", "--from", "kept.json"),
    "edit": ("edit", "variables/a", "--from", "kept.json"),
    "undo": ("undo",),
    "init": ("init",),
    "init-over": ("init", "--url", "https://airflow.example.com"),
    "prompt": ("set", "variables/a.value=prompt:", "--to", "kept.json"),
    "login": ("login", "https://airflow.example.com"),
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    project = tmp_path / "project"
    project.mkdir()
    (project / "new.json").write_text('{"variables": {"b": "2"}}')
    (project / "kept.json").write_text('{"variables": {"a": "1"}}')
    (tmp_path / "user.toml").write_text('[addresses.prod]\nurl = "prod.json"\nconfirm = true\n')
    return project


def started(project: Path, *args: str, terminal: bool = True, **environ: str) -> tuple[int, str]:
    """The exit code and standard error of a run, at whose terminal `y` is typed at each question."""
    out, err = Terminal(), Terminal()
    known = {"AIRCONN_CONFIG": str(project.parent / "user.toml"), "AIRCONN_STATE_DIR": str(project.parent / "state")}
    keyboard = Keyboard(b"y\n" * 9)
    if not terminal:
        keyboard.isatty = lambda: False  # type: ignore[method-assign]
        err.isatty = lambda: False  # type: ignore[method-assign]
    app = App(keyboard, out, err, {**known, "NO_COLOR": "1", **environ}, project, clock=lambda: 0.0)
    return run(list(args), app), err.getvalue()


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The questions whose answers aren't shown."""
    asked: list[str] = []

    def answer(prompt: str) -> str:
        asked.append(prompt)
        return "typed"

    monkeypatch.setattr("getpass.getpass", answer)
    return asked


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_command_at_the_terminal_of_a_ci_ends_as_without_a_terminal(
    project: Path, monkeypatch: pytest.MonkeyPatch, typed: list[str], name: str
) -> None:
    monkeypatch.chdir(project)
    if name == "undo":
        assert started(project, "set", "variables/a.value=3", "--to", "kept.json", terminal=False)[0] == 0
    if name == "init-over":
        (project / "airconn.toml").write_text("")
    before = (project / "kept.json").read_text()
    code, shown = started(project, *QUESTIONS[name], CI="true")
    piped = started(project, *QUESTIONS[name], terminal=False)
    assert (code, " ".join(shown.split())) == (piped[0], " ".join(piped[1].split()))
    assert (code in (2, 4), typed, "?" in shown) == (True, [], False), shown
    assert (project / "kept.json").read_text() == before
    assert not (project / "prod.json").exists()


def test_a_host_of_a_project_is_not_asked_about_in_a_ci(project: Path) -> None:
    with Site(airflow("3.3.2")) as site:
        (project / "airconn.toml").write_text(f'url = "{site.url}"\n')
        in_ci = started(project, "list", AIRCONN_TOKEN="fresh-token", CI="true")
        piped = started(project, "list", AIRCONN_TOKEN="fresh-token", terminal=False)
    assert (in_ci[0], " ".join(in_ci[1].split())) == (piped[0], " ".join(piped[1].split()))
    assert "[y/N]" not in in_ci[1]
    assert not (project.parent / "state/trusted-hosts.json").exists()


@pytest.mark.parametrize("value", ["true", "1", "yes", "woodpecker"])
def test_nothing_is_asked_where_ci_is_set(project: Path, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.chdir(project)
    assert started(project, *QUESTIONS["delete"], CI=value)[0] == 4


@pytest.mark.parametrize("value", ["", "0", "false", "False", "no"])
def test_a_terminal_asks_where_ci_says_no(project: Path, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.chdir(project)
    code, shown = started(project, *QUESTIONS["delete"], CI=value)
    assert (code, "[y/N]" in shown) == (0, True)
    assert json.loads((project / "kept.json").read_text()).get("variables", {}) == {}


def test_a_job_with_a_real_terminal_is_not_asked(project: Path) -> None:
    environ = {"AIRCONN_CONFIG": str(project.parent / "user.toml"), "AIRCONN_STATE_DIR": str(project / "state")}
    job = AtTerminal(project, *QUESTIONS["delete"], environ={**environ, "CI": "true"})
    assert job.end() == 4
    assert "--yes" in job.shown
    assert "[y/N]" not in job.shown
