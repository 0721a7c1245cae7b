"""The metadata database of an Airflow as a place that is only read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TypeVar, cast

from airconn.airflow.config_file import AirflowConfig
from airconn.airflow.metadata_schema import SchemaRelease
from airconn.config import Settings
from airconn.errors import TargetError
from airconn.formats.base import quoted
from airconn.model import AirflowObject, Bundle, Connection, Kind, Origin, Selection
from airconn.model.reading import Key, Note, Reading
from airconn.stores.airflow_rows import Absent, OtherKey, RowReader, Undecryptable, Unreadable, text_of
from airconn.stores.base import DEFAULT_CONTEXT, Capabilities, Context, Description, Store
from airconn.stores.metadb.address import CONFIGURED, Database, find, shown
from airconn.stores.metadb.connecting import connected
from airconn.stores.metadb.fernet import Keys, keys_of
from airconn.stores.metadb.tables import Row, Tables

T = TypeVar("T", bound=AirflowObject)

_SAMPLE = 50
"""The tokens of each column that are tried to tell a wrong key from a few damaged rows."""


_READ_ONLY = (
    "airconn doesn't write to a metadata database",
    "write through Airflow's REST API (--to http://HOST) or its command (--to airflow-cli:)",
)


@dataclass(frozen=True, slots=True)
class _DatabaseFinds:
    """The findings of a read besides the objects."""

    notes: list[Note] = field(default_factory=list)
    passed_over: dict[Key, str] = field(default_factory=dict)


class MetadbStore(Store):
    """The tables `connection`, `variable` and `slot_pool`, with their secrets decrypted.

    No query is sent before the first read, and a Fernet key is looked for only if something is encrypted.
    """

    def __init__(self, address: str, settings: Settings) -> None:
        """Raises `UsageError` for an address with a password in it."""
        super().__init__(shown(address), Capabilities(writable=False, read_only_hint=_READ_ONLY, is_airflow=True))
        self._given = address
        self._settings = settings
        self._config: AirflowConfig | None = None
        self._database: Database | None = None
        self._release: SchemaRelease | None = None
        self._keys: Keys | None = None

    def describe(self, context: Context = DEFAULT_CONTEXT) -> Description:
        if self._release is None:
            with self._tables():
                pass
        assert self._release is not None  # noqa: S101 - told by looking into the tables
        place = self.address if self.address != CONFIGURED else self._looked_up().shown
        return Description(f"the metadata database of {self._release.text} at {place}", self._release.version)

    def stored_form(self, obj: T, context: Context = DEFAULT_CONTEXT) -> T:
        """`obj` with an empty password as not set, as Airflow stores it (`set_password` of models/connection.py)."""
        if isinstance(obj, Connection) and obj.password == "":
            return cast("T", replace(obj, password=None))
        return obj

    def read(self, selection: Selection, context: Context = DEFAULT_CONTEXT) -> Reading:
        found = _DatabaseFinds()
        with self._tables() as tables:
            bundle = Bundle.of(self._objects(tables, selection, context, found))
        return Reading(bundle, tuple(found.notes), passed_over=found.passed_over)

    def ids(self, kinds: frozenset[Kind], context: Context) -> frozenset[Key]:
        """The ids of all objects that Airflow finds. Needs no key."""
        with self._tables() as tables:
            return frozenset((kind, str(id_)) for kind in kinds for id_ in tables.ids(kind) if id_ is not None)

    def _objects(
        self, tables: Tables, selection: Selection, context: Context, found: _DatabaseFinds
    ) -> Iterator[AirflowObject]:
        decrypter = _Decrypter(self._fernet_keys)
        reader = RowReader(decrypter.decrypt, tables.teams())
        for kind in Kind:
            if kind not in selection.kinds:
                continue
            ids = None
            if selection.ids is not None:
                ids = sorted(id_ for its_kind, id_ in selection.ids if its_kind is kind)
            for done, row in enumerate(tables.rows(kind, ids), 1):
                context.progress(f"reading {kind.value}", done, self.address)
                if (obj := self._object(reader, kind, row, selection, found)) is not None:
                    yield obj
        if decrypter.other_keys and not decrypter.decrypted:
            self._check_keys(decrypter, tables)

    def _object(
        self, reader: RowReader, kind: Kind, row: Row, selection: Selection, found: _DatabaseFinds
    ) -> AirflowObject | None:
        """The object of a row. None if it isn't selected or can't be read."""
        where, id_ = f"{self._inside}{kind.value}", None
        try:
            id_ = text_of(row[kind.id_field])
            if id_ is None:
                raise Unreadable("it has no id (NULL)")
            if not selection.wants(kind, id_):
                return None
            where = f"{where}/{quoted(id_)}"
            obj = reader.read(kind, id_, row, Origin(where))
        except Unreadable as reason:
            found.notes.append(Note(where, f"{reason}: left out", left_out=True))
            if isinstance(reason, Absent) and id_ is not None:
                found.passed_over[kind, id_] = f"{where}: {reason}"
            return None
        if kind is Kind.VARIABLES and reader.undecryptable:
            # `Variable.get_val` only logs an error; a connection fails where it is used.
            found.passed_over[kind, id_] = f"{where}: its value {reader.undecryptable['value']}"
        found.notes.extend(Note(where, f"{name} {why}: read as hidden") for name, why in reader.undecryptable.items())
        return obj

    def _check_keys(self, decrypter: _Decrypter, tables: Tables) -> None:
        """Raises `TargetError` if the keys don't decrypt anything else in this database."""
        for token in tables.tokens(_SAMPLE):
            try:
                decrypter.decrypt(text_of(token) or "")
            except (Undecryptable, Unreadable):
                continue
            return
        raise TargetError(
            "everything in it is encrypted with another Fernet key",
            where=self._looked_up().shown,
            hint=f"the key is that of {self._fernet_keys().where}; where it was changed without "
            "`airflow rotate-fernet-key`, the one from before is needed, too: NEW,OLD",
            topic="addresses",
        )

    @property
    def _inside(self) -> str:
        """The beginning of the origins of objects in this database."""
        return self.address if self.address == CONFIGURED else f"{self.address}/"

    @contextmanager
    def _tables(self) -> Iterator[Tables]:
        database = self._looked_up()
        with connected(database, self._settings.timeout) as connection:
            tables = Tables(connection, database.schema, database.shown)
            self._release = tables.release()
            yield tables

    def _looked_up(self) -> Database:
        if self._database is None:
            self._database = find(self._given, self._settings.environ, self._airflow_config())
        return self._database

    def _airflow_config(self) -> AirflowConfig:
        if self._config is None:
            self._config = AirflowConfig.load(self._settings.environ)
        return self._config

    def _fernet_keys(self) -> Keys:
        if self._keys is None:
            self._keys = keys_of(self._airflow_config())
        return self._keys


class _Decrypter:
    """Decrypts and counts. The keys are looked up at the first token."""

    def __init__(self, keys: Callable[[], Keys]) -> None:
        self._keys = keys
        self.decrypted = 0
        self.other_keys = 0
        """The number of tokens that are for another key, or damaged."""

    def decrypt(self, token: str) -> str:
        try:
            text = self._keys().decrypt(token)
        except OtherKey:
            self.other_keys += 1
            raise
        self.decrypted += 1
        return text


def open_store(address: str, settings: Settings) -> MetadbStore:
    """The metadata database at this address. Raises `UsageError` for an address with a password in it."""
    return MetadbStore(address, settings)
