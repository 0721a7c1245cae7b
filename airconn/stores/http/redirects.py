"""Where a redirect may lead: only to what the user named, because it takes credentials and secrets along."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from airconn.errors import TargetError
from airconn.urls import server_of

FOLLOWED = (307, 308)
"""Those after which the same request is made, with its body. Any other would make a GET of a write."""


class Elsewhere(TargetError):
    """A redirect, or a link in an answer, that isn't followed."""


@dataclass(frozen=True, slots=True)
class NamedServers:
    """The servers that were named for requests: `base` and the hosts of --allow-redirect."""

    where: str
    """The place, for messages."""
    base: str = ""
    """The server that was named. Empty where a driver asks several, as those that give tokens."""
    allowed: tuple[str, ...] = ()

    def admits(self, url: str, came_from: str) -> bool:
        """Whether a request that was for `came_from` may go to `url`."""
        there, before = server_of(url), server_of(came_from)
        if there is None or (before is not None and before.scheme == "https" and there.scheme == "http"):
            return False
        if there == before or there == server_of(self.base):
            return True
        return any(name.lower() in (there.host, f"{there.host}:{there.port}") for name in self.allowed)

    def refusal(self, location: str, came_from: str, hint: str = "") -> Elsewhere:
        """Why a redirect isn't followed: with the host that it leads to, and nothing else of it.

        `hint` is the way out where --allow-redirect isn't one.
        """
        there = server_of(urljoin(came_from, location))
        if there is None:
            return Elsewhere(
                "it redirects to another page, which isn't followed", where=self.where, hint=hint or None
            )
        message = f"it redirects to {there}, and a redirect takes credentials and secrets along: not followed"
        if urlsplit(came_from).scheme.lower() == "https" and there.scheme == "http":
            return Elsewhere(message, where=self.where, hint="no redirect from https to http is followed")
        if self.base and not hint:
            hint = f"if you trust that server: --allow-redirect {there.host}:{there.port}, or give its address"
        return Elsewhere(message, where=self.where, hint=hint or "is it the server that you mean?")
