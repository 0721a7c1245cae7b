"""Access to an Airflow whose version may not be known yet: what sends requests, who we are, and refusals in words."""

from __future__ import annotations

from collections.abc import Callable

from airconn.config import Settings
from airconn.credentials import Credentials
from airconn.errors import TargetError
from airconn.stores.airflow_api.client import airflow_transport
from airconn.stores.airflow_api.front_headers import FrontHeaders
from airconn.stores.airflow_api.login.authenticator import Authenticator
from airconn.stores.airflow_api.login.login_way import LoginRefused
from airconn.stores.http.deadline import RunDeadline
from airconn.stores.http.rest_client import RestClient
from airconn.stores.http.transport import Transport
from airconn.stores.secret_commands import with_commands_run

_HOW = "set AIRCONN_TOKEN, or AIRCONN_USERNAME and AIRCONN_PASSWORD"
_COMPOSER = (".composer.googleusercontent.com", ".composer.byoid.googleusercontent.com")
_BY_NAME = "name it composer://PROJECT/LOCATION/ENVIRONMENT (airconn help composer)"
_GUIDE = "airconn help login"
_IN_FRONT = f"what is in front of an Airflow may need a header: AIRCONN_HEADER_<NAME> ({_GUIDE})"


class Access(RestClient):
    """An Airflow and who we are for it. Threads may share it."""

    def __init__(
        self, transport: Transport, credentials: Credentials, auth: Authenticator, front: FrontHeaders | None = None
    ) -> None:
        super().__init__(transport)
        self.credentials = credentials
        self.auth = auth
        self.front = front or FrontHeaders(credentials, transport)

    @property
    def let_in(self) -> bool:
        """Whether a request with these credentials was answered with what it asked for."""
        return False

    def login_hint(self) -> str:
        if self.base.endswith(_COMPOSER):
            return f"this is an Airflow of Google Cloud Composer: {_BY_NAME}"
        if sent := self.credentials.header_source:
            return f"what is in front of the Airflow doesn't accept {sent}: wrong, or expired? ({_GUIDE})"
        lack = "it may need another kind of token" if self.auth.given else f"it may need a token: {_HOW}"
        return f"{lack}; {_IN_FRONT}"

    def shut_out(self, status: int, wish: str) -> TargetError:
        """The server lets us in neither without credentials nor with these."""
        known = self.credentials
        if not self.auth.given:
            looked = ", ".join(known.looked_at) or "AIRCONN_TOKEN, AIRCONN_USERNAME and AIRCONN_PASSWORD"
            lack = "needs credentials, and none are set"
            if known.header_source:
                lack = f"it needs more credentials than those in {known.header_source}, or refuses them"
            stored = f"; or {known.login.remedy}" if known.login and known.login.remedy else ""
            return LoginRefused(lack, where=self.base, hint=f"set one of these: {looked}{stored} ({_GUIDE})")
        if not self.let_in and (doubts := self.auth.doubts()):
            return TargetError("it refuses a token that it has just issued", where=self.base, hint=doubts)
        source = f"the credentials come from {known.sources or 'nowhere'}"
        source += f"; {known.advice}" if known.advice else ""
        if self.auth.has_expired():
            renewed = ": set it to a new one, or AIRCONN_TOKEN_COMMAND to a command that prints one"
            hint = source if known.advice else source + renewed
            return LoginRefused("the token has expired", where=self.base, hint=hint, topic="login")
        if status == 401:
            refuses = "no longer accepts the credentials" if self.let_in else "refuses the credentials"
            return LoginRefused(f"it {refuses}", where=self.base, hint=source, topic="login")
        if self.let_in:
            return TargetError(f"these credentials may not {wish}", where=self.base, hint=source, topic="login")
        return LoginRefused(
            f"it refuses the credentials, or they may not {wish}", where=self.base, hint=source, topic="login"
        )

    def kept_out(self, status: int) -> TargetError:
        """The error for a server that doesn't even tell its version, for which an Airflow needs no credentials."""
        known = self.credentials
        if not known.client_id:
            return self.shut_out(status, "read its version")
        return TargetError(
            f"something in front of the Airflow refuses the request (status {status})",
            where=self.base,
            hint=f"{known.source} are for the Airflow itself, and weren't sent; {_IN_FRONT}",
        )

    def close(self) -> None:
        self.auth.close()
        self.transport.close()


def access(
    base: str, settings: Settings, *, unreached: str = "", make: Callable[..., Transport] = Transport
) -> Access:
    """Access to the Airflow at `base`. Commands that print credentials are run, a stored login is read, and the
    password of a named user is asked for; nothing is sent yet.

    `unreached` is the hint where no connection comes about, if there is a likely reason. `make` is a subclass of
    `Transport`, for a gateway in front of the Airflow. Raises `UsageError` and `TargetError` for such a command that
    fails.
    """
    known = with_commands_run(settings.credentials, RunDeadline(settings, base))
    if known.login and known.login.is_due and (found := known.login.find()):
        known = found.onto(known)
    transport = airflow_transport(base, settings, known.headers, unreached=unreached, make=make)
    auth = Authenticator(known, transport, settings.timeout)
    return Access(transport, known, auth, FrontHeaders(settings.credentials, transport))
