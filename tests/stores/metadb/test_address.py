"""Which database an address means, and with which driver."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from airconn.airflow.config_file import AirflowConfig
from airconn.config import Settings
from airconn.errors import UsageError
from airconn.installed import command_for
from airconn.stores import drivers, open_store
from airconn.stores.metadb.address import Database, find, shown


def found(address: str, **environ: str) -> Database:
    environ = {"AIRFLOW_HOME": "/nowhere", **environ}
    return find(address, environ, AirflowConfig.load(environ))


def configured(url: str) -> Database:
    return found("metadb:", AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=url)


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Makes these drivers the only ones that are installed."""

    def only(*modules: str) -> None:
        def load(module: str, extra: str, package: str = "") -> Any:
            if module in modules:
                return object()
            if module in ("sqlalchemy", "sqlite3"):
                return import_module(module)
            raise UsageError(f"needs {module}", hint=extra)

        monkeypatch.setattr(drivers, "load", load)

    return only


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("metadb:", "metadb:"),
        ("METADB:", "metadb:"),
        ("metadb+postgresql://h/db", "metadb+postgresql://h/db"),
        ("metadb+postgresql+psycopg2://user@h:5432/db?sslmode=require", "metadb+postgresql+psycopg2://h:5432/db"),
        ("Metadb+Sqlite:////tmp/a b.db", "metadb+sqlite:////tmp/a b.db"),
        ("metadb+mysql://[::1]:3306/db", "metadb+mysql://[::1]:3306/db"),
    ],
)
def test_a_place_is_named_without_its_user_and_options(address, name) -> None:
    assert shown(address) == name


@pytest.mark.parametrize(
    "address",
    [
        "metadb+postgresql://user:canary@h/db",
        "metadb+postgresql://:canary@h/db",
        "metadb+postgresql://user:@h/db",
        "metadb+postgresql://user:can/ary?#@h/db",
        "metadb+mysql://h/db?user=u&password=canary",
        "metadb+mysql://h/db?passwd=canary",
        "metadb+postgresql://h/db?sslpassword=canary",
    ],
)
def test_a_password_in_an_address_is_refused_and_not_shown(address) -> None:
    with pytest.raises(UsageError, match="has a password in it, which the list of processes shows") as caught:
        open_store(address, Settings())
    assert "canary" not in f"{caught.value} {caught.value.hint}"
    assert "AIRCONN_METADB_PASSWORD" in caught.value.hint


@pytest.mark.parametrize("address", ["metadb:x", "metadb://h/db", "metadb:postgresql://u:canary@h/db", "metadb+x"])
def test_what_is_no_address_is_refused_and_not_shown(address) -> None:
    with pytest.raises(UsageError, match="not an address of a metadata database") as caught:
        open_store(address, Settings())
    assert "canary" not in str(caught.value)


def test_the_password_of_the_environment_is_used_for_an_address_and_shown_nowhere() -> None:
    database = found("metadb+postgresql://me@h/db", AIRCONN_METADB_PASSWORD="can/ary@:")
    assert (database.url.username, database.url.password) == ("me", "can/ary@:")
    assert "canary" not in repr(database)
    assert "can/ary" not in f"{database!r} {database.shown} {database.where}"
    assert configured("postgresql://me:own@h/db").url.password == "own"
    assert (
        found("metadb:", AIRFLOW__DATABASE__SQL_ALCHEMY_CONN="sqlite:////x", AIRCONN_METADB_PASSWORD="p").url.password
        is None
    )
    assert found("metadb+sqlite:////x", AIRCONN_METADB_PASSWORD="p").url.password is None


def test_airflows_configuration_may_have_a_password_and_it_is_shown_nowhere() -> None:
    database = configured("postgresql+psycopg2://user:canary@h:5432/db?sslmode=require\n")
    assert (database.url.password, dict(database.url.query)) == ("canary", {"sslmode": "require"})
    assert (database.shown, database.where) == ("postgresql://h:5432/db", "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN")
    assert "canary" not in repr(database)


def test_airflows_configuration_is_looked_up_as_airflow_does(tmp_path: Path) -> None:
    (tmp_path / "airflow.cfg").write_text(
        "[core]\nsql_alchemy_conn = sqlite:////core\n[database]\nsql_alchemy_schema = s\n"
    )
    database = found("metadb:", AIRFLOW_HOME=str(tmp_path))
    assert (database.url.database, database.schema) == ("/core", "s")
    assert database.where == f"{tmp_path}/airflow.cfg [core] sql_alchemy_conn"
    database = found(
        "metadb:", AIRFLOW_HOME=str(tmp_path), AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_CMD="echo sqlite:////cmd"
    )
    assert (database.url.database, database.where) == ("/cmd", "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_CMD")


def test_without_a_word_of_it_the_database_is_airflows_default_one() -> None:
    database = found("metadb:")
    assert database.url.database == "/nowhere/airflow.db"
    assert database.where == (
        "Airflow's default, as AIRFLOW__DATABASE__SQL_ALCHEMY_CONN or "
        "/nowhere/airflow.cfg [database] sql_alchemy_conn says nothing"
    )


@pytest.mark.parametrize("url", ["canary", "postgresql://h:canary/db", "", "://canary"])
def test_what_is_no_url_is_not_shown(url) -> None:
    with pytest.raises(UsageError, match="not the URL of a database") as caught:
        configured(url)
    assert "canary" not in f"{caught.value} {caught.value.hint}"
    assert caught.value.__suppress_context__


@pytest.mark.parametrize("url", ["mssql+pyodbc://h/db", "oracle://h/db"])
def test_a_kind_of_database_that_airflow_does_not_have(url) -> None:
    with pytest.raises(UsageError, match="this kind of metadata database"):
        configured(url)


@pytest.mark.parametrize(
    ("url", "have", "driver"),
    [
        ("postgresql+psycopg2://h/db", ("psycopg",), "postgresql+psycopg"),
        ("postgresql+psycopg2://h/db", ("psycopg", "psycopg2"), "postgresql+psycopg2"),
        ("postgresql+asyncpg://h/db", ("psycopg", "psycopg2"), "postgresql+psycopg"),
        ("postgresql://h/db", ("psycopg2",), "postgresql+psycopg2"),
        ("postgres://h/db", ("psycopg",), "postgresql+psycopg"),
        ("postgres+psycopg2://h/db", ("psycopg",), "postgresql+psycopg"),
        ("mysql+mysqldb://h/db", ("pymysql",), "mysql+pymysql"),
        ("mysql://h/db", ("MySQLdb",), "mysql+mysqldb"),
        ("mysql+mysqlconnector://h/db", ("pymysql", "mysql.connector"), "mysql+mysqlconnector"),
        ("mariadb+pymysql://h/db", ("pymysql",), "mysql+pymysql"),
        ("sqlite+pysqlite:////x", (), "sqlite+pysqlite"),
    ],
)
def test_the_driver_is_the_one_that_is_named_or_one_that_is_installed(installed, url, have, driver) -> None:
    installed(*have)
    assert configured(url).url.drivername == driver


@pytest.mark.parametrize(("kind", "module"), [("postgresql", "psycopg"), ("mysql", "pymysql")])
def test_without_any_driver_the_best_one_is_asked_for(installed, kind, module) -> None:
    installed()
    with pytest.raises(UsageError, match=f"^needs {module}$"):
        configured(f"{kind}://h/db")


def test_without_sqlalchemy_it_is_asked_for_in_one_line(monkeypatch, airconn) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    result = airconn("list", "--from", "metadb+postgresql://h/db")
    assert (result.code, result.out) == (2, "")
    assert result.err == (
        f"error: this address needs the package sqlalchemy, which isn't installed\nhint:  {command_for('db')}\n"
    )
