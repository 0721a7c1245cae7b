"""Which Airflow a metadata database belongs to, told from its last migration or else from its columns."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from airconn.airflow.versions import NEWEST, OLDEST, AirflowVersion

# `_REVISION_HEADS_MAP` of airflow 3.3.2 utils/db.py, and the last release before the next migration.
_HEADS = {
    "405de8318b3a": ("2.7.0", "2.7.3"),
    "10b52ebd31f7": ("2.8.0", "2.8.0"),
    "88344c1d9134": ("2.8.1", "2.8.4"),
    "1949afb29106": ("2.9.0", "2.9.1"),
    "686269002441": ("2.9.2", "2.9.3"),
    "22ed7efa9da2": ("2.10.0", "2.10.2"),
    "5f2621c13b39": ("2.10.3", "2.11.2"),
    "29ce7909c52b": ("3.0.0", "3.0.2"),
    "fe199e1abd77": ("3.0.3", "3.0.6"),
    "cc92b33c6709": ("3.1.0", "3.1.7"),
    "509b94a1042d": ("3.1.8", "3.1.8"),
    "1d6611b6ab7c": ("3.2.0", "3.2.2"),
    "d2f4e1b3c5a7": ("3.3.0", "3.3.2"),
}


@dataclass(frozen=True, slots=True)
class SchemaRelease:
    """What can be told of the Airflow of a database."""

    version: AirflowVersion
    """The newest that it can be, as far as is known: reading for that one is right for the others, too."""
    text: str
    """In words: `airflow 2.10.3 to 2.11.2`."""


def release_of(heads: Collection[str], columns: Mapping[str, Collection[str]]) -> SchemaRelease:
    """The release of a database, by the rows of `alembic_version` and the columns of its tables."""
    for head in heads:
        if head in _HEADS:
            first, last = _HEADS[head]
            return SchemaRelease(
                AirflowVersion.parse(last), f"airflow {first}" if first == last else f"airflow {first} to {last}"
            )
    # A head that isn't known is one of an Airflow that is older or newer, or between two releases.
    if "team_name" in columns["connection"]:
        return SchemaRelease(NEWEST, "airflow 3.2 or newer")
    if "team_id" in columns["connection"]:
        return SchemaRelease(AirflowVersion(3, 1, 8), "airflow 3.1")
    if columns.get("dag_version"):
        return SchemaRelease(AirflowVersion(3, 0, 6), "airflow 3.0")
    if "include_deferred" in columns["slot_pool"]:
        return SchemaRelease(AirflowVersion(2, 11, 2), "airflow 2.7 to 2.11")
    return SchemaRelease(OLDEST, f"airflow before {OLDEST.major}.{OLDEST.minor}")
