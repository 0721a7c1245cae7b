"""The option `--airflow`, which says for which Airflow something is read and written."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from airconn.model import AirflowVersion

F = TypeVar("F", bound=Callable[..., Any])

NEWEST_KNOWN = "3.3.2"
"""`model.NEWEST`, which a help does without loading."""


def _version(ctx: click.Context, param: click.Parameter, value: str | None) -> AirflowVersion | None:
    if value is None:
        return None
    from airconn.errors import UsageError
    from airconn.model import OLDEST, AirflowVersion

    version = AirflowVersion.parse(value)
    if version < OLDEST:
        raise UsageError(
            f"Airflow {version} is older than {OLDEST.major}.{OLDEST.minor}, the oldest that airconn knows",
            hint=f"--airflow {OLDEST.major}.{OLDEST.minor} is the nearest",
        )
    return version


def _airflow(default: str) -> Callable[[F], F]:
    return click.option(
        "--airflow",
        callback=_version,
        metavar="VERSION",
        help=f"Read and write as this Airflow does, 2.7 or newer [{default}].",
    )


airflow = _airflow(f"the Airflow in question, else {NEWEST_KNOWN}")
airflow_of_files = _airflow(f"{NEWEST_KNOWN}, the newest known")
"""The same where no Airflow is in question."""
