"""Connects to a server as far as TLS, and reads its certificate, also one that isn't trusted."""

from __future__ import annotations

import contextlib
import socket
import ssl
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from airconn.config import Settings


@dataclass(frozen=True, slots=True)
class ServerCertificate:
    """What is known of the certificate of a server."""

    issuer: str
    """The common name of its issuer, else its organization. Empty if the certificate can't be read."""
    expires: float | None
    """When it expires, in seconds since the epoch."""
    protocol: str = ""
    """The version of TLS that was agreed on, such as `TLSv1.3`."""


def verified(connection: socket.socket, host: str, settings: Settings) -> ServerCertificate:
    """The certificate of a server that is trusted. Takes over the connection. Raises `OSError`, as TLS does."""
    context = ssl.create_default_context(cafile=str(settings.ca_bundle) if settings.ca_bundle else None)
    if settings.client_cert:
        context.load_cert_chain(settings.client_cert, settings.client_key)
    with context.wrap_socket(connection, server_hostname=host) as secure:
        return _described(secure.getpeercert() or {}, secure.version() or "")


def unverified(connection: socket.socket, host: str) -> ServerCertificate:
    """The certificate of a server, trusted or not. Sends nothing over it. Raises `OSError`, as TLS does."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with context.wrap_socket(connection, server_hostname=host) as secure:
        return _described(_decoded(secure.getpeercert(binary_form=True)), secure.version() or "")


def authorities(settings: Settings, environ: Mapping[str, str]) -> str:
    """Where the authorities come from that are trusted, in words."""
    if settings.ca_bundle:
        return str(settings.ca_bundle)
    paths = ssl.get_default_verify_paths()
    for name in (paths.openssl_cafile_env, paths.openssl_capath_env):
        if environ.get(name):
            return f"{environ[name]} ({name})"
    return "the system's authorities"


def _decoded(certificate: bytes | None) -> Mapping[str, Any]:
    """The fields of a certificate, as `getpeercert` gives them for a trusted one. Empty if that isn't possible."""
    decode = getattr(getattr(ssl, "_ssl", None), "_test_decode_cert", None)
    if not certificate or decode is None:
        return {}
    with tempfile.TemporaryDirectory() as directory, contextlib.suppress(Exception):
        path = Path(directory) / "certificate.pem"
        path.write_text(ssl.DER_cert_to_PEM_cert(certificate))
        found: Mapping[str, Any] = decode(str(path))
        return found
    return {}


def _described(fields: Mapping[str, Any], protocol: str) -> ServerCertificate:
    names = {name: value for part in fields.get("issuer", ()) for name, value in part}
    issuer = names.get("commonName") or names.get("organizationName") or ""
    ends = fields.get("notAfter")
    return ServerCertificate(issuer, ssl.cert_time_to_seconds(ends) if ends else None, protocol)
