"""The credentials for an address, and where they come from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple, Protocol


class WebToken(NamedTuple):
    """A token of Amazon MWAA that opens one session of the web interface of an Airflow (`CreateWebLoginToken`).

    It lives 60 s, and is taken once.
    """

    host: str
    token: str


class WebTokenSource(Protocol):
    """Gives a fresh `WebToken` at each call. Raises `TargetError` where the vendor refuses it."""

    def __call__(self) -> WebToken: ...


class TokenSource(Protocol):
    """Gives the bearer token of an identity, such as that of Google's library."""

    def __call__(self, *, renew: bool) -> str:
        """The token. `renew`: a new one, since the one before was refused. Raises `TargetError`."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """The credentials for an Airflow. At most one kind of them is set, and its repr shows none of it."""

    token: str | None = field(default=None, repr=False)
    username: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    token_command: tuple[str, ...] | None = field(default=None, repr=False)
    token_source: TokenSource | None = field(default=None, repr=False)
    web_token_source: WebTokenSource | None = field(default=None, repr=False)
    source: str = ""
    """The names of the variables or the setting that they come from."""
    advice: str = ""
    """What to do where an Airflow refuses them, if there is more to say than where they come from."""
    looked_at: tuple[str, ...] = ()
    """The names of the variables and settings that were looked at, in order."""
    of_address: bool = False
    """Whether the configuration names them for this address, and for no other."""
