"""The Airflow that is measured, in the state that a measurement starts from."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from airconn.sandbox import Sandbox
from tests.benchmarks.bare import Client
from tests.benchmarks.data import Data
from tests.integration import in_airflow

# The login form of Airflow 2 takes 5 passwords in 40 s, and every program that is measured logs in.
_SETTINGS = {section: {"auth_rate_limited": "False"} for section in ("fab", "webserver")}
_HASH = "import sys, werkzeug.security as w; print(w.generate_password_hash(sys.stdin.read()))"


class Servers:
    """One sandbox at a time.

    Airflow's log mask gets slower with each secret that a process has seen, for everything that it answers. So a
    server that has seen some is ended where a fresh one is asked for.
    """

    def __init__(self, progress: Callable[[str], None]) -> None:
        self._progress = progress
        self._box: Sandbox | None = None
        self._is_spoilt = False
        """It has seen secrets."""
        self._seen: Data | None = None
        """What it has seen, if that is still all."""

    def __enter__(self) -> Servers:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends the sandbox. The next that is asked for is a new one."""
        if self._box:
            self._box.close()
        self._box = None

    @property
    def home(self) -> Path:
        """AIRFLOW_HOME of the sandbox that runs."""
        assert self._box is not None
        return self._box.home

    def empty(self, version: str, to_come: Data) -> Sandbox:
        """A server that has seen no secret, with an empty database, which `to_come` will be written to."""
        return self._unspoilt(version, to_come, None)

    def fresh(self, version: str, data: Data) -> Sandbox:
        """A server that has seen no secret, with `data` in its database."""
        return self._unspoilt(version, data, data)

    def warm(self, version: str, data: Data) -> Sandbox:
        """A server that has seen `data`, which are in its database, and no other secret."""
        if self._seen != data or not self._runs(version):
            box = self.fresh(version, data)
            # Each of the workers of Airflow 2 has to see them.
            for _ in range(1 if version.startswith("3") else 2):
                _client(box).pull(data.kind)
            self._seen = data
        return self._holding(data)

    def database(self, version: str, data: Data | None = None) -> Sandbox:
        """A sandbox for programs that don't ask its server, with `data` in its database."""
        if not self._runs(version):
            self._start(version)
        return self._holding(data)

    def _unspoilt(self, version: str, shown: Data, held: Data | None) -> Sandbox:
        if self._is_spoilt or not self._runs(version):
            self._start(version)
        self._is_spoilt, self._seen = shown.has_secrets, None
        return self._holding(held)

    def _runs(self, version: str) -> bool:
        return self._box is not None and self._box.version == version

    def _start(self, version: str) -> None:
        self.close()
        self._box = Sandbox(version, settings=_SETTINGS, on_progress=self._progress).__enter__()
        self._is_spoilt, self._seen = False, None
        if version.startswith("2"):
            _hash_as_usual(self._box)
        for _ in range(4):
            client = _client(self._box)
            for kind in ("connections", "variables", "pools"):
                client.list(kind)

    def _holding(self, data: Data | None) -> Sandbox:
        assert self._box is not None
        in_airflow.seed(self._box.home, data.rows() if data else {})
        return self._box


def _client(box: Sandbox) -> Client:
    return Client(box.url, box.username, box.password)


def _hash_as_usual(box: Sandbox) -> None:
    """A sandbox has a password whose hash costs next to nothing. Others have one that costs a tenth of a second."""
    done = subprocess.run(
        [box.python, "-I", "-c", _HASH], input=box.password, text=True, capture_output=True, check=True
    )
    with contextlib.closing(in_airflow.connect(box.home)) as database, database:
        database.execute("update ab_user set password = ?", [done.stdout.strip()])
