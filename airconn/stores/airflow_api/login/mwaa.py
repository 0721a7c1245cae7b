"""The web login of Amazon MWAA: a token of AWS opens a session of Airflow 2, or gives a JWT of Airflow 3."""

from __future__ import annotations

from collections.abc import Mapping

from airconn.airflow.mwaa import MwaaLogin, mwaa_logins
from airconn.credentials import Credentials, WebToken
from airconn.errors import AirconnError, TargetError, UsageError
from airconn.stores.airflow_api.login.login_way import LoginWay
from airconn.stores.airflow_api.login.web_session import cookies_of
from airconn.stores.http import bodies, gateways
from airconn.stores.http.faults import NoAnswer
from airconn.stores.http.messages import Reply, Request
from airconn.stores.http.transport import Transport

_PATIENCE = 30.0
"""The seconds that a login may take. A web login token lives 60 s."""
_GOODBYE = 2.0
_OTHER_PAGE = (404, 405)
"""The answers of an Airflow that has no such login page."""


class MwaaWebLogin(LoginWay):
    """Logs in with a fresh web login token each time: one is taken only once.

    Which login page there is follows from the version, if AWS tells it, and otherwise from what answers. The token
    goes to the host that AWS names and to no other, and redirects are not followed.
    """

    def __init__(self, credentials: Credentials, transport: Transport, timeout: float) -> None:
        super().__init__(credentials, transport, timeout)
        self._headers: dict[str, str] | None = None
        self._login: MwaaLogin | None = None
        """The login that worked."""
        self._has_worked = False
        """Whether a request with these headers succeeded."""
        self._refusal: AirconnError | None = None
        self._secrets: tuple[str, ...] = ()

    @classmethod
    def fits(cls, credentials: Credentials, *, v2: bool) -> bool:
        return credentials.web_token_source is not None

    def headers(self) -> Mapping[str, str]:
        if self._headers is None:
            self._headers = self._log_in(late=False)
        return self._headers

    def renew(self, refused: Mapping[str, str], *, late: bool) -> bool:
        """Logs in again, unless these headers never worked: then a new session is refused in the same way.

        A session of Airflow 2 that has ended is treated as the public (403), like a user who may not do something.
        """
        if refused != self._headers:
            return True  # another thread has been here
        if not self._has_worked:
            return False
        self._headers = self._log_in(late=late)
        return self._headers != refused

    def worked(self, headers: Mapping[str, str]) -> None:
        self._has_worked = self._has_worked or headers == self._headers

    def secrets(self) -> tuple[str, ...]:
        return self._secrets

    def close(self) -> None:
        """Logs out, if the server lets us. By itself, a session of MWAA ends after about 12 hours."""
        headers, login, self._headers = self._headers, self._login, None
        if headers is None or login is None:
            return
        path = "/api/v2/auth/logout" if login.is_bearer else "/logout/"
        seconds = min(self.timeout, _GOODBYE)
        try:
            request = Request("GET", path, once=True, timeout=seconds, late=True, largest=bodies.SMALL)
            self.transport.send(request, {"Accept": "text/html", **headers})
        except TargetError:
            pass

    def _log_in(self, *, late: bool) -> dict[str, str]:
        """The headers of a new session. A refusal is final: it isn't tried again after one."""
        if self._refusal:
            known = self._refusal
            raise type(known)(known.message, where=known.where, hint=known.hint)
        try:
            found = self._new_session(late=late)
        except NoAnswer:
            raise
        except (TargetError, UsageError) as error:
            self._refusal = error
            raise
        self._has_worked = False
        return found

    def _new_session(self, *, late: bool) -> dict[str, str]:
        replies: list[tuple[MwaaLogin, Reply]] = []
        token = self._fresh_token(late=late)
        logins = (self._login,) if self._login else mwaa_logins(token.airflow)
        for login in logins:
            if replies:
                token = self._fresh_token(late=late)
            reply = self._sent(login, token, late=late)
            value = cookies_of(reply, self.transport.base).get(login.cookie)
            if value and reply.status < 400:
                self._login = login
                self._secrets = (token.token, value)
                return (
                    {"Authorization": f"Bearer {value}"} if login.is_bearer else {"Cookie": f"{login.cookie}={value}"}
                )
            replies.append((login, reply))
        raise self._refused(replies)

    def _fresh_token(self, *, late: bool) -> WebToken:
        source = self.credentials.web_token_source
        if source is None:
            raise UsageError("the source of web login tokens is missing")
        if not late:
            self.transport.deadline.seconds(_PATIENCE)  # raises if no time is left
        token = source()
        self._secrets = (*self._secrets, token.token)
        if f"https://{token.host}".lower() != self.transport.base.lower():
            raise TargetError(
                "AWS names another web server for this environment now",
                where=self.transport.base,
                hint="run it again: the environment may have been updated",
            )
        return token

    def _sent(self, login: MwaaLogin, token: WebToken, *, late: bool) -> Reply:
        """The answer of a login page. Raises `NoAnswer` if only a gateway answers."""
        form, seconds = {"token": token.token}, min(self.timeout, _PATIENCE)
        request = Request("POST", login.path, form=form, once=True, timeout=seconds, late=late, largest=bodies.SMALL)
        reply = self.transport.send(request, {"Accept": "*/*"})
        if fault := gateways.fault(reply):
            raise NoAnswer(f"it {fault}", where=self.transport.base, hint="try again later")
        return reply

    def _refused(self, replies: list[tuple[MwaaLogin, Reply]]) -> TargetError:
        """The error for logins that gave no session, by the answer that tells most."""
        telling = [(login, reply) for login, reply in replies if reply.status not in _OTHER_PAGE]
        login, reply = (telling or replies)[0]
        where = self.transport.base
        if reply.status in (400, 401, 403):
            return TargetError(
                f"it refuses the web login token of AWS (POST {login.path} answers {reply.status})",
                where=where,
                hint="the Airflow role that IAM grants may be switched off or unknown there (airconn help mwaa)",
            )
        if not telling:
            return TargetError(
                "it has no login page of Amazon MWAA",
                where=where,
                hint="the environment may be in an update; try again",
            )
        return TargetError(
            f"its login of Amazon MWAA gives no session (POST {login.path} answers {reply.status} "
            f"without the cookie {login.cookie!r})",
            where=where,
            hint="a proxy may be in between; or try again with ?through=api",
        )
