"""A sandbox whose metadata database is a PostgreSQL of its own, as most Airflows in production have one."""

from __future__ import annotations

import os
import subprocess
import tempfile
from contextlib import ExitStack
from typing import Any
from urllib.parse import quote

from airconn.sandbox import Sandbox
from tests.integration.postgres import Postgres

DRIVERS = ("asyncpg", "psycopg2-binary")


class PostgresAirflow:
    """An Airflow 3 with its API server, on 127.0.0.1. `workers` are the processes of the API server."""

    def __init__(self, version: str, *, workers: int = 1) -> None:
        self.version = version
        self.workers = workers

    def __enter__(self) -> PostgresAirflow:
        with ExitStack() as stack:
            server = stack.enter_context(Postgres())
            server.run('CREATE DATABASE "airflow"')
            address = f"postgres:{quote(server.password, safe='')}@127.0.0.1:{server.port}/airflow"
            self.database_url = f"postgresql://{address}"
            settings = {
                "database": {
                    "sql_alchemy_conn": f"postgresql+psycopg2://{address}",
                    "sql_alchemy_conn_async": f"postgresql+asyncpg://{address}",
                },
                "api": {"workers": str(self.workers)},
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
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: Any) -> None:
        self._stack.close()
