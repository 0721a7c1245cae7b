"""Makes the session for requests to Vault: authorities, proxy and retries."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

from airconn.config import Settings
from airconn.errors import UsageError
from airconn.stores import drivers
from airconn.stores.http import bodies, requests_session
from airconn.stores.http.redirects import NamedServers
from airconn.stores.http.retries import driver_retry
from airconn.stores.http.tls import readable_authorities
from airconn.stores.secrets.vault.options import VaultOptions

_TRY_AGAIN = (412, 429, 502, 503, 504)
"""The statuses that are retried. 412 is a replica that hasn't caught up, 503 a server that is sealed or not ready."""


def open_session(chosen: VaultOptions, settings: Settings, named: NamedServers) -> Any:
    """A `requests.Session`. Raises `UsageError` for files that TLS can't use."""
    session = requests_session.make_session("vault", named, _most)
    # Before the first answer, a server that can't be reached is more likely a wrong address than a short fault.
    _repeat(session, named, settings.retries, connects=0)
    # Otherwise requests sends the credentials of a .netrc, which Vault doesn't use.
    session.auth = _as_it_is
    session.verify = _trusted(chosen, settings)
    if session.verify is False:
        # A user who asks for it isn't warned at each request.
        urllib3 = drivers.load("urllib3", "vault")
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
    session.cert = _own(chosen, settings)
    if chosen.proxies:
        session.proxies = dict(chosen.proxies)
    return session


def be_patient(session: Any, settings: Settings, named: NamedServers) -> None:
    """Makes a session retry connections that can't be made, too."""
    _repeat(session, named, settings.retries, connects=settings.retries)


def _repeat(session: Any, named: NamedServers, retries: int, *, connects: int) -> None:
    # All requests are safe to repeat: a write names the version that it changes. With version 1 of the engine, a
    # repeated write has the same result.
    policy = driver_retry(retries, _TRY_AGAIN, connects=connects)
    requests_session.mount(session, "vault", named, _most, max_retries=policy, pool_maxsize=32)


def _most(method: str, url: str) -> int:
    """The most bytes of an answer: by default, Vault takes no request of more than 32 MiB."""
    return bodies.SMALL if "/v1/auth/" in url or "/v1/sys/" in url else bodies.OBJECT


def _as_it_is(request: Any) -> Any:
    return request


def _trusted(chosen: VaultOptions, settings: Settings) -> bool | str:
    """The certificates of the authorities, or whether those of the system are used."""
    environ = settings.environ
    if settings.ca_bundle is not None:
        return _authorities(str(settings.ca_bundle), "the CA bundle")
    if isinstance(chosen.verify, str):
        return _authorities(chosen.verify, "verify")
    if chosen.verify is False or environ.get("VAULT_SKIP_VERIFY", "").lower() in ("1", "t", "true"):
        return False
    for name in ("VAULT_CACERT", "VAULT_CAPATH"):
        if path := environ.get(name):
            return _authorities(path, name)
    return True


def _authorities(path: str, name: str) -> str:
    """A file or a directory of certificates."""
    where = Path(path).expanduser()
    return str(where) if where.is_dir() else readable_authorities(where, name)


def _own(chosen: VaultOptions, settings: Settings) -> tuple[str, str] | str | None:
    """The client certificate, and its key if that is in another file."""
    given = (chosen.cert,) if isinstance(chosen.cert, str) else chosen.cert or ()
    environ = settings.environ
    cert = settings.client_cert or (given[0] if given else None) or environ.get("VAULT_CLIENT_CERT")
    key = settings.client_key or (given[1] if len(given) > 1 else None) or environ.get("VAULT_CLIENT_KEY")
    if not cert:
        if settings.client_key:
            raise UsageError("a client key is set, but no client certificate", hint="--client-cert FILE")
        return None
    try:
        # With an empty password given, OpenSSL doesn't ask for the passphrase of a key on the terminal.
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(cert, key, password=lambda: "")
    except (OSError, ValueError):
        raise UsageError(
            "the client certificate and its key can't be read, or don't belong together",
            where=str(cert),
            hint="both must be in PEM form, the key without a passphrase: VAULT_CLIENT_CERT and VAULT_CLIENT_KEY",
        ) from None
    return (str(cert), str(key)) if key else str(cert)
