"""A user's name and password for Airflow 2: basic authentication, and a session of its web interface if it opens one.

A session spares Airflow 2 most of its work, which is to verify the password anew with each request.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping

from airconn.credentials import Credentials
from airconn.stores.airflow_api.login.login_way import LoginWay
from airconn.stores.airflow_api.login.web_session import WebSession, is_open, log_in, log_out
from airconn.stores.http.transport import Transport

_WORTH_IT = 10
"""The requests of a session after which another one is opened. With fewer, sessions cost more than they save."""


class PasswordSession(LoginWay):
    def __init__(self, credentials: Credentials, transport: Transport, timeout: float) -> None:
        super().__init__(credentials, transport, timeout)
        self._username, self._password = credentials.username or "", credentials.password or ""
        pair = b64encode(f"{self._username}:{self._password}".encode()).decode()
        self._basic = {"Authorization": f"Basic {pair}"}
        self._session: WebSession | None = None
        self._uses = 0
        self._is_wanted = False
        """Whether to open a session for the next request."""
        self._is_given_up = False

    @classmethod
    def fits(cls, credentials: Credentials, *, v2: bool) -> bool:
        return bool(credentials.username) and not v2

    def headers(self) -> Mapping[str, str]:
        if self._is_wanted:
            self._open()
        return self._session.headers() if self._session else self._basic

    def renew(self, refused: Mapping[str, str], *, late: bool) -> bool:
        if "Cookie" not in refused:
            return False
        if self._session is None or refused != self._session.headers():
            return True  # another thread has been here
        if is_open(self.transport, self._session, self.timeout):
            return False  # the session is valid, and its user may not do what was asked for
        self._session = None
        if self._uses < _WORTH_IT:
            self._is_given_up = True
        else:
            self._open()
        return True

    def worked(self, headers: Mapping[str, str]) -> None:
        """Notes a success. A session is opened only after one, so that a wrong password is tried only once."""
        if "Cookie" in headers:
            self._uses += 1
        elif headers is self._basic and self._session is None and not self._is_given_up:
            # Logging in takes the server as long as one more request with basic authentication.
            self._is_wanted = True

    def secrets(self) -> tuple[str, ...]:
        session = self._session  # another thread may end it
        return tuple(session.cookies.values()) if session else ()

    def close(self) -> None:
        session, self._session, self._is_wanted, self._is_given_up = self._session, None, False, True
        if session:
            log_out(self.transport, session, self.timeout)

    def _open(self) -> None:
        self._is_wanted, self._uses = False, 0
        self._session = log_in(self.transport, self._username, self._password, self.timeout)
        self._is_given_up = self._session is None
