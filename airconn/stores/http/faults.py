"""Explains why a request got no answer: nothing listens, unknown name, time-out, TLS, proxy, deadline.

The texts of urllib3's exceptions are not shown: they have URLs and object reprs, and no next step.
"""

from __future__ import annotations

import re
from functools import partial
from typing import ClassVar
from urllib.parse import urlsplit

from airconn.errors import TargetError
from airconn.stores.base import DEADLINE
from airconn.stores.http.server import RestServer

_PROXY_WHENCE = "the proxy comes from HTTP_PROXY, HTTPS_PROXY or ALL_PROXY; hosts in NO_PROXY are reached directly"
_CLIENT_CERT = "it may need a client certificate: --client-cert and --client-key"


class NoAnswer(TargetError):
    """A request was not answered. `maybe_done`: the server may have carried it out nevertheless.

    `passing`: the cause may go away, so that it can be tried again. `timed_out`: it took too long.
    """

    usual_hint: ClassVar[str | None] = None
    timed_out = False

    def __init__(
        self, message: str, *, where: str, hint: str | None = None, maybe_done: bool = False, passing: bool = False
    ) -> None:
        super().__init__(message, where=where, hint=hint or self.usual_hint)
        self.maybe_done = maybe_done
        self.passing = passing

    def __reduce__(self) -> tuple[object, ...]:
        return partial(type(self), self.message, **{name: vars(self)[name] for name in _KEPT}), ()


_KEPT = ("where", "hint", "maybe_done", "passing")


class OutOfTime(NoAnswer):
    """The run has no time left."""

    usual_hint = DEADLINE


def no_answer(
    error: BaseException, server: RestServer, timeout: float, *, answered: bool = False, late: bool = False
) -> NoAnswer:
    """The error for a user that `error` means, at the address of `server`.

    `answered`: there were answers from it before. `late`: the deadline has passed by now.
    """
    import ssl

    import urllib3.exceptions as problem

    base = server.base
    whence = f"the address comes from {server.named_by}"
    unreached = server.unreached
    cause = error
    while isinstance(cause, problem.MaxRetryError) and cause.reason is not None:
        cause = cause.reason
    host = urlsplit(base).hostname or base
    if isinstance(cause, problem.ProxyError):
        return _of_proxy(cause, base, answered)
    if isinstance(cause, problem.SSLError | ssl.SSLError) and not _is_end(cause):
        message, hint = _tls(cause)
        return NoAnswer(message, where=base, hint=hint)
    if isinstance(cause, problem.NameResolutionError):
        return NoAnswer(f"the name {host} doesn't resolve", where=base, hint=unreached or whence, passing=answered)
    if isinstance(cause, problem.NewConnectionError):
        hint = unreached or f"is {server.name} running? {whence}"
        return NoAnswer("nothing listens there", where=base, hint=hint, passing=answered)
    connecting = isinstance(cause, problem.ConnectTimeoutError)
    if isinstance(cause, problem.TimeoutError) and late:
        what = "no connection" if connecting else "no answer"
        return OutOfTime(f"{what} before the deadline", where=base, maybe_done=not connecting)
    seconds = f"{timeout:g} second{'' if timeout == 1 else 's'}"
    if connecting:
        hint = unreached or f"is it behind a firewall? {whence}"
        return NoAnswer(f"no connection within {seconds}", where=base, hint=hint, passing=answered)
    if isinstance(cause, problem.TimeoutError):
        hint = "--timeout SECONDS waits longer"
        silent = NoAnswer(f"no answer within {seconds}", where=base, hint=hint, maybe_done=True, passing=True)
        silent.timed_out = True
        return silent
    if isinstance(cause, problem.LocationValueError | problem.LocationParseError):
        return NoAnswer("can't connect to this address", where=base, hint=whence)
    if _speaks_tls(cause, base):
        return NoAnswer("it needs TLS", where=base, hint=f"use https:{base[5:]}")
    return NoAnswer(
        "the connection broke off before the answer was complete",
        where=base,
        hint=None if answered else _first_words(base),
        maybe_done=True,
        passing=True,
    )


def proxy_wants_credentials(base: str) -> NoAnswer:
    """The error for a 407, which only a proxy gives."""
    return NoAnswer(
        "the proxy needs credentials, or refuses these",
        where=base,
        hint=f"write them into its address: http://USER:PASSWORD@proxy:3128; {_PROXY_WHENCE}",
    )


def _of_proxy(error: BaseException, base: str, answered: bool) -> NoAnswer:
    """The error for a proxy that failed, so that nothing was sent to the server."""
    refusal = re.search(r"Tunnel connection failed: (\d{3})", str(error))
    status = int(refusal[1]) if refusal else 0
    if status == 407:
        return proxy_wants_credentials(base)
    if status:
        hint = f"it may not allow connections to {urlsplit(base).hostname}, or can't reach it; {_PROXY_WHENCE}"
        passing = answered and status >= 500
        return NoAnswer(f"the proxy doesn't connect (status {status})", where=base, hint=hint, passing=passing)
    return NoAnswer("the proxy can't be reached", where=base, hint=_PROXY_WHENCE, passing=answered)


def _first_words(base: str) -> str:
    """What may be wrong if the first connection to an address breaks."""
    return "if it needs TLS, its address begins with https://" if base.startswith("http:") else _CLIENT_CERT


def _speaks_tls(error: BaseException, base: str) -> bool:
    """Whether the answer to plain HTTP was a TLS alert."""
    return base.startswith("http:") and any("\x15\x03" in str(part) for part in (error, *error.args))


def _innermost(error: BaseException) -> BaseException:
    """The error of OpenSSL within an exception."""
    from urllib3.exceptions import SSLError

    inner = error
    while isinstance(inner, SSLError) and inner.args and isinstance(inner.args[0], BaseException):
        inner = inner.args[0]
    return inner


def _is_end(error: BaseException) -> bool:
    """Whether the connection broke, which TLS only reports."""
    import ssl

    inner = _innermost(error)
    return isinstance(inner, ssl.SSLEOFError | ssl.SSLZeroReturnError) or "UNEXPECTED_EOF" in str(inner)


_EXPIRED, _NOT_YET, _SELF_SIGNED = 10, 9, (18, 19)
"""Codes of OpenSSL (x509_vfy.h)."""


def _tls(error: BaseException) -> tuple[str, str]:
    """What went wrong in TLS with the server, and what to do about it."""
    import ssl

    inner = _innermost(error)
    text = str(inner)
    if isinstance(inner, ssl.SSLCertVerificationError):
        if "ostname mismatch" in text or "IP address mismatch" in text:
            return "its certificate is for another name", "use the name in the certificate"
        code = getattr(inner, "verify_code", 0)
        if code in (_EXPIRED, _NOT_YET):
            fault = "has expired" if code == _EXPIRED else "is not valid yet"
            return f"its certificate {fault}", "renew it, or correct the clock of this machine"
        if code in _SELF_SIGNED:
            return (
                "its certificate is not trusted: it is self-signed, or its authority is unknown",
                "if you trust it: --ca-bundle FILE with that certificate, or with those of your authority",
            )
        reason = inner.verify_message or "not trusted"
        return (
            f"its certificate is not trusted: {reason}",
            "--ca-bundle FILE with the certificates of your authority replaces those of the system",
        )
    if "doesn't match" in text:
        return "its certificate is for another name", "use the name in the certificate"
    if any(sign in text for sign in ("WRONG_VERSION_NUMBER", "wrong version number", "record layer", "HTTP_REQUEST")):
        return "it doesn't use TLS", "try http:// instead of https://"
    if any(sign in text for sign in ("CERTIFICATE_REQUIRED", "HANDSHAKE_FAILURE", "BAD_CERTIFICATE", "UNKNOWN_CA")):
        return "it refuses the TLS handshake", _CLIENT_CERT
    return (
        "the TLS handshake failed",
        "check that the address is right; it may need a client certificate (--client-cert)",
    )
