"""A sandbox whose metadata database is a PostgreSQL of its own, as most Airflows in production have one."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from airconn.sandbox import Sandbox
from tests.integration.postgres import Postgres

DRIVERS = ("asyncpg", "psycopg2-binary")


@contextmanager
def _api_server(box: Sandbox, workers: int) -> Iterator[str]:
    """The URL of an `airflow api-server` with several processes, once it answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["--host", "127.0.0.1", "--port", str(port), "--workers", str(workers)]
    command = [str(box.python), "-m", "airflow", "api-server", *options]
    environ = {**box.environ(), "AIRFLOW__API__BASE_URL": f"http://127.0.0.1:{port}"}
    with subprocess.Popen(
        command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    ) as process:
        try:
            url = f"http://127.0.0.1:{port}"
            while not _answers(f"{url}/api/v2/version"):
                assert process.poll() is None, "the API server ended"
                time.sleep(0.1)
            yield url
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(timeout=120)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=60):
            return True
    except OSError:
        return False


class PostgresAirflow:
    """An Airflow 3 on 127.0.0.1. With several `workers`, what serves is its own `airflow api-server`."""

    def __init__(self, version: str, *, workers: int = 1) -> None:
        self.version = version
        self.workers = workers

    @property
    def environ(self) -> dict[str, str]:
        """The variables that airconn reads."""
        return {**self.box.credentials(), "AIRCONN_URL": self.url}

    def __enter__(self) -> PostgresAirflow:
        with ExitStack() as stack:
            server = stack.enter_context(Postgres())
            server.run('CREATE DATABASE "airflow"')
            address = f"postgres:{quote(server.password, safe='')}@127.0.0.1:{server.port}/airflow"
            self.database_url = f"postgresql://{address}"
            settings = {
                "core": {"plugins_folder": str(Path(__file__).parent / "airflow_plugins")},
                "database": {
                    "sql_alchemy_conn": f"postgresql+psycopg2://{address}",
                    "sql_alchemy_conn_async": f"postgresql+asyncpg://{address}",
                },
            }
            self.box = Sandbox(self.version, packages=DRIVERS, settings=settings)
            with tempfile.TemporaryDirectory(prefix="airconn-migrate-") as home:
                environ = {
                    "PATH": os.environ["PATH"],
                    "HOME": home,
                    "AIRFLOW_HOME": home,
                    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
                    **{f"AIRFLOW__DATABASE__{name.upper()}": url for name, url in settings["database"].items()},
                }
                command = [str(self.box.python), "-m", "airflow", "db", "migrate"]
                done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
                assert done.returncode == 0, done.stderr[-3000:]
            stack.enter_context(self.box)
            self.url = self.box.url if self.workers == 1 else stack.enter_context(_api_server(self.box, self.workers))
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: Any) -> None:
        self._stack.close()
