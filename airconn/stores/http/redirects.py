"""Where a redirect may lead: it takes credentials and secrets along, so nowhere that the user didn't name."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from airconn.errors import TargetError

_PORTS = {"http": 80, "https": 443}
FOLLOWED = (307, 308)
"""Those after which the same request is made, with its body. Any other would make a GET of a write."""


class Elsewhere(TargetError):
    """A redirect, or a link in an answer, that isn't followed."""


@dataclass(frozen=True, slots=True)
class Way:
    """Who was named for requests: `base` and the hosts of --allow-redirect."""

    where: str
    """The place, for messages."""
    base: str = ""
    """The server that was named. None is named where a driver asks several, as those that give tokens."""
    allowed: tuple[str, ...] = ()

    def admits(self, url: str, came_from: str) -> bool:
        """Whether a request that was for `came_from` may go to `url`."""
        there, before = _origin(url), _origin(came_from)
        if there is None or (before is not None and before[0] == "https" and there[0] == "http"):
            return False
        if there == before or there == _origin(self.base):
            return True
        _, host, port = there
        return any(name.lower() in (host, f"{host}:{port}") for name in self.allowed)

    def refusal(self, location: str, came_from: str, hint: str = "") -> Elsewhere:
        """Why a redirect isn't followed: with the host that it leads to, and nothing else of it.

        `hint` is the way out where --allow-redirect is none.
        """
        there = _origin(urljoin(came_from, location))
        if there is None:
            return Elsewhere(
                "it redirects to another page, which isn't followed", where=self.where, hint=hint or None
            )
        scheme, host, port = there
        shown = f"{scheme}://{host}{'' if port == _PORTS[scheme] else f':{port}'}"
        message = f"it redirects to {shown}, and a redirect takes credentials and secrets along: not followed"
        if urlsplit(came_from).scheme.lower() == "https" and scheme == "http":
            return Elsewhere(message, where=self.where, hint="no redirect from https to http is followed")
        if self.base and not hint:
            hint = f"if you trust that server: --allow-redirect {host}:{port}, or give its address"
        return Elsewhere(message, where=self.where, hint=hint or "is it the server that you mean?")


def _origin(url: str) -> tuple[str, str, int] | None:
    """Scheme, host and port. None where it is no URL of a server."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if parts.scheme not in _PORTS or not host:
        return None
    host = f"[{host}]" if ":" in host else host
    return parts.scheme, host.lower(), _PORTS[parts.scheme] if port is None else port
