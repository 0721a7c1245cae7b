"""Makes the pool of connections to one server: authorities, client certificates, the proxy of the environment."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit, urlunsplit
from urllib.request import getproxies, proxy_bypass

from airconn.config import Settings
from airconn.errors import UsageError

if TYPE_CHECKING:
    from urllib3 import PoolManager

_MOST = 32
"""The most connections that are kept open for threads that send requests."""

_SOCKS = ("socks4://", "socks4a://", "socks5://", "socks5h://")


def make_pool(base: str, settings: Settings) -> PoolManager:
    """A pool that neither repeats a request nor follows a redirect by itself.

    Raises `UsageError` if the proxy of the environment isn't a proxy.
    """
    from urllib3 import Retry
    from urllib3.exceptions import LocationValueError

    options = {
        "ca_certs": str(settings.ca_bundle) if settings.ca_bundle else None,
        "cert_file": str(settings.client_cert) if settings.client_cert else None,
        "key_file": str(settings.client_key) if settings.client_key else None,
        "cert_reqs": "CERT_REQUIRED",
        "maxsize": _MOST,
        "retries": Retry(0, redirect=0, raise_on_redirect=False, raise_on_status=False),
    }
    try:
        pool = _through_proxy(*proxy_for(base), options)
    except LocationValueError:
        raise UsageError(
            "the proxy in the environment is not the URL of a proxy", hint="it is like http://proxy:3128"
        ) from None
    except ImportError:
        raise UsageError("a SOCKS proxy needs PySocks", hint="pip install PySocks") from None
    # Otherwise it parses the URL of a redirect that it doesn't follow, and fails on one that isn't a URL.
    pool.urlopen = partial(pool.urlopen, redirect=False)  # type: ignore[method-assign]
    return pool


def _through_proxy(proxy: str | None, headers: Mapping[str, str] | None, options: dict[str, Any]) -> PoolManager:
    if proxy is None:
        from urllib3 import PoolManager

        return PoolManager(**options)
    if proxy.lower().startswith(_SOCKS):
        from urllib3.contrib.socks import SOCKSProxyManager

        return SOCKSProxyManager(proxy, **options)
    from urllib3 import ProxyManager

    return ProxyManager(proxy, proxy_headers=headers, **options)


def environment_proxy(scheme: str, host: str) -> str | None:
    """The proxy for a host, with a port or without, from the environment as `urllib.request` reads it."""
    proxies = getproxies()
    proxy = proxies.get(scheme) or proxies.get("all")
    if not proxy or proxy_bypass(host):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def proxy_for(base: str) -> tuple[str | None, Mapping[str, str] | None]:
    """The proxy for a base URL, and the headers that it needs.

    Credentials in the proxy's address become a header: urllib3 ignores them there, and messages would show them.
    """
    from urllib3.util import make_headers

    parts = urlsplit(base)
    proxy = environment_proxy(parts.scheme, parts.netloc)
    try:
        found = urlsplit(proxy or "")
        username, password = found.username, found.password
    except ValueError:
        raise UsageError(
            "the proxy in the environment is not a valid URL", hint="it is like http://proxy:3128"
        ) from None
    if username is None or found.scheme.startswith("socks"):
        return proxy, None
    credentials = f"{unquote(username)}:{unquote(password or '')}"
    bare = urlunsplit(found._replace(netloc=found.netloc.rpartition("@")[2]))
    return bare, make_headers(proxy_basic_auth=credentials.encode().decode("latin-1"))
