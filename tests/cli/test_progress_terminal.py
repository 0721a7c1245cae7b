"""The line that says how far something is, on a terminal as a user has it."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.screen import shown_by

PROGRAM = """
import os, sys
from airconn.__main__ import main
from airconn.cli.app import App
from airconn.stores.file import FileStore

def gate():
    os.read(int(os.environ["GATE"]), 1)

read, report = FileStore.read, App.report

def read_slowly(self, selection, context):
    context.watch("reading slowly", 1, 4)
    context.watch("reading slowly", 2, 4)
    gate()
    return read(self, selection, context)

def report_slowly(self, text, **how):
    report(self, text, **how)
    self.lines = getattr(self, "lines", 0) + 1
    if self.lines == 2:
        gate()

setattr(*((FileStore, "read", read_slowly) if os.environ["SLOW"] == "read" else (App, "report", report_slowly)))
main()
"""


class OnTerminal:
    """A run of airconn on a terminal of its own, which goes on when it is told to."""

    def __init__(self, directory: Path, slow: str, *args: object, stdout: int | None = None) -> None:
        self.seen = ""
        self.terminal, there = pty.openpty()
        waits, self._gate = os.pipe()
        environ = {**os.environ, "SLOW": slow, "GATE": str(waits), "AIRCONN_CONFIG": str(directory / "user.toml")}
        (directory / "user.toml").touch()
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, *map(str, args)],
            cwd=directory,
            stdin=there,
            stdout=there if stdout is None else stdout,
            stderr=there,
            pass_fds=[waits],
            env={**environ, "TERM": "xterm", "NO_COLOR": "1", "CI": ""},
        )
        os.close(there)
        os.close(waits)

    def until(self, text: str) -> None:
        """Looks at the terminal until it shows a text."""
        deadline = time.monotonic() + 120
        while text not in "\n".join(self.screen):
            assert time.monotonic() < deadline, self.seen
            assert self._look(), self.seen

    def go_on(self) -> None:
        os.write(self._gate, b"x")

    def end(self) -> int:
        """Looks at the terminal until the program has ended, and gives its exit code."""
        while self._look():
            pass
        return self.process.wait(120)

    def _look(self) -> bool:
        with contextlib.suppress(OSError):  # EIO, when nobody is left at the other end
            if data := os.read(self.terminal, 10_000):
                self.seen += data.decode("utf-8", "replace")
                return True
        return False

    @property
    def screen(self) -> list[str]:
        return shown_by(self.seen)

    def close(self) -> None:
        self.process.kill()
        self.process.wait(120)
        os.close(self.terminal)
        os.close(self._gate)


@pytest.fixture
def on_terminal(tmp_path: Path) -> Iterator[Callable[..., OnTerminal]]:
    (tmp_path / "in.env").write_text("AIRFLOW_VAR_A=1\nAIRFLOW_VAR_B=2\nAIRFLOW_VAR_C=3\n")
    runs: list[OnTerminal] = []

    def start(*args: object, slow: str = "read", stdout: int | None = None) -> OnTerminal:
        runs.append(OnTerminal(tmp_path, slow, *args, stdout=stdout))
        return runs[-1]

    yield start
    for run in runs:
        run.close()


def test_a_read_that_takes_long_is_shown_and_leaves_nothing_behind(on_terminal) -> None:
    run = on_terminal("convert", "in.env", "--format", "env")
    run.until("reading slowly  ━")
    assert "2/4" in run.screen[-1]
    run.go_on()
    assert run.end() == 0
    assert run.screen[-3:] == ["AIRFLOW_VAR_A=1", "AIRFLOW_VAR_B=2", "AIRFLOW_VAR_C=3"]
    assert "reading" not in "\n".join(run.screen)


def test_the_lines_of_a_report_and_it_do_not_tear_each_other(on_terminal) -> None:
    run = on_terminal("import", "in.env", "--to", "out.json", slow="report")
    run.until("writing  ")
    lines = [["+", f"variables/{id_}", f"in.env:{number}"] for number, id_ in enumerate("abc", 1)]
    assert [line.split() for line in run.screen[:-1]] == lines[:2]
    run.go_on()
    assert run.end() == 0
    assert [line.split() for line in run.screen[:-1]] == lines
    assert re.fullmatch(r"out\.json: 3 created, 0 updated, 0 unchanged( \([\d.]+ ?s\))?", run.screen[-1])


def test_a_report_that_goes_elsewhere_is_whole(on_terminal, tmp_path: Path) -> None:
    with (tmp_path / "out.txt").open("w") as file:
        run = on_terminal("import", "in.env", "--to", "out.json", slow="report", stdout=file.fileno())
        run.until("writing  ")
        run.go_on()
        assert (run.end(), run.screen) == (0, [])
    assert (tmp_path / "out.txt").read_text().count("\n") == 4


@pytest.mark.parametrize(
    ("number", "code", "said"), [(signal.SIGINT, 130, ["interrupted"]), (signal.SIGTERM, 143, [])]
)
def test_it_is_gone_when_the_run_is_stopped(on_terminal, number: int, code: int, said: list[str]) -> None:
    run = on_terminal("convert", "in.env")
    run.until("reading slowly  ━")
    run.process.send_signal(number)
    assert (run.end(), [line for line in run.screen if line]) == (code, said)


def test_a_command_finds_the_terminal_empty(on_terminal) -> None:
    run = on_terminal("run", "--from", "in.env", "--", "sh", "-c", "echo $AIRFLOW_VAR_A")
    run.until("reading slowly  ━")
    run.go_on()
    assert (run.end(), run.screen) == (0, ["1"])
