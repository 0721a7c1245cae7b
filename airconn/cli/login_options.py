"""The options `--username` and `--env-file`: who you are, and a file with settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from airconn.cli.option_values import together
from airconn.errors import UsageError

if TYPE_CHECKING:
    from airconn.cli.app import App


def _username(ctx: click.Context, param: click.Parameter, value: str | None) -> None:
    if value is None or ctx.resilient_parsing:
        return
    if not value.strip():
        raise UsageError("--username is empty", hint="is it a variable of your shell that isn't set?")
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
    help="Log in to the Airflow as this user, with AIRCONN_PASSWORD, a stored login, or a password that you are "
    "asked for.",
)

env_file = click.option(
    "--env-file",
    multiple=True,
    metavar="FILE",
    expose_value=False,
    callback=_env_files,
    help="Read AIRCONN_* and the variables of services (VAULT_*, AWS_*, …) from a .env file. Those of the "
    "environment win. May be repeated.",
)

logging_in = together([username, env_file])
