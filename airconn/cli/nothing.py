"""Runs in which there is nothing to do: refused where that may be a slip, and else told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

from airconn.cli.app import App

if TYPE_CHECKING:
    from airconn.model import Selection
    from airconn.stores.base import Store
    from airconn.transfer.loading import Loaded

allowing_nothing = click.option(
    "--allow-empty", is_flag=True, help="Take it for a success that a GLOB matches nothing, or that there is nothing."
)


def warn_of_nothing(app: App, selection: Selection, what: str = "the sources hold nothing") -> None:
    """Warns that there is nothing, with `--quiet` too if globs may be why.

    `what` says it otherwise where objects were found that the target can't hold.
    """
    from airconn.model import ALL_KINDS

    chosen = " that is selected" if selection.include or selection.exclude or selection.kinds != ALL_KINDS else ""
    app.warn(what + chosen, level=-1 if selection.include else 0)


def nothing_check(
    options: dict[str, Any], selection: Selection, stores: Sequence[Store], *, unless_empty: bool
) -> Callable[[Loaded], None]:
    """What refuses what was loaded from `stores` where nothing was, or a glob matches nothing of it."""

    def check(loaded: Loaded) -> None:
        from airconn.transfer.nothing import refuse_nothing, refuse_unmatched

        if not options["allow_empty"]:
            refuse_unmatched(selection, loaded.seen, stores)
            if not len(loaded.bundle):
                refuse_nothing(selection, stores, unless_empty=unless_empty)

    return check
