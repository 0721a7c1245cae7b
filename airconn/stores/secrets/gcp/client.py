"""Calls Google's client for Secret Manager: requests, retries, and errors in words."""

from __future__ import annotations

import itertools
import os
import threading
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from airconn.config import Settings
from airconn.errors import UsageError
from airconn.stores.google_identity import LOG_IN, GoogleIdentity
from airconn.stores.http import bodies, requests_session
from airconn.stores.http.pool import environment_proxy
from airconn.stores.http.redirects import NamedServers
from airconn.stores.http.retries import Backoff
from airconn.stores.secrets.gcp.credentials import REACH, find, library, refusal
from airconn.stores.secrets.service import Declined, SecretRefused, Unavailable

HOST = "secretmanager.googleapis.com"
_LONGEST_PAUSE = 60.0
_BACKOFF = Backoff(first=1.0, longest=_LONGEST_PAUSE)


class GcpClient:
    """Calls methods of the service. Threads may share it. Nothing is imported or opened before the first call."""

    def __init__(self, identity: GoogleIdentity, project: str | None, host: str | None, settings: Settings) -> None:
        self._identity = identity
        self._project = project
        self._host = host or HOST
        self._settings = settings
        self._lock = threading.Lock()
        self._stubs: Any = None
        self._channel: Any = None
        self._answered = False

    @property
    def project(self) -> str:
        """The project: the one that was given, else the one of the credentials."""
        if self._project is None:
            self._connected()
        return self._project or ""

    @property
    def known_project(self) -> str | None:
        """The project, if it is known without a request."""
        return self._project

    def call(self, method: str, request: Mapping[str, Any], *, where: str) -> Any:
        """The answer to one request. `where` names the secret or the place in messages.

        Raises `Unavailable`, and `Declined` for an answer about one secret.
        """
        function = getattr(self._connected(), method)
        pauses = _Pauses()
        left = itertools.count(self._settings.retries, -1)

        def again(error: BaseException) -> bool:
            return self._may_pass(error) and next(left) > 0

        try:
            answer = library("google.api_core.retry").retry_target(
                lambda: function(request=dict(request), retry=None, timeout=self._settings.timeout),
                again,
                pauses,
                on_error=pauses.heed,
            )
        except library("google.api_core.exceptions").GoogleAPICallError as error:
            raise self._meaning(error, where) from None
        except library("google.auth.exceptions").GoogleAuthError as error:
            raise refusal(error, self._place) from None
        self._answered = True
        return answer

    def close(self) -> None:
        """Closes the connection."""
        with self._lock:
            if self._channel is not None:
                self._channel.close()
            self._channel = self._stubs = None

    @property
    def _place(self) -> str:
        return f"gcp-secretmanager://{self._project or ''}"

    def _may_pass(self, error: BaseException) -> bool:
        """Whether the same request may be answered a little later. All requests can be repeated."""
        exceptions = library("google.api_core.exceptions")
        if isinstance(error, exceptions.TooManyRequests | exceptions.Aborted | exceptions.InternalServerError):
            return True
        # Before the first answer, a server that can't be reached is more likely a wrong address than a short fault.
        return isinstance(error, exceptions.ServiceUnavailable) and self._answered

    def _connected(self) -> Any:
        with self._lock:
            if self._stubs is None:
                with _quietly():
                    self._connect()
            return self._stubs

    def _connect(self) -> None:
        service = library("google.cloud.secretmanager_v1").SecretManagerServiceClient
        grpc = library("grpc")
        session = requests_session.make_session("gcp", NamedServers(self._place), lambda method, url: bodies.SMALL)
        roots = None
        if self._settings.ca_bundle is not None:
            session.verify = str(self._settings.ca_bundle)
            roots = _read(self._settings.ca_bundle)
        asking = library("google.auth.transport.requests").Request(session)
        credentials, own_project = find(self._identity, asking, self._place)
        self._project = self._project or own_project
        if not self._project:
            raise UsageError("the credentials name no project", hint="write it like gcp-secretmanager://PROJECT")
        # A page of a list is larger than the default of 4 MiB. gRPC has no limit for unpacking, so each request says
        # that it takes nothing compressed.
        options: list[tuple[str, Any]] = [
            ("grpc.max_receive_message_length", bodies.OBJECT),
            ("grpc.max_send_message_length", -1),
            ("grpc.per_message_decompression", 0),
            ("grpc.compression_enabled_algorithms_bitset", 1),
        ]
        proxy = environment_proxy("https", self._host)  # gRPC itself knows no HTTPS_PROXY in capitals
        options.append(("grpc.http_proxy", proxy) if proxy else ("grpc.enable_http_proxy", 0))
        self._channel = library("google.auth.transport.grpc").secure_authorized_channel(
            credentials,
            asking,
            self._host if ":" in self._host else f"{self._host}:443",
            ssl_credentials=grpc.ssl_channel_credentials(root_certificates=roots),
            options=options,
        )
        self._stubs = service(transport=service.get_transport_class("grpc")(channel=self._channel))

    def _meaning(self, error: Any, where: str) -> SecretRefused | Unavailable:
        """The error for an answer of the service. Its text isn't shown: it may quote a value."""
        of = library("google.api_core.exceptions")
        if isinstance(error, of.ServiceUnavailable):
            return self._unreachable(error)
        if isinstance(error, of.DeadlineExceeded | of.GatewayTimeout):
            seconds = f"{self._settings.timeout:g} second{'' if self._settings.timeout == 1 else 's'}"
            return Unavailable(
                f"no answer within {seconds}", where=self._place, hint="--timeout SECONDS waits longer"
            )
        self._answered = True
        if isinstance(error, of.Unauthorized):
            return Unavailable(
                "Google Secret Manager refuses the credentials",
                where=self._place,
                hint=f"renew them: {LOG_IN}",
                topic="gcp",
            )
        if isinstance(error, of.TooManyRequests):
            return Unavailable(
                "the quota of the project is still used up",
                where=self._place,
                hint="try again in a few minutes",
            )
        if isinstance(error, of.Forbidden):
            return self._forbidden(error, where)
        code = getattr(getattr(error, "grpc_status_code", None), "name", "") or str(error.code)
        return Declined(f"Google Secret Manager refuses it ({code})", code=code)

    def _unreachable(self, error: Any) -> Unavailable:
        """The error for a service that can't be reached, by the text of gRPC."""
        text = str(error.message)
        if "CERTIFICATE_VERIFY_FAILED" in text or "Hostname Verification" in text:
            return Unavailable(
                f"the certificate of {self._host} is not trusted",
                where=self._place,
                hint="--ca-bundle FILE names the certificates of your authorityinstead of Google's",
            )
        if "DNS resolution failed" in text or "errors resolving" in text:
            return Unavailable(f"the name {self._host} doesn't resolve", where=self._place, hint=REACH)
        return Unavailable(f"{self._host} can't be reached", where=self._place, hint=REACH)

    def _forbidden(self, error: Any, where: str) -> SecretRefused | Unavailable:
        if error.reason == "SERVICE_DISABLED":
            return Unavailable(
                "the Secret Manager API is not enabled in this project, and so refuses",
                where=self._place,
                hint="gcloud services enable secretmanager.googleapis.com",
            )
        return Declined(
            f"Google Secret Manager refuses access to {where}",
            code="PERMISSION_DENIED",
            hint="check the project; the account needs roles/secretmanager.viewer and "
            "roles/secretmanager.secretAccessor to read, and roles/secretmanager.admin to write",
        )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"the CA bundle can't be read: {error.strerror or 'unreadable'}", where=str(path)) from None


class _Pauses(Iterator[float]):
    """The seconds to wait before each retry: those that the service asks for, else longer each time."""

    def __init__(self) -> None:
        self._number = 1
        self._asked: float | None = None

    def heed(self, error: Exception) -> None:
        """Uses the pause that an error asks for (`google.rpc.RetryInfo`)."""
        told = library("google.rpc.error_details_pb2").RetryInfo
        asked = [detail.retry_delay for detail in getattr(error, "details", ()) if isinstance(detail, told)]
        self._asked = asked[0].ToTimedelta().total_seconds() if asked else None
        if self._asked is None and isinstance(error, library("google.api_core.exceptions").TooManyRequests):
            # Quotas are per minute: shorter pauses would not be enough together.
            self._asked = 5 * _BACKOFF.steady(self._number)

    def __next__(self) -> float:
        pause = _BACKOFF.steady(self._number) if self._asked is None else self._asked
        self._number += 1
        return min(pause, _LONGEST_PAUSE)


_QUIET = {"GRPC_VERBOSITY": "NONE", "GLOG_minloglevel": "3"}


@contextmanager
def _quietly() -> Iterator[None]:
    """Within this block gRPC, which reads the environment when it starts, logs nothing, and warnings are off."""
    mine = {name: value for name, value in _QUIET.items() if name not in os.environ}
    os.environ.update(mine)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for name in mine:
            os.environ.pop(name, None)
