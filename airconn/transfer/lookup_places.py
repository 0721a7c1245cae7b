"""Finds the places an Airflow looks into: those that were named, else those of its configuration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from airconn.airflow.config_file import AirflowConfig, secrets_backend
from airconn.errors import AirconnError
from airconn.model import NEWEST, AirflowVersion
from airconn.stores.configured import ADDRESS
from airconn.transfer.lookup_order import ChainedPlace, LookupChain, chains
from airconn.transfer.places import Places


@dataclass(frozen=True, slots=True)
class NamedPlaces:
    """The addresses of places where Airflow looks. Others are taken from Airflow's configuration."""

    backend: str | None = None
    workers_backend: str | None = None
    no_backend: bool = False
    database: str | None = None
    astro: bool = False
    """Whether Astro's Environment Manager is one of them."""


@dataclass(frozen=True, slots=True)
class FoundPlaces:
    """The chains of an Airflow."""

    airflow: AirflowVersion
    chains: Sequence[LookupChain]
    closed: tuple[ChainedPlace, ...]
    """The places of Airflow's configuration that can't be opened."""


def find_chains(named: NamedPlaces, airflow: AirflowVersion | None, places: Places) -> FoundPlaces:
    """The chains of an Airflow, and its version. Raises `AirconnError` if a named place can't be opened."""
    version = airflow
    try:
        store = places.open(_database_address(named, places))
        described = store.describe(places.context(airflow or NEWEST))
        version = version or described.airflow
        database = ChainedPlace("metadata database", store, reads_for=version)
    except AirconnError as error:
        if named.database:
            raise
        database = _closed("metadata database", error)
    version = version or NEWEST
    backends = [_backend(named, section, version, places) for section in ("", "workers")]
    found = chains(
        version,
        backend=backends[0],
        workers_backend=backends[1],
        environment=places.open("env:"),
        database=database,
        astro=named.astro,
    )
    closed = tuple(place for place in (database, *backends) if place is not None and place.store is None)
    return FoundPlaces(version, found, closed)


def _closed(title: str, error: AirconnError) -> ChainedPlace:
    """A place that can't be looked into."""
    return ChainedPlace(title, reason=f"{error}" + (f" ({error.hint})" if error.hint else ""))


def _backend(named: NamedPlaces, section: str, version: AirflowVersion, places: Places) -> ChainedPlace | None:
    """The secrets backend of the processes of a section. None if they don't have one of their own."""
    given = named.workers_backend if section else named.backend
    title = "secrets backend of the workers" if section else "secrets backend"
    if named.no_backend:
        return None
    if given is None:
        config = AirflowConfig.load(places.config.environ)
        configured = secrets_backend(config, "workers" if section else "secrets")
        if configured is None or (section and (named.backend or configured == secrets_backend(config))):
            return None
    try:
        store = places.open(given or f"{ADDRESS}{section}")
    except AirconnError as error:
        if given:
            raise
        return _closed(title, error)
    return ChainedPlace(title, store, reads_for=version)


def _database_address(named: NamedPlaces, places: Places) -> str:
    """The address of the metadata database: the named one, else that of Airflow's configuration, else the target."""
    if named.database:
        return named.database
    environ = places.config.environ
    config = AirflowConfig.load(environ)
    is_there = config.file.exists() or config.get("database", "sql_alchemy_conn") is not None
    is_chosen = environ.get("AIRCONN_URL") or places.config.value("url")
    return places.config.target(None).text if is_chosen and not is_there else "metadb:"
