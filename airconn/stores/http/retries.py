"""What is sent again when it went wrong, and after which pause."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

_NOT_TAKEN = (408, 429)
_UNKNOWN = (500, 502, 503, 504)

_MOST = 1e6


@dataclass(frozen=True, slots=True)
class Backoff:
    """How long to wait before a repeat: twice as long each time, less up to a half by chance."""

    first: float = 0.3
    longest: float = 30.0
    longest_asked: float = 120.0
    """A server that asks for a longer pause isn't asked again."""

    def pause(self, number: int, asked: float | None) -> float | None:
        """Seconds before the repeat of a number, counted from 1, where the server `asked` for so many (Retry-After).

        None where it isn't worth it. Who was asked to wait waits a little longer, so that not all come back at once.
        """
        # So that not all who were turned away come back at once; nobody may guess it, and nothing is kept from them.
        chance = random.uniform(0.5, 1)  # noqa: S311 - no secret
        own: float = min(self.longest, self.first * 2.0 ** (number - 1)) * chance
        if asked is None:
            return own
        return None if asked > self.longest_asked else asked + min(own, self.first)


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
