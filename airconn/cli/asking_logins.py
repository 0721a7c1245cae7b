"""Asks for the login of an Airflow on the terminal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol, TypeVar

from airconn.quoting import clean
from airconn.trust import is_nearby, is_this_machine
from airconn.urls import endpoint

T = TypeVar("T")


class LoginAsker(Protocol):
    """Asks the user for texts, and tells them something."""

    environ: Mapping[str, str]

    @property
    def can_ask(self) -> bool: ...

    @property
    def can_ask_here(self) -> bool: ...

    def asked(self, ask: Callable[[], T]) -> T: ...

    def ask_line(self, what: str) -> str | None: ...

    def ask_hidden(self, what: str) -> str | None: ...

    def say(self, *lines: str, level: int = 0) -> None: ...

    def warn(self, text: str) -> None: ...


class TerminalLogins:
    """The `LoginQuestion` of a run."""

    def __init__(self, asker: LoginAsker) -> None:
        self._asker = asker
        self._is_read_as_file = False

    @property
    def can_ask(self) -> bool:
        # A shell that completes a word has a terminal, and no user who waits for a question.
        completes = bool(self._asker.environ.get("_AIRCONN_COMPLETE"))
        return self._asker.can_ask and self._asker.can_ask_here and not completes and not self._is_read_as_file

    def refrain(self) -> None:
        self._is_read_as_file = True

    def ask(self, address: str, username: str, refusal: str) -> tuple[str, str] | None:
        """The user name and the password. None if one of them is left empty, or ends with Ctrl-D."""
        return self._asker.asked(lambda: self._ask(address, username, refusal))

    def _ask(self, address: str, username: str, refusal: str) -> tuple[str, str] | None:
        asker = self._asker
        if refusal:
            asker.say(clean(f"{address}: {refusal}"), level=-1)
        else:
            asker.say(clean(f"{address} needs a login (airconn login stores one)"), level=-1)
            # For other hosts the warning of `HostConsent` comes before.
            if not (address.startswith("https://") or is_this_machine(address)) and is_nearby(endpoint(address)[0]):
                asker.warn(clean(f"{address} isn't encrypted: others on the network can read your password"))
        username = username or (asker.ask_line("user name") or "").strip()
        password = asker.ask_hidden(f"password of {username}") if username else None
        return (username, password) if password else None
