"""Answers of what stands between us and an Airflow, told from its own: login pages, portals, gateways.

What is on such a page isn't quoted: it may echo what was sent.
"""

from __future__ import annotations

import base64
import json
import re
import time
from urllib.parse import urlsplit

from airconn.errors import TargetError
from airconn.stores.http.transport import Reply

_HTML = ("text/html", "application/xhtml+xml")
_PAGE = re.compile(
    rb"\s*(?:<!--(?:(?!-->).)*-->\s*)*<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL
)
_LOGIN = re.compile(
    rb"type\s*=\s*[\"']?password|sign[ -]?in|log[ -]?in|single sign|samlrequest|openid", re.IGNORECASE
)
_TO_LOGIN = re.compile(
    r"log-?in|sign-?in|(?<![a-z])(?:o?auth[nz2]?|authori[sz]e|authenticat\w+|logon|sso|saml2?|oidc|openid|adfs)(?![a-z])",
    re.IGNORECASE,
)
_AIRFLOW = re.compile(rb"<title>Airflow(?: \d{3}\b|</title>)")
_HTTPS_WANTED = re.compile(rb"plain HTTP request was sent to HTTPS|HTTP request to an HTTPS server", re.IGNORECASE)
_LONGEST = 100_000


def is_page(reply: Reply) -> bool:
    """Whether an answer is an HTML page, by what it calls itself or by how it begins."""
    is_markup = reply.body[:_LONGEST].lstrip().startswith(b"<")
    return is_markup and (reply.media_type in _HTML or bool(_PAGE.match(reply.body[:_LONGEST])))


def is_airflows(reply: Reply) -> bool:
    """Whether an answer is a page that Airflow itself has for addresses that lead nowhere.

    In Airflow 2 it is that of an error (www/templates/airflow/error.html), and in 3 the start page for all of them.
    """
    return is_page(reply) and bool(_AIRFLOW.search(reply.body[:_LONGEST]))


def wants_https(reply: Reply) -> bool:
    """Whether it is the answer of a TLS port to plain HTTP: nginx and Go have one."""
    return reply.status == 400 and bool(_HTTPS_WANTED.search(reply.body[:_LONGEST]))


def instead_of_json(reply: Reply, base: str, what: str) -> TargetError:
    """Why an answer that was to be JSON is none. `what` is the request."""
    if not is_page(reply):
        return TargetError(
            f"its answer to {what} is no JSON object",
            where=base,
            hint="is something between us and the Airflow, such as a gateway?",
        )
    if _LOGIN.search(reply.body[:_LONGEST]):
        return TargetError(
            f"a login page (HTML) answers {what} in place of the Airflow's API",
            where=base,
            hint="something in front of it, such as single sign-on, wants somebody to log in first: give the address "
            "that leads to the Airflow itself, or set AIRCONN_TOKEN to a token that is let through",
        )
    return TargetError(
        f"an HTML page answers {what} in place of the Airflow's API",
        where=base,
        hint="it may be of a portal that wants to be clicked through, of a gateway or of another application: "
        "open the address in a browser to see which",
    )


def trouble(reply: Reply) -> str:
    """What a status says that isn't an Airflow's own, in words that come after 'it'. Empty for any other."""
    if reply.status == 429:
        asked = reply.retry_after
        return "is asked too often" + (f", and wants to be left alone for {asked:.0f} seconds" if asked else "")
    if reply.status == 413:
        return "takes no request as large as this"
    if reply.status == 511:
        return "is behind a portal that wants somebody to log in first"
    if reply.status in (502, 503, 504) or reply.status >= 520:
        return f"is not reached by what is in front of it (status {reply.status})"
    return ""


def redirected(reply: Reply, base: str, *, login_hint: str) -> TargetError:
    """A redirect, which is not followed: the credentials would go along."""
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
        f"it redirects to {to or 'another page'}", where=base, hint="give the address that it redirects to"
    )


def has_run_out(token: str | None) -> bool:
    """Whether a token is a JWT that says of itself that its time is over."""
    if not token or token.count(".") != 2:
        return False
    try:
        middle = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
        return float(claims["exp"]) <= time.time()
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return False
