"""Finds the database of an address: that of Airflow's configuration, or that of a URL in SQLAlchemy's form."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from airconn.airflow.config_file import DEFAULT, AirflowConfig, ConfigValue
from airconn.errors import UsageError
from airconn.stores import drivers
from airconn.trust import METADB_PASSWORD

if TYPE_CHECKING:
    from sqlalchemy import URL

EXTRA = "db"
CONFIGURED = "metadb:"
EXAMPLE = "metadb+postgresql://HOST/DB"

_OPTION = ("database", "sql_alchemy_conn")
_DEFAULT_URL = "sqlite:///{home}/airflow.db"
"""`[database] sql_alchemy_conn` in Airflow's config_templates/config.yml."""

_DRIVERS = {
    "postgresql": {"psycopg": "psycopg", "psycopg2": "psycopg2"},
    "mysql": {"pymysql": "pymysql", "mysqldb": "MySQLdb", "mysqlconnector": "mysql.connector"},
    "sqlite": {"pysqlite": "sqlite3"},
}
"""SQLAlchemy's names of drivers and their modules, for each kind of database of Airflow, the best first."""
_OLD_NAMES = {"postgres": "postgresql", "mariadb": "mysql"}
"""Other names that Airflow (`_upgrade_postgres_metastore_conn`) and SQLAlchemy accept."""

_URL = re.compile(r"metadb\+([\w+]+)://(.*)", re.IGNORECASE | re.DOTALL)
# The rule of sqlalchemy/engine/url.py `_parse_url`: a password may have all characters except '@'.
_WITH_PASSWORD = re.compile(r"[^:/]*:[^@]*@")
_USER = re.compile(r"[^:/]*@")
_DATABASE = re.compile(r"[\w+]+://(?:[^:/]*(?::[^@]*)?@)?[^/?]*/([^?]*)")
_PASSWORD_OPTION = re.compile(r"[?&](password|passwd|sslpassword)=", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Database:
    """A database and how to connect to it."""

    url: URL = field(repr=False)
    """With the password, and with a driver that is installed."""
    shown: str
    """The URL without credentials and options."""
    where: str
    """The setting or the address of the database, for messages."""
    is_configured: bool = False
    """Whether it is from Airflow's configuration, and not from the address."""
    schema: str | None = None
    """The schema of the tables. None if that is left to the database."""

    @property
    def kind(self) -> str:
        return self.url.get_backend_name()


def shown(address: str) -> str:
    """An address without its user name and options, for messages and origins.

    Raises `UsageError` for one that has a password in it, or that is invalid.
    """
    if address.lower() == CONFIGURED:
        return CONFIGURED
    match = _URL.fullmatch(address)
    if match is None:
        raise UsageError(
            "not an address of a metadata database", hint=f"{CONFIGURED} alone, or like {EXAMPLE}", topic="addresses"
        )
    kind, rest = match[1].lower(), match[2]
    if _WITH_PASSWORD.match(rest) or _PASSWORD_OPTION.search(rest):
        raise UsageError(
            f"the metadb+{kind}:// address has a password in it, which the list of processes shows",
            hint=f"leave it out, and set {METADB_PASSWORD}, or PGPASSWORD or ~/.pgpass for PostgreSQL; "
            f"or use {CONFIGURED} with AIRFLOW__DATABASE__SQL_ALCHEMY_CONN",
            topic="addresses",
        )
    return f"metadb+{kind}://{_USER.sub('', rest, count=1).partition('?')[0]}"


def find(address: str, environ: Mapping[str, str], config: AirflowConfig) -> Database:
    """The database that an address means. Raises `UsageError` that quotes nothing of a URL."""
    if shown(address) != CONFIGURED:
        url = _parsed(ConfigValue(address[len("metadb+") :], shown(address)))
        if (password := environ.get(METADB_PASSWORD)) and url.get_backend_name() != "sqlite":
            url = url.set(password=password)
        return Database(url, _name(url), shown(address))
    value = config.get(*_OPTION, default=_DEFAULT_URL.format(home=config.home))
    assert value is not None  # noqa: S101 - there is a default
    url = _parsed(value)
    schema = config.get("database", "sql_alchemy_schema")
    where = value.where if value.where != DEFAULT else f"{DEFAULT}, as {config.places(*_OPTION)} says nothing"
    return Database(url, _name(url), where, True, schema.text if schema and schema.text else None)


def _parsed(value: ConfigValue) -> URL:
    """The URL of a text, with a driver that is installed."""
    sqlalchemy = drivers.load("sqlalchemy", EXTRA)
    text = value.text.strip()
    try:
        url: URL = sqlalchemy.make_url(text)
    except (sqlalchemy.exc.ArgumentError, ValueError):
        raise UsageError(
            "not the URL of a database",
            where=value.where,
            hint="like postgresql://USER:PASSWORD@HOST/DB; write special characters as %XX",
        ) from None
    if match := _DATABASE.match(text):
        # Since 2.1, SQLAlchemy decodes %XX in it, and no Airflow has that release yet.
        url = url.set(database=match[1])
    kind = _OLD_NAMES.get(url.get_backend_name(), url.get_backend_name())
    if kind not in _DRIVERS:
        raise UsageError(
            "Airflow doesn't support this kind of metadata database",
            where=value.where,
            hint=f"it has {', '.join(_DRIVERS)}",
        )
    return url.set(drivername=f"{kind}+{_driver(kind, url.drivername.partition('+')[2])}")


def _driver(kind: str, wanted: str) -> str:
    """The driver of the URL if it is installed, else one that is: airconn may not have Airflow's."""
    known = _DRIVERS[kind]
    names = [wanted, *(name for name in known if name != wanted)] if wanted in known else list(known)
    for name in names:
        try:
            drivers.load(known[name], EXTRA)
        except UsageError:
            continue
        return name
    drivers.load(known[next(iter(known))], EXTRA)
    return names[0]


def _name(url: URL) -> str:
    host = f"[{url.host}]" if url.host and ":" in url.host else url.host or ""
    port = f":{url.port}" if url.port else ""
    return f"{url.get_backend_name()}://{host}{port}/{url.database or ''}"
