"""In which order an Airflow looks in its places, for each kind of process that has an order of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from airconn.model import LIKE_TASK_SDK, AirflowVersion, rules_for
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
    """The chains of an Airflow: one for all its processes in 2.x, and those of a task and of a server in 3.x.

    The environment of this process stands for that of each: only there does it say the truth.
    """
    manager = (MANAGER,) if astro else ()
    first = (backend,) if backend is not None else ()
    server = (*first, *manager, Place("environment", environment, reads_for=airflow), database)
    if not rules_for(airflow).tasks_ask_server:
        return (Chain("every process", server),)
    of_worker = _as_worker(workers_backend or backend)
    behind = (replace(place, title=f"{place.title} of the API server") for place in server[:-1] if place.store)
    worker = (
        *((of_worker,) if of_worker is not None else ()),
        *manager,
        Place("environment of the worker", environment, reads_for=LIKE_TASK_SDK),
        # What it doesn't find itself it asks the API server for, which looks in all of its own places.
        *behind,
        database,
    )
    return (Chain("a task", worker), Chain("the API server, the scheduler, the airflow command", server))


def _as_worker(backend: Place | None) -> Place | None:
    """A backend as a worker reads it (files give everybody the core's: 3.3 secrets/local_filesystem.py)."""
    if backend is None or backend.store is None or backend.store.reads_as_core:
        return backend
    return replace(backend, reads_for=LIKE_TASK_SDK)
