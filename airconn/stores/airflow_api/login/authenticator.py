"""Logs in to an Airflow, by the first way that fits the credentials."""

from __future__ import annotations

import threading
from collections.abc import Mapping

from airconn.config import Credentials
from airconn.stores.airflow_api.login import registry
from airconn.stores.airflow_api.login.login_way import LoginWay
from airconn.stores.http.transport import Transport


class Authenticator:
    """Makes the headers with the credentials, and new ones when the old ones aren't accepted any more.

    Threads may share it. One that logs in makes the others wait.
    """

    def __init__(self, credentials: Credentials, transport: Transport, timeout: float) -> None:
        self._credentials = credentials
        self._transport = transport
        self._timeout = timeout
        self._lock = threading.Lock()
        self._ways: dict[type[LoginWay], LoginWay] = {}

    @property
    def given(self) -> bool:
        """Whether there are credentials at all."""
        return self._fitting(v2=True).needs_credentials

    def secrets(self) -> tuple[str, ...]:
        """The texts that messages must not show."""
        held = (text for way in tuple(self._ways.values()) for text in way.secrets())
        return tuple(text for text in (self._credentials.token, self._credentials.password, *held) if text)

    def headers(self, *, v2: bool) -> Mapping[str, str]:
        """The headers for a request to `/api/v2`, or to `/api/v1`. Logs in if that hasn't been done yet."""
        with self._lock:
            return self._way(v2=v2).headers()

    def renew(self, refused: Mapping[str, str], *, v2: bool, late: bool = False) -> bool:
        """Gets new credentials, and says whether the headers now differ from `refused`. Threads may share it.

        `late`: it is tried after the deadline as well.
        """
        with self._lock:
            return self._way(v2=v2).renew(refused, late=late)

    def worked(self, headers: Mapping[str, str], *, v2: bool) -> None:
        """Notes that a request with these headers succeeded."""
        with self._lock:
            self._way(v2=v2).worked(headers)

    def has_expired(self, *, v2: bool) -> bool:
        """Whether the credentials say that they have expired."""
        return self._way(v2=v2).has_expired()

    def close(self) -> None:
        """Logs out. A token ends by itself."""
        if not self._lock.acquire(timeout=1):
            return  # a thread that was given up is logging in
        try:
            for way in self._ways.values():
                way.close()
        finally:
            self._lock.release()

    def _fitting(self, *, v2: bool) -> type[LoginWay]:
        return next(way for way in registry.WAYS if way.fits(self._credentials, v2=v2))

    def _way(self, *, v2: bool) -> LoginWay:
        kind = self._fitting(v2=v2)
        if kind not in self._ways:
            self._ways[kind] = kind(self._credentials, self._transport, self._timeout)
        return self._ways[kind]
