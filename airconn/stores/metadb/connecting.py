"""Connects to the database: read-only, within one transaction, and with a message for every failure."""

from __future__ import annotations

import re
import sqlite3
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from airconn.errors import AirconnError, TargetError, UsageError
from airconn.stores import drivers
from airconn.stores.metadb.address import EXTRA, Database
from airconn.trust import METADB_PASSWORD

if TYPE_CHECKING:
    from sqlalchemy import Connection

# Parts of the messages of libpq and of PostgreSQL. They are in English if the server's messages are.
_NOT_LET_IN = re.compile(r"password|authentication|no pg_hba\.conf|role .* does not exist|is not permitted")
_NO_SUCH_DATABASE = re.compile(r"database .* does not exist")

_CREDENTIALS = f"set {METADB_PASSWORD}, or PGPASSWORD or ~/.pgpass for PostgreSQL"

# The numbers of mysqld_error.h, and the range of errmsg.h.
_MYSQL_NOT_LET_IN = frozenset({1045, 1130, 1698, 3118})
_MYSQL_NO_SUCH_DATABASE = 1049
_MYSQL_NO_RIGHTS = frozenset({1044, 1142, 1143})
_MYSQL_CLIENT = range(2000, 3000)
_MYSQL_SLOW = frozenset({1205, 3024})


@contextmanager
def connected(database: Database, seconds: float) -> Iterator[Connection]:
    """A transaction that sees one state of the database and can't change it.

    Raises `TargetError` where it can't be begun, and for every query in it that fails.
    """
    sqlalchemy = drivers.load("sqlalchemy", EXTRA)
    try:
        with warnings.catch_warnings(), ExitStack() as stack:
            # Warnings of SQLAlchemy about types that it doesn't know don't matter here.
            warnings.simplefilter("ignore", sqlalchemy.exc.SAWarning)
            yield _begun(stack.enter_context(_opened(database, seconds)), database, seconds)
    except sqlalchemy.exc.DBAPIError as error:
        raise _failure(error, database, seconds) from None


def _opened(database: Database, seconds: float) -> Connection:
    import sqlalchemy

    try:
        connection: Connection = _engine(database, seconds).connect()
    except (AirconnError, sqlalchemy.exc.DBAPIError) as error:
        # So libpq says that it doesn't know an option.
        if database.kind != "postgresql" or not isinstance(error, sqlalchemy.exc.ProgrammingError):
            raise
        raise _unknown_options(database) from None
    except Exception:  # noqa: BLE001 - a driver may raise anything for an option that it doesn't know
        raise _unknown_options(database) from None
    return connection


def _unknown_options(database: Database) -> UsageError:
    return UsageError(
        f"the driver {database.url.get_driver_name()} can't read this URL",
        where=database.where,
        hint="check its options: the driver must know them",
    )


def _engine(database: Database, seconds: float) -> Any:
    import sqlalchemy
    from sqlalchemy.pool import NullPool

    common: dict[str, Any] = {"poolclass": NullPool, "hide_parameters": True}
    if database.kind == "sqlite":
        path = _file(database)

        def open_file() -> sqlite3.Connection:
            # We begin the transaction: Python begins none for queries that only read.
            connection = sqlite3.connect(
                f"file:{quote(str(path))}?mode=ro", uri=True, timeout=seconds, isolation_level=None
            )
            connection.text_factory = lambda data: data.decode("utf-8", "surrogateescape")
            return connection

        return sqlalchemy.create_engine("sqlite://", creator=open_file, **common)
    arguments: dict[str, Any] = {}
    if database.kind == "postgresql":
        arguments = {"connect_timeout": max(2, int(seconds)), "fallback_application_name": "airconn"}
        if database.url.get_driver_name() == "psycopg":
            arguments["prepare_threshold"] = None  # a pooler between us and the database may not know of them
    elif database.url.get_driver_name() != "mysqlconnector":
        arguments = {"connect_timeout": max(1, int(seconds)), "read_timeout": max(1, int(seconds))}
    arguments = {name: value for name, value in arguments.items() if name not in database.url.query}
    return sqlalchemy.create_engine(database.url, connect_args=arguments, **common)


def _file(database: Database) -> Path:
    name = database.url.database
    if not name or name == ":memory:" or name.startswith("file:"):
        raise UsageError("this names no file", where=database.where, hint="like sqlite:////path/to/airflow.db")
    path = Path(name)
    try:
        if path.is_file():
            with path.open("rb"):
                return path
        reason = "is not a file" if path.exists() else "no such file"
    except OSError as error:
        reason = f"can't be read: {error.strerror or 'the system refuses'}"
    raise TargetError(reason, where=str(path), hint="check the path" + _named(database))


def _begun(connection: Connection, database: Database, seconds: float) -> Connection:
    milliseconds = int(seconds * 1000)
    if database.kind == "sqlite":
        connection.exec_driver_sql("BEGIN")
        return connection
    if database.kind == "postgresql":
        connection = connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        # A table is locked while a migration runs, and then a query gets no answer.
        connection.exec_driver_sql(f"SET LOCAL statement_timeout = {milliseconds}")
        return connection
    connection = connection.execution_options(isolation_level="REPEATABLE READ")
    connection.exec_driver_sql("SET TRANSACTION READ ONLY")
    connection.exec_driver_sql(f"SET SESSION lock_wait_timeout = {max(1, int(seconds))}")
    return connection


def _failure(error: Any, database: Database, seconds: float) -> TargetError:
    """The error for a failed query. It quotes nothing of the driver's message, which may have a value in it."""
    text = str(error.orig).lower()
    if database.kind == "sqlite":
        message, hint = _sqlite_reason(text)
        return TargetError(message, where=str(database.url.database), hint=hint + _named(database))
    code = error.orig.args[0] if error.orig.args and isinstance(error.orig.args[0], int) else 0
    state = str(getattr(error.orig, "sqlstate", None) or getattr(error.orig, "pgcode", None) or "")
    message, hint = _reason(text, code, state, seconds)
    return TargetError(message, where=database.shown, hint=hint + _named(database))


def _named(database: Database) -> str:
    """The setting that names the database. Empty if the address does."""
    return f" (it is named by {database.where})" if database.is_configured else ""


def _reason(text: str, code: int, state: str, seconds: float) -> tuple[str, str]:
    """Why a server gave no answer, and what to do."""
    unsaid = not state and not code
    if state == "42501" or code in _MYSQL_NO_RIGHTS:
        return "doesn't let this user read Airflow's tables", "it needs the right to SELECT"
    if state in ("57014", "55P03") or code in _MYSQL_SLOW:
        return f"gave no answer within {seconds:g} s", "a migration of Airflow may have its tables locked"
    if code == _MYSQL_NO_SUCH_DATABASE or state == "3D000" or (unsaid and _NO_SUCH_DATABASE.search(text)):
        return "the server has no such database", "check its name"
    if code in _MYSQL_NOT_LET_IN or state[:2] == "28" or (unsaid and _NOT_LET_IN.search(text)):
        return "refuses the user or the password", _CREDENTIALS
    if unsaid and re.search(r"\b(ssl|tls)\b", text):
        return "and airconn can't agree on an encrypted connection", "check sslmode and sslrootcert in the URL"
    if state and state[:2] not in ("08", "57") and code not in _MYSQL_CLIENT:
        return f"failed (SQLSTATE {state})", "the server's log has the reason"
    return "can't be reached, or the connection broke off", "check that it runs, and that this machine can reach it"


def _sqlite_reason(text: str) -> tuple[str, str]:
    if "locked" in text or "busy" in text:
        return "is locked by another program, which writes to it", "try again later"
    if "not a database" in text or "encrypted" in text:
        return "is not a SQLite database", "check the path"
    if "malformed" in text:
        return "is damaged", "check it with `PRAGMA integrity_check` in sqlite3"
    if "readonly" in text:
        return "has an unfinished write", "start Airflow once to repair it; it is only read here"
    return "can't be opened", "check who may read it and its directory"
