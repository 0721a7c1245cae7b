"""The credentials for Secret Manager, which sign their tokens themselves where they can."""

from __future__ import annotations

from typing import Any

from airconn.errors import TargetError
from airconn.stores import google_identity
from airconn.stores.google_identity import GoogleIdentity
from airconn.stores.secrets.service import Unavailable

REACH = "check the network, api_endpoint and the proxy"


def library(module: str) -> Any:
    """A module of Google's libraries, imported at first use."""
    return google_identity.library(module, "google-cloud-secret-manager")


def find(identity: GoogleIdentity, asking: Any, place: str) -> tuple[Any, str | None]:
    """The credentials and their project. `asking` sends the requests for tokens, and `place` is for messages.

    They are tried, so that a refusal isn't taken for a service that can't be reached. Raises `Unavailable` and
    `UsageError`.
    """
    library("google.auth")
    try:
        return google_identity.find(identity, asking, place, adapt=_signing, reach=REACH)
    except TargetError as error:
        raise _unavailable(error) from None


def refusal(error: Any, place: str) -> Unavailable:
    """The error of airconn for one of Google's library for credentials."""
    return _unavailable(google_identity.refusal(error, place, reach=REACH))


def _signing(credentials: Any) -> Any:
    """As in Google's own client, a service account signs its tokens itself, without a server."""
    if isinstance(credentials, library("google.oauth2.service_account").Credentials):
        return credentials.with_always_use_jwt_access(True)
    return credentials


def _unavailable(error: TargetError) -> Unavailable:
    return Unavailable(error.message, where=error.where, hint=error.hint, topic="gcp")
