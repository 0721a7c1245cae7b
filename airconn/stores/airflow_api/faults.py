"""Requests that got no answer, in words: nothing listens, no such name, time-out, TLS, proxy.

The texts of urllib3's exceptions are not shown: they hold URLs and object reprs, and nobody's next step.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from airconn.errors import TargetError

_WHENCE = "the address comes from --to or --from, else AIRCONN_URL, else `url` in airconn.toml"


class NoAnswer(TargetError):
    """A request was not answered. `maybe_done` tells whether the server may have carried it out nevertheless."""

    def __init__(self, message: str, *, where: str, hint: str | None = None, maybe_done: bool = False) -> None:
        super().__init__(message, where=where, hint=hint)
        self.maybe_done = maybe_done

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (self.message, self.where, self.hint, self.maybe_done))


def _rebuild(message: str, where: str, hint: str | None, maybe_done: bool) -> NoAnswer:
    return NoAnswer(message, where=where, hint=hint, maybe_done=maybe_done)


def no_answer(error: BaseException, base: str, timeout: float) -> NoAnswer:
    """What `error` means for a user who gave the address `base`."""
    import ssl

    import urllib3.exceptions as problem

    cause = error
    while isinstance(cause, problem.MaxRetryError) and cause.reason is not None:
        cause = cause.reason
    host = urlsplit(base).hostname or base
    if isinstance(cause, problem.ProxyError):
        return NoAnswer(
            "the proxy can't be reached or refuses to connect",
            where=base,
            hint="the proxy comes from HTTP_PROXY, HTTPS_PROXY or ALL_PROXY; hosts in NO_PROXY are asked directly",
        )
    if isinstance(cause, problem.SSLError | ssl.SSLError):
        message, hint = _tls(cause)
        return NoAnswer(message, where=base, hint=hint)
    if isinstance(cause, problem.NameResolutionError):
        return NoAnswer(f"the name {host} doesn't resolve", where=base, hint=_WHENCE)
    if isinstance(cause, problem.NewConnectionError):
        return NoAnswer("nothing listens there", where=base, hint=f"is the Airflow running? {_WHENCE}")
    seconds = f"{timeout:g} second{'' if timeout == 1 else 's'}"
    if isinstance(cause, problem.ConnectTimeoutError):
        return NoAnswer(f"no connection within {seconds}", where=base, hint=f"is it behind a firewall? {_WHENCE}")
    if isinstance(cause, problem.TimeoutError):
        return NoAnswer(
            f"no answer within {seconds}", where=base, hint="--timeout SECONDS waits longer", maybe_done=True
        )
    if isinstance(cause, problem.LocationValueError | problem.LocationParseError):
        return NoAnswer("this is no address that can be connected to", where=base, hint=_WHENCE)
    return NoAnswer("the connection broke before the answer was complete", where=base, maybe_done=True)


def _tls(error: BaseException) -> tuple[str, str]:
    """What went wrong between us and the server's TLS, and what to do about it."""
    import ssl

    from urllib3.exceptions import SSLError

    inner: object = error
    while isinstance(inner, SSLError) and inner.args and isinstance(inner.args[0], BaseException):
        inner = inner.args[0]
    text = str(inner)
    if isinstance(inner, ssl.SSLCertVerificationError):
        if "ostname mismatch" in text or "IP address mismatch" in text:
            return "its certificate is for another name", "use the name that the certificate was made for"
        reason = inner.verify_message or "not trusted"
        return (
            f"its certificate is not trusted: {reason}",
            "--ca-bundle FILE names the certificates of your authority; the system's are used otherwise",
        )
    if "doesn't match" in text:
        return "its certificate is for another name", "use the name that the certificate was made for"
    if any(sign in text for sign in ("WRONG_VERSION_NUMBER", "wrong version number", "record layer", "HTTP_REQUEST")):
        return "it doesn't speak TLS", "does the address begin with http:// rather than https://?"
    if "CERTIFICATE_REQUIRED" in text or "HANDSHAKE_FAILURE" in text or "BAD_CERTIFICATE" in text:
        return "it refuses the TLS handshake", "does it want a client certificate? see --client-cert and --client-key"
    return "the TLS handshake failed", "is it an https:// address, and does it want a client certificate?"
