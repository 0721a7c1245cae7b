"""The contract of a way to log in to an Airflow."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

from airconn.credentials import Credentials
from airconn.errors import TargetError, UsageError
from airconn.stores.http.faults import NoAnswer
from airconn.stores.http.transport import Transport


class LoginRefused(TargetError):
    """The server refuses the credentials, or there are none, before it has accepted any."""


class LoginWay(ABC):
    """Makes the headers with the credentials. `Authenticator` calls it from one thread at a time."""

    needs_credentials: ClassVar[bool] = True

    def __init__(self, credentials: Credentials, transport: Transport, timeout: float) -> None:
        self.credentials = credentials
        self.transport = transport
        self.timeout = timeout

    @classmethod
    @abstractmethod
    def fits(cls, credentials: Credentials, *, v2: bool) -> bool:
        """Whether this way is for these credentials, at an Airflow whose API is `/api/v2` or `/api/v1`."""

    @abstractmethod
    def headers(self) -> Mapping[str, str]:
        """The headers for a request, after logging in if needed. Raises `TargetError` if the login is refused."""

    def probe_headers(self) -> Mapping[str, str]:
        """The headers for a request to a server whose version isn't known yet. Empty if the login depends on it."""
        return self.headers()

    def renew(self, refused: Mapping[str, str], *, late: bool) -> bool:
        """Gets new credentials, and says whether the headers now differ from `refused`.

        `late`: it is tried after the deadline as well.
        """
        return False

    def worked(self, headers: Mapping[str, str]) -> None:  # noqa: B027 - most ways learn nothing from it
        """Notes that a request with these headers succeeded."""

    def secrets(self) -> tuple[str, ...]:
        """The texts besides the password that messages must not show. Any thread may call it."""
        return ()

    def has_expired(self) -> bool:
        """Whether the refused credentials say that they have expired."""
        return False

    def doubts(self) -> str:
        """What is known of why fresh credentials are refused, as the hint of the error. Empty by default."""
        return ""

    def close(self) -> None:  # noqa: B027 - most ways hold nothing open
        """Logs out, if needed."""


class BearerWay(LoginWay):
    """A way that gets a token and sends it with each request."""

    def __init__(self, credentials: Credentials, transport: Transport, timeout: float) -> None:
        super().__init__(credentials, transport, timeout)
        self._token: str | None = None
        self._refusal: TargetError | None = None

    @abstractmethod
    def new_token(self, *, late: bool) -> str | None:
        """Gets a token. A `TargetError` is final, unless it is a `NoAnswer`: it isn't tried again after one."""

    def headers(self) -> Mapping[str, str]:
        if self._token is None:
            self._token = self._get(late=False)
        return {"Authorization": f"Bearer {_one_line(self._token)}"} if self._token else {}

    def renew(self, refused: Mapping[str, str], *, late: bool) -> bool:
        bearer = f"Bearer {self._token}" if self._token else None
        if refused.get("Authorization") != bearer:
            return True  # another thread has been here
        self._token = self._get(late=late)
        return self._token is not None and f"Bearer {self._token}" != bearer

    def secrets(self) -> tuple[str, ...]:
        return (self._token,) if self._token else ()

    def _get(self, *, late: bool) -> str | None:
        if self._refusal:
            raise TargetError(self._refusal.message, where=self._refusal.where, hint=self._refusal.hint)
        try:
            return self.new_token(late=late)
        except NoAnswer:
            raise
        except TargetError as error:
            self._refusal = error
            raise


def _one_line(token: str) -> str:
    """The token, if a header can hold it. A line break in a token could add other headers."""
    if not token.isascii() or not token.isprintable() or " " in token:
        raise UsageError(
            "the token has a character that isn't allowed in a token", hint="maybe it is cut off, or in quotes"
        )
    return token
