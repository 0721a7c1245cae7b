"""Which addresses airconn takes from a file that others may have written: a project's airconn.toml, a plan.

Such a file must not choose which host gets the credentials that the environment has for other places (VAULT_TOKEN,
those of AWS, PGPASSWORD, …), nor run a command. It may name files, an Airflow by its URL, and places whose host comes
from elsewhere. An Airflow gets the credentials for an Airflow (`AIRCONN_TOKEN` and so on, or what `token_command`
prints) and no others. Every address that isn't known to be harmless is refused.

The credentials for an Airflow go to such a URL only over https or to this machine, and only after the user has agreed
to that host, if a question can be asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

from airconn.addresses import REGISTRY
from airconn.browser_urls import airflow_endpoint
from airconn.errors import BlockedError, UsageError
from airconn.patterns import pattern
from airconn.target_tables import texts, with_url
from airconn.urls import endpoint, server_of

VARIABLE = "AIRCONN_TRUST"
"""The variable with the hosts that such a file may name for credentials, where no question can be asked."""

CREDENTIALS = ("token", "username", "password", "client_id", "client_secret")
"""The credentials that an address of the configuration may have of its own, each by the name of a variable."""
SOURCES = ("env", "file", "command")
"""Where the user's own file may take each of them from. A project's file may only name variables."""
METADB_PASSWORD = "AIRCONN_METADB_PASSWORD"  # noqa: S105 - the name of a variable
"""The variable with the password of a metadata database that is named by its address."""

_NEARBY = (".localhost", ".local", ".internal", ".lan", ".home.arpa", ".svc")
_SENDS = "decides where your credentials are sent"
_HOST = pattern(r"([A-Za-z0-9]([\w.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?", re.ASCII)


def refusal(address: str) -> str:
    """What an address would do that such a file isn't trusted with. Empty if the address is allowed there."""
    entry = next((entry for entry in REGISTRY.values() if entry.has_scheme(address)), None)
    if entry is None:
        return _SENDS if "://" in address else ""  # else a path, or a name of the configuration
    if entry.trusts(address):
        return ""
    return "runs a command" if entry.runs_command else _SENDS


_OF_THE_USER = {
    "token_command": ("runs a command", ", or in AIRCONN_TOKEN_COMMAND", "addresses"),
    "allow_redirect": ("decides which host gets your credentials", ", or in AIRCONN_ALLOW_REDIRECT", "addresses"),
    "astro_api": ("decides which host gets the token of Astro", "", "addresses"),
    "resolve": ("decides which of your secrets are read", ", or in AIRCONN_RESOLVE", "references"),
}
"""Settings that a project's file can't have: what each does, where else it may be, and the page about it."""


def refuse_settings(project: Mapping[str, Any], file: str) -> None:
    """Raises `UsageError` for a setting that only the user may choose."""
    for key in (key for key in _OF_THE_USER if key in project):
        does, variable, topic = _OF_THE_USER[key]
        raise UsageError(
            f"{key!r} {does}, and a project's file may not do that",
            where=file,
            hint=f"put it in your own config.toml{variable}",
            topic=topic,
        )


def refuse_project(project: Mapping[str, Any], user: Mapping[str, Any], file: str) -> None:
    """Raises `UsageError` for a project's file that would run a command, or send secrets to a host of its choice.

    Nor may it decide whether a run keeps what `airconn undo` needs.
    """
    if "backup" in project:
        raise UsageError(
            "'backup' decides whether you can undo a run, and a project's file may not do that",
            where=file,
            hint="put it in your own config.toml, or use --no-backup (airconn help undo)",
        )
    if "sops" in project:
        raise UsageError(
            "'sops' names a program that is run, and a project's file may not do that",
            where=file,
            hint="put it in your own config.toml, or in AIRCONN_SOPS (airconn help sops)",
        )
    theirs = {variable: entry["url"] for entry in tables(user) for variable in variables_of(entry).values()}
    addresses = [(f"address {name!r}", entry) for name, entry in project.get("addresses", {}).items()]
    targets = [(f"target {name!r}", with_url(entry)) for name, entry in project.get("targets", {}).items()]
    urls = [(what, entry["url"] if isinstance(entry, dict) else entry) for what, entry in (*addresses, *targets)]
    for what, address in (*urls, ("address 'url'", project.get("url", ""))):
        if why := refusal(address):
            raise UsageError(
                f"{what} {why}, and a project's file may not do that",
                where=file,
                hint="name it in your own config.toml, and use @name; or write it on the command "
                "line or in AIRCONN_URL",
            )
    for what, entry in (*addresses, *targets):
        if not isinstance(entry, dict):
            continue
        kind = what.partition(" ")[0]
        if path := next(filter(_is_outside, texts(entry.get("overlay", ()))), ""):
            raise UsageError(
                f"{what} has the overlay {path!r} outside of this directory, and a project's file may not do that",
                where=file,
                hint="name it in your own config.toml, or with --overlay",
                topic="targets",
            )
        if key := _of_the_user_alone(entry):
            raise UsageError(
                f"{what} has {key!r}, and a project's file may not do that",
                where=file,
                hint=f"name a variable, such as {_in_variable(key)}, or move the {kind} to your own config.toml",
            )
        for key, variable in variables_of(entry).items():
            is_for_another = variable in theirs and not is_same(theirs[variable], entry["url"])
            if not variable.startswith("AIRCONN_") or is_for_another or variable == METADB_PASSWORD:
                raise UsageError(
                    f"{what} has {key} = {variable!r}, and a project's file may not do that",
                    where=file,
                    hint="name one that starts with AIRCONN_ and is for no other address, or move the "
                    f"{kind} to your own config.toml",
                )


def tables(values: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The tables of a file that may have credentials, each with its address as `url`, which may be empty."""
    yield from (entry for entry in values.get("addresses", {}).values() if isinstance(entry, dict))
    yield from map(with_url, values.get("targets", {}).values())


def _is_outside(path: str) -> bool:
    """Whether a path leads out of the directory that it is relative to."""
    parts = re.split(r"[/\\]", path)
    return ".." in parts or not parts[0] or path.startswith("~") or bool(re.match("[A-Za-z]:", path))


def variables_of(entry: Mapping[str, Any]) -> dict[str, str]:
    """The variables that an address of the configuration takes credentials from, by its settings."""
    found = {key: entry[key] for what in CREDENTIALS if (key := f"{what}_env") in entry}
    headers = {f"headers.{name}": source for name, source in entry.get("headers", {}).items()}
    return found | {f"{key}.env": source["env"] for key, source in headers.items() if "env" in source}


def has_credentials(entry: Mapping[str, Any]) -> bool:
    """Whether an address of the configuration has credentials of its own."""
    keys = {key for what in CREDENTIALS for key in (what, *(f"{what}_{source}" for source in SOURCES))}
    return not keys.isdisjoint(entry) or bool(entry.get("headers"))


def _of_the_user_alone(entry: Mapping[str, Any]) -> str:
    """A setting of an address that reads a file, runs a command or says who logs in. Empty if it has none."""
    for what in CREDENTIALS:
        for key in (what, f"{what}_file", f"{what}_command"):
            if key in entry:
                return key
    return next((f"headers.{name}" for name, source in entry.get("headers", {}).items() if "env" not in source), "")


def _in_variable(key: str) -> str:
    """The setting that names a variable with what `key` says."""
    what = next((what for what in CREDENTIALS if key in (what, f"{what}_file", f"{what}_command")), "token")
    return f"{what}_env"


def expansion(project: Mapping[str, Any], user: Mapping[str, Any]) -> str:
    """Where references in files may take values from, as `expand` says: the `environment`, the `file`, or nowhere.

    Where a project has a file, neither that nor the general setting of the user allows the former: `${VAULT_TOKEN}`
    in one of its files would bring that to wherever the project's file says. Empty for nowhere.
    """
    if not project.get("expand", user.get("expand")):
        return ""
    return "environment" if user.get("expand") and not project else "file"


class Consent(Protocol):
    """Asks the user whether a host may have the credentials, and tells where they travel in clear."""

    def ask(self, host: str, file: str, source: str) -> bool:
        """Whether the user could be asked, now or earlier. Raises `BlockedError` unless they agreed."""

    def tell_in_clear(self, host: str, source: str) -> None:
        """Warns the user that credentials go to this host without encryption."""

    def tell(self, warning: str) -> None:
        """Tells the user, once in a run."""


def uses_credentials(address: str) -> bool:
    """Whether an address uses the credentials that the configuration has for it."""
    return any(entry.has_logins and entry.takes(address) for entry in REGISTRY.values())


def is_airflow(address: str) -> bool:
    """Whether an address is the URL of an Airflow."""
    return address.lower().startswith(("http://", "https://"))


def is_same(address: str, other: str) -> bool:
    """Whether two addresses surely mean the same place."""
    if is_airflow(address) and is_airflow(other):
        return airflow_endpoint(address) == airflow_endpoint(other)
    return address == other


def host_of(server: str) -> str:
    """The host of `SCHEME://HOST:PORT`, as `AIRCONN_TRUST` names it."""
    return re.sub(r":[0-9]+$", "", server.partition("://")[2])


def is_this_machine(address: str) -> bool:
    """Whether what is sent to a URL doesn't leave this machine."""
    host = r"localhost|127\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}|\[::1\]"
    return bool(re.fullmatch(rf"https?://(?:{host})(?::[0-9]*)?(?:[/?#].*)?", address, re.IGNORECASE | re.DOTALL))


def is_nearby(server: str) -> bool:
    """Whether the host of `SCHEME://HOST:PORT` tells that it is in a private network, as of containers.

    Its names have one label, or end as those that no public name server may have (RFC 6761, 6762 and 8375, and
    `.internal` by ICANN's resolution 2024.07.29.06), or as services of Kubernetes.
    """
    from ipaddress import ip_address

    host = host_of(server).strip("[]").rstrip(".").lower()
    try:
        return not ip_address(host).is_global
    except ValueError:
        return ("." not in host and not host[:1].isdigit()) or host.endswith(_NEARBY)


def check_recipient(
    address: str, file: str, source: str, trusted: str, consent: Consent | None, *, must_agree: bool = False
) -> None:
    """Raises an error unless the Airflow at `address`, which `file` names, may have the credentials in `source`.

    `trusted` is what `AIRCONN_TRUST` says. `must_agree`: without a question that could be asked, the host has to be
    among these.
    """
    server = endpoint(address)[0]
    if not (address.lower().startswith("https://") or is_this_machine(address)):
        raise UsageError(
            f"{server} would get the credentials in {source} unencrypted, and this file may not do that",
            where=file,
            hint="use https, or write the address in AIRCONN_URL or in your own config.toml",
        )
    hosts = {name.strip().lower() for name in trusted.split(",") if name.strip()}
    # A URL, such as of the browser, trusts its server.
    urls = {str(server_of(name)) for name in hosts if "://" in name}
    is_trusted = bool(hosts & {server.partition("://")[2], host_of(server)}) or server in urls
    if is_trusted or (consent is not None and consent.ask(server, file, source)):
        return
    if hosts:
        raise BlockedError(
            f"{server} would get the credentials in {source}, and {VARIABLE} doesn't name that host",
            where=file,
            hint=f"add it if it is yours: {VARIABLE}={host_of(server)}",
        )
    if must_agree:
        raise BlockedError(
            f"{server} would get the credentials in {source}, and you haven't agreed to that host",
            where=file,
            hint=f"if it is yours: {VARIABLE}={host_of(server)}, or @name with the address in your own config.toml",
        )


def hosts(names: Iterable[str], what: str) -> tuple[str, ...]:
    """The names of hosts, each with a port or without, stripped. Raises `UsageError` for anything else."""
    found = tuple(name.strip() for name in names if name.strip())
    if not found or not all(_HOST.fullmatch(name) for name in found):
        raise UsageError(f"{what} is not a host", hint="such as vault-1.example.com:8200; without a port, all of its")
    return found
