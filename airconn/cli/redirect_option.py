"""The option `--allow-redirect`: the hosts to which redirects may lead."""

from __future__ import annotations

import click


def _hosts(ctx: click.Context, param: click.Parameter, value: tuple[str, ...]) -> tuple[str, ...] | None:
    """The hosts. None without any, which leaves it to the configuration."""
    if not value:
        return None
    from airconn.trust import hosts

    return hosts(value, "--allow-redirect")


allow_redirect = click.option(
    "--allow-redirect",
    multiple=True,
    metavar="HOST",
    callback=_hosts,
    help="Follow redirects of Vault and Key Vault to HOST or HOST:PORT as well, with the credentials and all that is "
    "written. Never from https to http. May be repeated.",
)
