"""The option `--airflow`, the Airflow for which objects are read and written."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from airconn.airflow.releases import newest_release, oldest_release
from airconn.cli.app import App
from airconn.cli.completing import complete_version

if TYPE_CHECKING:
    from airconn.model import AirflowVersion

F = TypeVar("F", bound=Callable[..., Any])


def _version(ctx: click.Context, param: click.Parameter, value: str | None) -> AirflowVersion | None:
    if value is None:
        return None
    from airconn.airflow.versions import OLDEST, AirflowVersion, unknown
    from airconn.errors import UsageError

    version = AirflowVersion.parse(value)
    if version < OLDEST:
        raise UsageError(
            f"Airflow {version} is older than {OLDEST.series}, the oldest that airconn knows",
            hint=f"--airflow {OLDEST.series} is the nearest",
        )
    app = ctx.find_object(App)
    if app is not None and not ctx.resilient_parsing and (how := unknown(version)):
        app.warn(f"Airflow {version.series} is {how}")
    return version


def _airflow(default: str) -> Callable[[F], F]:
    oldest = oldest_release().rpartition(".")[0]
    return click.option(
        "--airflow",
        callback=_version,
        metavar="VERSION",
        shell_complete=complete_version,
        help=f"Read and write as this Airflow does, {oldest} or newer [{default}].",
    )


airflow = _airflow(f"the Airflow in question, else {newest_release()}")
airflow_of_files = _airflow(f"{newest_release()}, the newest known")
"""The option for commands on files, without an Airflow of their own."""
