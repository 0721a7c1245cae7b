"""OAuth2 access tokens of a Google identity, renewed when they expire or are refused.

They are exchanged at Google (`token_uri`), as `AuthorizedSession` of google-auth does: the web server of Composer
isn't documented to take a JWT that a service account signed itself.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Mapping
from functools import partial
from typing import Any

from airconn.config import Settings
from airconn.errors import TargetError
from airconn.stores import google_identity
from airconn.stores.google_identity import GoogleIdentity, library
from airconn.stores.http import bodies, requests_session
from airconn.stores.http.faults import OutOfTime
from airconn.stores.http.redirects import NamedServers
from airconn.stores.http.tls import check_tls_files

_DOMAIN = "googleapis.com"


class GoogleTokens:
    """The tokens of one identity (a `TokenSource`). Threads may share it. Nothing is imported before it is called."""

    def __init__(self, identity: GoogleIdentity, settings: Settings, place: str) -> None:
        """`place` is for messages. Raises `UsageError` for a CA bundle that can't be read."""
        check_tls_files(settings)
        self._identity = identity
        self._settings = settings
        self._place = place
        self._lock = threading.Lock()
        self._credentials: Any = None

    def __call__(self, *, renew: bool) -> str:
        """The token. `renew`: a new one, since the one before was refused. Raises `TargetError`."""
        with self._lock:
            return self._token(renew=renew)

    @property
    def source(self) -> str:
        """Where the tokens come from, in words, and after the first one also whose they are."""
        if self._identity.key_path:
            text = "the key file in gcp_key_path"
        elif self._identity.config_file:
            text = "the credential configuration in gcp_credential_config_file"
        else:
            text = "Google's application default credentials"
        if chain := self._identity.impersonation_chain:
            return f"{text}, impersonating {chain[-1]}"
        who = self.account or getattr(self._credentials, "account", "")
        return f"{text} ({who})" if isinstance(who, str) and "@" in who else text

    @property
    def is_external(self) -> bool:
        """Whether it is an external identity, of a workforce pool. Known after the first token."""
        credentials = self._credentials
        if type(credentials).__module__ == "google.auth.external_account_authorized_user":  # not in all releases
            return True
        # With a service account to impersonate in it, a configuration of a workforce pool is that account.
        becomes_account = getattr(credentials, "service_account_email", None) is not None
        return bool(getattr(credentials, "is_workforce_pool", False)) and not becomes_account

    @property
    def account(self) -> str:
        """The e-mail address of the service account. Empty for others, and before the first token."""
        found = getattr(self._credentials, "service_account_email", None)
        return found if isinstance(found, str) and "@" in found else ""

    def quota_headers(self) -> Mapping[str, str]:
        """The header of Google's APIs for the project that the user's login names for quotas."""
        project = getattr(self._credentials, "quota_project_id", None)
        return {"x-goog-user-project": project} if isinstance(project, str) and project else {}

    def _token(self, *, renew: bool) -> str:
        if renew or self._credentials is None or not self._credentials.valid:
            session = requests_session.make_session(
                "gcp", NamedServers(self._place), lambda method, url: bodies.SMALL
            )
            with session, warnings.catch_warnings():
                warnings.simplefilter("ignore")  # that a user's login has no quota project
                self._renew(partial(self._ask, library("google.auth.transport.requests").Request(session)))
        token = self._credentials.token
        if not isinstance(token, str) or not token:
            raise TargetError("Google gave no token", where=self._place, hint=f"renew it: {google_identity.LOG_IN}")
        return token

    def _renew(self, asking: Any) -> None:
        if self._credentials is None:
            # It is valid then, so that a refusal is told as one.
            found, _ = google_identity.find(self._identity, asking, self._place)
            self._check_cloud(found)
            self._credentials = found
            return
        try:
            self._credentials.refresh(asking)
        except library("google.auth.exceptions").GoogleAuthError as error:
            raise google_identity.refusal(error, self._place) from None
        except (ValueError, KeyError, TypeError, AttributeError, OSError):  # what it asks has changed meanwhile
            raise TargetError(
                "the token can't be renewed", where=self._place, hint=f"renew it: {google_identity.LOG_IN}"
            ) from None

    def _check_cloud(self, credentials: Any) -> None:
        """Raises `TargetError` for credentials of another cloud, whose tokens Google must not get."""
        if type(credentials).__module__.startswith("google.auth.compute_engine"):
            return  # would ask the metadata server, and is where the machine is
        if getattr(credentials, "universe_domain", _DOMAIN) != _DOMAIN:
            raise TargetError(
                f"the credentials are for another cloud than that of {_DOMAIN} (universe_domain)",
                where=self._place,
                hint=f"airconn opens Composer of {_DOMAIN} only: {google_identity.LOG_IN}",
            )

    def _ask(self, asking: Any, url: str, *args: Any, timeout: float | None = None, **others: Any) -> Any:
        """Sends a request of google-auth, which has no time-out of its own for most of them."""
        if self._settings.ca_bundle is not None:
            # In each request, since REQUESTS_CA_BUNDLE comes before what a session says.
            asking = partial(asking, verify=str(self._settings.ca_bundle))
        seconds = self._settings.timeout if timeout is None else timeout
        left = self._settings.seconds_left()
        if left is not None and left <= 0:
            raise OutOfTime("the deadline has passed", where=self._place)
        try:
            return asking(url, *args, timeout=seconds if left is None else min(seconds, left), **others)
        except library("google.auth.exceptions").TransportError:
            left = self._settings.seconds_left()
            if left is None or left > 0:
                raise
        raise OutOfTime("no token of Google before the deadline", where=self._place)
