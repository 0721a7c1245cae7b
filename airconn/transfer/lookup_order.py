"""The places of an Airflow in the order in which each kind of its processes looks in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from airconn.airflow.lookup_order import LookupOrder, LookupStage, lookup_orders
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


@dataclass(frozen=True, slots=True)
class LookupChain:
    """The places where one kind of process looks, in its order."""

    title: str
    places: tuple[ChainedPlace, ...]


MANAGER = ChainedPlace(
    "Astro Environment Manager", reason="it can't be looked into from here; what Astro's CLI lists there comes next"
)


def chains(
    airflow: AirflowVersion,
    *,
    backend: ChainedPlace | None,
    workers_backend: ChainedPlace | None,
    environment: Store,
    database: ChainedPlace,
    astro: bool = False,
) -> Sequence[LookupChain]:
    """The chains of an Airflow, one for each of its lookup orders.

    The environment of this process counts as that of each chain, which is only true if airconn runs there.
    """
    of_server = ChainedPlace("environment", environment, reads_for=airflow)
    core = {
        LookupStage.BACKEND: backend,
        LookupStage.MANAGER: MANAGER if astro else None,
        LookupStage.ENVIRONMENT: of_server,
        LookupStage.DATABASE: database,
    }
    of_task = {
        **core,
        LookupStage.BACKEND: _as_worker(workers_backend or backend),
        LookupStage.ENVIRONMENT: ChainedPlace("environment of the worker", environment, reads_for=LIKE_TASK_SDK),
        LookupStage.SERVERS_BACKEND: _of_server(backend),
        LookupStage.SERVERS_ENVIRONMENT: _of_server(of_server),
    }
    return [_chain(order, of_task if order.is_task else core) for order in lookup_orders(airflow)]


def _chain(order: LookupOrder, places: Mapping[LookupStage, ChainedPlace | None]) -> LookupChain:
    return LookupChain(order.process, tuple(place for stage in order.stages if (place := places[stage]) is not None))


def _of_server(place: ChainedPlace | None) -> ChainedPlace | None:
    """A place of the API server as a task sees it. One that can't be looked into is listed once."""
    return replace(place, title=f"{place.title} of the API server") if place and place.store else None


def _as_worker(backend: ChainedPlace | None) -> ChainedPlace | None:
    """A backend as a worker reads it (files give all processes the core's: 3.3 secrets/local_filesystem.py)."""
    if backend is None or backend.store is None or backend.store.capabilities.reads_as_core:
        return backend
    return replace(backend, reads_for=LIKE_TASK_SDK)
