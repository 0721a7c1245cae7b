"""A request to a REST place and the answer to it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from airconn.stores.http import bodies

_REPEATABLE = ("GET", "HEAD", "PATCH")
"""What leads to the same when it is done twice. Each PATCH of ours to one object sets fields to given values."""


@dataclass(frozen=True, slots=True)
class Request:
    """What to send. `path` is relative to the base URL, percent-encoded."""

    method: str
    path: str
    query: Sequence[tuple[str, str]] = ()
    body: Mapping[str, Any] | None = field(default=None, repr=False)
    form: Mapping[str, str] | None = field(default=None, repr=False)
    """What to send as the form of a web page, in place of a body."""
    repeatable: bool | None = None
    """Whether doing it twice leads to the same. None is what the method says."""
    timeout: float | None = None
    """Seconds that the server may be silent, where they differ from the settings."""
    once: bool = False
    """Whether it isn't sent again, whatever comes of it."""
    late: bool = False
    """Whether it is sent after the deadline as well, and sent again: it completes what would be half done."""
    largest: int = bodies.OBJECT
    """How many bytes its answer may have."""
    patient: bool = True
    """Whether it is sent again after a time-out, as it is. One of many objects is rather made smaller."""
    divisible: bool = False
    """Whether it is sent in smaller parts where the server fails on it (500), and not again."""

    @property
    def may_be_done_twice(self) -> bool:
        return self.method in _REPEATABLE if self.repeatable is None else self.repeatable


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer. Its body may echo what was sent, secrets included, so it has no part in the repr."""

    status: int
    media_type: str
    location: str | None
    body: bytes = field(repr=False)
    retry_after: float | None = None
    """After how many seconds it may be asked again, if it says so."""
    cookies: Sequence[str] = field(default=(), repr=False)
    """Its `Set-Cookie` headers. They are neither kept nor sent back without further ado."""
    doubtful: bool = False
    """Whether the same request was sent before, and may have been carried out then."""

    def json(self) -> Any:
        """The body as JSON, or None where it isn't JSON."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None


def unknown_fate(reply: Reply) -> bool:
    """Whether an answer is that of a gateway that doesn't know whether the server did what it was asked.

    503 is one: Envoy gives it when the connection to the server broke. So are those beyond 504 that some gateways
    have (Cloudflare's 520 to 527).
    """
    return reply.status >= 502
