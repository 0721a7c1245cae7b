"""What every test may use."""

from __future__ import annotations

import io
import os
import signal
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from airconn.cli import run
from airconn.cli.app import App

ROOT = Path(__file__).parent.parent

# Few examples by default; `AIRCONN_FUZZ=100000` tries as many in each test. A loaded machine is no reason to fail.
settings.register_profile(
    "airconn",
    max_examples=int(os.environ.get("AIRCONN_FUZZ", "30")),
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
settings.load_profile("airconn")


_MEMORY = Path("/dev/shm")
_ROOM = 4 << 30


def _use_memory() -> None:
    """Has temporary files in memory where it has the room, unless the caller chose a directory.

    Databases and airconn itself wait for the disk after each change, which takes 5 ms, and 50 µs in memory.
    """
    if "TMPDIR" in os.environ or not os.access(_MEMORY, os.W_OK):
        return
    system = os.statvfs(_MEMORY)
    if system.f_bavail * system.f_frsize >= _ROOM and not system.f_flag & os.ST_NOEXEC:
        os.environ["TMPDIR"] = tempfile.tempdir = str(_MEMORY)


_use_memory()
_STATE = tempfile.TemporaryDirectory(prefix="airconn-tests-")


def pytest_configure() -> None:
    """Keeps what programs of the tests leave, backups with secrets among it, out of the user's own state directory.

    Lets signals do what they do at a terminal, however the tests were started.

    Under nohup, and behind a shell's `&`, some are ignored, and so they would be by every program that a test starts.
    """
    os.environ["AIRCONN_STATE_DIR"] = _STATE.name
    for number, default in (
        (signal.SIGINT, signal.default_int_handler),
        (signal.SIGHUP, signal.SIG_DFL),
        (signal.SIGQUIT, signal.SIG_DFL),
    ):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, default)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """The order of `tests/schedule.py` for `--dist loadgroup`."""
    if config.getoption("dist") != "loadgroup":
        return None
    from tests.schedule import Schedule

    return Schedule(config, log)


@dataclass
class Result:
    """What a command line answered."""

    code: int
    out: str
    err: str


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(scope="session")
def examples() -> Path:
    return ROOT / "examples"


@pytest.fixture
def airconn(tmp_path: Path) -> Callable[..., Result]:
    """Runs `airconn` in this process: its own streams, an empty environment, `tmp_path` as working directory."""

    def call(
        *args: object, stdin: bytes | str = b"", env: dict[str, str] | None = None, terminal: bool = False
    ) -> Result:
        data = stdin.encode() if isinstance(stdin, str) else stdin
        stream = Terminal if terminal else io.StringIO
        (tmp_path.parent / f"{tmp_path.name}-user.toml").touch()
        own = {
            "AIRCONN_CONFIG": str(tmp_path.parent / f"{tmp_path.name}-user.toml"),
            "AIRCONN_STATE_DIR": str(tmp_path.parent / f"{tmp_path.name}-state"),
        }
        environ = {**own, **(env or {})}
        app = App(io.BytesIO(data), stream(), stream(), environ, tmp_path, clock=lambda: 0.0)
        code = run([str(arg) for arg in args], app)
        return Result(code, app.stdout.getvalue(), app.stderr.getvalue())  # type: ignore[attr-defined]

    return call
