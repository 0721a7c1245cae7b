"""Finds the places an Airflow looks into: those that were named, else those of its configuration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from airconn.airflow.config_file import AirflowConfig, secrets_backend
from airconn.errors import AirconnError
from airconn.model import NEWEST, AirflowVersion
from airconn.stores.base import Store
from airconn.stores.configured import ADDRESS
from airconn.transfer.astro_places import UNKNOWN_BACKEND, AstroDeployment, named_deployment, places_at_astro
from airconn.transfer.lookup_order import ChainedPlace, LookupChain, chains
from airconn.transfer.places import Places


@dataclass(frozen=True, slots=True)
class NamedPlaces:
    """The addresses of places where Airflow looks. Others are taken from Airflow's configuration."""

    backend: str | None = None
    workers_backend: str | None = None
    no_backend: bool = False
    database: str | None = None
    astro: str | None = None
    """The Deployment of Astro that it is, as `WORKSPACE/DEPLOYMENT`, an address or a name of the configuration. Empty
    for a Deployment that isn't named. None elsewhere."""


@dataclass(frozen=True, slots=True)
class FoundPlaces:
    """The chains of an Airflow."""

    airflow: AirflowVersion
    chains: Sequence[LookupChain]
    closed: tuple[ChainedPlace, ...]
    """The places that can't be opened."""
    hints_at_astro: bool = False
    """Whether this is an Airflow of Astro whose Deployment isn't named."""


def find_chains(named: NamedPlaces, airflow: AirflowVersion | None, places: Places) -> FoundPlaces:
    """The chains of an Airflow, and its version. Raises `AirconnError` if a named place can't be opened."""
    deployment = named_deployment(named.astro, places.config) if named.astro is not None else None
    version, is_at_astro = airflow, False
    try:
        store = _open_database(named, deployment, places)
        described = store.describe(places.context(airflow or NEWEST))
        version, is_at_astro = version or described.airflow, described.is_at_astro
        database = ChainedPlace("metadata database", store, reads_for=version)
    except AirconnError as error:
        if named.database:
            raise
        database = ChainedPlace.closed("metadata database", error)
    version = version or NEWEST
    backends = [_backend(named, section, version, places) for section in ("", "workers")]
    astro = places_at_astro(deployment, places) if deployment else None
    if deployment and deployment.is_named and not any((named.backend, named.no_backend, *backends)):
        backends[0] = UNKNOWN_BACKEND
    found = chains(
        version,
        backend=backends[0],
        workers_backend=backends[1],
        environment=places.open("env:"),
        database=database,
        astro=astro,
    )
    unopened = tuple(place for place in (database, *backends) if place is not None and place.store is None)
    return FoundPlaces(version, found, unopened, is_at_astro and deployment is None)


def _open_database(named: NamedPlaces, deployment: AstroDeployment | None, places: Places) -> Store:
    """The metadata database: the named one, else that of the named Deployment, else that of `_database_address`."""
    if named.database is None and deployment and deployment.is_named:
        return deployment.open("astro-airflow", places)
    return places.open(_database_address(named, places))


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
        return ChainedPlace.closed(title, error)
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
