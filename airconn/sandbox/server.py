"""Starts the REST API of a prepared AIRFLOW_HOME and waits until it answers."""

from __future__ import annotations

import contextlib
import errno
import select
import socket
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

from airconn.airflow.rest_api import VERSION_PATHS
from airconn.errors import SandboxError
from airconn.sandbox import _airflow_side
from airconn.sandbox.guard import ProcessGuard
from airconn.sandbox.output import ProgramFailed, tail
from airconn.sandbox.surroundings import Secrets
from airconn.sandbox.versions import Release

HOST = "127.0.0.1"
_TICK = 0.2


def listen(port: int) -> socket.socket:
    """A socket listening on `port`, or on a free one for 0.

    airconn itself takes the port, and the server inherits the socket, so that no other program can take the port
    before the server uses it.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            problem = f"port {port} of {HOST} is in use"
        else:
            problem = f"port {port} of {HOST} can't be used: {error.strerror}"
        raise SandboxError(problem, where="--port", hint="without --port, a free port is used") from None
    return listener


class Server:
    """A running server, which takes over the listening socket."""

    def __init__(
        self,
        release: Release,
        python: Path,
        listener: socket.socket,
        *,
        guard: ProcessGuard,
        environ: Mapping[str, str],
        secret: Secrets,
    ) -> None:
        self.release = release
        self.port: int = listener.getsockname()[1]
        self._secret = secret
        self._log = guard.directory / "server.log"
        with listener:
            self._process = guard.spawn(
                [python, "-I", _airflow_side.__file__, "serve", str(listener.fileno())],
                log=self._log,
                env={**environ, "AIRFLOW_API_APPS": "core"},  # without the API for the tasks of 3.x
                pass_fds=[listener.fileno()],
                stdin=subprocess.PIPE,
            )
        assert self._process.stdin is not None  # noqa: S101 - for the type checker
        with contextlib.suppress(BrokenPipeError), self._process.stdin as stdin:
            stdin.write(f"{secret.password}\n".encode())

    def wait_until_it_answers(self, seconds: float) -> None:
        """Waits for an answer. Raises `ProgramFailed` with the end of the log if it dies or `seconds` have passed."""
        path = VERSION_PATHS[self.release.version.is_airflow_2]
        end = time.monotonic() + seconds
        while not self._answers(path, end):
            if self._process.poll() is not None:
                raise self._error("ended before it answered")
            if time.monotonic() >= end:
                raise self._error(f"didn't answer within {seconds:g} s", hint="--timeout SECONDS waits longer")
            time.sleep(_TICK)

    def wait(self) -> NoReturn:
        """Waits as long as the server runs. Raises `ProgramFailed` when it ends."""
        self._process.wait()
        raise self._error("has ended")

    def _answers(self, path: str, end: float) -> bool:
        """Asks once. The socket listens from the start, so the answer comes when the server is ready, or never."""
        try:
            with socket.create_connection((HOST, self.port), timeout=_TICK) as connection:
                connection.sendall(f"GET {path} HTTP/1.0\r\nHost: {HOST}:{self.port}\r\n\r\n".encode())
                while self._process.poll() is None and time.monotonic() < end:
                    if select.select([connection], [], [], _TICK)[0]:
                        return connection.recv(64).split(b" ")[1:2] == [b"200"]
        except OSError:
            pass
        return False

    def _error(self, what: str, hint: str | None = None) -> ProgramFailed:
        return ProgramFailed(
            f"the server of Airflow {self.release} {what}", hint=hint, said=tail(self._log, self._secret.values())
        )
