"""A process that becomes another program, and what the signals do that come meanwhile."""

from __future__ import annotations

import fcntl
import os
import pty
import signal
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from airconn.cli import replace_process
from airconn.cli.replace_process import hand_over, wait_for

ROOT = Path(__file__).parents[2]
# What `python -m airconn` does, and then the program in the arguments instead of a command line.
BECOMING = """
import os, signal, sys
import airconn.__main__, airconn.cli
from airconn.cli import replace_process
from airconn.cli.replace_process import hand_over
airconn.cli.run = lambda: hand_over(sys.argv[1:], os.environ)
{meanwhile}
airconn.__main__.main()
"""
COUNTING = """
import os, signal, sys, time
told = []
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, lambda number, _: told.append(number))
print("begun", flush=True)
end = time.monotonic() + 120
while not told and time.monotonic() < end:
    time.sleep(0.02)
time.sleep(0.3)
raise SystemExit(10 * len(told) + told[0])
"""


def becoming(*command: str, meanwhile: str = "") -> list[str]:
    return [sys.executable, "-c", BECOMING.format(meanwhile=meanwhile), *command]


def become(*command: str, meanwhile: str = "", **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # type: ignore[call-overload, no-any-return]
        becoming(*command, meanwhile=meanwhile),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        **options,
    )


@pytest.mark.parametrize(
    ("script", "code"),
    [
        ("exit 0", 0),
        ("exit 7", 7),
        ("kill -9 $$", -9),
        ("kill $$", -15),
        ("kill -INT $$", -2),
        ("kill -PIPE $$", -13),
    ],
)
def test_the_end_of_the_command_is_the_end_of_the_process(script: str, code: int) -> None:
    done = become("sh", "-c", script)
    assert (done.returncode, done.stdout, done.stderr) == (code, "", "")


def test_it_is_the_same_process_with_the_environment_that_was_given() -> None:
    with subprocess.Popen(
        becoming("sh", "-c", "echo $$ $FOO"), cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        out, _ = process.communicate(timeout=120)
    assert out == f"{process.pid}\n"
    done = become("sh", "-c", "echo $FOO", env={**os.environ, "FOO": "bar"})
    assert done.stdout == "bar\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_a_signal_reaches_the_command_once_and_it_decides(number: int) -> None:
    command = becoming(sys.executable, "-c", COUNTING)
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        process.send_signal(number)
        assert process.wait(timeout=120) == 10 + number


def test_on_a_terminal_a_ctrl_c_reaches_the_command_once() -> None:
    def take_terminal() -> None:
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    here, there = pty.openpty()
    try:
        with subprocess.Popen(
            becoming(sys.executable, "-c", COUNTING),
            cwd=ROOT,
            stdin=there,
            stdout=subprocess.PIPE,
            stderr=there,
            start_new_session=True,
            preexec_fn=take_terminal,
            text=True,
        ) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "begun\n"
            os.write(here, b"\x03")
            assert process.wait(timeout=120) == 10 + signal.SIGINT
    finally:
        os.close(here)
        os.close(there)


def signals_of(command: list[str], ignored: tuple[int, ...], blocked: tuple[int, ...]) -> str:
    def prepare() -> None:
        for number in ignored:
            signal.signal(number, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_BLOCK, blocked)

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, preexec_fn=prepare, check=True)
    return done.stdout


@pytest.mark.parametrize(
    ("ignored", "blocked"),
    [((), ()), ((signal.SIGHUP,), ()), ((signal.SIGINT, signal.SIGTERM), ()), ((), (signal.SIGTERM, signal.SIGUSR1))],
    ids=["none", "nohup", "background", "blocked"],
)
def test_signals_do_to_the_command_what_they_would_do_without_airconn(
    ignored: tuple[int, ...], blocked: tuple[int, ...]
) -> None:
    command = ["grep", "^Sig\\(Ign\\|Blk\\)", "/proc/self/status"]
    plain = signals_of(command, ignored, blocked)
    assert len(plain.splitlines()) == 2
    assert signals_of(becoming(*command), ignored, blocked) == plain


AT_THE_LAST_MOMENT = """
become = os.execvpe
def execvpe(*args):
    signal.raise_signal(signal.{name})
    become(*args)
os.execvpe = execvpe
"""


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_at_the_last_moment_is_not_lost(name: str) -> None:
    done = become("echo", "it went on", meanwhile=AT_THE_LAST_MOMENT.format(name=name))
    assert (done.returncode, done.stdout, done.stderr) == (-getattr(signal, name), "", "")


def test_a_signal_while_the_handlers_change_is_not_lost() -> None:
    """It comes when ours are half gone, and the mask holds it back until it can be acted upon."""
    meanwhile = """
change = signal.signal
def changing(number, handler):
    if number == signal.SIGTERM and handler is signal.SIG_DFL:
        signal.raise_signal(signal.SIGTERM)
    return change(number, handler)
signal.signal = changing
"""
    done = become("echo", "it went on", meanwhile=meanwhile)
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGTERM, "", "")


def test_after_a_refusal_all_signals_are_as_before() -> None:
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE)
    before = [signal.getsignal(number) for number in numbers], signal.pthread_sigmask(signal.SIG_BLOCK, [])
    with pytest.raises(FileNotFoundError):
        hand_over(["/no/such/program"], {})
    after = [signal.getsignal(number) for number in numbers], signal.pthread_sigmask(signal.SIG_BLOCK, [])
    assert after == before


def test_file_descriptors_of_the_caller_are_the_commands_and_ours_are_not() -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading) as source:
        done = become(
            "sh",
            "-c",
            f"echo through > /proc/self/fd/{writing}; ls /proc/self/fd",
            meanwhile="f = open('/dev/null')",
            pass_fds=[writing],
        )
        os.close(writing)
        assert source.read() == "through\n"
    # Its own three, the one that was passed, and the one that ls opens.
    assert len(done.stdout.split()) == 5


def test_where_no_process_becomes_another_one_it_runs_beside_and_its_code_is_passed_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(replace_process.os, "name", "nt")
    try:
        hand_over([sys.executable, "-c", "raise SystemExit(3)"], os.environ)
    except SystemExit as end:
        code = end.code
    finally:
        monkeypatch.undo()  # pytest wants to know where it is
    assert code == 3


def test_what_a_ctrl_c_means_is_the_decision_of_a_command_beside_us(tmp_path: Path) -> None:
    script = "import pathlib, time; pathlib.Path('notes').write_text('begun'); time.sleep(1.5); raise SystemExit(5)"
    with soon(lambda: os.kill(os.getpid(), signal.SIGINT), tmp_path / "notes"):
        assert wait_for([sys.executable, "-c", f"import os; os.chdir({str(tmp_path)!r}); {script}"], os.environ) == 5


class soon:  # noqa: N801
    """Does something in a thread as soon as a file is there."""

    def __init__(self, action: Callable[[], None], path: Path) -> None:
        def wait() -> None:
            end = time.monotonic() + 120
            while not path.exists() and time.monotonic() < end:
                time.sleep(0.02)
            action()

        self.thread = threading.Thread(target=wait)

    def __enter__(self) -> None:
        self.thread.start()

    def __exit__(self, *_: object) -> None:
        self.thread.join()
