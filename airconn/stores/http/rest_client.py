"""The client of a REST place for its store: requests with credentials, JSON in the answers, and errors in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airconn.errors import TargetError
from airconn.stores.http import gateways
from airconn.stores.http.faults import NoAnswer
from airconn.stores.http.messages import Reply, Request
from airconn.stores.http.transport import Transport


class RestClient:
    """Sends requests to one server. Threads may share it.

    A place whose answers or credentials need more than this overrides `send`, `said` and `login_hint`.
    """

    def __init__(self, transport: Transport, headers: Mapping[str, str] | None = None) -> None:
        """`headers` are sent with each request, such as the one with a token."""
        self.transport = transport
        self.server = transport.server
        self.base = transport.base
        self._headers = headers or {}

    def send(self, request: Request) -> Reply:
        """The answer, with any status. Raises `NoAnswer` if there isn't one."""
        return self.transport.send(request, self._headers)

    def json(self, request: Request) -> dict[str, Any]:
        """The JSON object that answers a request. Raises `TargetError` for any other answer."""
        return self.object_in(self.send(request), request)

    def object_in(self, reply: Reply, request: Request) -> dict[str, Any]:
        """The JSON object in a successful answer. Raises `TargetError` for any other answer."""
        if not 200 <= reply.status < 300:
            raise self.refusal(reply, request)
        answer = reply.json()
        if isinstance(answer, dict):
            return answer
        raise gateways.instead_of_json(reply, self.server, f"{request.method} {request.path}")

    def refusal(self, reply: Reply, request: Request) -> TargetError:
        """The error for an answer that isn't a success."""
        if 300 <= reply.status < 400:
            return self.redirected(reply)
        if fault := gateways.fault(reply):
            return NoAnswer(f"it {fault}", where=self.base, hint="try again later")
        told = f": {said}" if (said := self.said(reply)) else ""
        verb = "fails" if reply.status == 500 else "answers"
        return TargetError(
            f"{request.method} {request.path} {verb} with status {reply.status}{told}", where=self.base
        )

    def said(self, reply: Reply) -> str:
        """The server's own words about a failure. Empty if they can't be shown."""
        return ""

    def login_hint(self) -> str:
        """The hint for a redirect to a login page."""
        return "it may need other credentials"

    def redirected(self, reply: Reply) -> TargetError:
        """The error for a redirect. It isn't followed, since the credentials would go along."""
        return gateways.redirected(reply, self.server, login_hint=self.login_hint())

    def strange(self, message: str) -> TargetError:
        """The error for an answer that the server itself wouldn't give."""
        return gateways.strange(message, self.server)

    def close(self) -> None:
        """Closes the connections."""
        self.transport.close()
