"""The order in which the processes of an Airflow look for a connection or a variable. The first hit wins.

Mirrors `ensure_secrets_loaded` of airflow 2.11 and 3.3 configuration.py, and for the workers of 3.x
sdk/execution_time/context.py and the Execution API behind it. Both were compared with what they resolve.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from airconn.airflow.rules import rules_for
from airconn.airflow.versions import AirflowVersion


class LookupStage(Enum):
    """One of the places where a process may look."""

    BACKEND = auto()
    """The secrets backend of this process."""
    MANAGER = auto()
    """Astro's Environment Manager, in Deployments of Astro only."""
    ENVIRONMENT = auto()
    """The environment variables of this process."""
    SERVERS_BACKEND = auto()
    SERVERS_ENVIRONMENT = auto()
    DATABASE = auto()


@dataclass(frozen=True, slots=True)
class LookupOrder:
    """The order of one kind of process."""

    process: str
    is_task: bool
    """Its own places are those of a worker, and read by the Task SDK."""
    stages: tuple[LookupStage, ...]


_OWN = (LookupStage.BACKEND, LookupStage.MANAGER, LookupStage.ENVIRONMENT)
_OF_SERVER = (LookupStage.SERVERS_BACKEND, LookupStage.SERVERS_ENVIRONMENT)


def lookup_orders(version: AirflowVersion) -> tuple[LookupOrder, ...]:
    """One order for all processes of 2.x, one for the tasks of 3.x and one for its other processes."""
    core = (*_OWN, LookupStage.DATABASE)
    if not rules_for(version).tasks_ask_server:
        return (LookupOrder("every process", False, core),)
    # A task asks the API server for what it doesn't find itself. The server looks in all of its own places.
    return (
        LookupOrder("a task", True, (*_OWN, *_OF_SERVER, LookupStage.DATABASE)),
        LookupOrder("the API server, the scheduler, the airflow command", False, core),
    )
