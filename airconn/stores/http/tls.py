"""Checks files of certificates for TLS before the first request: OpenSSL's own messages don't name the file."""

from __future__ import annotations

import ssl
from pathlib import Path

from airconn.config import Settings
from airconn.errors import UsageError


def check_tls_files(settings: Settings) -> None:
    """Raises `UsageError` with the name of a file that TLS can't use."""
    if settings.client_key and not settings.client_cert:
        raise UsageError("a client key is set, but no client certificate", hint="--client-cert FILE")
    named = (("CA bundle", settings.ca_bundle), ("client certificate", settings.client_cert))
    for what, path in (*named, ("client key", settings.client_key)):
        if path is not None and not path.is_file():
            raise UsageError(f"the {what} {path} is not a file")
    if settings.ca_bundle:
        try:
            ssl.create_default_context(cafile=str(settings.ca_bundle))
        except (OSError, ValueError):
            raise UsageError(f"the CA bundle {settings.ca_bundle} has no certificates in PEM form") from None
    if settings.client_cert:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        try:
            # With a password given, OpenSSL doesn't ask for one on the terminal.
            context.load_cert_chain(settings.client_cert, settings.client_key, password="")
        except (OSError, ValueError):
            raise UsageError(
                f"the client certificate {settings.client_cert} and its key can't be used",
                hint="both must be in PEM form, the key without a passphrase; --client-key if it is another file",
            ) from None


def readable_authorities(path: Path, name: str) -> str:
    """The file of certificates that `name` names. Raises `UsageError` for one that TLS can't use."""
    try:
        ssl.create_default_context(cafile=str(path))
    except (OSError, ValueError):
        raise UsageError(f"{name} names no file with certificates in PEM form", where=str(path)) from None
    return str(path)
