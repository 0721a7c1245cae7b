"""What is said where there is no database, or one that isn't Airflow's."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from airconn.errors import AirconnError, TargetError, UsageError
from airconn.model import Selection, Text
from airconn.stores.metadb import connecting


def failure(store) -> AirconnError:
    with pytest.raises(AirconnError) as caught:
        store.read(Selection())
    assert caught.value.hint
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    return caught.value


def test_a_file_that_is_not_there_is_not_made(airflow, opened) -> None:
    airflow.file.unlink()
    error = failure(opened(airflow))
    assert (type(error), str(error)) == (TargetError, f"{airflow.file}: no such file")
    assert not airflow.file.exists()
    assert "Airflow's default" in (failure(opened(airflow, "metadb:")).hint or "")


def test_a_directory_is_none(airflow, opened) -> None:
    assert str(failure(opened(airflow, f"metadb+sqlite:///{airflow.home}"))) == f"{airflow.home}: is not a file"


def test_a_pipe_is_not_waited_for(airflow, opened) -> None:
    os.mkfifo(airflow.home / "pipe")
    assert "is not a file" in str(failure(opened(airflow, f"metadb+sqlite:///{airflow.home}/pipe")))


@pytest.mark.parametrize(
    "address", ["metadb+sqlite://", "metadb+sqlite:///:memory:", "metadb+sqlite:///file:x?uri=true"]
)
def test_what_names_no_file(airflow, opened, address) -> None:
    error = failure(opened(airflow, address))
    assert (type(error), error.message) == (UsageError, "this names no file")


def test_a_file_that_is_no_database(airflow, opened) -> None:
    airflow.file.write_bytes(b"not a database at all, but long enough" * 40)
    assert str(failure(opened(airflow))) == f"{airflow.file}: is not a SQLite database"


@pytest.mark.parametrize("content", [b"", b"x"])
def test_a_database_without_tables(airflow, opened, content) -> None:
    airflow.file.write_bytes(content)
    error = failure(opened(airflow))
    assert (type(error), error.message) == (TargetError, "holds no tables")
    assert "airflow db migrate" in (error.hint or "")


@pytest.mark.parametrize(
    "change",
    ["DROP TABLE slot_pool", "DROP TABLE connection", "ALTER TABLE connection DROP COLUMN is_extra_encrypted"],
)
def test_a_database_of_something_else(airflow, opened, change) -> None:
    airflow.run(change)
    assert failure(opened(airflow)).message == "is not a metadata database of Airflow"


def test_a_database_that_is_being_written_to(airflow, opened) -> None:
    with contextlib.closing(sqlite3.connect(airflow.file, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        error = failure(opened(airflow))
    assert (type(error), error.message) == (TargetError, "is locked by another program, which writes to it")


def test_a_database_that_is_being_read_is_read(airflow, opened) -> None:
    airflow.variable("v", "x")
    with contextlib.closing(sqlite3.connect(airflow.file, isolation_level=None)) as other:
        other.execute("BEGIN")
        other.execute("SELECT * FROM variable").fetchall()
        assert opened(airflow).read(Selection()).bundle.variables["v"].value == Text("x")


def test_a_database_with_a_write_ahead_log_is_read_to_its_end(airflow, opened) -> None:
    with contextlib.closing(sqlite3.connect(airflow.file, isolation_level=None)) as other:
        other.execute("PRAGMA journal_mode=WAL")
        other.execute("INSERT INTO variable VALUES (1, 'v', 'in the log', NULL, 0, NULL)")
        assert opened(airflow).read(Selection()).bundle.variables["v"].value == Text("in the log")
    assert opened(airflow).read(Selection()).bundle.variables["v"].value == Text("in the log")


def test_a_write_that_was_cut_off_is_not_read_and_not_mended(airflow, opened, tmp_path) -> None:
    airflow.variable("v", "x" * 5000)
    left = tmp_path / "left"
    left.mkdir()
    with contextlib.closing(sqlite3.connect(airflow.file, isolation_level=None)) as other:
        other.execute("PRAGMA cache_size=1")
        other.execute("BEGIN IMMEDIATE")
        for number in range(2, 300):
            other.execute("INSERT INTO variable VALUES (?, ?, ?, NULL, 0, NULL)", (number, f"k{number}", "y" * 3000))
        for path in airflow.home.glob("airflow.db*"):
            (left / path.name).write_bytes(path.read_bytes())
    assert (left / "airflow.db-journal").exists()
    error = failure(opened(airflow, f"metadb+sqlite:///{left}/airflow.db"))
    assert error.message == "has an unfinished write"
    assert (left / "airflow.db-journal").exists()


def test_a_damaged_database(airflow, opened) -> None:
    for number in range(300):
        airflow.variable(f"k{number}", "y" * 3000)
    data = bytearray(airflow.file.read_bytes())
    data[8192:] = b"\x55" * (len(data) - 8192)
    airflow.file.write_bytes(bytes(data))
    assert failure(opened(airflow)).message == "is damaged"


def test_a_file_that_may_not_be_read(airflow, opened, monkeypatch) -> None:
    def refuse(path: Path, *args: Any, **options: Any) -> Any:
        if path == airflow.file:
            raise PermissionError(13, "Permission denied")
        return really(path, *args, **options)

    really = Path.open
    monkeypatch.setattr(Path, "open", refuse)
    assert failure(opened(airflow)).message == "can't be read: Permission denied"


@pytest.mark.parametrize("name", ["a b.db", "a%20b.db", "a%3Fb.db", "a#b.db", "a@b.db", "ü.db"])
def test_any_name_of_a_file_is_that(airflow, opened, name) -> None:
    airflow.variable("v", "x")
    airflow.file.rename(airflow.home / name)
    url = f"sqlite:///{airflow.home / name}"
    assert "v" in opened(airflow, f"metadb+{url}").read(Selection()).bundle.variables
    assert (
        "v" in opened(airflow, "metadb:", AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=url).read(Selection()).bundle.variables
    )


def test_a_server_that_is_not_there(airflow, opened) -> None:
    error = failure(opened(airflow, "metadb+postgresql://127.0.0.1:1/db"))
    assert (type(error), str(error)) == (
        TargetError,
        "postgresql://127.0.0.1:1/db: can't be reached, or the connection broke off",
    )
    url = "postgresql+psycopg2://u:canary@127.0.0.1:1/db"
    error = failure(opened(airflow, "metadb:", AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=url))
    assert "it is named by AIRFLOW__DATABASE__SQL_ALCHEMY_CONN" in (error.hint or "")
    assert "canary" not in f"{error} {error.hint}"


@pytest.mark.parametrize("option", ["canary=1", "connect_timeout=x", "sslmode=canary"])
def test_an_option_of_the_url_that_the_driver_does_not_know(airflow, opened, option) -> None:
    error = failure(opened(airflow, f"metadb+postgresql://127.0.0.1:1/db?{option}"))
    assert "canary" not in f"{error} {error.hint}"


def error_of(*args: object, **attributes: str) -> SimpleNamespace:
    original = Exception(*args)
    for name, value in attributes.items():
        setattr(original, name, value)
    return SimpleNamespace(orig=original)


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (error_of('FATAL:  password authentication failed for user "u"'), "refuses the user or the password"),
        (error_of("fe_sendauth: no password supplied"), "refuses the user or the password"),
        (error_of('FATAL:  role "u" does not exist'), "refuses the user or the password"),
        (error_of('FATAL:  no pg_hba.conf entry for host "h", SSL off'), "refuses the user or the password"),
        (error_of(1045, "Access denied"), "refuses the user or the password"),
        (error_of('FATAL:  database "d" does not exist'), "the server has no such database"),
        (error_of(1049, "Unknown database"), "the server has no such database"),
        (
            error_of("server does not support SSL, but SSL was required"),
            "and airconn can't agree on an encrypted connection",
        ),
        (error_of("connection refused"), "can't be reached, or the connection broke off"),
        (error_of(2003, "Can't connect", sqlstate="HY000"), "can't be reached, or the connection broke off"),
        (error_of("terminating connection", sqlstate="57P01"), "can't be reached, or the connection broke off"),
        (
            error_of("permission denied for table connection", sqlstate="42501"),
            "doesn't let this user read Airflow's tables",
        ),
        (error_of(1142, "SELECT command denied"), "doesn't let this user read Airflow's tables"),
        (error_of("canceling statement", pgcode="57014"), "gave no answer within 3 s"),
        (error_of(1205, "Lock wait timeout exceeded"), "gave no answer within 3 s"),
        (error_of("a password is canary", sqlstate="XX000"), "failed (SQLSTATE XX000)"),
    ],
)
def test_what_a_server_says_in_our_words(error, message) -> None:
    database = SimpleNamespace(kind="postgresql", shown="postgresql://h/db", where="W", is_configured=True)
    told = connecting._failure(error, database, 3)
    assert str(told) == f"postgresql://h/db: {message}"
    assert told.hint.endswith(" (it is named by W)")
