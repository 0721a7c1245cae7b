"""`airconn login`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

import click

from airconn.cli import options as opt
from airconn.cli.app import App
from airconn.errors import UsageError

if TYPE_CHECKING:
    from airconn.config import Address
    from airconn.credentials import FoundLogin
    from airconn.logins import AirflowLogin
    from airconn.stores.airflow_api.store import AirflowApiStore
    from airconn.transfer.request_parts import Network

_QUESTIONS = 3
_LOGIN_VARIABLES = (
    "AIRCONN_HEADER_AUTHORIZATION",
    "AIRCONN_TOKEN",
    "AIRCONN_PASSWORD",
    "AIRCONN_CLIENT_ID",
    "AIRCONN_TOKEN_COMMAND",
)
"""The variables that are used before a stored login."""
_INSTEAD = {
    "astro": ("ASTRO_API_TOKEN holds the token, or log in with the Astro CLI (airconn help astro)"),
    "mwaa": ("the credentials of AWS are used: AWS_PROFILE, AWS_ACCESS_KEY_ID, … (airconn help mwaa)"),
    "composer": ("the credentials of Google are used: gcloud auth application-default login (airconn help composer)"),
    "vault": "VAULT_TOKEN holds the token, and VAULT_ADDR the address (airconn help vault)",
    "aws": "the credentials of AWS are used: AWS_PROFILE, AWS_ACCESS_KEY_ID, … (airconn help aws)",
    "gcp": "the credentials of Google are used: gcloud auth application-default login (airconn help gcp)",
    "azure": "the credentials of Azure are used: az login, or AZURE_CLIENT_ID, … (airconn help azure)",
    "k8s": "the kubeconfig is used: KUBECONFIG names the file (airconn help kubernetes)",
    "metadb": "AIRCONN_METADB_PASSWORD holds the password, and the address has the name of the user",
}
"""What other addresses use in place of a login, by the beginning of their schemes."""


@click.command("login", short_help="Check a login for an Airflow, and store it in the keyring.")
@click.option("--ask-token", is_flag=True, help="Ask for a token instead of a user name and a password.")
@click.option(
    "--insecure-file",
    is_flag=True,
    help="Store the login as plain text in a file of mode 0600 instead of the keyring.",
)
@opt.network
@opt.verbosity
@click.argument("addresses", nargs=-1, metavar="[ADDRESS]", shell_complete=opt.complete_address)
@click.pass_obj
def command(app: App, /, addresses: tuple[str, ...], ask_token: bool, insecure_file: bool, network: Network) -> int:
    """Ask for the login of an Airflow, check it there, and store it in the keyring of the system.

    It is used for this ADDRESS alone (scheme, host, port and path), where neither variables nor the configuration
    have credentials. ADDRESS is a URL or @NAME; without it, it is the target: AIRCONN_URL, else url in airconn.toml,
    else http://localhost:8080. airconn logout removes it.

    \b
      airconn login https://airflow.example.com
      airconn login @prod --username ann
      airconn login https://airflow.example.com --ask-token
    """
    from airconn import stored_logins
    from airconn.transfer import storing_logins

    if len(addresses) > 1:
        # click's own message would repeat a password.
        raise UsageError(
            "airconn login takes one ADDRESS",
            hint="the name of the user goes after --username, and the password is asked for",
        )
    address = addresses[0] if addresses else None
    if ask_token and app.username:
        raise UsageError("--ask-token and --username are both given", hint="a token has no user name: keep one")
    place, login = _place(app, address, ask_token=ask_token)
    keyring = "" if insecure_file else stored_logins.backend_name()
    login.allow()
    found, airflow = _checked(app, place, login, network, ask_token=ask_token)
    stored = stored_logins.StoredLogin(login.address, found.username)
    storing_logins.store(app.state_directory, stored, found.secret, in_file=insecure_file)
    who = f"as {found.username}" if found.username else "with a token"
    app.say(f"{airflow}: logged in {who}")
    if insecure_file:
        path = app.state_directory / stored_logins.FILE
        app.warn(f"the login is stored in {path} as plain text, readable by you alone (mode 0600)")
    else:
        app.say(f"stored in the keyring ({keyring}); airconn logout {login.address} removes it")
    for name in _LOGIN_VARIABLES:
        if app.environ.get(name):
            app.warn(f"{name} is set, and is used before the stored login")
    return 0


def _place(app: App, address: str | None, *, ask_token: bool) -> tuple[Address, AirflowLogin]:
    """The Airflow, and where its login comes from if no variable gives one."""
    from airconn import logins, trust

    config = app.config
    named = config.named(address)
    if not trust.is_airflow(config.location(named)):
        raise _no_login(config.location(named))
    if config.question is None or not config.question.can_ask:
        raise UsageError(
            "the login can't be asked for: this is not a terminal, or CI is set",
            hint="set AIRCONN_TOKEN, or AIRCONN_USERNAME and AIRCONN_PASSWORD, instead (airconn help login)",
        )
    environ = {
        name: value
        for name, value in config.environ.items()
        if name not in {*_LOGIN_VARIABLES, "AIRCONN_USERNAME", "AIRCONN_CLIENT_SECRET"}
    }
    user = {key: value for key, value in config.user.items() if key != "token_command"}
    username = app.username or ("" if ask_token else config.environ.get("AIRCONN_USERNAME", ""))
    if not logins.takes_passwords(logins.canonical(config.location(named))):
        username = ""  # which would ask for its password
    place = replace(config, environ=environ, user=user, username=username).target(named if address else None)
    source = place.settings.credentials.login
    if not isinstance(source, logins.AirflowLogin):
        who = named if named.startswith("@") else "this address"
        raise UsageError(
            f"{who} has credentials of its own in the configuration, which are used before a stored login",
            hint="remove them there first (airconn help login)",
        )
    if not ask_token and not logins.takes_passwords(source.address):
        raise UsageError(
            "this Airflow has no login with a password",
            where=source.address,
            hint="--ask-token stores a token; airconn help astro, mwaa and composer have other ways",
        )
    return place, source


def _no_login(address: str) -> UsageError:
    from airconn.quoting import shown_address

    scheme = address.partition(":")[0].lower()
    known = "://" in address or scheme == "metadb"
    instead = next((text for key, text in _INSTEAD.items() if known and scheme.startswith(key)), "")
    if not instead:
        return UsageError("only an Airflow has a login", hint="name it by its URL, or by @NAME of the configuration")
    return UsageError("only the URL of an Airflow has a login", where=shown_address(address), hint=instead)


def _checked(
    app: App, place: Address, login: AirflowLogin, network: Network, *, ask_token: bool
) -> tuple[FoundLogin, str]:
    """The login that the Airflow accepts, and the Airflow in words. Asks again where it is refused."""
    from airconn.stores.airflow_api.login.login_way import LoginRefused

    left = _QUESTIONS
    while True:
        left -= 1
        found = _typed(app, login, ask_token=ask_token)
        try:
            return found, _answer(app, place, found, network)
        except LoginRefused as error:
            if not left:
                raise
            app.say(f"{login.address}: {error.message}", level=-1)


def _typed(app: App, login: AirflowLogin, *, ask_token: bool) -> FoundLogin:
    """The login that the user types. Raises `UsageError` where they type none."""
    from airconn import logins

    username, what = "", f"token for {login.address}"
    if not ask_token:
        username = login.username or (app.ask_line(f"user name for {login.address}") or "").strip()
        what = f"password of {username}"
    secret = (app.ask_hidden(what) or "").strip("\r\n") if username or ask_token else ""
    if not secret:
        raise UsageError("no login was typed", hint="nothing is stored")
    return logins.typed_login(username, secret)


def _answer(app: App, place: Address, found: FoundLogin, network: Network) -> str:
    """The Airflow in words, if it accepts a login."""
    known = replace(place.settings.credentials, login=None, login_name="")
    settings = replace(place.settings, credentials=replace(found.onto(known), login=None))
    with app.places(network) as places:
        store = cast("AirflowApiStore", places.open_address(replace(place, settings=settings)))
        return store.check_login(places.context())
