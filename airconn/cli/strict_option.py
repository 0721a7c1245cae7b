"""The option `--strict`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


def strict(reason: str) -> Callable[[F], F]:
    """The option of a command that fails, instead of warning, for `reason`. None leaves it to the configuration."""
    return click.option(
        "--strict/--no-strict",
        default=None,
        help=f"Fail if {reason} is read with a warning [strict in airconn.toml, else --no-strict].",
    )
