"""`airconn` as a user starts it: in a process of its own, with all that others can see of it meanwhile."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.integration.faulty_proxy import FaultyProxy


@dataclass
class Ran:
    """What a run answered, and what could be seen of it from outside."""

    code: int
    out: str
    err: str
    command_lines: set[str] = field(default_factory=set)
    """Of the process and of those that it started."""
    file_names: set[str] = field(default_factory=set)
    """In its working directory, its state directory and its temporary directory, while it ran and afterwards."""


class Program:
    """Runs `python -m airconn` in `directory`, with `environ` and nothing of the caller's but the search path."""

    def __init__(self, directory: Path, environ: Mapping[str, str]) -> None:
        self.directory = directory
        self.temporary = directory / "tmp"
        self.state = directory / "state"
        for place in (directory, self.temporary, self.state):
            place.mkdir(exist_ok=True)
        (directory / "config.toml").touch()
        self.environ = {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(Path(__file__).parents[2]),
            "HOME": str(directory),
            "TMPDIR": str(self.temporary),
            "AIRCONN_STATE_DIR": str(self.state),
            "AIRCONN_CONFIG": str(directory / "config.toml"),
            **environ,
        }

    def start(
        self, *args: object, env: Mapping[str, str] | None = None, python: Sequence[str] = (), **options: Any
    ) -> subprocess.Popen[str]:
        """Starts it and doesn't wait. An `env` of `None` for a name takes it away."""
        command = [sys.executable, *python, "-m", "airconn", *map(str, args)]
        environ = {name: value for name, value in {**self.environ, **(env or {})}.items() if value is not None}
        return subprocess.Popen(command, cwd=self.directory, env=environ, text=True, encoding="utf-8", **options)

    def run(
        self, *args: object, env: Mapping[str, str] | None = None, python: Sequence[str] = (), stdin: str = ""
    ) -> Ran:
        """Runs it to its end, and looks at it all the time."""
        ran = Ran(-1, "", "")
        outputs = [self.directory / "run.out", self.directory / "run.err"]
        given = self.directory / "run.in"
        given.write_text(stdin)
        with given.open() as source, outputs[0].open("w") as out, outputs[1].open("w") as err:
            with self.start(*args, env=env, python=python, stdin=source, stdout=out, stderr=err) as process:
                deadline = time.monotonic() + 60
                while process.poll() is None:
                    self._look(process.pid, ran)
                    time.sleep(0.01)
                    if time.monotonic() > deadline:
                        process.kill()
                        raise AssertionError(f"{args} doesn't end")
            self._look(process.pid, ran)
        ran.code = process.returncode
        ran.out, ran.err = (path.read_text(encoding="utf-8", errors="backslashreplace") for path in outputs)
        return ran

    def _look(self, pid: int, ran: Ran) -> None:
        with contextlib.suppress(OSError):
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
            for number in (pid, *children):
                ran.command_lines.add(Path(f"/proc/{number}/cmdline").read_text().replace("\0", " "))
        for place in (self.directory, self.temporary, self.state):
            with contextlib.suppress(OSError):
                ran.file_names.update(path.name for path in place.iterdir())

    def leftovers(self) -> list[Path]:
        """The temporary files that there are."""
        return [*self.temporary.iterdir(), *self.directory.glob(".airconn-*"), *self.state.glob(".airconn-*")]


class WatchedProxy(FaultyProxy):
    """Asks about each request that writes, before it is passed on, what is to become of it.

    `on_write` gets its number, counted from 1, and the request itself, and gives a fault, or '' for none. While it
    takes its time, airconn waits for the answer.
    """

    def __init__(self, to: str, on_write: Callable[[int, str], str] = lambda number, request: "") -> None:
        super().__init__(to)
        self.on_write = on_write
        self.written: list[str] = []

    def next_fault(self, request: str) -> str:
        fault = super().next_fault(request)
        method, _, path = request.partition(" ")
        if method == "GET" or not path.startswith("/api/"):
            return fault
        self.written.append(request)
        return self.on_write(len(self.written), request) or fault
