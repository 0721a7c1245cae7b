"""The policy for retries: which requests are sent again, and after which pause.

`Transport` follows it by itself. `driver_retry` makes a `urllib3.Retry` of it, for a driver with its own HTTP stack.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

_NOT_TAKEN = (408, 429)
_UNKNOWN = (500, 502, 503, 504)

_MOST = 1e6


@dataclass(frozen=True, slots=True)
class Backoff:
    """The pauses before retries: twice as long each time, shortened by up to a half at random."""

    first: float = 0.3
    longest: float = 30.0
    longest_asked: float = 120.0
    """A server that asks for a longer pause isn't asked again."""

    def steady(self, number: int) -> float:
        """Seconds before the retry of a number, counted from 1, without chance: for one that waits alone."""
        return min(self.longest, self.first * 2.0 ** min(number - 1, 100))

    def pause(self, number: int, asked: float | None) -> float | None:
        """The seconds before a retry, whose number counts from 1. The server `asked` for so many (Retry-After).

        None if the pause would be too long. A pause that the server asked for becomes a little longer, so that its
        clients don't come back all at once.
        """
        chance = random.uniform(0.5, 1)  # noqa: S311 - no secret
        own = self.steady(number) * chance
        if asked is None:
            return own
        return None if asked > self.longest_asked else asked + min(own, self.first)


_DEFAULT = Backoff()


def is_passing(status: int, asked: float | None, *, repeatable: bool) -> bool:
    """Whether a request that was answered with `status` may be sent again.

    408 and 429 say that it wasn't taken, and so does 503 with the time when to come back. Otherwise a gateway may
    have passed it on, and with a 500 the server may have done a part of it: SQLite's `database is locked` is one.
    """
    return status in _NOT_TAKEN or (status == 503 and asked is not None) or (status in _UNKNOWN and repeatable)


def retry_after(value: str | None) -> float | None:
    """The seconds that a `Retry-After` header says, as a number or as a date (RFC 9110, 10.2.3)."""
    if not value:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return min(float(text), _MOST)
    try:
        moment = parsedate_to_datetime(text)
        return min(max(0.0, moment.timestamp() - time.time()), _MOST)
    except (ValueError, OverflowError):
        return None


def driver_retry(
    retries: int, statuses: Iterable[int], *, connects: int | None = None, backoff: Backoff = _DEFAULT
) -> Any:
    """A `urllib3.Retry` for a driver whose requests are all safe to repeat.

    `statuses` are the answers after which a request is sent again, `connects` how often a connection that can't be
    made is tried again, where that differs from `retries`.
    """
    from urllib3 import Retry
    from urllib3.exceptions import MaxRetryError, ResponseError

    class DriverRetry(Retry):
        def increment(
            self, method: Any = None, url: Any = None, response: Any = None, *args: Any, **others: Any
        ) -> DriverRetry:
            if backoff.pause(1, _asked(response)) is None:
                raise MaxRetryError(others.get("_pool"), url, ResponseError("the required pause is too long"))  # type: ignore[arg-type]
            return super().increment(method, url, response, *args, **others)

        def sleep(self, response: Any = None) -> None:
            time.sleep(backoff.pause(len(self.history), _asked(response)) or 0)

    return DriverRetry(
        total=retries,
        connect=connects,
        redirect=0,
        other=0,
        allowed_methods=None,
        status_forcelist=frozenset(statuses),
        raise_on_status=False,
    )


def _asked(response: Any) -> float | None:
    return None if response is None else retry_after(response.headers.get("Retry-After"))
