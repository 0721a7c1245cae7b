"""The errors that a user can meet, each with its exit code.

Every error says what is wrong, where it is and what to do about it, and never quotes a value that could be a secret.
"""

from __future__ import annotations

import re
from enum import IntEnum


class ExitCode(IntEnum):
    """The exit code of the process. The page `exit-codes` of the guide has the same table."""

    OK = 0
    SOME_FAILED = 1
    USAGE = 2
    INPUT = 3
    BLOCKED = 4
    TARGET = 5
    DIFFERENT = 6
    INTERRUPTED = 130


class AirconnError(Exception):
    """Base of all errors that a user is told.

    `message` says what is wrong; `where` is the place (`.env:4`, a URL, an option); `hint` is the way out; `topic` is
    the page of the guide with more, which the hint then names at its end.
    """

    exit_code: ExitCode = ExitCode.SOME_FAILED

    def __init__(
        self, message: str, *, where: str | None = None, hint: str | None = None, topic: str | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        # As a part of the hint, it goes along where an error is made of another one.
        self.hint = hint if topic is None else with_page(hint, topic)

    def __str__(self) -> str:
        return f"{self.where}: {self.message}" if self.where else self.message

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.message, self.where, self.hint))


def with_page(hint: str | None, topic: str) -> str:
    """A hint that names a page of the guide at its end.

    One that names a page already, or asks whether another word is meant, stays as it is. Errors whose hint ends with
    a command to copy have no topic.
    """
    if not hint:
        return f"airconn help {topic}"
    is_enough = "airconn help " in hint or re.fullmatch(r"did you mean [^?]*\?", hint)
    return hint if is_enough else f"{hint} (airconn help {topic})"


def _rebuild(cls: type[AirconnError], message: str, where: str | None, hint: str | None) -> AirconnError:
    return cls(message, where=where, hint=hint)


class UsageError(AirconnError):
    """The command line or the configuration is wrong."""

    exit_code = ExitCode.USAGE


class UnfitError(UsageError):
    """An option asks for something that this version of Airflow doesn't take. Another version might."""


class InputError(AirconnError):
    """The input is wrong: a file that doesn't parse, an object that no Airflow takes."""

    exit_code = ExitCode.INPUT


class InputErrors(InputError):
    """Several faults of one input, so that a user can fix them in one go."""

    def __init__(self, errors: tuple[InputError, ...]) -> None:
        super().__init__(errors[0].message, where=errors[0].where, hint=errors[0].hint)
        self.errors = errors

    def __reduce__(self) -> tuple[object, ...]:
        return (InputErrors, (self.errors,))


class BlockedError(AirconnError):
    """Going on would lose or leak something: redacted, ambiguous or unsafe. Nothing was written."""

    exit_code = ExitCode.BLOCKED


class TargetError(AirconnError):
    """A place could not be reached, or refused the credentials. Nothing was written."""

    exit_code = ExitCode.TARGET


class SandboxError(AirconnError):
    """The sandbox could not be built or started."""

    exit_code = ExitCode.SOME_FAILED


def own_fault(error: Exception) -> str:
    """The message for an unexpected exception, without the exception's text, which could hold a secret."""
    return f"a fault of airconn itself: {type(error).__name__}"
