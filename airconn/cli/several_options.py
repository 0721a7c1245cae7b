"""Options of commands that read several targets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from airconn.cli.completing import complete_address
from airconn.cli.option_values import together
from airconn.cli.options import DEFAULT_PLACE

F = TypeVar("F", bound=Callable[..., Any])

parallel = click.option(
    "--parallel",
    type=click.IntRange(1, 512),
    metavar="N",
    help="How many targets at a time, never two at one server [32].",
)


def several(flag: str, name: str, help_: str, *more_flags: str) -> Callable[[F], F]:
    """An option with addresses and groups, that may be repeated."""
    return click.option(
        flag, *more_flags, name, multiple=True, metavar="ADDRESS", shell_complete=complete_address, help=help_
    )


def fail_fast(help_: str = "Begin no other target after one that fails.") -> Callable[[F], F]:
    return click.option("--fail-fast", is_flag=True, help=help_)


sources = together(
    [
        several(
            "--from",
            "from_",
            f"Where from {DEFAULT_PLACE} May be repeated, and may be a group: @prod, @all.",
        ),
        click.option(
            "--from-airflow-config",
            "from_",
            flag_value="airflow-config:",
            multiple=True,
            help="From the secrets backend that airflow.cfg or AIRFLOW__SECRETS__* name: --from airflow-config:.",
        ),
    ]
)
"""As `options.source`, for commands that read several targets."""
