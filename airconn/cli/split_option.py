"""The options `--split DIR`, `--prune` and `--max-delete` of commands that write files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from airconn.cli.deletion_option import most_deletions
from airconn.cli.option_values import as_one
from airconn.errors import UsageError

if TYPE_CHECKING:
    from airconn.transfer.splitting import Splitting


def _make(split: Path | None, prune: bool, max_delete: int) -> Splitting | None:
    if split is None:
        if prune:
            raise UsageError("--prune deletes files of --split DIR, which isn't given", hint="add --split DIR")
        return None
    from airconn.transfer.splitting import Splitting

    return Splitting(split, prune, max_delete)


splitting = as_one(
    "splitting",
    _make,
    [
        click.option(
            "--split",
            type=click.Path(path_type=Path),
            metavar="DIR",
            help="Write a file for each object into DIR, secrets as references that --fill fills.",
        ),
        click.option("--prune", is_flag=True, help="With --split: delete the files of objects that are gone."),
        most_deletions("--prune"),
    ],
)
"""A command gets a `Splitting` as `splitting`, or None."""
