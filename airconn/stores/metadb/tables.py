"""Reads Airflow's tables. The differences between versions are looked up in the database, not assumed."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from airconn.airflow.metadata_schema import (
    ENCRYPTED_COLUMNS,
    OPTIONAL_COLUMNS,
    OTHER_TABLES,
    REQUIRED_COLUMNS,
    SchemaRelease,
    release_of,
)
from airconn.errors import TargetError
from airconn.model import Kind

if TYPE_CHECKING:
    from sqlalchemy import Connection, RowMapping

Row: TypeAlias = "RowMapping | Mapping[str, Any]"

TABLES = {Kind.CONNECTIONS: "connection", Kind.VARIABLES: "variable", Kind.POOLS: "slot_pool"}
_IDS = {kind: kind.id_field for kind in Kind}

_CHUNK = 500
"""The most ids in one query. SQLite takes at least 999 parameters."""


class Tables:
    """The tables of one database, within one transaction."""

    def __init__(self, connection: Connection, schema: str | None, shown: str) -> None:
        """Raises `TargetError` if these aren't the tables of an Airflow."""
        import sqlalchemy

        self._connection = connection
        self._schema = schema
        inspector = sqlalchemy.inspect(connection)
        self.columns: dict[str, frozenset[str]] = {}
        for name in (*TABLES.values(), *OTHER_TABLES):
            if inspector.has_table(name, schema=schema):
                self.columns[name] = self._columns_of(name)
        if any(not needed <= self.columns.get(name, frozenset()) for name, needed in REQUIRED_COLUMNS.items()):
            empty = not inspector.get_table_names(schema=schema)
            raise TargetError(
                "holds no tables" if empty else "is not a metadata database of Airflow",
                where=shown,
                hint="`airflow db migrate` creates them"
                if empty
                else "maybe it is another database on the same server",
            )

    def _columns_of(self, name: str) -> frozenset[str]:
        import sqlalchemy

        everything = sqlalchemy.select(sqlalchemy.text("*")).select_from(self._table(name)).limit(0)
        return frozenset(self._connection.execute(everything).keys())

    def _table(self, name: str, columns: Collection[str] = ()) -> Any:
        import sqlalchemy

        return sqlalchemy.table(name, *(sqlalchemy.column(column) for column in columns), schema=self._schema)

    def release(self) -> SchemaRelease:
        """The release of the Airflow that this database belongs to, as far as it can be told."""
        return release_of([row["version_num"] for row in self._all("alembic_version", ["version_num"])], self.columns)

    def teams(self) -> dict[Any, str]:
        """The names of teams by their ids, which only 3.1 has."""
        return {row["id"]: row["name"] for row in self._all("team", ["id", "name"])}

    def rows(self, kind: Kind, ids: Sequence[str] | None) -> Iterator[Row]:
        """The rows of one kind in the order of their ids: all of them, or those of `ids` and maybe others."""
        name, id_ = TABLES[kind], _IDS[kind]
        table = self._table(name, sorted((REQUIRED_COLUMNS[name] | OPTIONAL_COLUMNS[name]) & self.columns[name]))
        query = table.select().order_by(table.c[id_])
        if ids is None:
            yield from self._connection.execute(query).mappings()
            return
        for start in range(0, len(ids), _CHUNK):
            yield from self._connection.execute(query.where(table.c[id_].in_(ids[start : start + _CHUNK]))).mappings()

    def ids(self, kind: Kind) -> list[Any]:
        """The ids of all objects that Airflow finds. It doesn't find a variable whose value is NULL."""
        name, id_ = TABLES[kind], _IDS[kind]
        query = self._table(name, [id_]).select()
        if kind is Kind.VARIABLES:
            import sqlalchemy

            query = query.where(sqlalchemy.column("val").is_not(None))
        return list(self._connection.execute(query).scalars())

    def tokens(self, limit: int) -> Iterator[Any]:
        """Some of the encrypted texts of all tables."""
        import sqlalchemy

        for name, column, flag in ENCRYPTED_COLUMNS:
            value: Any = sqlalchemy.column(column)
            flagged = sqlalchemy.column(flag, sqlalchemy.Boolean)
            query = sqlalchemy.select(value).select_from(self._table(name)).where(flagged.is_(True), value != "")
            yield from self._connection.execute(query.limit(limit)).scalars()

    def _all(self, name: str, columns: Sequence[str]) -> list[Row]:
        if not set(columns) <= self.columns.get(name, frozenset()):
            return []
        return list(self._connection.execute(self._table(name, columns).select()).mappings())
