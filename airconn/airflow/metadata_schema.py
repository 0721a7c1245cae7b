"""Airflow's metadata database: its migrations, and the columns of the tables that hold objects."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from airconn.airflow.versions import KNOWN, NEWEST, OLDEST, AirflowVersion

# `_REVISION_HEADS_MAP` of utils/db.py, and the first release that has the migration.
MIGRATIONS = {
    "405de8318b3a": "2.7.0",
    "10b52ebd31f7": "2.8.0",
    "88344c1d9134": "2.8.1",
    "1949afb29106": "2.9.0",
    "686269002441": "2.9.2",
    "22ed7efa9da2": "2.10.0",
    "5f2621c13b39": "2.10.3",
    "29ce7909c52b": "3.0.0",
    "fe199e1abd77": "3.0.3",
    "cc92b33c6709": "3.1.0",
    "509b94a1042d": "3.1.8",
    "1d6611b6ab7c": "3.2.0",
    "d2f4e1b3c5a7": "3.3.0",
}

# Of models/connection.py, variable.py and pool.py: what every version has.
REQUIRED_COLUMNS = {
    "connection": {
        *("conn_id", "conn_type", "host", "schema", "login", "password", "port", "extra"),
        *("is_encrypted", "is_extra_encrypted"),
    },
    "variable": {"key", "val", "is_encrypted"},
    "slot_pool": {"pool", "slots"},
}
# What some versions have besides: 3.1 the id of a team, later ones its name.
OPTIONAL_COLUMNS = {
    "connection": {"description", "team_id", "team_name"},
    "variable": {"description", "team_id", "team_name"},
    "slot_pool": {"description", "include_deferred", "team_id", "team_name"},
}
ENCRYPTED_COLUMNS = (
    ("connection", "password", "is_encrypted"),
    ("connection", "extra", "is_extra_encrypted"),
    ("variable", "val", "is_encrypted"),
)
"""Table, column, and the column that tells whether it is encrypted."""
OTHER_TABLES = ("team", "alembic_version", "dag_version")
"""The tables besides those of objects that are read: for the names of teams, and to tell the release."""


@dataclass(frozen=True, slots=True)
class SchemaRelease:
    """The release of an Airflow, as far as the schema of its database tells it."""

    version: AirflowVersion
    """The newest known release that it can be. Reading for this one is right for the others as well."""
    text: str
    """In words: `airflow 2.10.3 to 2.11.2`."""


def release_of(heads: Collection[str], columns: Mapping[str, Collection[str]]) -> SchemaRelease:
    """The release of a database, by the rows of `alembic_version` and the columns of its tables."""
    for head in heads:
        if head in MIGRATIONS:
            first, last = AirflowVersion.parse(MIGRATIONS[head]), _last_with(head)
            return SchemaRelease(last, f"airflow {first}" if first == last else f"airflow {first} to {last}")
    # An unknown head is that of an Airflow that is older or newer, or between two releases.
    if "team_name" in columns["connection"]:
        return SchemaRelease(NEWEST, "airflow 3.2 or newer")
    if "team_id" in columns["connection"]:
        return SchemaRelease(_newest_of("3.1"), "airflow 3.1")
    if columns.get("dag_version"):
        return SchemaRelease(_newest_of("3.0"), "airflow 3.0")
    if "include_deferred" in columns["slot_pool"]:
        return SchemaRelease(_newest_of("2.11"), "airflow 2.7 to 2.11")
    return SchemaRelease(OLDEST, f"airflow before {OLDEST.series}")


def _last_with(head: str) -> AirflowVersion:
    """The last known release before the migration that follows this one."""
    following = list(MIGRATIONS.values())[list(MIGRATIONS).index(head) + 1 :]
    if not following:
        return NEWEST
    return max(version for version in KNOWN if version < AirflowVersion.parse(following[0]))


def _newest_of(series: str) -> AirflowVersion:
    return max(version for version in KNOWN if version.series == series)
