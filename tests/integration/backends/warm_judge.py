"""Runs `in_backend.py` in a fork of a process that has imported the libraries of Airflow, and nothing of Airflow."""

from __future__ import annotations

import array
import atexit
import json
import os
import select
import socket
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.integration import warm_airflow

_IN_BACKEND = Path(__file__).parent / "in_backend.py"
_START = 120
"""The seconds that a server may take to start."""


class WarmJudge:
    """A server with the Python `python`, which ends with this process."""

    def __init__(self, python: Path) -> None:
        self._directory = tempfile.TemporaryDirectory(prefix="airconn-judge-")
        self._path = Path(self._directory.name) / "socket"
        self._server = subprocess.Popen(
            [python, "-I", warm_airflow.__file__, "run", self._path, _IN_BACKEND],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"PATH": os.environ.get("PATH", os.defpath), "HOME": self._directory.name},
            cwd=self._directory.name,
        )
        atexit.register(self._end)
        assert self._server.stdout
        ready = select.select([self._server.stdout], [], [], _START)[0] and self._server.stdout.readline()
        assert ready, f"{python}: the server that asks Airflow didn't start"

    def run(
        self, args: Sequence[str | Path], stdin: str, environ: Mapping[str, str], directory: Path, timeout: float
    ) -> subprocess.CompletedProcess[str]:
        """What `in_backend.py` with these arguments prints, as `subprocess.run` gives it."""
        command = [str(_IN_BACKEND), *map(str, args)]
        with (
            tempfile.TemporaryFile("w+", encoding="utf-8") as asked,
            tempfile.TemporaryFile("w+", encoding="utf-8") as out,
            tempfile.TemporaryFile("w+", encoding="utf-8") as err,
            socket.socket(socket.AF_UNIX) as server,
        ):
            asked.write(stdin)
            asked.flush()
            asked.seek(0)
            call = {"argv": command, "environ": {**environ}, "directory": str(directory), "umask": 0o022}
            data = json.dumps(call).encode()
            server.settimeout(timeout)
            server.connect(str(self._path))
            streams = array.array("i", [stream.fileno() for stream in (asked, out, err)])
            server.sendmsg([len(data).to_bytes(8, "big")], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, streams)])
            server.sendall(data)
            code = server.recv(1)
            out.seek(0)
            err.seek(0)
            return subprocess.CompletedProcess(command, code[0] if code else 1, out.read(), err.read())

    def _end(self) -> None:
        if self._server.stdin:
            self._server.stdin.close()
        self._server.wait()
        self._directory.cleanup()
