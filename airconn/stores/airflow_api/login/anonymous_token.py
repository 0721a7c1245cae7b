"""The token that an Airflow 3 gives without credentials, if it is set up so (`simple_auth_manager_all_admins`)."""

from __future__ import annotations

from collections.abc import Mapping

from airconn.credentials import Credentials
from airconn.stores.airflow_api.login.issued_token import PATH, token_in
from airconn.stores.airflow_api.login.login_way import BearerWay
from airconn.stores.http import bodies
from airconn.stores.http.messages import Request


class AnonymousToken(BearerWay):
    """Asks for the token once, after a request without one was refused."""

    needs_credentials = False
    _is_asked_for = False

    @classmethod
    def fits(cls, credentials: Credentials, *, v2: bool) -> bool:
        return True

    def headers(self) -> Mapping[str, str]:
        return super().headers() if self._token else {}

    def new_token(self, *, late: bool) -> str | None:
        if self._is_asked_for:
            return self._token
        self._is_asked_for = True
        return token_in(self.transport.send(Request("GET", PATH, largest=bodies.SMALL), {}))
