"""The options `--username` and `--env-file`: who you are, and a file with settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from airconn.cli.completing import complete_file
from airconn.cli.option_values import together
from airconn.errors import UsageError

if TYPE_CHECKING:
    from airconn.cli.app import App


def _username(ctx: click.Context, param: click.Parameter, value: str | None) -> None:
    if value is None or ctx.resilient_parsing:
        return
    if not value.strip():
        raise UsageError("--username is empty", hint="maybe a variable of your shell isn't set")
    if ":" in value:
        raise UsageError(
            "--username has a ':' in it, which a user name can't have",
            hint="a password is never an option: set AIRCONN_PASSWORD, or type it when asked (airconn help login)",
        )
    app: App = ctx.obj
    app.username = value


def _env_files(ctx: click.Context, param: click.Parameter, value: tuple[str, ...]) -> None:
    if value and not ctx.resilient_parsing:
        app: App = ctx.obj
        app.take_env_files(value)


username = click.option(
    "--username",
    metavar="NAME",
    expose_value=False,
    callback=_username,
    help="Log in as this user. The password is AIRCONN_PASSWORD, a stored one, or asked for.",
)

env_file = click.option(
    "--env-file",
    multiple=True,
    metavar="FILE",
    shell_complete=complete_file,
    expose_value=False,
    callback=_env_files,
    help="Read AIRCONN_*, VAULT_*, AWS_*, … from a .env file. Variables that are set win. May be repeated.",
)

logging_in = together([username, env_file])
