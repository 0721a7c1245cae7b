"""A request to a REST place and the answer to it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from airconn.stores.http import bodies

_REPEATABLE = ("GET", "HEAD", "PATCH")
"""The methods that may be repeated. Each PATCH of ours to one object sets fields to given values."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request. `path` is relative to the base URL, percent-encoded."""

    method: str
    path: str
    query: Sequence[tuple[str, str]] = ()
    body: Mapping[str, Any] | None = field(default=None, repr=False)
    form: Mapping[str, str] | None = field(default=None, repr=False)
    """The form of a web page, which is sent instead of a body."""
    repeatable: bool | None = None
    """Whether doing it twice has the same result. None: as the method says."""
    timeout: float | None = None
    """The seconds that the server may be silent, if they differ from the settings."""
    once: bool = False
    """Whether it is never sent again."""
    late: bool = False
    """Whether it is also sent, and repeated, after the deadline, since it completes an object."""
    largest: int = bodies.OBJECT
    """The most bytes of its answer."""
    patient: bool = True
    """Whether it is sent again unchanged after a time-out. One with many objects is made smaller instead."""
    divisible: bool = False
    """Whether it is sent in smaller parts, and not again, if the server fails on it (500)."""
    lacks_body: bool = False
    """Whether it announces a body of JSON and has none, so that a server that reads the body refuses it."""

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
    """The seconds after which the request may be repeated, if the answer says so."""
    cookies: Sequence[str] = field(default=(), repr=False)
    """Its `Set-Cookie` headers. They aren't kept or sent back automatically."""
    doubtful: bool = False
    """Whether the same request was sent before, and may have been carried out then."""
    date: str | None = None
    """The time of the server, as its `Date` header gives it."""

    def json(self) -> Any:
        """The body as JSON. None if it isn't JSON."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None


def unknown_fate(reply: Reply) -> bool:
    """Whether an answer is from a gateway that doesn't know whether the server has carried out the request.

    503 is one: Envoy gives it when the connection to the server broke. So are statuses beyond 504 that some gateways
    have (Cloudflare's 520 to 527).
    """
    return reply.status >= 502
