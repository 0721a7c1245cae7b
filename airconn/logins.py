"""Finds the login for an Airflow that no setting gives: stored by `airconn login`, else typed by the user."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from airconn.browser_urls import airflow_endpoint
from airconn.credentials import FoundLogin
from airconn.errors import UsageError
from airconn.stored_logins import StoredLogin, secret_of

KEYRING = "the keyring"
ANSWER = "what you typed"
LOGIN = "your login"
_WITHOUT_PASSWORDS = (
    ".astronomer.run",
    ".astronomer.io",
    ".composer.googleusercontent.com",
    ".composer.byoid.googleusercontent.com",
    ".airflow.amazonaws.com",
    ".on.aws",
)
"""The ends of the hosts of vendors whose Airflows have no login with a password."""


class LoginQuestion(Protocol):
    """Asks the user for logins, and remembers those that were typed in this run."""

    @property
    def can_ask(self) -> bool:
        """Whether there is a terminal that isn't the source of a file, outside of CI."""

    def refrain(self) -> None:
        """Asks no question from now on, since standard input is read as a file."""

    def ask(self, address: str, username: str, refusal: str) -> tuple[str, str] | None:
        """The user name and the password for an Airflow. None if the user types none.

        `username` is the name, if it is known, and `refusal` is why the login before wasn't accepted.
        """


def canonical(url: str) -> str:
    """The address of an Airflow under which its login is stored, the same for all spellings of it."""
    return "".join(airflow_endpoint(url))


def takes_passwords(address: str) -> bool:
    """Whether an Airflow may have a login with a password, as far as its address tells."""
    host = address.partition("://")[2].partition("/")[0].partition(":")[0]
    return not host.endswith(_WITHOUT_PASSWORDS)


@dataclass(frozen=True)
class AirflowLogin:
    """The `LoginSource` of one Airflow."""

    address: str
    username: str = ""
    """The name of the user, if it is set without a password."""
    username_source: str = ""
    password_source: str = ""
    """Where the password could be set."""
    stored: StoredLogin | None = None
    question: LoginQuestion | None = field(default=None, repr=False)
    typed: dict[str, FoundLogin] = field(default_factory=dict, repr=False, compare=False)
    """The logins that were typed in this run, by their addresses."""
    allow: Callable[[], None] = field(default=lambda: None, repr=False, compare=False)
    """Raises an error if the Airflow may not have a login of the user."""

    @property
    def is_due(self) -> bool:
        return bool(self.stored or self.username or self._known)

    @property
    def may_ask(self) -> bool:
        return self.question is not None and self.question.can_ask and takes_passwords(self.address)

    @property
    def remedy(self) -> str:
        return f"run airconn login {self.address}" if takes_passwords(self.address) else ""

    @property
    def _known(self) -> FoundLogin | None:
        known = self.typed.get(self.address)
        return known if known and self.username in ("", known.username) else None

    def find(self) -> FoundLogin | None:
        if known := self._known:
            return known
        if self.stored:
            return self._stored(self.stored)
        if found := self.ask(""):
            return found
        raise lacks_password(self.username_source, self.password_source)

    def ask(self, refusal: str) -> FoundLogin | None:
        question = self.question
        if question is None or not self.may_ask:
            return None
        if not refusal and (known := self._known):
            return known
        self.allow()
        self.typed.pop(self.address, None)
        answer = question.ask(self.address, self.username, refusal)
        if answer is None:
            return None
        self.typed[self.address] = typed_login(*answer)
        return self.typed[self.address]

    def _stored(self, login: StoredLogin) -> FoundLogin:
        may_wait = self.question is not None and self.question.can_ask
        secret = secret_of(login, may_wait=may_wait)
        option = "" if login.username else " --ask-token"
        where = "the file of airconn login --insecure-file" if login.is_in_file else KEYRING
        return FoundLogin(
            login.username, secret, where, f"airconn login {self.address}{option} asks for a new one", is_stored=True
        )


def typed_login(username: str, secret: str) -> FoundLogin:
    """The login that the user has typed. A token has no user name."""
    return FoundLogin(username, secret, source=ANSWER)


def lacks_password(username_source: str, password_source: str) -> UsageError:
    """The error for a user name without a password."""
    return UsageError(f"{username_source} is set and {password_source} is not", hint=f"set {password_source} as well")


def stored_for(logins: Mapping[str, StoredLogin], address: str, username: str) -> StoredLogin | None:
    """The stored login for an address, of that user if one is named."""
    login = logins.get(address)
    return login if login and username in ("", login.username) else None
