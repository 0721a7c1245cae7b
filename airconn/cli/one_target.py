"""The settings of a target of the configuration, for commands that read one target."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airconn.cli import several_view
from airconn.cli.app import App

if TYPE_CHECKING:
    from airconn.model import AirflowVersion, Selection


def read_one(
    app: App, address: str | None, selection: Selection, airflow: AirflowVersion | None
) -> tuple[str | None, Selection, AirflowVersion | None]:
    """The address of the one place that a command reads, and what it selects there, for which Airflow.

    Those of a target follow from its settings too, and are said. `address` may also name a group of one target.
    """
    if not app.config.named(address).startswith("@"):
        return address, selection, airflow
    from airconn.targets import targets_of
    from airconn.transfer.target_request import selection_of

    (target, *_) = targets_of(app.config, [address])
    several_view.tell_settings(app, [target])
    return target.address, selection_of(selection, target), airflow or target.airflow
