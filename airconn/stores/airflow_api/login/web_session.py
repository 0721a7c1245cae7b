"""The session that the web interface of Airflow 2 opens after a login on its page, and that its API takes as well.

With basic authentication Airflow 2 verifies the hash of the password in each request, which takes it most of the time
(FAB `auth_user_db`). No answer of its API sets a cookie (www/session.py `SessionExemptMixin`), but 2.7 to 2.11 add
`airflow.api.auth.backend.session` to whatever `auth_backends` says, for the sake of their own pages
(configuration.py `_upgrade_auth_backends`). The API is exempt from CSRF tokens, so that the cookie is all it takes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from urllib.parse import urlsplit

from airconn.errors import TargetError
from airconn.stores.http import bodies
from airconn.stores.http.messages import Reply, Request
from airconn.stores.http.transport import Transport

_PAGE = "/login/"
_PATIENCE = 10.0
"""The seconds that the login page may be silent. Without a session everything works, and only takes longer."""
_GOODBYE = 2.0


@dataclass(frozen=True, slots=True)
class WebSession:
    """An open session. Its cookies are all that a request needs."""

    cookies: Mapping[str, str] = field(repr=False)
    csrf_token: str = field(repr=False)

    def headers(self) -> dict[str, str]:
        return {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}


def log_in(transport: Transport, username: str, password: str, timeout: float) -> WebSession | None:
    """A new session. None if the server opens none.

    The password is sent to the login page of the same address alone, and only if its form is the one of Airflow 2:
    other ways to log in (OAuth, OpenID, REMOTE_USER, a gateway) show another page, or redirect to one.
    """
    from airconn.stores.airflow_api.login.login_form import csrf_token

    try:
        page = transport.send(_ask(timeout), {"Accept": "text/html"})
        token = csrf_token(page, transport.base + _PAGE)
        cookies = cookies_of(page, transport.base)
        if token is None or not cookies:
            return None
        form = {"csrf_token": token, "username": username, "password": password}
        reply = transport.send(_post(_PAGE, form, min(timeout, _PATIENCE)), _from_the_page(transport.base, cookies))
    except TargetError:
        return None
    fresh = cookies_of(reply, transport.base)
    # A refusal redirects to the login page again. A session that FAB opens has another id than that of the page.
    if not _leads_on(reply) or not any(cookies.get(name) != value for name, value in fresh.items()):
        return None
    return WebSession({**cookies, **fresh}, token)


def is_open(transport: Transport, session: WebSession, timeout: float) -> bool:
    """Whether a session is still valid: the login page redirects users who are logged in, without a password."""
    try:
        return _leads_on(transport.send(_ask(timeout), {"Accept": "text/html", **session.headers()}))
    except TargetError:
        return False


def log_out(transport: Transport, session: WebSession, timeout: float) -> None:
    """Ends a session, if the server allows it. By itself, it would end after 30 days.

    It is a GET in 2.7, and a POST with the CSRF token in later ones (FAB provider, security_manager/override.py
    `_ModifiedAuthView`). A server that takes the one answers the other with 405.
    """
    headers, seconds = _from_the_page(transport.base, session.cookies), min(timeout, _GOODBYE)
    try:
        goodbye = replace(_post("/logout/", {"csrf_token": session.csrf_token}, seconds), late=True)
        reply = transport.send(goodbye, headers)
        if reply.status == 405:
            transport.send(
                Request("GET", "/logout/", once=True, timeout=seconds, late=True, largest=bodies.SMALL), headers
            )
    except TargetError:
        pass


def _ask(timeout: float) -> Request:
    return Request("GET", _PAGE, once=True, timeout=min(timeout, _PATIENCE), largest=bodies.SMALL)


def _post(path: str, form: Mapping[str, str], seconds: float) -> Request:
    return Request("POST", path, form=form, once=True, timeout=seconds, largest=bodies.SMALL)


def _from_the_page(base: str, cookies: Mapping[str, str]) -> dict[str, str]:
    """The headers of a form that is sent. Over https flask_wtf requires the page that it comes from."""
    cookie = "; ".join(f"{name}={value}" for name, value in cookies.items())
    return {"Accept": "text/html", "Referer": base + _PAGE, "Cookie": cookie}


def _leads_on(reply: Reply) -> bool:
    """Whether an answer of the login page is a redirect to another page than those to log in or out."""
    if reply.status not in (302, 303) or not reply.location:
        return False
    try:
        path = urlsplit(reply.location).path
    except ValueError:
        return False
    return path.rstrip("/").rpartition("/")[2] not in ("login", "logout")


def cookies_of(reply: Reply, base: str) -> dict[str, str]:
    """The cookies of an answer that a browser would send back to this address.

    One that is `Secure` goes over https, and over http to this machine alone.
    """
    kept = {}
    for line in reply.cookies:
        pair, *attributes = (part.strip() for part in line.split(";"))
        name, _, value = pair.partition("=")
        secure = any(attribute.lower() == "secure" for attribute in attributes)
        if name and value and pair.isascii() and pair.isprintable() and (not secure or _is_safe(base)):
            kept[name] = value
    return kept


def _is_safe(base: str) -> bool:
    parts = urlsplit(base)
    host = parts.hostname or ""
    if parts.scheme == "https" or host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
