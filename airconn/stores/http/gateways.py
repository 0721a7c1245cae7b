"""Recognizes answers that aren't from the server itself: those of login pages, portals, gateways and proxies.

Such pages aren't quoted: they may echo what was sent.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from airconn.errors import TargetError
from airconn.patterns import pattern
from airconn.stores.http.messages import Reply
from airconn.stores.http.server import RestServer

_HTML = ("text/html", "application/xhtml+xml")
_PAGE = re.compile(
    rb"\s*(?:<!--(?:(?!-->).)*-->\s*)*<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL
)
_LOGIN = re.compile(
    rb"type\s*=\s*[\"']?password|sign[ -]?in|log[ -]?in|single sign|samlrequest|openid", re.IGNORECASE
)
_TO_LOGIN = pattern(
    r"log-?in|sign-?in|(?<![a-z])(?:o?auth[nz2]?|authori[sz]e|authenticat\w+|logon|sso|saml2?|oidc|openid|adfs)(?![a-z])",
    re.IGNORECASE,
)
_HTTPS_WANTED = re.compile(rb"plain HTTP request was sent to HTTPS|HTTP request to an HTTPS server", re.IGNORECASE)
LONGEST = 100_000
"""The bytes of a page that are looked at."""


def is_page(reply: Reply) -> bool:
    """Whether an answer is an HTML page, by its content type or by how it begins."""
    is_markup = reply.body[:LONGEST].lstrip().startswith(b"<")
    return is_markup and (reply.media_type in _HTML or bool(_PAGE.match(reply.body[:LONGEST])))


def wants_https(reply: Reply) -> bool:
    """Whether it is the answer of a TLS port to plain HTTP, which nginx and Go give."""
    return reply.status == 400 and bool(_HTTPS_WANTED.search(reply.body[:LONGEST]))


def strange(message: str, server: RestServer) -> TargetError:
    """The error for an answer that the server itself wouldn't give."""
    return TargetError(message, where=server.base, hint=f"maybe a gateway is in front of {server.name}")


def instead_of_json(reply: Reply, server: RestServer, what: str) -> TargetError:
    """The error for an answer that isn't JSON. `what` is the request."""
    if not is_page(reply):
        return strange(f"its answer to {what} is not a JSON object", server)
    if _LOGIN.search(reply.body[:LONGEST]):
        return TargetError(
            f"a login page (HTML) answers {what} instead of {server.name}'s API",
            where=server.base,
            hint="something in front of it, such as single sign-on, needs a login first: "
            f"use the address of {server.name} itself" + (f", or {server.way_in}" if server.way_in else ""),
        )
    return TargetError(
        f"an HTML page answers {what} instead of {server.name}'s API",
        where=server.base,
        hint="a portal, a gateway or another application may send it: open the address in a browser to see",
    )


def fault(reply: Reply) -> str:
    """The meaning of a status that only a gateway gives, in words that follow 'it'. Empty for others."""
    if reply.status == 429:
        asked = reply.retry_after
        return "gets too many requests" + (f", and requires a pause of {asked:.0f} seconds" if asked else "")
    if reply.status == 413:
        return "doesn't accept requests as large as this"
    if reply.status == 511:
        return "is behind a portal that needs a login first"
    if reply.status in (502, 503, 504) or reply.status >= 520:
        return f"can't be reached by the gateway in front of it (status {reply.status})"
    return ""


def redirected(reply: Reply, server: RestServer, *, login_hint: str) -> TargetError:
    """The error for a redirect. It isn't followed, since the credentials would go along."""
    base = server.base
    try:
        goal = urlsplit(reply.location or "")
        port = f":{goal.port}" if goal.port else ""
    except ValueError:  # no URL
        goal, port = urlsplit(""), ""
    here = urlsplit(base)
    to = f"{goal.scheme or here.scheme}://{goal.hostname}{port}" if goal.hostname else ""
    if _TO_LOGIN.search(f"{goal.hostname or ''}{goal.path}"):
        return TargetError(f"it redirects to a login page{f' at {to}' if to else ''}", where=base, hint=login_hint)
    if goal.hostname == here.hostname and goal.scheme == "https" and here.scheme == "http":
        return TargetError("it redirects to https", where=base, hint=f"use https:{base[5:]}")
    return TargetError(
        f"it redirects to {to or 'another page'}", where=base, hint="use the address that it redirects to"
    )
