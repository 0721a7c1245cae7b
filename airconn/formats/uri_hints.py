"""Hints for URIs that Airflow refuses. They quote nothing of the URI except the one faulty character."""

from __future__ import annotations

_ENCODED = {mark: f"%{ord(mark):02X}" for mark in "/@:#?[]%"}

TWO_SCHEMES = "inside a part of a URI, write '://' as %3A%2F%2F"
IN_HOST = "percent-encode that character, or delete it from the host"


def of_port(uri: str) -> str:
    """The hint for a port that isn't a number. Most often a character in the password has ended the host early."""
    return _in_login(uri, "/?#") or (
        "a port is a number from 0 to 65535, and a ':' that doesn't begin one is written %3A"
        if "@" in uri.partition("://")[2]
        else "for a login and a password, the '@' is missing: LOGIN:PASSWORD@HOST (in a password, '/' is %2F, '@' is "
        "%40); a port is a number from 0 to 65535"
    )


def of_brackets(uri: str) -> str:
    """The hint for brackets in a wrong place."""
    return _in_login(uri, "[]") or "brackets are only for IPv6 addresses, as in [::1]; elsewhere write %5B and %5D"


def _in_login(uri: str, marks: str) -> str | None:
    """The hint for the first of these characters before the '@' of a URI. None if there aren't any."""
    login, _, _ = uri.partition("://")[2].rpartition("@")
    mark = next((char for char in login if char in marks), None)
    if mark is None:
        return None
    others = ", ".join(f"'{other}' is {code}" for other, code in _ENCODED.items() if other != mark)
    return f"a '{mark}' inside a password must be percent-encoded as {_ENCODED[mark]} (and {others})"
