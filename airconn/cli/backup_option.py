"""The option `--no-backup`."""

from __future__ import annotations

from collections.abc import Sequence

import click

from airconn.cli.app import App
from airconn.quoting import shown_address

_MOST_WORDS = 3

backup = click.option(
    "--backup/--no-backup",
    "backup",
    default=None,
    help="Keep what is overwritten or deleted for airconn undo [backup in your config.toml, else --backup].",
)
"""A command gets None if the configuration decides."""


def command_words(app: App, option: bool | None, command: str, sources: Sequence[str] = ()) -> str:
    """The command in words for its backup, such as `import .env`. Empty if it is to have none."""
    if not app.config.keeps_backup(option):
        return ""
    more = ["…"] if len(sources) > _MOST_WORDS else []
    return " ".join([command, *map(shown_address, sources[:_MOST_WORDS]), *more])
