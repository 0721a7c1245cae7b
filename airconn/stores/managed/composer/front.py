"""The transport to the Airflow of an environment, behind Google's front, which answers in its own ways."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from airconn.errors import TargetError
from airconn.stores.http import gateways
from airconn.stores.http.messages import Reply, Request
from airconn.stores.http.transport import Transport

_LOGINS = ("accounts.google.com", "auth.cloud.google", "composer.cloud.google")


class ComposerTransport(Transport):
    """Tells a token that Google's front doesn't accept, and a request that it doesn't let through."""

    def __init__(self, *args: Any, shut_hint: str, **options: Any) -> None:
        """`shut_hint` says what to do where the front lets no request through."""
        super().__init__(*args, **options)
        self._shut_hint = shut_hint

    def send(self, request: Request, headers: Mapping[str, str]) -> Reply:
        reply = super().send(request, headers)
        if "Authorization" not in headers:
            return reply
        if 300 <= reply.status < 400 and _is_login(reply.location):
            return replace(reply, status=401)  # to renew the token once, as for any that has expired
        if reply.status == 403 and gateways.is_page(reply):
            raise TargetError(
                "Google refuses the request before it reaches the Airflow (an HTML page with status 403)",
                where=self.base,
                hint=self._shut_hint,
            )
        return reply


def _is_login(location: str | None) -> bool:
    try:
        host = urlsplit(location or "").hostname or ""
    except ValueError:
        return False
    return host in _LOGINS or host.endswith(tuple(f".{name}" for name in _LOGINS))
