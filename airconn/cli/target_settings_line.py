"""The settings of a target of the configuration, for commands on one target, and the line that says them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airconn.cli.app import App
from airconn.quoting import clean

if TYPE_CHECKING:
    from airconn.model import AirflowVersion, Selection
    from airconn.targets import Target


def tell_settings(app: App, target: Target) -> None:
    """Says what the settings of a target change: `@eu: with overlays/eu.yaml, without pools/*`."""
    if target.said:
        app.say(clean(f"{target.address}: {target.said}"))


def read_one(
    app: App, address: str | None, selection: Selection, airflow: AirflowVersion | None
) -> tuple[str | None, Selection, AirflowVersion | None]:
    """The address of the one place that a command reads, and what it selects there, for which Airflow.

    Those of a target follow from its settings too, and are said. `address` is also the name of a group of one target.
    """
    if not app.config.named(address).startswith("@"):
        return address, selection, airflow
    from airconn.targets import targets_of
    from airconn.transfer.target_request import selection_of

    (target, *_) = targets_of(app.config, [address])
    if target.said_of_reads:
        app.say(clean(f"{target.address}: {target.said_of_reads}"))
    return target.address, selection_of(selection, target), airflow or target.airflow


def tell_compared(app: App, target: Target) -> None:
    """Says what the settings of a target change of a comparison, and which of them don't count there."""
    if target.said_of_reads:
        app.say(clean(f"{target.address}: {target.said_of_reads}"))
    if target.overlays or target.renames:
        what = " and ".join(name for name, has in (("overlays", target.overlays), ("renames", target.renames)) if has)
        compare = f"airconn import SOURCE --to {target.address} --dry-run"
        app.say(clean(f"{target.address}: its {what} aren't used here; {compare} compares with them"))
