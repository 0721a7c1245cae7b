"""Finds an identity for Google Cloud, as Airflow's `get_credentials_and_project_id` does by the same options."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from airconn.errors import TargetError, UsageError
from airconn.stores import drivers
from airconn.stores.http.faults import NoAnswer

LOG_IN = "run gcloud auth application-default login, or set GOOGLE_APPLICATION_CREDENTIALS to an existing key file"
SCOPE = "https://www.googleapis.com/auth/cloud-platform"
REACH = "check the network and the proxy"
_NOT_IMPERSONATED = "Unable to acquire impersonated credentials"
"""The beginning of the error of `google.auth.impersonated_credentials`."""


def library(module: str, package: str = "google-auth") -> Any:
    """A module of Google's libraries, imported at first use."""
    return drivers.load(module, "gcp", package)


@dataclass(frozen=True, slots=True)
class GoogleIdentity:
    """The identity for Google, by Airflow's options. Without any, it is the application default."""

    key_path: str | None = None
    keyfile: Mapping[str, Any] | None = field(default=None, repr=False)
    config_file: Mapping[str, Any] | str | None = field(default=None, repr=False)
    """The path of a credential configuration, or its content."""
    scopes: tuple[str, ...] = (SCOPE,)
    impersonation_chain: tuple[str, ...] = ()
    """The accounts to impersonate, each by the one before it. Requests are sent as the last one."""


def unchanged(credentials: Any) -> Any:
    """The same credentials."""
    return credentials


def find(
    identity: GoogleIdentity,
    asking: Any,
    place: str,
    *,
    adapt: Callable[[Any], Any] = unchanged,
    reach: str = REACH,
) -> tuple[Any, str | None]:
    """The credentials, with a valid token, and their project. `asking` sends the requests for tokens.

    `adapt` changes the credentials before they impersonate another account. `place` and `reach` are for messages,
    the latter as the hint for a server of tokens that can't be reached. Raises
    `NoAnswer` where no token can be asked for, `TargetError` where Google refuses the credentials, and `UsageError`.
    """
    try:
        credentials, project = _given(identity, asking)
        credentials = adapt(credentials)
        if chain := identity.impersonation_chain:
            credentials = _impersonating(credentials, chain, identity.scopes)
            project = chain[-1].partition("@")[2].partition(".")[0] or None
        if not credentials.valid:
            credentials.refresh(asking)
    except (ValueError, KeyError, TypeError, AttributeError):  # not a key at all, and one of Google's own kind
        raise UsageError("the credentials are not a key or configuration of Google Cloud", hint=LOG_IN) from None
    except library("google.auth.exceptions").GoogleAuthError as error:
        raise refusal(error, place, reach=reach) from None
    except OSError as error:
        raise UsageError(
            f"the file with the credentials can't be read: {error.strerror or 'unreadable'}", hint=LOG_IN
        ) from None
    return credentials, project


def refusal(error: Any, place: str, *, reach: str = REACH) -> TargetError:
    """The error of airconn for one of Google's library for credentials. Its text isn't shown: it may quote a file.

    `reach` is the hint for a server that can't be reached.
    """
    of = library("google.auth.exceptions")
    if isinstance(error, of.TransportError):
        return NoAnswer("Google's token server can't be reached", where=place, hint=reach)
    if isinstance(error, of.DefaultCredentialsError):
        return TargetError("no usable credentials for Google Cloud were found", where=place, hint=LOG_IN)
    if isinstance(error, of.RefreshError) and str(next(iter(error.args), "")).startswith(_NOT_IMPERSONATED):
        return TargetError(
            "Google gives no token for the account to impersonate",
            where=place,
            hint="check that it exists, and that the account before it in "
            "impersonation_chain has roles/iam.serviceAccountTokenCreator on it",
        )
    if getattr(error, "retryable", False):
        return NoAnswer("Google's token server fails", where=place, hint="try again in a minute")
    return TargetError("Google refuses the credentials", where=place, hint=f"renew them: {LOG_IN}")


def _given(identity: GoogleIdentity, asking: Any) -> tuple[Any, str | None]:
    auth = library("google.auth")
    scopes = list(identity.scopes)
    if identity.keyfile is not None:
        info = dict(identity.keyfile)
        # In a variable, the line breaks of the text may have been escaped once more.
        return _of_key({**info, "private_key": str(info["private_key"]).replace("\\n", "\n")}, scopes)
    if identity.key_path is not None:
        return _of_key(_parsed(identity.key_path), scopes)
    if identity.config_file is not None:
        given = identity.config_file
        info = dict(_parsed(given) if isinstance(given, str) else given)
        found: tuple[Any, str | None] = auth.load_credentials_from_dict(info, scopes=scopes, request=asking)
    else:
        found = auth.default(scopes=scopes, request=asking)
    return found


def _of_key(info: Mapping[str, Any], scopes: Sequence[str]) -> tuple[Any, str | None]:
    service_account = library("google.oauth2.service_account")
    credentials = service_account.Credentials.from_service_account_info(info, scopes=scopes)
    return credentials, credentials.project_id


def _parsed(given: str) -> dict[str, Any]:
    """The JSON object in a file, or in the text itself."""
    text = given if given.lstrip().startswith("{") else Path(given).expanduser().read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def _impersonating(credentials: Any, chain: Sequence[str], scopes: Sequence[str]) -> Any:
    *delegates, target = chain
    return library("google.auth.impersonated_credentials").Credentials(
        source_credentials=credentials,
        target_principal=target,
        delegates=delegates or None,
        target_scopes=list(scopes),
    )
