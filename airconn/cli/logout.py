"""`airconn logout`."""

from __future__ import annotations

import click

from airconn.cli import options as opt
from airconn.cli.app import App
from airconn.cli.login_options import env_file
from airconn.errors import UsageError


@click.command("logout", short_help="Remove stored logins.")
@click.option("--all", "all_", is_flag=True, help="Remove the logins of all Airflows.")
@env_file
@opt.verbosity
@click.argument("address", required=False, metavar="[ADDRESS]", shell_complete=opt.complete_address)
@click.pass_obj
def command(app: App, /, address: str | None, all_: bool) -> int:
    """Remove what airconn login stored for an Airflow, from the keyring and from airconn's file.

    ADDRESS is a URL or @NAME; without it, it is the target. A token stays valid until it expires: revoke it at the
    Airflow if others may have it.

    \b
      airconn logout https://airflow.example.com
      airconn logout --all
    """
    from airconn.transfer import storing_logins

    if all_ and address:
        raise UsageError("--all and ADDRESS are both given", hint="keep one")
    wanted = None if all_ else [_key(app, address)]
    gone = storing_logins.forget(app.state_directory, wanted)
    for login in gone:
        who = f"the login of {login.username}" if login.username else "the token"
        app.say(f"{login.address}: {who} is removed")
    if not gone:
        app.say("no login is stored" if all_ else f"{wanted[0] if wanted else ''}: no login is stored for it")
    return 0


def _key(app: App, address: str | None) -> str:
    """The address under which the login of an Airflow is stored. No credentials are looked for."""
    from airconn import logins, trust

    named = app.config.named(address)
    url = app.config.location(named)
    if not trust.is_airflow(url):
        raise UsageError("only an Airflow has a login", hint="name it by its URL, or by @NAME of the configuration")
    return logins.canonical(url)
