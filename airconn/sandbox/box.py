"""A throwaway Airflow."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn, TypeVar

from airconn.errors import SandboxError
from airconn.sandbox import environment as environments
from airconn.sandbox.guard import ProcessGuard
from airconn.sandbox.packages import extra_packages
from airconn.sandbox.server import HOST, Server, listen
from airconn.sandbox.surroundings import (
    DATABASE_NAME,
    USERNAME,
    Secrets,
    Settings,
    airflow_environ,
    write_config,
)
from airconn.sandbox.versions import resolve

DEFAULT_TIMEOUT = 180.0

Part = TypeVar("Part")


class Sandbox:
    """A real Airflow on 127.0.0.1 with an empty SQLite database, for as long as its `with` block lasts.

        with Sandbox("2.7.3") as box:
            box.run(["airflow", "connections", "import", "connections.json"], check=True)

    `version` is as on the command line: a release, a prefix of one, or None for the newest known. `settings` go into
    its airflow.cfg, as `{"core": {"test_connection": "Enabled"}}`. `packages` are installed beside it, such as
    `apache-airflow-providers-postgres`. `environ` are the caller's environment variables.
    `on_progress` is called with short lines for people.

    A wrong version or package name raises `UsageError` at once. All later failures raise `SandboxError`.
    """

    username = USERNAME

    def __init__(
        self,
        version: str | None = None,
        *,
        port: int = 0,
        timeout: float = DEFAULT_TIMEOUT,
        settings: Settings | None = None,
        packages: Sequence[str] = (),
        environ: Mapping[str, str] = os.environ,
        on_progress: Callable[[str], None] | None = None,
    ) -> None:
        self._release = resolve(version)
        self._port = port
        self._timeout = timeout
        self._settings = settings
        self._packages = extra_packages(packages)
        self._environ = environ
        self._progress = on_progress or (lambda _: None)
        self._secret = Secrets()
        self._environment: environments.Environment | None = None
        self._guard: ProcessGuard | None = None
        self._server: Server | None = None

    def __enter__(self) -> Sandbox:
        try:
            self._start()
        except OSError as error:
            self.close()
            raise SandboxError(f"the sandbox can't be set up: {error.strerror or error}") from error
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def version(self) -> str:
        return str(self._release)

    @property
    def url(self) -> str:
        return f"http://{HOST}:{_running(self._server).port}"

    @property
    def password(self) -> str:
        return self._secret.password

    @property
    def home(self) -> Path:
        """Its AIRFLOW_HOME."""
        return _running(self._guard).directory

    @property
    def python(self) -> Path:
        """The Python of its environment, which can import its Airflow."""
        return self.prepare().python

    @property
    def search_path(self) -> str:
        """The PATH of its commands, with its own `airflow` first."""
        return os.pathsep.join((str(self.prepare().scripts), self._environ.get("PATH", os.defpath)))

    @property
    def guard(self) -> ProcessGuard:
        """The guard of its processes and files, which end with the sandbox."""
        return _running(self._guard)

    def prepare(self) -> environments.Environment:
        """Its environment. The first time that a version is used, this installs it, which takes a while."""
        if os.name != "posix":
            raise SandboxError("Airflow doesn't run on this system", hint="run airconn in WSL or in a container")
        if self._environment is None:
            self._environment = environments.provide(self._release, self._environ, self._progress, self._packages)
        return self._environment

    def environ(self) -> dict[str, str]:
        """The environment variables for a command that works on this sandbox: the caller's, and its own."""
        theirs = airflow_environ(self._environ, home=self.home)
        others = ("AIRCONN_TOKEN", "AIRCONN_CLIENT_", "AIRCONN_HEADER_")
        kept = {name: value for name, value in theirs.items() if not name.startswith(others)}
        return kept | {"PATH": self.search_path} | self.credentials()

    def credentials(self) -> dict[str, str]:
        """The variables that airconn itself reads."""
        return {"AIRCONN_URL": self.url, "AIRCONN_USERNAME": self.username, "AIRCONN_PASSWORD": self.password}

    def run(self, command: Sequence[str | Path], **options: Any) -> subprocess.CompletedProcess[Any]:
        """Runs `subprocess.run` with the environment variables of this sandbox."""
        return subprocess.run(command, **{"env": self.environ(), **options})  # noqa: S603

    def wait(self) -> NoReturn:
        """Waits as long as its server runs. Raises `ProgramFailed` when the server ends by itself."""
        _running(self._server).wait()

    def close(self) -> None:
        """Ends its processes and removes its files. May be called again."""
        self._server = None
        if self._guard is not None:
            self._guard.close()

    def _start(self) -> None:
        # A port that is in use is an error before anything is installed.
        with listen(self._port) as listener:
            environment = self.prepare()
            self._progress(f"starting Airflow {self._release}")
            self._guard = ProcessGuard()
            self._guard.__enter__()
            home = self._guard.directory
            url = f"http://{HOST}:{listener.getsockname()[1]}"
            write_config(home, self._release, self._secret, url, self._settings)
            shutil.copyfile(environment.database, home / DATABASE_NAME)
            self._server = Server(
                self._release,
                environment.python,
                listener,
                guard=self._guard,
                environ=airflow_environ(self._environ, home=home),
                secret=self._secret,
            )
        self._server.wait_until_it_answers(self._timeout)


def _running(part: Part | None) -> Part:
    if part is None:
        raise RuntimeError("the sandbox isn't running: use it in its `with` block")
    return part
