"""The transport of apache-airflow-client for one address: authorities, client certificates, proxies."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit, urlunsplit
from urllib.request import getproxies, proxy_bypass

from airconn.config import Settings
from airconn.errors import UsageError

if TYPE_CHECKING:
    from airflow_client.client.rest import RESTClientObject


def make_client(base: str, settings: Settings) -> RESTClientObject:
    """A client that neither repeats a request nor follows a redirect by itself.

    Raises `UsageError` where the proxy of the environment is none.
    """
    from airflow_client.client.configuration import Configuration
    from airflow_client.client.rest import RESTClientObject
    from urllib3 import Retry
    from urllib3.exceptions import LocationValueError

    configuration = Configuration(
        host=base,
        ssl_ca_cert=str(settings.ca_bundle) if settings.ca_bundle else None,
        retries=Retry(0, redirect=0, raise_on_redirect=False, raise_on_status=False),
    )
    configuration.cert_file = str(settings.client_cert) if settings.client_cert else None
    configuration.key_file = str(settings.client_key) if settings.client_key else None
    configuration.proxy, configuration.proxy_headers = _proxy_for(base)
    configuration.no_proxy = None
    try:
        client = RESTClientObject(configuration)
    except LocationValueError:
        raise UsageError(
            "the proxy in the environment is no URL of a proxy", hint="it is like http://proxy:3128"
        ) from None
    except ImportError:
        raise UsageError("a SOCKS proxy needs PySocks", hint="pip install PySocks") from None
    # Otherwise it reads where a redirect leads that it doesn't follow, and fails on what is no URL.
    pool = client.pool_manager
    pool.urlopen = partial(pool.urlopen, redirect=False)  # type: ignore[method-assign]
    return client


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


def check_tls_files(settings: Settings) -> None:
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
