"""A token that an Airflow 3 itself issues: `POST /auth/token`, which most auth managers have."""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Mapping
from typing import ClassVar

from airconn.errors import TargetError
from airconn.stores.airflow_api.login.login_way import BearerWay
from airconn.stores.http import bodies, gateways
from airconn.stores.http.faults import NoAnswer
from airconn.stores.http.messages import Reply, Request
from airconn.stores.jwt_claims import claims_of

PATH = "/auth/token"
_EARLY = 10
"""The seconds before the end of a token of Keycloak at which a new one is taken."""
_LOST = (
    "the server's apache-airflow-providers-keycloak 0.9.0 issues tokens that it doesn't accept itself on Airflow 3.3 "
    "(apache/airflow#72351): upgrade it on the server, to 0.10.0 or later"
)


class IssuedToken(BearerWay):
    """A way that exchanges credentials for a token of the Airflow."""

    what: ClassVar[str]
    """What the token is for, in messages."""

    @abstractmethod
    def body(self) -> Mapping[str, str]:
        """The credentials, as `/auth/token` takes them."""

    @abstractmethod
    def refused(self, reply: Reply) -> TargetError | None:
        """The error for an answer by which the server refuses these credentials, or doesn't take such."""

    def new_token(self, *, late: bool) -> str | None:
        request = Request("POST", PATH, body=self.body(), repeatable=True, late=late, largest=bodies.SMALL)
        reply = self.transport.send(request, {})
        if token := token_in(reply):
            return token
        raise self.refused(reply) or self._other(reply)

    def headers(self) -> Mapping[str, str]:
        if self._token and _inner_has_run_out(self._token):
            self._token = None
        return super().headers()

    def doubts(self) -> str:
        # On Airflow 3.3, provider 0.9.0 puts who the user is into the token, and not their token of Keycloak
        # (keycloak_auth_manager.py `serialize_user`); 0.10.0 and 0.11.2 put both in (`generate_api_jwt`).
        claims = claims_of(self._token or "")
        return _LOST if {"user_id", "name"} <= claims.keys() and "access_token" not in claims else ""

    def _other(self, reply: Reply) -> TargetError:
        server = self.transport.server
        if fault := gateways.fault(reply):
            return NoAnswer(f"it {fault}", where=server.base, hint="try again later")
        if 300 <= reply.status < 400:
            hint = "a gateway in front of it may need a token (AIRCONN_TOKEN) or a header (AIRCONN_HEADER_<NAME>)"
            return gateways.redirected(reply, server, login_hint=hint)
        if reply.status == 200 and gateways.is_page(reply):
            return gateways.instead_of_json(reply, server, f"POST {PATH}")
        return TargetError(
            f"it gives no token for {self.what} (POST {PATH} answers {reply.status})",
            where=server.base,
            hint="its auth manager may need a token of its own: set AIRCONN_TOKEN, "
            "or AIRCONN_TOKEN_COMMAND to a command that prints one",
            topic="login",
        )


def _inner_has_run_out(token: str) -> bool:
    """Whether the token of Keycloak that a token of Airflow holds has run out, or soon does.

    Keycloak's live for minutes, those of Airflow for a day. Airflow then answers 403 (run with provider 0.11.2), or
    500 (apache/airflow#73232), as if the permissions or the server were at fault.
    """
    inner = claims_of(token).get("access_token")
    ends = claims_of(inner).get("exp") if isinstance(inner, str) else None
    return isinstance(ends, int | float) and ends <= time.time() + _EARLY


def token_in(reply: Reply) -> str | None:
    """The token in an answer of `/auth/token`."""
    answer = reply.json() if reply.status in (200, 201) else None
    token = answer.get("access_token") if isinstance(answer, dict) else None
    return token if isinstance(token, str) and token else None
