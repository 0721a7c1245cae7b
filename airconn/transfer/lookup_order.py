"""The places of an Airflow in the order in which each kind of its processes looks in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from airconn.airflow.lookup_order import LookupOrder, LookupStage, lookup_orders
from airconn.errors import AirconnError
from airconn.model import LIKE_TASK_SDK, NEWEST, AirflowVersion
from airconn.stores.base import Store


@dataclass(frozen=True, slots=True)
class ChainedPlace:
    """A place where Airflow looks. Without a store it can't be looked into, for `reason`."""

    title: str
    store: Store | None = None
    reason: str = ""
    reads_for: AirflowVersion = NEWEST
    """The Airflow whose rules apply to it."""

    @classmethod
    def closed(cls, title: str, error: AirconnError) -> ChainedPlace:
        """A place that can't be opened, and why."""
        return cls(title, reason=with_hint(error))


def with_hint(error: AirconnError) -> str:
    """An error and its hint in one line."""
    return f"{error}" + (f" ({error.hint})" if error.hint else "")


@dataclass(frozen=True, slots=True)
class LookupChain:
    """The places where one kind of process looks, in its order."""

    title: str
    places: tuple[ChainedPlace, ...]


@dataclass(frozen=True, slots=True)
class AstroPlaces:
    """The places that a Deployment of Astro has besides those of every Airflow, or instead of them."""

    manager: ChainedPlace
    """The connections and Airflow variables of the Environment Manager, as they reach the Deployment."""
    environment: tuple[ChainedPlace, ...] = ()
    """The environment variables of the Deployment. Without any, those of this process count."""


def chains(
    airflow: AirflowVersion,
    *,
    backend: ChainedPlace | None,
    workers_backend: ChainedPlace | None,
    environment: Store,
    database: ChainedPlace,
    astro: AstroPlaces | None = None,
) -> Sequence[LookupChain]:
    """The chains of an Airflow, one for each of its lookup orders.

    The environment of this process counts as that of each chain, which is only true if airconn runs there.
    """
    of_server: tuple[ChainedPlace, ...] = (ChainedPlace("environment", environment, reads_for=airflow),)
    of_worker: tuple[ChainedPlace, ...] = (
        ChainedPlace("environment of the worker", environment, reads_for=LIKE_TASK_SDK),
    )
    if astro and astro.environment:
        of_server = tuple(replace(place, reads_for=airflow) for place in astro.environment)
        of_worker = tuple(replace(place, reads_for=LIKE_TASK_SDK) for place in astro.environment)
    core = {
        LookupStage.BACKEND: _known(backend),
        LookupStage.MANAGER: _known(astro.manager if astro else None),
        LookupStage.ENVIRONMENT: of_server,
        LookupStage.DATABASE: (database,),
    }
    of_task = {
        **core,
        LookupStage.BACKEND: _known(_as_worker(workers_backend or backend)),
        LookupStage.ENVIRONMENT: of_worker,
        LookupStage.SERVERS_BACKEND: _of_server(_known(backend)),
        LookupStage.SERVERS_ENVIRONMENT: _of_server(of_server),
    }
    return [_chain(order, of_task if order.is_task else core) for order in lookup_orders(airflow)]


def _chain(order: LookupOrder, places: Mapping[LookupStage, tuple[ChainedPlace, ...]]) -> LookupChain:
    return LookupChain(order.process, tuple(place for stage in order.stages for place in places[stage]))


def _known(place: ChainedPlace | None) -> tuple[ChainedPlace, ...]:
    return (place,) if place is not None else ()


def _of_server(places: tuple[ChainedPlace, ...]) -> tuple[ChainedPlace, ...]:
    """Places of the API server as a task sees them. One that can't be looked into is listed once."""
    return tuple(replace(place, title=f"{place.title} of the API server") for place in places if place.store)


def _as_worker(backend: ChainedPlace | None) -> ChainedPlace | None:
    """A backend as a worker reads it (files give all processes the core's: 3.3 secrets/local_filesystem.py)."""
    if backend is None or backend.store is None or backend.store.capabilities.reads_as_core:
        return backend
    return replace(backend, reads_for=LIKE_TASK_SDK)
