"""Decides where a redirect may lead: only to servers that the user named, because it takes credentials along."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from airconn.errors import TargetError
from airconn.urls import server_of

FOLLOWED = (307, 308)
"""The redirects that repeat the same request with its body. Others would turn a write into a GET."""


class Elsewhere(TargetError):
    """A redirect, or a link in an answer, that isn't followed."""


@dataclass(frozen=True, slots=True)
class NamedServers:
    """The servers that were named for requests: `base` and the hosts of --allow-redirect."""

    where: str
    """The place, for messages."""
    base: str = ""
    """The server that was named. Empty if a driver asks several servers, such as those for tokens."""
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
        """The error for a redirect that isn't followed, with only the host of its target.

        `hint` is what to do if --allow-redirect doesn't help.
        """
        there = server_of(urljoin(came_from, location))
        if there is None:
            return Elsewhere("it redirects to another page (not followed)", where=self.where, hint=hint or None)
        message = f"it redirects to {there}, which would get credentials and secrets: not followed"
        if urlsplit(came_from).scheme.lower() == "https" and there.scheme == "http":
            return Elsewhere(message, where=self.where, hint="redirects from https to http are not followed")
        if self.base and not hint:
            hint = f"if you trust that server: --allow-redirect {there.host}:{there.port}, or use its address"
        return Elsewhere(message, where=self.where, hint=hint or "check that it is the right server")
