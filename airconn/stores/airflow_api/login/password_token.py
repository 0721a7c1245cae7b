"""A token for a user's name and password: `POST /auth/token` of Airflow 3.

The simple, the FAB and the Keycloak auth manager have it.
"""

from __future__ import annotations

from collections.abc import Mapping

from airconn.credentials import Credentials
from airconn.errors import TargetError
from airconn.stores.airflow_api.login.issued_token import IssuedToken
from airconn.stores.airflow_api.login.login_way import LoginRefused
from airconn.stores.http.messages import Reply


class PasswordToken(IssuedToken):
    what = "a user name and a password"

    @classmethod
    def fits(cls, credentials: Credentials, *, v2: bool) -> bool:
        return bool(credentials.username) and v2

    def body(self) -> Mapping[str, str]:
        return {"username": self.credentials.username or "", "password": self.credentials.password or ""}

    def refused(self, reply: Reply) -> TargetError | None:
        if reply.status not in (400, 401, 403, 422):
            return None
        known = self.credentials
        hint = f"they come from {known.source}" + (f"; {known.advice}" if known.advice else "")
        return LoginRefused(
            "it refuses the user name or the password", where=self.transport.base, hint=hint, topic="login"
        )
