"""What a store can find out about itself for `airconn doctor`, without a write."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Protocol, runtime_checkable

from airconn.config import Settings
from airconn.errors import AirconnError, ExitCode
from airconn.stores.base import Context


class Health(Enum):
    """The result of a check."""

    FINE = "ok"
    WARNING = "warning"
    FAILED = "failed"
    UNKNOWN = "unknown"
    UNUSED = "not used"


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """One thing that was looked at. Its texts hold no credentials."""

    area: str
    """The heading that it stands under, such as `Network`."""
    name: str
    health: Health
    text: str
    hint: str = ""
    exit_code: ExitCode = ExitCode.OK
    """The exit code of a run whose first failure this is."""


@dataclass(frozen=True, slots=True)
class HealthQuestions:
    """What a store is asked."""

    settings: Settings
    """The settings that it was opened with."""
    asks_writes: bool = False
    """Whether it may ask for rights in ways that change nothing, but leave lines in an audit log."""


@runtime_checkable
class TellsHealth(Protocol):
    """A store that can say more about itself than whether it can be read."""

    def health(self, questions: HealthQuestions, context: Context) -> Iterator[HealthCheck]:
        """The checks, as they are made. A failure is a check too: it raises nothing, and writes nothing."""


def failed(area: str, name: str, error: AirconnError) -> HealthCheck:
    """The check that an error means."""
    return HealthCheck(area, name, Health.FAILED, error.message, error.hint or "", error.exit_code)
