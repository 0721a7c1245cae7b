"""Imports into Airflow 3.3 with PostgreSQL that are killed at a random moment: nothing is lost, nothing made up."""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import random
import signal
import stat
import subprocess
import sys
import time
from collections import Counter, deque
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

import psycopg

from tests.integration import in_airflow
from tests.integration.postgres_airflow import PostgresAirflow
from tests.integration.prediction import State, normal, predict
from tests.integration.soak_files import EMPTY, Files

OPTIONS = ("--prune", "--yes", "--max-delete", "1000", "--output", "json")
WHOLE = 0.2
"""The share of imports that are let run to their end."""
LIMIT = 120.0
"""The seconds after which an import that isn't killed counts as hanging."""


def run(number: int, directory: Path, seed: int) -> Counter[str]:
    """Makes `number` imports and kills most of them. Raises `AssertionError` at the first thing that is lost."""
    counted: Counter[str] = Counter()
    chance = random.Random(seed)
    with PostgresAirflow("3.3.2") as airflow:
        runs = Runs(directory, airflow)
        target = Database(airflow)
        runs.preload()
        files = Files(seed)
        took = deque((runs.whole(files.next()) for _ in range(5)), maxlen=15)
        state = target.state()
        wanted = files.next()
        started = time.monotonic()
        for done in range(1, number + 1):
            expected = predict(state, wanted, lacking="clear", prune=True)
            after = None if chance.random() < WHOLE else chance.random() * 1.2 * median(took)
            begun = time.monotonic()
            code = runs.one(wanted, after)
            if after is None:
                took.append(time.monotonic() - begun)
            now = target.settled()
            counted["killed" if code < 0 else f"exit {code}"] += 1
            if code == 0:
                assert now == expected, (done, differences(now, expected))
            elif code < 0:
                counted["killed, something was written"] += now != state
                counted["killed, not all was written"] += now != expected
                check(state, now, expected)
            else:
                raise AssertionError((done, code, runs.error()))
            runs.look()
            state = now
            if code == 0 or chance.random() < 0.7:
                wanted = files.next()
            if done % 100 == 0:
                print(f"{time.monotonic() - started:7.0f} s  {done:,}: {dict(sorted(counted.items()))}", flush=True)
        code = runs.one(wanted, None)
        assert code == 0, runs.error()
        assert target.settled() == predict(state, wanted, lacking="clear", prune=True)
    return counted


def check(before: State, now: State, expected: State) -> None:
    """Each object is as it was, as it is to be, or, if it is a new connection, that without its password."""
    for kind in EMPTY:
        for id_ in {*before[kind], *now[kind], *expected[kind]}:
            old, found, new = (state[kind].get(id_) for state in (before, now, expected))
            late = {**new, "password": None} if new and kind == "connections" and old is None else None
            assert found in (old, new) or (late and found == late), (kind, id_)


def differences(one: State, other: State) -> list[tuple[str, str]]:
    return [
        (kind, id_)
        for kind in EMPTY
        for id_ in sorted({*one[kind], *other[kind]})
        if one[kind].get(id_) != other[kind].get(id_)
    ]


class Runs:
    """Runs of airconn in children that this process forks, with its modules loaded, so that 10,000 take an hour."""

    def __init__(self, directory: Path, airflow: PostgresAirflow) -> None:
        self.directory = directory
        self.source = directory / "source.json"
        self.state = directory / "state"
        self.outputs = directory / "out", directory / "err"
        self._seen: set[Path] = set()
        self.environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(directory),
            "TMPDIR": str(directory),
            "AIRCONN_STATE_DIR": str(self.state),
            "AIRCONN_CONFIG": str(directory / "config.toml"),
            **airflow.environ,
        }
        (directory / "config.toml").touch()

    def preload(self) -> None:
        """Loads what an import loads."""
        code = (
            "import atexit, sys\nfrom airconn.__main__ import main\n"
            "atexit.register(lambda: print('\\n'.join(sorted(sys.modules)), file=sys.stderr))\nmain()"
        )
        self.source.write_text(json.dumps({"variables": {"v00": "x"}}))
        ran = subprocess.run(
            [sys.executable, "-c", code, "import", self.source, *OPTIONS],
            env={**self.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
            cwd=self.directory,
            capture_output=True,
            text=True,
            check=True,
        )
        for name in ran.stderr.split():
            with contextlib.suppress(ImportError):
                importlib.import_module(name)

    def whole(self, wanted: State) -> float:
        """The seconds of an import that isn't killed."""
        started = time.monotonic()
        assert self.one(wanted, None) == 0, self.error()
        return time.monotonic() - started

    def one(self, wanted: State, after: float | None) -> int:
        """Imports, kills the process `after` these seconds, and gives its exit code, or minus the signal."""
        text = json.dumps(wanted)
        self.source.write_text(text)
        child = os.fork()
        if child == 0:
            self._child()
        if after is None:
            after = LIMIT
        deadline = time.monotonic() + after
        while True:
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                break
            if (left := deadline - time.monotonic()) <= 0:
                os.kill(child, signal.SIGKILL)
                _, status = os.waitpid(child, 0)
                assert after < LIMIT, f"an import takes more than {LIMIT} s"
                break
            time.sleep(min(left, 0.005))
        assert self.source.read_text() == text
        return os.waitstatus_to_exitcode(status)

    def _child(self) -> None:
        try:
            from airconn.__main__ import main

            os.chdir(self.directory)
            os.environ.clear()
            os.environ.update(self.environ)
            for number, path in enumerate((Path(os.devnull), *self.outputs)):
                opened = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
                os.dup2(opened, number)
            sys.argv = ["airconn", "import", str(self.source), *OPTIONS]
            main()
        except SystemExit as end:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(end.code if isinstance(end.code, int) else 1)
        finally:
            os._exit(70)

    def error(self) -> str:
        return self.outputs[1].read_text()[-2000:]

    def look(self) -> None:
        """Whatever is left of a run is whole, and only its owner may read it."""
        for path in {*self._files()} - self._seen:
            self._seen.add(path)
            mode = stat.S_IMODE(path.stat().st_mode)
            assert mode & 0o077 == 0, (path.name, oct(mode))
            if path.suffix == ".json" and not path.name.startswith("."):
                json.loads(path.read_text())

    def _files(self) -> Iterator[Path]:
        yield from self.directory.glob(".airconn-*")
        if self.state.exists():
            yield from (path for path in self.state.rglob("*") if path.is_file())


class Database:
    """What PostgreSQL holds, read past airconn and Airflow."""

    def __init__(self, airflow: PostgresAirflow) -> None:
        self._connection = psycopg.connect(airflow.database_url, autocommit=True)
        self._fernet = in_airflow.fernet_of(airflow.box.home)

    def settled(self) -> State:
        """The state once the server is done with what it has been sent."""
        time.sleep(0.03)
        busy = (
            "select count(*) from pg_stat_activity "
            "where datname = current_database() and pid <> pg_backend_pid() and state <> 'idle'"
        )
        deadline = time.monotonic() + 60
        quiet = 0
        while quiet < 3:
            row = self._connection.execute(busy).fetchone()
            assert row is not None
            quiet = 0 if row[0] else quiet + 1
            time.sleep(0.01)
            assert time.monotonic() < deadline, "the server doesn't come to rest"
        return self.state()

    def state(self) -> State:
        found: dict[str, Any] = {"connections": {}, "variables": {}, "pools": {}}
        names = "conn_id, conn_type, description, login, host, port, schema"
        secret = "password, is_encrypted, extra, is_extra_encrypted"
        for row in self._connection.execute(f"select {names}, {secret} from connection"):
            fields = dict(zip(names.split(", ")[1:], row[1:7], strict=True))
            fields["password"] = self._clear(row[7], row[8])
            fields["extra"] = self._clear(row[9], row[10])
            found["connections"][row[0]] = fields
        for key, value, is_encrypted, description in self._connection.execute(
            "select key, val, is_encrypted, description from variable"
        ):
            found["variables"][key] = {"value": self._clear(value, is_encrypted), "description": description}
        for name, slots, description, deferred in self._connection.execute(
            "select pool, slots, description, include_deferred from slot_pool where pool <> 'default_pool'"
        ):
            found["pools"][name] = {"slots": slots, "description": description, "include_deferred": deferred}
        return normal(found)

    def _clear(self, value: str | None, is_encrypted: bool) -> str | None:
        return self._fernet.decrypt(value.encode()).decode() if value and is_encrypted else value
