"""Finds the Airflow of an environment of Google Cloud Composer, and opens it with a token of Google."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from airconn.config import Settings
from airconn.credentials import Credentials
from airconn.errors import TargetError, UsageError
from airconn.stores.airflow_api.access import Access, access
from airconn.stores.airflow_api.login.authenticator import Authenticator
from airconn.stores.airflow_api.store import AirflowApiStore
from airconn.stores.managed.composer.address import ComposerAddress, split
from airconn.stores.managed.composer.environment import ROLES, ComposerApi, ComposerEnvironment, endpoint
from airconn.stores.managed.composer.front import ComposerTransport
from airconn.stores.managed.composer.tokens import GoogleTokens

_UNREACHED = "if its web server is private, it can only be reached from its own network"
_LONGEST_EMAIL = 64
"""The characters of a user's name in Airflow that Composer registers by itself."""


def open_store(address: str, settings: Settings) -> AirflowApiStore:
    """The Airflow of `composer://PROJECT/LOCATION/ENVIRONMENT`. Nothing is asked yet. Raises `UsageError`."""
    parts = split(address)
    endpoint(settings)
    return AirflowApiStore(str(parts), lambda: _find(parts, settings))


def _find(address: ComposerAddress, settings: Settings) -> Access:
    """Access to the Airflow, whose address Google gives. Raises `UsageError` and `TargetError`."""
    own = settings.credentials
    if own.of_address:
        return _find_with_given(address, settings, own)
    tokens = GoogleTokens(address.identity, settings, str(address))
    token = tokens(renew=False)
    api = ComposerApi(settings, address, tokens.source)
    try:
        reply = api.ask({**_bearer(token), **tokens.quota_headers()})
        if reply.status == 401:
            reply = api.ask({**_bearer(tokens(renew=True)), **tokens.quota_headers()})
        environment = api.environment(reply)
    finally:
        api.close()
    credentials = Credentials(token_source=tokens, source=tokens.source, advice=_advice(tokens.account))
    return _access(address, settings, environment, credentials, is_external=tokens.is_external)


def _find_with_given(address: ComposerAddress, settings: Settings, own: Credentials) -> Access:
    """The same with a token that the user's configuration has for this address alone (`token_env` and so on)."""
    if not (own.token or own.token_command):
        why = f"are of another kind ({own.source})" if own.source else "aren't set"
        raise UsageError(
            f"Composer needs a token of Google, and the credentials of this address {why}",
            where=str(address),
            hint=f"looked at {', '.join(own.looked_at)}; gcloud auth print-access-token prints a token",
            topic="composer",
        )
    api = ComposerApi(settings, address, own.source)
    try:
        headers = Authenticator(own, api.transport, settings.timeout).headers()
        environment = api.environment(api.ask(_only_token(headers)))
    finally:
        api.close()
    return _access(address, settings, environment, replace(own, advice=_advice("")), is_external=False)


def _access(
    address: ComposerAddress,
    settings: Settings,
    environment: ComposerEnvironment,
    credentials: Credentials,
    *,
    is_external: bool,
) -> Access:
    wanted = address.options.byoid
    base = environment.airflow
    if is_external if wanted is None else wanted:
        base = environment.external_airflow
        if not base:
            raise TargetError(
                "the environment has no URL for external identities (airflowByoidUri)",
                where=str(address),
                hint="environments created before Composer 2.1.11 don't have one: use a Google account, "
                "such as one in impersonation_chain",
            )
    make = partial(ComposerTransport, shut_hint=_shut_hint(environment))
    found = replace(settings, credentials=credentials, named_by=f"Google, for {address}")
    return access(base, found, unreached=_UNREACHED, make=make)


def _only_token(headers: Mapping[str, str]) -> Mapping[str, str]:
    """The header for Google's API, without those for what is in front of the Airflow."""
    return {name: value for name, value in headers.items() if name == "Authorization"}


def _bearer(token: str) -> Mapping[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _shut_hint(environment: ComposerEnvironment) -> str:
    """What to do where Google's front lets no request through."""
    ranges = environment.allowed_ranges
    if ranges is None:
        return f"the account needs {ROLES}; and some networks may be kept out"
    count = f"{len(ranges)} range{'' if len(ranges) == 1 else 's'} of IP addresses"
    return (
        f"its web server network access control lets in {count}: check that the address of this machine "
        f"is in there; otherwise the account needs {ROLES}"
    )


def _advice(account: str) -> str:
    """What to do where the Airflow refuses the account."""
    if len(account) > _LONGEST_EMAIL:
        return (
            "the e-mail address of the account is too long for Airflow to register it on its first call: add it as "
            "accounts.google.com:NUMERIC_ID (airconn help composer)"
        )
    return (
        f"the account needs {ROLES}, and in Airflow a role such as Op, which it gets on its first call "
        "(airconn help composer)"
    )
