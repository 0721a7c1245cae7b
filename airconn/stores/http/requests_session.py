"""Makes sessions of requests for the drivers that take one. They send nothing to hosts that weren't named."""

from __future__ import annotations

from typing import Any
from urllib.parse import urljoin

from airconn.errors import TargetError
from airconn.stores import drivers
from airconn.stores.http import bodies, redirects


def make_session(extra: str, named: redirects.NamedServers, most: bodies.Limit) -> Any:
    """A `requests.Session` that follows a redirect only where `named` admits it, and limits the body of each answer.

    `extra` is the extra of airconn that brings requests. Its adapters are set with `mount`.
    """
    requests = drivers.load("requests", extra)

    class GuardedSession(requests.Session):  # type: ignore[misc, name-defined]
        refusal: TargetError | None = None
        """The last refusal, for drivers that turn it into an error of their own."""

        def send(self, request: Any, **options: Any) -> Any:
            try:
                if named.base and not named.admits(request.url, named.base):
                    raise named.refusal(request.url, named.base)
                return super().send(request, **options)
            except TargetError as error:
                self.refusal = error
                raise

        def get_redirect_target(self, response: Any) -> Any:
            to = super().get_redirect_target(response)
            if not to:
                return None
            if not named.admits(urljoin(response.url, to), response.url):
                raise named.refusal(to, response.url)
            return to if response.status_code in redirects.FOLLOWED else None

    session = GuardedSession()
    session.headers["Accept-Encoding"] = "gzip"
    mount(session, extra, named, most)
    return session


def mount(session: Any, extra: str, named: redirects.NamedServers, most: bodies.Limit, **options: Any) -> None:
    """Gives a session adapters with these options of `HTTPAdapter`."""
    adapters = drivers.load("requests.adapters", extra)

    class Adapter(adapters.HTTPAdapter):  # type: ignore[misc, name-defined]
        def init_poolmanager(self, *args: Any, **given: Any) -> None:
            super().init_poolmanager(*args, **given)
            _limit(self.poolmanager)

        def proxy_manager_for(self, *args: Any, **given: Any) -> Any:
            manager = super().proxy_manager_for(*args, **given)
            if manager not in limited:
                limited.append(manager)
                _limit(manager)
            return manager

    limited: list[Any] = []

    def _limit(manager: Any) -> None:
        manager.pool_classes_by_scheme = bodies.limited(manager.pool_classes_by_scheme, most, named.where)

    for scheme in ("https://", "http://"):
        session.mount(scheme, Adapter(**options))
