"""The option `--resolve`."""

from __future__ import annotations

import click

from airconn.cli.app import App


def _checked(ctx: click.Context, param: click.Parameter, value: tuple[str, ...]) -> tuple[str, ...]:
    """The words as they are, which are checked before anything is read."""
    if value:
        from airconn.override.allowed import read_allowed

        app = ctx.find_object(App)
        if app is not None:
            app.writes = any(other.name == "to" for other in ctx.command.params)
        read_allowed(value, "--resolve")
    return value


resolve = click.option(
    "--resolve",
    multiple=True,
    metavar="KINDS",
    callback=_checked,
    help="Replace references in the sources by their values: env, file, ref, op, or all, with commas between them. "
    "env:GLOB and file:DIR narrow it down. May be repeated [AIRCONN_RESOLVE].",
)
