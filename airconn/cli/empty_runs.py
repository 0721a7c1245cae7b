"""Warns of runs that have nothing to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from airconn.cli.app import App

if TYPE_CHECKING:
    from airconn.model import Selection

allowing_nothing = click.option(
    "--allow-empty", is_flag=True, help="Succeed also if a GLOB matches nothing, or the source is empty."
)


def warn_of_nothing(app: App, selection: Selection, what: str = "the sources hold nothing") -> None:
    """Warns that there is nothing to do, also with `--quiet` if globs may be the reason.

    `what` says so in other words if objects were found that the target can't hold.
    """
    from airconn.model import ALL_KINDS

    chosen = " that is selected" if selection.include or selection.exclude or selection.kinds != ALL_KINDS else ""
    app.warn(what + chosen, level=-1 if selection.include else 0)
