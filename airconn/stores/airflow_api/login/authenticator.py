"""Logs in to an Airflow, by the first way that fits the credentials."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping
from copy import copy

from airconn.credentials import Credentials
from airconn.stores.airflow_api.login import registry
from airconn.stores.airflow_api.login.login_way import LoginWay
from airconn.stores.http.transport import Transport

_SHORT = 3
"""The characters up to which a part of a header isn't a secret."""


class Authenticator:
    """Makes the headers with the credentials, and new ones when the old ones aren't accepted any more.

    Threads may share it. One that logs in makes the others wait.
    """

    def __init__(self, credentials: Credentials, transport: Transport, timeout: float) -> None:
        self._credentials = credentials
        self._transport = transport
        self._timeout = timeout
        self._lock = threading.Lock()
        self._v2 = False
        self._ways: dict[type[LoginWay], LoginWay] = {}

    @property
    def given(self) -> bool:
        """Whether there are credentials at all."""
        return self._fitting().needs_credentials

    def secrets(self) -> tuple[str, ...]:
        """The texts that messages must not show."""
        known = self._credentials
        held = (text for way in tuple(self._ways.values()) for text in way.secrets())
        given = (
            known.token,
            known.password,
            known.client_secret,
            *_parts(known.headers),
            *_parts(self._transport.extra_headers),
        )
        return tuple(text for text in (*given, *held) if text)

    def for_api(self, *, v2: bool) -> Authenticator:
        """The same one, with the same tokens, for `/api/v2` or `/api/v1`. Without it, it is one for `/api/v1`."""
        other = copy(self)
        other._v2 = v2
        return other

    def adopt(self, credentials: Credentials) -> None:
        """Goes on with other credentials, where the server accepts none, or not those before."""
        with self._lock:
            self._credentials = credentials
            self._ways.clear()

    def headers(self) -> Mapping[str, str]:
        """The headers for a request. Logs in when that wasn't done yet."""
        with self._lock:
            return self._way().headers()

    def probe_headers(self) -> Mapping[str, str]:
        """The headers for a request to a server whose version isn't known yet. Empty if the login depends on it."""
        with self._lock:
            return self._way().probe_headers()

    def renew(self, refused: Mapping[str, str], *, late: bool = False) -> bool:
        """Whether there are other headers now than those that were refused. Safe to call from several threads.

        `late`: it is tried after the deadline as well.
        """
        with self._lock:
            return self._way().renew(refused, late=late)

    def worked(self, headers: Mapping[str, str]) -> None:
        """Takes note that a request with these headers was answered with what it asked for."""
        with self._lock:
            self._way().worked(headers)

    def has_expired(self) -> bool:
        """Whether the credentials have expired, as far as they tell so by themselves."""
        return self._way().has_expired()

    def doubts(self) -> str:
        """What is known of why these credentials are refused although the server has just issued them, or empty."""
        return self._way().doubts()

    def close(self) -> None:
        """Logs out. A token ends by itself."""
        if not self._lock.acquire(timeout=1):
            return  # a thread that was given up is logging in
        try:
            for way in self._ways.values():
                way.close()
        finally:
            self._lock.release()

    def _fitting(self) -> type[LoginWay]:
        return next(way for way in registry.WAYS if way.fits(self._credentials, v2=self._v2))

    def _way(self) -> LoginWay:
        kind = self._fitting()
        if kind not in self._ways:
            self._ways[kind] = kind(self._credentials, self._transport, self._timeout)
        return self._ways[kind]


def _parts(headers: Mapping[str, str]) -> Iterator[str]:
    """The values of headers, and the parts of them that are secrets of their own. Short ones are in every text."""
    for value in headers.values():
        yield from (part for part in {value, *re.split(r"[\s;=]+", value)} if len(part) > _SHORT)
