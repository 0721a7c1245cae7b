"""The option `--max-delete`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


def most_deletions(by: str) -> Callable[[F], F]:
    """The option `--max-delete`, which limits what `by` deletes."""
    return click.option(
        "--max-delete",
        type=click.IntRange(0),
        default=10,
        metavar="N",
        help=f"The most objects that {by} may delete [10].",
    )
