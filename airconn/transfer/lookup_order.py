"""In which order an Airflow looks in its places, for each kind of process that has an order of its own.

The order is that of `ensure_secrets_loaded` of airflow 2.11 and 3.3 configuration.py, and for the workers of 3.x that
of sdk/execution_time/context.py and the Execution API behind it. Both were compared with what they resolve.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from airconn.model import LIKE_TASK_SDK, NEWEST, AirflowVersion, rules_for
from airconn.stores.base import Store


@dataclass(frozen=True, slots=True)
class ChainedPlace:
    """A place where Airflow looks. Without a store it can't be looked into, for a reason."""

    title: str
    store: Store | None = None
    reason: str = ""
    reads_for: AirflowVersion = NEWEST
    """As which Airflow it is read."""


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
    """The chains of an Airflow: one for all its processes in 2.x, and those of a task and of a server in 3.x.

    The environment of this process stands for that of each: only there does it say the truth.
    """
    manager = (MANAGER,) if astro else ()
    first = (backend,) if backend is not None else ()
    server = (*first, *manager, ChainedPlace("environment", environment, reads_for=airflow), database)
    if not rules_for(airflow).tasks_ask_server:
        return (LookupChain("every process", server),)
    of_worker = _as_worker(workers_backend or backend)
    behind = (replace(place, title=f"{place.title} of the API server") for place in server[:-1] if place.store)
    worker = (
        *((of_worker,) if of_worker is not None else ()),
        *manager,
        ChainedPlace("environment of the worker", environment, reads_for=LIKE_TASK_SDK),
        # What it doesn't find itself it asks the API server for, which looks in all of its own places.
        *behind,
        database,
    )
    return (LookupChain("a task", worker), LookupChain("the API server, the scheduler, the airflow command", server))


def _as_worker(backend: ChainedPlace | None) -> ChainedPlace | None:
    """A backend as a worker reads it (files give everybody the core's: 3.3 secrets/local_filesystem.py)."""
    if backend is None or backend.store is None or backend.store.capabilities.reads_as_core:
        return backend
    return replace(backend, reads_for=LIKE_TASK_SDK)
