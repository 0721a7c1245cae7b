"""Access to an Airflow whose version may not be known yet: what sends requests, who we are, and refusals in words."""

from __future__ import annotations

from airconn.config import Settings
from airconn.credentials import Credentials
from airconn.errors import TargetError
from airconn.stores.airflow_api.client import airflow_transport
from airconn.stores.airflow_api.login.authenticator import Authenticator
from airconn.stores.http.rest_client import RestClient
from airconn.stores.http.transport import Transport

_HOW = "set AIRCONN_TOKEN, or AIRCONN_USERNAME and AIRCONN_PASSWORD"


class Access(RestClient):
    """An Airflow and who we are for it. Threads may share it."""

    def __init__(self, transport: Transport, credentials: Credentials, auth: Authenticator) -> None:
        super().__init__(transport)
        self.credentials = credentials
        self.auth = auth

    @property
    def let_in(self) -> bool:
        """Whether a request with these credentials was answered with what it asked for."""
        return False

    def login_hint(self) -> str:
        return "it may need another kind of token" if self.auth.given else f"it may need a token: {_HOW}"

    def shut_out(self, status: int, wish: str) -> TargetError:
        """The server lets us in neither without credentials nor with these."""
        known = self.credentials
        if not self.auth.given:
            looked = ", ".join(known.looked_at) or "AIRCONN_TOKEN, AIRCONN_USERNAME and AIRCONN_PASSWORD"
            return TargetError("needs credentials, and none are set", where=self.base, hint=f"looked at {looked}")
        source = f"the credentials come from {known.source or 'nowhere'}"
        if self.auth.has_expired():
            hint = f"{source}: set it to a new one, or AIRCONN_TOKEN_COMMAND to a command that prints one"
            return TargetError("the token has expired", where=self.base, hint=hint)
        if status == 401:
            refuses = "doesn't accept the credentials any more" if self.let_in else "refuses the credentials"
            return TargetError(f"it {refuses}", where=self.base, hint=source)
        if self.let_in:
            return TargetError(f"these credentials may not {wish}", where=self.base, hint=source)
        return TargetError(f"it refuses the credentials, or they may not {wish}", where=self.base, hint=source)

    def close(self) -> None:
        self.auth.close()
        self.transport.close()


def access(base: str, settings: Settings) -> Access:
    """Access to the Airflow at `base`. Nothing is sent yet."""
    transport = airflow_transport(base, settings)
    return Access(transport, settings.credentials, Authenticator(settings.credentials, transport, settings.timeout))
