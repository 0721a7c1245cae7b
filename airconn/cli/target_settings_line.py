"""The line that says what a target of the configuration changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airconn.cli.app import App
from airconn.quoting import clean

if TYPE_CHECKING:
    from airconn.targets import Target


def tell_settings(app: App, target: Target) -> None:
    """Says what the settings of a target change: `@eu: with overlays/eu.yaml, without pools/*`."""
    if target.said:
        app.say(clean(f"{target.address}: {target.said}"))
