"""The credentials for an address, and where they come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import NamedTuple, Protocol

from airconn.airflow.versions import AirflowVersion


@dataclass(frozen=True, slots=True)
class WebToken:
    """A token of Amazon MWAA that opens one session of the web interface of an Airflow (`CreateWebLoginToken`).

    It lives 60 s, and is taken once.
    """

    host: str
    """The host of the Airflow, as AWS names it. No other host gets the token."""
    token: str = field(repr=False)
    airflow: AirflowVersion | None = None
    """The version of that Airflow, if AWS tells it."""


class WebTokenSource(Protocol):
    """Gives a fresh `WebToken` at each call. Raises `TargetError` where the vendor refuses it."""

    def __call__(self) -> WebToken: ...


class TokenSource(Protocol):
    """Gives the bearer token of an identity, such as that of Google's library."""

    def __call__(self, *, renew: bool) -> str:
        """The token. `renew`: a new one, since the one before was refused. Raises `TargetError`."""


class CredentialCommand(NamedTuple):
    """A command of the user that prints one credential. It is run at the first need, before the first request."""

    field: str
    """The field of `Credentials` that it prints, or `headers`."""
    header: str
    """The name of the header, if it prints one."""
    words: tuple[str, ...]
    """The program and its arguments, which may be secret. It is run without a shell."""
    source: str
    """The setting, for messages."""


class LoginSource(Protocol):
    """Finds the login for one Airflow that no setting gives: as `airconn login` stored it, or by asking the user."""

    @property
    def is_due(self) -> bool:
        """Whether it is found before the first request: one is stored, or a user name is set without a password."""

    @property
    def may_ask(self) -> bool:
        """Whether the user can be asked now."""

    @property
    def remedy(self) -> str:
        """What a user can run to have a login for the next time. Empty if that isn't possible."""

    def find(self) -> FoundLogin | None:
        """The login for the first request. Raises `UsageError` where a user is named without a password, and
        `TargetError` where the keyring can't be read."""

    def ask(self, refusal: str) -> FoundLogin | None:
        """The login that the user types, None if they don't. `refusal` is why the one before wasn't accepted.

        Raises `UsageError` and `BlockedError` where the Airflow may not have it.
        """


@dataclass(frozen=True, slots=True)
class Credentials:
    """The credentials for an Airflow. At most one way to log in is set, and its repr shows none of it."""

    token: str | None = field(default=None, repr=False)
    username: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    client_id: str | None = field(default=None, repr=False)
    client_secret: str | None = field(default=None, repr=False)
    token_command: tuple[str, ...] | None = field(default=None, repr=False)
    token_source: TokenSource | None = field(default=None, repr=False)
    web_token_source: WebTokenSource | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    """The headers for what is in front of the Airflow. They are in each request to it, and in no others."""
    commands: tuple[CredentialCommand, ...] = field(default=(), repr=False)
    """The commands that print what is missing above."""
    source: str = ""
    """The names of the variables or the setting that the login comes from."""
    header_source: str = ""
    """The same of the headers."""
    advice: str = ""
    """What to do where an Airflow refuses them, if there is more to say than where they come from."""
    looked_at: tuple[str, ...] = ()
    """The names of the variables and settings that were looked at, in order."""
    of_address: bool = False
    """Whether the configuration names them for this address, and for no other."""
    login_name: str = ""
    """The name of a user whose password isn't set, and is found by `login`."""
    login: LoginSource | None = field(default=None, repr=False, compare=False)
    """Where a login may still come from, if all above lack."""

    @property
    def sources(self) -> str:
        """The names of all variables and settings that they come from. Empty if nothing would be sent."""
        # An Authorization header is the login and a header.
        names = dict.fromkeys(name for name in (self.source, self.header_source) if name)
        return " and ".join(names)

    @property
    def has_authorization(self) -> bool:
        """Whether a header of the user's is the login itself."""
        given = (*self.headers, *(command.header for command in self.commands))
        return any(name.lower() == "authorization" for name in given)


@dataclass(frozen=True, slots=True)
class FoundLogin:
    """A login that a `LoginSource` found."""

    username: str
    """The name of the user. Empty for a token."""
    secret: str = field(repr=False)
    """The password, or the token."""
    source: str
    """Where it comes from, for messages."""
    advice: str = ""
    """What to do where it is refused."""
    is_stored: bool = False
    """Whether it was stored by `airconn login`, so that the user isn't asked for another one."""

    def onto(self, credentials: Credentials) -> Credentials:
        """The credentials with this login, and with the headers that they have."""
        return replace(
            credentials,
            token=None if self.username else self.secret,
            username=self.username or None,
            password=self.secret if self.username else None,
            source=self.source,
            advice=self.advice,
            login_name="",
            login=None if self.is_stored else credentials.login,
        )
