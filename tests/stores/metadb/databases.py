"""SQLite databases in the shape that the migrations of each Airflow give them, and what is put into them."""

from __future__ import annotations

import contextlib
import sqlite3
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet

# The same in each process: tests are named after them, and every worker has to know them by the same names.
KEY = urlsafe_b64encode(b"k" * 32).decode()
OTHER_KEY = urlsafe_b64encode(b"o" * 32).decode()

_CONNECTION = """CREATE TABLE connection (id INTEGER NOT NULL PRIMARY KEY, conn_id VARCHAR(250) NOT NULL UNIQUE,
    conn_type VARCHAR(500) NOT NULL, description VARCHAR(5000), host VARCHAR(500), schema VARCHAR(500), login TEXT,
    password TEXT, port INTEGER, is_encrypted BOOLEAN {flag}, is_extra_encrypted BOOLEAN {flag}, extra TEXT {team})"""
_VARIABLE = """CREATE TABLE variable (id INTEGER NOT NULL PRIMARY KEY, "key" VARCHAR(250) {null} UNIQUE,
    val TEXT {null}, description TEXT, is_encrypted BOOLEAN {flag} {team})"""
_POOL = """CREATE TABLE slot_pool (id INTEGER NOT NULL PRIMARY KEY, pool VARCHAR(256) UNIQUE, slots INTEGER {null},
    description TEXT {deferred} {team})"""

_OLD = {"flag": "", "null": "", "team": "", "deferred": ", include_deferred BOOLEAN NOT NULL"}
_TEAM_ID = {**_OLD, "team": ", team_id CHAR(32)"}
_TEAM_NAME = {**_OLD, "flag": "NOT NULL", "null": "NOT NULL", "team": ", team_name VARCHAR(50)"}

SHAPES: dict[str, tuple[str, dict[str, str], str]] = {
    "2.6.3": ("98ae134e6fff", {**_OLD, "deferred": ""}, ""),
    "2.7.3": ("405de8318b3a", _OLD, ""),
    "2.11.2": ("5f2621c13b39", _OLD, ""),
    "3.0.6": ("fe199e1abd77", _OLD, "CREATE TABLE dag_version (id CHAR(32))"),
    "3.1.8": ("509b94a1042d", _TEAM_ID, "CREATE TABLE team (id CHAR(32) NOT NULL, name VARCHAR(50) NOT NULL)"),
    "3.3.2": ("d2f4e1b3c5a7", _TEAM_NAME, "CREATE TABLE team (name VARCHAR(50) NOT NULL)"),
}
"""For each version: its last migration, what its tables have that others don't, and a table that tells it."""


class Airflow:
    """The metadata database of an Airflow, its directory and its configuration."""

    def __init__(self, home: Path, version: str = "3.3.2") -> None:
        head, parts, table = SHAPES[version]
        self.home = home
        self.file = home / "airflow.db"
        self.address = f"metadb+sqlite:///{self.file}"
        self.environ = {"AIRFLOW_HOME": str(home), "AIRFLOW__CORE__FERNET_KEY": KEY}
        for statement in (_CONNECTION, _VARIABLE, _POOL):
            self.run(statement.format(**parts))
        self.run("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
        self.run("INSERT INTO alembic_version VALUES (?)", head)
        if table:
            self.run(table)

    @contextlib.contextmanager
    def _database(self) -> Iterator[sqlite3.Connection]:
        with contextlib.closing(sqlite3.connect(self.file)) as database:
            database.execute("PRAGMA synchronous=OFF")  # nothing here has to survive a loss of power
            with database:
                yield database

    def run(self, statement: str, *values: Any) -> None:
        with self._database() as database:
            database.execute(statement, values)

    def insert(self, table: str, *rows: dict[str, Any]) -> None:
        with self._database() as database:
            for row in rows:
                names = ", ".join(f'"{name}"' for name in row)
                marks = ", ".join("?" * len(row))
                database.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", list(row.values()))

    def connection(self, conn_id: str, **fields: Any) -> None:
        flags = {"is_encrypted": False, "is_extra_encrypted": False}
        self.insert("connection", {"conn_id": conn_id, "conn_type": "t", **flags, **fields})

    def variable(self, key: str | None, val: Any, **fields: Any) -> None:
        self.insert("variable", {"key": key, "val": val, "is_encrypted": False, **fields})


def encrypted(text: str, key: str = KEY) -> str:
    return Fernet(key.encode()).encrypt(text.encode()).decode()
