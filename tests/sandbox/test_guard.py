"""Nothing stays behind, however airconn ends."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from airconn.sandbox.guard import ProcessGuard

Eventually = Callable[..., bool]
IsRunning = Callable[[int], bool]

# A shell with a child of its own; both ignore the polite signal.
STUBBORN = ["sh", "-c", "trap '' TERM INT HUP; sleep 300 & echo $!; wait; sleep 300"]


def first_line(log: Path, eventually: Eventually) -> int:
    assert eventually(lambda: log.exists() and log.read_text().endswith("\n"))
    return int(log.read_text())


def test_the_directory_is_private_and_goes_with_the_block() -> None:
    with ProcessGuard() as guard:
        assert guard.directory.parent == Path(tempfile.gettempdir()).resolve()
        assert stat.S_IMODE(guard.directory.stat().st_mode) == 0o700
        (guard.directory / "file").touch()
    assert not guard.directory.exists()


def test_processes_and_what_they_started_end_with_the_block(eventually: Eventually, is_running: IsRunning) -> None:
    with ProcessGuard() as guard:
        log = guard.directory / "log"
        process = guard.spawn(STUBBORN, log=log, env=os.environ)
        grandchild = first_line(log, eventually)
        assert is_running(grandchild)
    assert process.returncode is not None
    assert eventually(lambda: not is_running(grandchild))


def test_an_error_in_the_block_ends_them_too(is_running: IsRunning) -> None:
    guard = ProcessGuard()

    def interrupted() -> None:
        with guard:
            started.append(guard.spawn(["sleep", "300"], log=guard.directory / "log", env=os.environ))
            raise KeyboardInterrupt

    started: list[subprocess.Popen[bytes]] = []
    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert not is_running(started[0].pid)
    assert not guard.directory.exists()


def test_temporary_files_of_the_processes_are_in_the_directory() -> None:
    with ProcessGuard() as guard:
        log = guard.directory / "log"
        assert guard.run(["sh", "-c", "echo $TMPDIR; pwd; exit 3"], log=log, env=os.environ) == 3
        assert log.read_text().split() == [str(guard.directory)] * 2


def test_closing_works_without_the_watchdog_and_twice() -> None:
    with ProcessGuard() as guard:
        process = guard.spawn(["sleep", "300"], log=guard.directory / "log", env=os.environ)
        assert guard._watchdog is not None
        guard._watchdog.kill()
        guard._watchdog.wait()
        guard.spawn(["sleep", "300"], log=guard.directory / "log", env=os.environ)
    guard.close()
    assert process.returncode == -signal.SIGKILL
    assert not guard.directory.exists()


HOLDER = """
import os, subprocess, sys, time
from airconn.sandbox.guard import ProcessGuard
guard = ProcessGuard().__enter__()
log = guard.directory / "log"
group = guard.spawn({stubborn!r}, log=log, env=os.environ)
other = subprocess.Popen(["sleep", "300"])
polite = subprocess.Popen([sys.executable, "-c", {polite!r}, {mark!r}])
with guard.watching(other), guard.watching(polite):
    while not log.read_text().endswith("\\n") or not os.path.exists({mark!r}):
        time.sleep(0.02)
    print(guard.directory, group.pid, log.read_text().strip(), other.pid, polite.pid, guard._watchdog.pid, flush=True)
    time.sleep(300)
"""
# It writes down that it was asked to end.
POLITE = """
import pathlib, signal, sys, time
mark = pathlib.Path(sys.argv[1])
def end(*_):
    mark.write_text("asked")
    sys.exit()
signal.signal(signal.SIGTERM, end)
mark.touch()
time.sleep(300)
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGQUIT])
def test_when_airconn_is_killed_the_watchdog_ends_everything_and_itself(
    number: int, tmp_path: Path, eventually: Eventually, is_running: IsRunning
) -> None:
    mark = tmp_path / "mark"
    script = HOLDER.format(stubborn=STUBBORN, polite=POLITE, mark=str(mark))
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        directory, *pids = holder.stdout.readline().split()
        assert len(pids) == 5
        holder.send_signal(number)
    assert eventually(lambda: not any(is_running(int(pid)) for pid in pids))
    assert not Path(directory).exists()
    assert eventually(lambda: mark.read_text() == "asked")  # the file is emptied before its text is written


def test_what_has_been_forgotten_is_left_alone(is_running: IsRunning) -> None:
    with ProcessGuard() as guard:
        bystander = subprocess.Popen(["sleep", "300"], start_new_session=True)
        with guard.watching(bystander):
            pass
        guard._watchdog.stdin.close()  # type: ignore[union-attr]
        guard._watchdog.wait()  # type: ignore[union-attr]
        time.sleep(0.1)
        assert bystander.poll() is None
        bystander.kill()
        bystander.wait()
