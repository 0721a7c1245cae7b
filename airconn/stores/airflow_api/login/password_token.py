"""A token for a user's name and password: `POST /auth/token` of Airflow 3.

The simple and the FAB auth manager have it.
"""

from __future__ import annotations

from airconn.credentials import Credentials
from airconn.errors import TargetError
from airconn.stores.airflow_api.login.login_way import BearerWay
from airconn.stores.http import bodies, gateways
from airconn.stores.http.faults import NoAnswer
from airconn.stores.http.messages import Reply, Request

PATH = "/auth/token"


class PasswordToken(BearerWay):
    @classmethod
    def fits(cls, credentials: Credentials, *, v2: bool) -> bool:
        return bool(credentials.username) and v2

    def new_token(self, *, late: bool) -> str | None:
        body = {"username": self.credentials.username, "password": self.credentials.password or ""}
        request = Request("POST", PATH, body=body, repeatable=True, late=late, largest=bodies.SMALL)
        reply = self.transport.send(request, {})
        token = token_in(reply)
        if token:
            return token
        raise self._refused(reply)

    def _refused(self, reply: Reply) -> TargetError:
        server = self.transport.server
        if reply.status in (400, 401, 403, 422):
            hint = f"they come from {self.credentials.source}"
            return TargetError("it refuses the user name or the password", where=server.base, hint=hint)
        if fault := gateways.fault(reply):
            return NoAnswer(f"it {fault}", where=server.base, hint="try again when it is well")
        if 300 <= reply.status < 400:
            hint = "what is in front of it may need a token: AIRCONN_TOKEN"
            return gateways.redirected(reply, server, login_hint=hint)
        if reply.status == 200 and gateways.is_page(reply):
            return gateways.instead_of_json(reply, server, f"POST {PATH}")
        return TargetError(
            f"it gives no token for a user name and a password (POST {PATH} answers {reply.status})",
            where=server.base,
            hint="its auth manager may need a token that is made elsewhere: set AIRCONN_TOKEN, "
            "or AIRCONN_TOKEN_COMMAND to a command that prints one",
        )


def token_in(reply: Reply) -> str | None:
    """The token in an answer of `/auth/token`."""
    answer = reply.json() if reply.status in (200, 201) else None
    token = answer.get("access_token") if isinstance(answer, dict) else None
    return token if isinstance(token, str) and token else None
