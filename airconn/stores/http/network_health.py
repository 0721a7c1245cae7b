"""Checks the way to a web server step by step: proxy, name, connection, TLS."""

from __future__ import annotations

import http.client
import os
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from urllib.parse import SplitResult, urlsplit

from airconn.config import Settings
from airconn.errors import AirconnError, ExitCode, TargetError
from airconn.quoting import some
from airconn.stores.health import Health, HealthCheck, failed
from airconn.stores.http import certificates, pool
from airconn.stores.http.faults import no_answer
from airconn.stores.http.server import RestServer

AREA = "Network"
_PORTS = {"http": 80, "https": 443}
_PATIENCE = 10.0
"""The most seconds that a connection is waited for."""
_SOON = 21 * 86400.0
"""The seconds before its end from which a certificate is warned of."""
_SHOWN = 4


def network_health(base: str, settings: Settings, *, unreached: str = "") -> Iterator[HealthCheck]:
    """The checks of the way to `base`. Sends no request. `unreached` is a hint, as in `RestServer`."""
    server = RestServer(base, "the Airflow", settings.named_by, unreached=unreached)
    parts = urlsplit(base)
    try:
        proxy, headers = pool.proxy_for(base)
    except AirconnError as error:
        yield failed(AREA, "proxy", error)
        return
    yield _proxy(parts, proxy)
    if proxy and urlsplit(proxy).scheme not in ("http", ""):
        yield HealthCheck(AREA, "connection", Health.UNKNOWN, "not looked at through a proxy of this kind")
        return
    way = _Way(server, parts, urlsplit(proxy) if proxy else None, dict(headers or {}), settings)
    for step in (way.name, way.connection, way.tls):
        check = step()
        yield check
        if check.health is Health.FAILED:
            return


def _proxy(parts: SplitResult, proxy: str | None) -> HealthCheck:
    variables = [name for word in (parts.scheme, "all") for name in (f"{word}_proxy", f"{word}_proxy".upper())]
    source = next((name for name in variables if os.environ.get(name)), "")
    if proxy:
        server = urlsplit(proxy)
        shown = f"{server.scheme}://{server.netloc.rpartition('@')[2]}"
        return HealthCheck(AREA, "proxy", Health.FINE, f"{shown}, from {source or 'the system settings'}")
    if source:
        return HealthCheck(AREA, "proxy", Health.UNUSED, f"none: NO_PROXY names this host, so {source} isn't used")
    return HealthCheck(AREA, "proxy", Health.UNUSED, "none")


class _Way:
    """The way to a server, straight or through a proxy."""

    def __init__(
        self,
        server: RestServer,
        parts: SplitResult,
        proxy: SplitResult | None,
        headers: dict[str, str],
        settings: Settings,
    ) -> None:
        self._server = server
        self._headers = headers
        self._settings = settings
        self._scheme = parts.scheme
        self._host, self._port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
        self._is_tunnel = proxy is not None
        self._first_host = (proxy.hostname or "") if proxy else self._host
        self._first_port = (proxy.port or _PORTS["http"]) if proxy else self._port
        self._seconds = min(settings.timeout, _PATIENCE)
        self._found: list[str] = []

    @property
    def _whence(self) -> str:
        if self._is_tunnel:
            return "it is the proxy, which comes from HTTP_PROXY, HTTPS_PROXY or ALL_PROXY"
        return self._server.unreached or f"the address comes from {self._server.named_by}"

    def name(self) -> HealthCheck:
        """Whether the name of the first host resolves."""
        try:
            answers = socket.getaddrinfo(self._first_host, self._first_port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            hint = f"a typing mistake, a VPN that is off, or a name of another network? {self._whence}"
            text = f"the name {self._first_host} doesn't resolve"
            return HealthCheck(AREA, "name", Health.FAILED, text, hint, ExitCode.TARGET)
        self._found = list(dict.fromkeys(str(answer[4][0]) for answer in answers))
        if self._found == [self._first_host]:
            return HealthCheck(AREA, "name", Health.UNUSED, f"{self._first_host} is an IP address")
        return HealthCheck(AREA, "name", Health.FINE, f"{self._first_host} resolves to {some(self._found, _SHOWN)}")

    def connection(self) -> HealthCheck:
        """Whether a port of these addresses takes connections."""
        start = time.monotonic()
        try:
            with self._connected() as connected:
                peer = connected.getpeername()[0]
        except OSError as error:
            return self._unreached(error)
        milliseconds = round(1000 * (time.monotonic() - start))
        through = ", which is the proxy" if self._is_tunnel else ""
        text = f"{peer} port {self._first_port}{through}, in {milliseconds} ms"
        return HealthCheck(AREA, "connection", Health.FINE, text)

    def _unreached(self, error: OSError) -> HealthCheck:
        port = f"port {self._first_port}"
        if isinstance(error, TimeoutError):
            text = f"no connection to {port} within {self._seconds:g} seconds"
            hint = f"is there a firewall between, or a VPN that is off? {self._whence}"
        elif isinstance(error, ConnectionRefusedError):
            text, hint = f"nothing listens on {port}", f"is {self._server.name} running? {self._whence}"
        else:
            text, hint = f"no connection to {port}: {error.strerror or 'the system refuses'}", self._whence
        return HealthCheck(AREA, "connection", Health.FAILED, text, hint, ExitCode.TARGET)

    def tls(self) -> HealthCheck:
        """Whether the certificate is trusted, who issued it, and how long it is valid."""
        if self._scheme != "https":
            return HealthCheck(AREA, "TLS", Health.UNUSED, "none: the address begins with http://")
        try:
            found = certificates.verified(self._to_server(), self._host, self._settings)
        except (OSError, http.client.HTTPException) as error:
            return self._untrusted(error)
        trusted_by = certificates.authorities(self._settings, os.environ)
        text = f"{found.protocol}, {_issued(found)}, trusted by {trusted_by}"
        if found.expires is not None and found.expires - time.time() < _SOON:
            hint = "it needs a new one soon, or all connections fail"
            return HealthCheck(AREA, "TLS", Health.WARNING, text, hint)
        return HealthCheck(AREA, "TLS", Health.FINE, text)

    def _untrusted(self, error: OSError | http.client.HTTPException) -> HealthCheck:
        from urllib3.exceptions import ProxyError

        is_tls = isinstance(error, ssl.SSLError)
        cause = ProxyError("", error) if self._is_tunnel and not is_tls else error
        fault = no_answer(cause, self._server, self._seconds)
        text = fault.message
        if isinstance(error, ssl.SSLCertVerificationError):
            found = self._quietly(lambda: certificates.unverified(self._to_server(), self._host))
            text += f"; {_issued(found)}" if found else ""
            text += f"; looked at {certificates.authorities(self._settings, os.environ)}"
        return failed(AREA, "TLS", TargetError(text, where=self._server.base, hint=fault.hint))

    @staticmethod
    def _quietly(
        read: Callable[[], certificates.ServerCertificate],
    ) -> certificates.ServerCertificate | None:
        try:
            return read()
        except (OSError, http.client.HTTPException):
            return None

    def _connected(self) -> socket.socket:
        return socket.create_connection((self._first_host, self._first_port), self._seconds)

    def _to_server(self) -> socket.socket:
        """A connection to the server itself, through a tunnel of the proxy if there is one."""
        if not self._is_tunnel:
            return self._connected()
        tunnel = http.client.HTTPConnection(self._first_host, self._first_port, timeout=self._seconds)
        tunnel.set_tunnel(self._host, self._port, self._headers)
        tunnel.connect()
        return tunnel.sock


def _issued(found: certificates.ServerCertificate) -> str:
    """The issuer of a certificate, and how long it is valid."""
    issuer = f"issued by {found.issuer}" if found.issuer else "the issuer can't be read"
    if found.expires is None:
        return issuer
    day = datetime.fromtimestamp(found.expires, timezone.utc).date()
    days = int((found.expires - time.time()) // 86400)
    expiry = f"expires {day} (in {days} day{'' if days == 1 else 's'})" if days >= 0 else f"expired {day}"
    return f"{issuer}, {expiry}"
