"""One request and its answer, through the `ApiClient` of apache-airflow-client: TLS, proxies, time-outs, repeats."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlencode, urlsplit, urlunsplit
from urllib.request import getproxies, proxy_bypass

from airconn import __version__
from airconn.config import Settings
from airconn.errors import UsageError

if TYPE_CHECKING:
    from airflow_client.client.api_client import ApiClient
    from urllib3 import Retry

_REPEATABLE = ("GET", "HEAD", "PATCH")
"""What leads to the same when it is done twice. Each PATCH of ours sets fields to given values."""
_TRY_AGAIN = (429, 502, 503, 504)
_LONGEST_PAUSE = 30


@dataclass(frozen=True, slots=True)
class Request:
    """What to send. `path` is relative to the base URL, percent-encoded."""

    method: str
    path: str
    query: Sequence[tuple[str, str]] = ()
    body: Mapping[str, Any] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer. Its body may echo what was sent, secrets included, so it has no part in the repr."""

    status: int
    media_type: str
    location: str | None
    body: bytes = field(repr=False)

    def json(self) -> Any:
        """The body as JSON, or None where it is none."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None


class Transport:
    """Sends requests to one base URL. Threads may share it. Nothing is imported or opened before the first one."""

    def __init__(self, base: str, settings: Settings) -> None:
        self.base = base
        self._settings = settings
        self._client: ApiClient | None = None
        self._lock = threading.Lock()
        self._patient = False
        _check_tls_files(settings)

    def send(self, request: Request, headers: Mapping[str, str]) -> Reply:
        """The answer, whatever its status. Redirects are not followed: they would take the credentials along.

        Repeats what is safe to repeat. Raises `NoAnswer` where there is none.
        """
        from airconn.stores.airflow_api import client_parts

        client_parts.prepare()
        from airflow_client.client.exceptions import ApiException
        from urllib3.exceptions import HTTPError, SSLError

        from airconn.stores.airflow_api.faults import no_answer

        url = self.base + request.path + ("?" + urlencode(request.query) if request.query else "")
        sent = {"Accept": "application/json", "User-Agent": f"airconn/{__version__}", **headers}
        if request.body is not None:
            sent["Content-Type"] = "application/json"
        client = self._get_client()
        left = self._settings.retries if request.method in _REPEATABLE else 0
        while True:
            try:
                return self._once(client, request, url, sent)
            except HTTPError as error:  # noqa: PERF203
                # urllib3 has repeated by itself what failed up to the headers; a body that breaks off is ours.
                left -= 1
                if left < 0 or not isinstance(error, _broken_bodies()):
                    raise no_answer(error, self.base, self._settings.timeout) from None
            except ApiException as error:
                # What the client makes of a TLS failure: its text is the reason.
                raise no_answer(SSLError(str(error.reason)), self.base, self._settings.timeout) from None

    def _once(self, client: ApiClient, request: Request, url: str, headers: dict[str, str]) -> Reply:
        response = client.call_api(
            request.method,
            url,
            header_params=dict(headers),
            body=request.body,
            _request_timeout=self._settings.timeout,
        )
        body: bytes = response.read() or b""  # type: ignore[no-untyped-call]
        if response.status >= 500:
            # Airflow 3 closes the connection after a 500 without saying so; the next request on it would fail.
            client.rest_client.pool_manager.clear()
        self._be_patient()
        media_type = (response.headers.get("Content-Type") or "").partition(";")[0].strip().lower()
        return Reply(response.status, media_type, response.headers.get("Location"), body)

    def _get_client(self) -> ApiClient:
        with self._lock:
            if self._client is None:
                self._client = self._make_client()
            return self._client

    def _be_patient(self) -> None:
        """From the first answer on, a refused connection may be a restart. Before it, it is a wrong address."""
        with self._lock:
            if not self._patient and self._client is not None:
                self._patient = True
                old, self._client = self._client, self._make_client()
                old.rest_client.pool_manager.clear()

    def _make_client(self) -> ApiClient:
        from airflow_client.client.api_client import ApiClient
        from airflow_client.client.configuration import Configuration
        from urllib3.exceptions import LocationValueError

        settings = self._settings
        configuration = Configuration(
            host=self.base,
            ssl_ca_cert=str(settings.ca_bundle) if settings.ca_bundle else None,
            retries=_policy(settings.retries if self._patient else 0, settings.retries),
        )
        configuration.cert_file = str(settings.client_cert) if settings.client_cert else None
        configuration.key_file = str(settings.client_key) if settings.client_key else None
        configuration.proxy, configuration.proxy_headers = _proxy_for(self.base)
        configuration.no_proxy = None
        try:
            return ApiClient(configuration)
        except LocationValueError:
            raise UsageError(
                "the proxy in the environment is no URL of a proxy", hint="it is like http://proxy:3128"
            ) from None
        except ImportError:
            raise UsageError("a SOCKS proxy needs PySocks", hint="pip install PySocks") from None

    def close(self) -> None:
        with self._lock:
            if self._client is not None:
                self._client.rest_client.pool_manager.clear()
                self._client = None


def _policy(connects: int, repeats: int) -> Retry:
    """When urllib3 repeats a request by itself.

    A connection that can't be made is tried again for each method, since nothing was sent. `other` are failures of
    TLS and of the proxy, which don't mend themselves.
    """
    from urllib3 import Retry

    class Policy(Retry):
        def get_retry_after(self, response: Any) -> float | None:
            pause = super().get_retry_after(response)
            return pause if pause is None else min(pause, _LONGEST_PAUSE)

    return Policy(
        total=max(connects, repeats),
        connect=connects,
        read=repeats,
        status=repeats,
        redirect=0,
        other=0,
        allowed_methods=_REPEATABLE,
        status_forcelist=_TRY_AGAIN,
        backoff_factor=0.25,
        backoff_max=_LONGEST_PAUSE,
        backoff_jitter=0.25,
        raise_on_redirect=False,
        raise_on_status=False,
    )


def _broken_bodies() -> tuple[type[Exception], ...]:
    from urllib3.exceptions import IncompleteRead, ProtocolError, ReadTimeoutError

    return (IncompleteRead, ProtocolError, ReadTimeoutError)


def _proxy_for(base: str) -> tuple[str | None, Mapping[str, str] | None]:
    """The proxy for a base URL and the headers it wants, from the environment as `urllib.request` reads it.

    Credentials in the proxy's address become a header: urllib3 ignores them there, and they would stand in messages.
    """
    from urllib3.util import make_headers

    parts = urlsplit(base)
    proxies = getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    if not proxy or proxy_bypass(parts.netloc):
        return None, None
    if "://" not in proxy:
        proxy = f"http://{proxy}"
    try:
        found = urlsplit(proxy)
        username, password = found.username, found.password
    except ValueError:
        raise UsageError(
            "the proxy in the environment is no valid URL", hint="it is like http://proxy:3128"
        ) from None
    if username is None or found.scheme.startswith("socks"):
        return proxy, None
    credentials = f"{unquote(username)}:{unquote(password or '')}"
    bare = urlunsplit(found._replace(netloc=found.netloc.rpartition("@")[2]))
    return bare, make_headers(proxy_basic_auth=credentials.encode().decode("latin-1"))


def _check_tls_files(settings: Settings) -> None:
    """Refuses files that TLS can't use, by name, before the first request: OpenSSL's own messages name none."""
    if settings.client_key and not settings.client_cert:
        raise UsageError("there is a client key and no client certificate", hint="--client-cert FILE")
    named = (("CA bundle", settings.ca_bundle), ("client certificate", settings.client_cert))
    for what, path in (*named, ("client key", settings.client_key)):
        if path is not None and not path.is_file():
            raise UsageError(f"the {what} {path} is no file")
    if settings.ca_bundle:
        try:
            ssl.create_default_context(cafile=str(settings.ca_bundle))
        except (OSError, ValueError):
            raise UsageError(f"the CA bundle {settings.ca_bundle} has no certificates in PEM form") from None
    if settings.client_cert:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        try:
            # A password of its own keeps OpenSSL from asking for one on the terminal.
            context.load_cert_chain(settings.client_cert, settings.client_key, password="")
        except (OSError, ValueError):
            raise UsageError(
                f"the client certificate {settings.client_cert} and its key can't be used",
                hint="both in PEM form, the key without a passphrase; --client-key FILE if it is a file of its own",
            ) from None
