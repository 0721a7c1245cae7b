"""Tests of connections: what a place that can make them answers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Protocol, runtime_checkable

from airconn.model import Connection
from airconn.stores.base import Context


class Verdict(str, Enum):
    """What came of the test of a connection."""

    WORKS = "works"
    FAILS = "fails"
    SWITCHED_OFF = "tests are switched off"
    UNTESTABLE = "can't be tested"
    NOT_INSTALLED = "provider not installed"


@dataclass(frozen=True, slots=True)
class ConnectionTest:
    """The result of one test. It holds nothing of what was sent."""

    verdict: Verdict
    message: str = ""
    """The server's words. Empty if they can't be shown."""
    hint: str = ""
    """What to do about it."""


@runtime_checkable
class TriesConnections(Protocol):
    """A store that can test connections that it needn't hold."""

    def try_connection(self, connection: Connection, context: Context) -> ConnectionTest:
        """The result of a test with these values, of which none may be hidden. Stores nothing.

        Raises `TargetError` if the place can't be reached or refuses the credentials.
        """
