"""The options of commands that write to several targets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from airconn.cli.completing import complete_address
from airconn.cli.option_values import together
from airconn.cli.several_options import parallel

several_targets: Callable[[Any], Any] = together(
    [
        parallel,
        click.option(
            "--canary",
            metavar="ADDRESS",
            shell_complete=complete_address,
            help="Write to this target first, and to the others only if all of it is written and reads back right.",
        ),
    ]
)
"""A command gets `parallel` and `canary`."""
