"""Compares URLs: which server one means, in any spelling."""

from __future__ import annotations

from typing import NamedTuple

from airconn.quoting import shown_address

_PORTS = {"http": 80, "https": 443}


class UrlServer(NamedTuple):
    """The server of a URL. Its text has the port only if that isn't the default of the scheme."""

    scheme: str
    host: str
    """In lower case, an IPv6 address in brackets."""
    port: int

    def __str__(self) -> str:
        return f"{self.scheme}://{self.host}{'' if self.port == _PORTS[self.scheme] else f':{self.port}'}"


def server_of(url: str) -> UrlServer | None:
    """The server of a URL. None where it isn't a URL of a web server."""
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if parts.scheme not in _PORTS or not host:
        return None
    host = f"[{host}]" if ":" in host else host
    return UrlServer(parts.scheme, host.lower(), _PORTS[parts.scheme] if port is None else port)


def endpoint(url: str) -> tuple[str, str]:
    """The server of a URL as text, and its path. URLs with equal endpoints mean the same place."""
    from urllib.parse import urlsplit

    server = server_of(url)
    return (str(server), urlsplit(url).path.rstrip("/")) if server else (shown_address(url), "")
