"""A command in the foreground, and what signals do to it."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from airconn.sandbox import foreground
from airconn.sandbox.foreground import Ended, ending_signals, run_command
from airconn.sandbox.guard import ProcessGuard


class Box:
    """What :func:`run_command` needs of a sandbox."""

    def __init__(self, guard: ProcessGuard, extra: Mapping[str, str]) -> None:
        self.guard = guard
        self.extra = extra

    def environ(self) -> dict[str, str]:
        return {**os.environ, **self.extra}


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    with ProcessGuard() as guard:
        yield Box(guard, {"NOTES": str(tmp_path / "notes")})


@contextmanager
def soon(number: int, notes: Path) -> Iterator[None]:
    """Send this process a signal as soon as the command has begun to take notes."""

    def send() -> None:
        while not notes.exists():
            time.sleep(0.02)
        os.kill(os.getpid(), number)

    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield
    finally:
        thread.join()


@pytest.mark.parametrize(("script", "code"), [("exit 0", 0), ("exit 7", 7), ("kill -9 $$", 137), ("kill $$", 143)])
def test_the_exit_code_is_the_commands_as_a_shell_gives_it(box: Box, script: str, code: int) -> None:
    assert run_command(["sh", "-c", script], box) == code  # type: ignore[arg-type]


def test_a_broken_pipe_ends_the_command_as_it_would_in_a_shell(box: Box, tmp_path: Path) -> None:
    assert run_command(["sh", "-c", "yes | head -1 > $NOTES; kill -PIPE $$; exit 0"], box) == 141  # type: ignore[arg-type]


def test_a_command_that_can_not_make_itself_known_is_run_all_the_same(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    def announce() -> None:
        raise ValueError("out of sorts")

    monkeypatch.setattr(box.guard, "announcing", lambda: announce)
    assert run_command(["sh", "-c", "exit 7"], box) == 7  # type: ignore[arg-type]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_to_end_is_passed_on_and_then_ends_airconn(box: Box, tmp_path: Path, number: int, code: int) -> None:
    notes = tmp_path / "notes"
    script = "trap 'echo told >> $NOTES; exit 0' TERM HUP; echo begun > $NOTES; while :; do sleep 0.05; done"
    with soon(number, notes), pytest.raises(Ended) as caught, ending_signals():
        run_command(["sh", "-c", script], box)  # type: ignore[arg-type]
    assert caught.value.exit_code == code
    assert notes.read_text().split() == ["begun", "told"]


def test_a_command_that_does_not_end_when_told_is_killed(
    box: Box, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(foreground, "_TERM_SECONDS", 0.3)
    script = "trap '' TERM; echo begun > $NOTES; exec sleep 300"
    with soon(signal.SIGTERM, tmp_path / "notes"), pytest.raises(Ended):
        run_command(["sh", "-c", script], box)  # type: ignore[arg-type]


def test_without_a_terminal_an_interrupt_is_passed_on_and_the_command_decides(
    box: Box, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(foreground, "_in_the_foreground_of_a_terminal", lambda: False)
    script = "trap 'exit 5' INT; echo begun > $NOTES; while :; do sleep 0.05; done"
    with soon(signal.SIGINT, tmp_path / "notes"):
        assert run_command(["sh", "-c", script], box) == 5  # type: ignore[arg-type]


ON_A_TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
from airconn.sandbox.foreground import run_command
from airconn.sandbox.guard import ProcessGuard
class Box:
    guard = ProcessGuard().__enter__()
    environ = staticmethod(lambda: dict(os.environ))
try:
    sys.exit(run_command([sys.executable, "-c", sys.argv[1]], Box))
finally:
    Box.guard.close()
"""
COUNTING = """
import os, signal, time
interrupts = []
signal.signal(signal.SIGINT, lambda *_: interrupts.append(1))
with open(os.environ["NOTES"], "w") as notes:
    notes.write("begun")
while not interrupts:
    time.sleep(0.02)
time.sleep(0.5)
raise SystemExit(10 + len(interrupts))
"""


def test_on_a_terminal_the_command_gets_a_ctrl_c_once(tmp_path: Path, eventually: Callable[..., bool]) -> None:
    notes = tmp_path / "notes"
    here, there = pty.openpty()
    try:
        with subprocess.Popen(
            [sys.executable, "-c", ON_A_TERMINAL, COUNTING],
            stdin=there,
            stdout=there,
            stderr=there,
            start_new_session=True,
            env={**os.environ, "NOTES": str(notes)},
        ) as process:
            assert eventually(lambda: notes.exists() and notes.read_text() == "begun")
            os.write(here, b"\x03")
            assert process.wait(timeout=120) == 11
    finally:
        os.close(here)
        os.close(there)


def test_a_signal_that_the_caller_has_us_ignore_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with ending_signals():
            os.kill(os.getpid(), signal.SIGHUP)
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_second_signal_does_not_cut_the_cleaning_short() -> None:
    cleaned = []

    def end_twice() -> None:
        with ending_signals():
            try:
                os.kill(os.getpid(), signal.SIGTERM)
            finally:
                os.kill(os.getpid(), signal.SIGTERM)
                cleaned.append(True)

    with pytest.raises(Ended):
        end_twice()
    assert cleaned == [True]


def test_the_handlers_of_the_caller_are_put_back() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)]
    with ending_signals():
        pass
    assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)] == before
