"""`airconn sandbox` without an Airflow: what it refuses, prints and passes on."""

from __future__ import annotations

import errno
import os
import shlex
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from airconn.cli import sandbox as cli
from airconn.errors import SandboxError
from airconn.sandbox.output import ProgramFailed

Airconn = Callable[..., Any]


class FakeBox:
    """Stands in for a sandbox: it starts nothing."""

    def __init__(self, version: str | None, *, on_progress: Callable[[str], None], **given: Any) -> None:
        del given["environ"]
        self.given = {"version": version, **given}
        self.progress = on_progress
        self.home = Path("/tmp/a home")
        self.search_path = os.defpath
        self.guard = SimpleNamespace(watching=lambda _: nullcontext(), announcing=lambda: lambda: None)

    def prepare(self) -> Any:
        return SimpleNamespace(scripts=Path("/tmp/env/bin"))

    def credentials(self) -> dict[str, str]:
        return {"AIRCONN_URL": "http://127.0.0.1:1", "AIRCONN_USERNAME": "admin", "AIRCONN_PASSWORD": "a'b"}

    def environ(self) -> dict[str, str]:
        return {**os.environ, **self.credentials()}

    def __enter__(self) -> FakeBox:
        self.progress("starting")
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def wait(self) -> None:
        raise KeyboardInterrupt


@pytest.fixture
def boxes(monkeypatch: pytest.MonkeyPatch) -> list[FakeBox]:
    made: list[FakeBox] = []

    def make(*args: Any, **given: Any) -> FakeBox:
        made.append(FakeBox(*args, **given))
        return made[-1]

    monkeypatch.setattr(cli, "Sandbox", make)
    return made


def test_the_exit_code_of_the_command_is_passed_on(airconn: Airconn, boxes: list[FakeBox]) -> None:
    result = airconn("sandbox", "--", "sh", "-c", "exit 7")
    assert (result.code, result.out, result.err) == (7, "", "starting\n")


def test_options_behind_the_command_are_its_own(airconn: Airconn, boxes: list[FakeBox]) -> None:
    assert airconn("sandbox", "--port", "1234", "--airflow", "2.11", "sh", "-c", 'exit "$1"', "sh", "5").code == 5
    assert airconn("sandbox", "--timeout", "9", "sh", "-c", 'test "$1" = --port', "sh", "--port").code == 0
    assert [box.given for box in boxes] == [
        {"version": "2.11", "port": 1234, "timeout": 180.0},
        {"version": None, "port": 0, "timeout": 9.0},
    ]


def test_packages_are_installed_beside_airflow_and_tests_of_connections_allowed(
    airconn: Airconn, boxes: list[FakeBox]
) -> None:
    packages = ["--install", "apache-airflow-providers-postgres", "--install", "psycopg[binary]>=3,<4"]
    assert airconn("sandbox", *packages, "--test-connections", "--", "true").code == 0
    assert boxes[0].given["packages"] == (packages[1], packages[3])
    assert boxes[0].given["settings"] == {"core": {"test_connection": "Enabled"}}


@pytest.mark.parametrize("name", ["-r x.txt", "https://example.com/x.whl", "a b", "", "../x", "x; rm"])
def test_what_is_not_the_name_of_a_package_is_refused(airconn: Airconn, name: str) -> None:
    result = airconn("sandbox", f"--install={name}", "--", "true")
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("error: --install: not the name of a package\nhint:  such as apache-airflow-")


def test_without_a_command_it_prints_lines_for_a_shell_and_stays(airconn: Airconn, boxes: list[FakeBox]) -> None:
    result = airconn("sandbox")
    assert result.code == 130
    assert [shlex.split(line) for line in result.out.splitlines()] == [
        ["export", "AIRCONN_URL=http://127.0.0.1:1"],
        ["export", "AIRCONN_USERNAME=admin"],
        ["export", "AIRCONN_PASSWORD=a'b"],
        ["export", "AIRFLOW_HOME=/tmp/a home"],
        ["export", "PATH=/tmp/env/bin:$PATH"],
    ]
    assert result.err == "starting\npress Ctrl-C to stop\n"


def test_it_warns_of_variables_that_would_lead_airflow_elsewhere(airconn: Airconn, boxes: list[FakeBox]) -> None:
    result = airconn("sandbox", env={"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "postgresql://me:s3cret@prod"})
    assert "unset these in the shell that runs these lines: AIRFLOW__DATABASE__SQL_ALCHEMY_CONN" in result.err
    assert "s3cret" not in result.out + result.err


def test_quiet_says_nothing_of_the_progress(airconn: Airconn, boxes: list[FakeBox]) -> None:
    assert airconn("sandbox", "-q", "true").err == ""


def test_a_command_that_is_not_there_is_told_before_the_start(airconn: Airconn, boxes: list[FakeBox]) -> None:
    result = airconn("sandbox", "-q", "no-such-command", "--option")
    assert (result.code, result.err) == (127, "no-such-command: command not found\n")


def test_a_command_that_can_not_be_run_is_told(airconn: Airconn, boxes: list[FakeBox], tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_text("neither a program nor a script")
    program.chmod(0o755)
    result = airconn("sandbox", "-q", program)
    assert (result.code, result.err) == (126, f"{program}: {os.strerror(errno.ENOEXEC)}\n")


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (
            ["--airflow", "2.6.3"],
            "error: --airflow: Airflow 2.6.3 is too old: the oldest for a sandbox is 2.7.0",
        ),
        (["--airflow", "new"], "error: --airflow: 'new' is not a version of Airflow"),
        (["--port", "65536"], "error: invalid value for '--port'"),
        (["--ariflow", "2.7.3"], "error: no such option"),
    ],
)
def test_a_wrong_command_line_is_refused(airconn: Airconn, args: list[str], message: str) -> None:
    result = airconn("sandbox", *args, "true")
    assert result.code == 2
    assert result.err.startswith(message)
    assert "hint: " in result.err


def test_an_error_is_shown_with_the_last_words_of_the_program_that_failed(
    airconn: Airconn, boxes: list[FakeBox], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: FakeBox) -> None:
        raise ProgramFailed("the server ended", said=["first", "second\x1b[2J"])

    monkeypatch.setattr(FakeBox, "__enter__", fail)
    result = airconn("sandbox", "true")
    assert (result.code, result.err) == (1, "  first\n  second\\x1b[2J\nerror: the server ended\n")


def test_any_other_error_is_the_edges_to_show(
    airconn: Airconn, boxes: list[FakeBox], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: FakeBox) -> None:
        raise SandboxError("there is no Python", hint="install one")

    monkeypatch.setattr(FakeBox, "__enter__", fail)
    result = airconn("sandbox", "true")
    assert (result.code, result.err) == (1, "error: there is no Python\nhint:  install one\n")


def test_the_help_names_every_option(airconn: Airconn, capsys: pytest.CaptureFixture[str]) -> None:
    assert airconn("sandbox", "--help").code == 0
    told = capsys.readouterr().out
    assert [option for option in ("--airflow", "--port", "--timeout", "--quiet") if option not in told] == []
