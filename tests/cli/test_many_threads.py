"""Commands that read several targets: Ctrl-C, questions, and a reader that goes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.at_terminal import CTRL_C, AtTerminal
from tests.stores.airflow_api.conftest import airflow
from tests.stores.site import Answer, Received, Site


class Airflows:
    """Three Airflows: two that need a login, and one that never gives its connections."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.released = threading.Event()

    def quick(self, received: Received) -> Answer | None:
        if received.path == "/auth/token" and received.method == "POST":
            is_right = received.body.get("password") == "right"
            return None if is_right else Answer(401, {"detail": "Invalid credentials"})
        if received.path.startswith("/api/v2/connections") and not received.headers.get("Authorization"):
            return Answer(401, {"detail": "Not authenticated"})
        return None

    def slow(self, received: Received) -> Answer | None:
        if received.path == "/api/v2/connections":
            self.asked.set()
            self.released.wait(60)
        return None


@pytest.fixture
def airflows(tmp_path: Path) -> Iterator[Airflows]:
    answers = Airflows()
    with (
        Site(airflow("3.0.6", answers.quick)) as a,
        Site(airflow("3.0.6", answers.quick)) as b,
        Site(airflow("3.0.6", answers.slow)) as slow,
    ):
        named = {"a": a.url, "b": b.url, "slow": slow.url}
        text = "".join(f'[targets.{name}]\naddress = "{url}"\n' for name, url in named.items())
        (tmp_path / "config.toml").write_text(text + '[groups]\nquick = ["@a", "@b"]\n')
        yield answers
        answers.released.set()


def environ_of(tmp_path: Path) -> dict[str, str]:
    own = {"AIRCONN_CONFIG": str(tmp_path / "config.toml"), "AIRCONN_STATE_DIR": str(tmp_path / "state")}
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AIRCONN_")}
    return {**kept, "CI": "", "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring", **own}


def test_ctrl_c_ends_an_export_at_once_and_names_what_is_not_written(airflows: Airflows, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "airconn", "export", "--from", "@all", "-o", "{target}.json"]
    with subprocess.Popen(
        command,
        cwd=tmp_path,
        env={**environ_of(tmp_path), "AIRCONN_TOKEN": "t"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert airflows.asked.wait(30)
        while sorted(path.name for path in tmp_path.glob("*.json")) != ["a.json", "b.json"]:
            assert process.poll() is None
        assert process.stderr is not None
        written = [process.stderr.readline() for _ in range(2)]
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert not airflows.released.is_set()
    assert (process.returncode, out, {line[:2] for line in written}) == (130, "", {"@a", "@b"})
    assert err.split("\n")[-4:] == ["not written: @slow", "", "interrupted", ""]
    assert not (tmp_path / "slow.json").exists()


@pytest.mark.parametrize("command", [["list", "--from", "@all"], ["diff", "@all"]], ids=["list", "diff"])
def test_ctrl_c_ends_a_read_at_once(airflows: Airflows, tmp_path: Path, command: list[str]) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "airconn", *command],
        cwd=tmp_path,
        env={**environ_of(tmp_path), "AIRCONN_TOKEN": "t"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert airflows.asked.wait(30)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err.strip()) == (130, "", "interrupted")


def test_logins_are_asked_for_one_after_the_other(airflows: Airflows, tmp_path: Path) -> None:
    user = AtTerminal(tmp_path, "list", "--from", "@quick", environ=environ_of(tmp_path))
    for _ in range(2):
        user.answer("user name: ", "ann")
        user.answer("password of ann: ", "right")
    user.until("@b: 0 connections")
    assert user.process.wait(30) == 0
    assert user.shown.count("needs a login") == 2


def test_ctrl_c_at_a_question_ends_the_run(airflows: Airflows, tmp_path: Path) -> None:
    user = AtTerminal(tmp_path, "list", "--from", "@quick", environ=environ_of(tmp_path))
    user.answer("user name: ", "ann")
    user.answer("password of ann: ", CTRL_C)
    user.until("interrupted")
    assert user.process.wait(30) == 130


def test_a_reader_that_goes_ends_a_list_quietly(tmp_path: Path) -> None:
    (tmp_path / "config.toml").touch()
    for name in ("a", "b"):
        (tmp_path / f"{name}.env").write_text("".join(f"AIRFLOW_VAR_{name}{n}=1\n" for n in range(5000)))
    command = f"{sys.executable} -m airconn list --from a.env --from b.env | head -n 1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", command], cwd=tmp_path, env=environ_of(tmp_path), capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, "Traceback" in done.stderr) == (141, "a.env\n", False), done


def test_the_deadline_holds_for_every_target(airflows: Airflows, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "airconn", "export", "--from", "@all", "-o", "{target}.json", "--deadline", "3"],
        cwd=tmp_path,
        env={**environ_of(tmp_path), "AIRCONN_TOKEN": "t"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, sorted(path.name for path in tmp_path.glob("*.json"))) == (5, ["a.json", "b.json"])
    assert "error: @slow, http://" in done.stderr
