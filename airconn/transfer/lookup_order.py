"""The places of an Airflow in the order in which each kind of its processes looks in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from airconn.airflow.lookup_order import LookupPlace, lookup_orders
from airconn.model import LIKE_TASK_SDK, AirflowVersion
from airconn.stores.base import Store
from airconn.transfer.explaining import Chain, Place

MANAGER = Place(
    "Astro Environment Manager", reason="it can't be looked into from here; what Astro's CLI lists there comes next"
)


def chains(
    airflow: AirflowVersion,
    *,
    backend: Place | None,
    workers_backend: Place | None,
    environment: Store,
    database: Place,
    astro: bool = False,
) -> Sequence[Chain]:
    """The chains of an Airflow, one for each of its lookup orders.

    The environment of this process stands for that of each: only there does it say the truth.
    """
    servers = {
        LookupPlace.MANAGER: MANAGER if astro else None,
        LookupPlace.BACKEND: backend,
        LookupPlace.ENVIRONMENT: Place("environment", environment, reads_for=airflow),
        LookupPlace.DATABASE: database,
    }
    workers = {
        **servers,
        LookupPlace.BACKEND: _as_worker(workers_backend or backend),
        LookupPlace.ENVIRONMENT: Place("environment of the worker", environment, reads_for=LIKE_TASK_SDK),
        LookupPlace.SERVERS_BACKEND: _of_server(servers[LookupPlace.BACKEND]),
        LookupPlace.SERVERS_ENVIRONMENT: _of_server(servers[LookupPlace.ENVIRONMENT]),
    }
    found = ((order, workers if order.is_task else servers) for order in lookup_orders(airflow))
    return [
        Chain(order.process, tuple(place for name in order.places if (place := places[name]) is not None))
        for order, places in found
    ]


def _of_server(place: Place | None) -> Place | None:
    """A place of the API server as its tasks see it. One that can't be looked into is named once."""
    return replace(place, title=f"{place.title} of the API server") if place and place.store else None


def _as_worker(backend: Place | None) -> Place | None:
    """A backend as a worker reads it (files give everybody the core's: 3.3 secrets/local_filesystem.py)."""
    if backend is None or backend.store is None or backend.store.reads_as_core:
        return backend
    return replace(backend, reads_for=LIKE_TASK_SDK)
