"""The option `--no-backup`."""

from __future__ import annotations

from collections.abc import Sequence

import click

from airconn.cli.app import App
from airconn.quoting import shown_address

_MOST_WORDS = 3

no_backup = click.option(
    "--no-backup", is_flag=True, help="Keep no copy of what is overwritten or deleted. It can't be undone."
)


def command_words(app: App, no_backup: bool, command: str, objects: Sequence[str] = ()) -> str:
    """The command in words for its backup, such as `import .env`. Empty if it is to have none.

    `objects` are sources, ids or places, without values.
    """
    if no_backup or not app.config.keeps_backups:
        return ""
    more = ["…"] if len(objects) > _MOST_WORDS else []
    return " ".join([command, *map(shown_address, objects[:_MOST_WORDS]), *more])
