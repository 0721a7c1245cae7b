"""Requests with credentials, and answers that aren't the ones that were hoped for, in words."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from airconn.config import Settings
from airconn.errors import TargetError
from airconn.model import Kind
from airconn.stores.airflow_api.auth import Authenticator
from airconn.stores.airflow_api.reasons import reason
from airconn.stores.airflow_api.transport import Reply, Request, Transport

_HOW = "set AIRCONN_TOKEN, or AIRCONN_USERNAME and AIRCONN_PASSWORD"


class Broken(TargetError):
    """The server fails on what it was asked to show (500), which may be for the sake of one object alone."""


class Session:
    """A server and who we are for it. Threads may share it."""

    def __init__(self, base: str, settings: Settings) -> None:
        self.base = base
        self._settings = settings
        self.transport = Transport(base, settings)
        self.auth = Authenticator(settings.credentials, self.transport)
        self.v2 = True
        self.let_in = False
        """Whether a request with these credentials was answered with what it asked for."""

    def send(self, request: Request) -> Reply:
        """The answer to a request with credentials, logging in again when they have expired.

        Raises `NoAnswer` where there is none, and `TargetError` where logging in is refused.
        """
        headers = self.auth.headers(v2=self.v2)
        reply = self.transport.send(request, headers)
        if _expired(reply) and self.auth.renew(headers, v2=self.v2):
            reply = self.transport.send(request, self.auth.headers(v2=self.v2))
        if 200 <= reply.status < 300:
            self.let_in = True
        return reply

    def get(self, request: Request, kind: Kind) -> Any:
        """The JSON of an answer to a reading request, None where there is no such object.

        Raises `TargetError` for anything else.
        """
        reply = self.send(request)
        if reply.status == 200:
            answer = reply.json()
            if isinstance(answer, dict):
                return answer
            raise self.strange(f"its answer to GET {request.path} is no JSON object")
        if reply.status == 404 and _names_an_object(reply):
            return None
        raise self.refusal(reply, request, kind)

    def strange(self, message: str) -> TargetError:
        return TargetError(
            message, where=self.base, hint="is something between us and the Airflow, such as a gateway?"
        )

    def refusal(self, reply: Reply, request: Request, kind: Kind) -> TargetError:
        """Why a reading request wasn't answered with what it asked for."""
        said = reason(reply, secrets=self.auth.secrets())
        told = f": {said}" if said and said.lower() not in ("forbidden", "unauthorized", "not found") else ""
        if reply.status in (401, 403):
            return self.shut_out(reply.status, f"read {kind.value}")
        if 300 <= reply.status < 400:
            return self.redirected(reply)
        if reply.status >= 500:
            kind_of_error = Broken if reply.status == 500 else TargetError
            return kind_of_error(
                f"GET {request.path} fails with status {reply.status}{told}",
                where=self.base,
                hint=_poison(kind, self.v2) if reply.status == 500 else "try again when the server is well",
            )
        return TargetError(f"GET {request.path} answers with status {reply.status}{told}", where=self.base)

    def shut_out(self, status: int, wish: str) -> TargetError:
        """Nobody gets in without credentials, or not with these."""
        known = self._settings.credentials
        if not self.auth.given:
            looked = ", ".join(known.looked_at) or "AIRCONN_TOKEN, AIRCONN_USERNAME and AIRCONN_PASSWORD"
            return TargetError(
                "it wants credentials, and there are none", where=self.base, hint=f"looked at {looked}"
            )
        source = f"the credentials come from {known.source or 'nowhere'}"
        if status == 401:
            return TargetError("it refuses the credentials", where=self.base, hint=source)
        if self.let_in:
            return TargetError(f"these credentials may not {wish}", where=self.base, hint=source)
        return TargetError(f"it refuses the credentials, or they may not {wish}", where=self.base, hint=source)

    def redirected(self, reply: Reply) -> TargetError:
        """A redirect, which is not followed: the credentials would go along."""
        goal = urlsplit(reply.location or "")
        here = urlsplit(self.base)
        to = f"{goal.scheme}://{goal.hostname}{f':{goal.port}' if goal.port else ''}" if goal.hostname else ""
        if "login" in goal.path.lower() or "auth" in goal.path.lower() or "signin" in goal.path.lower():
            return TargetError(
                f"it redirects to a login page{f' at {to}' if to else ''}",
                where=self.base,
                hint=f"it may want a token: {_HOW}" if not self.auth.given else "it may want another kind of token",
            )
        if goal.hostname == here.hostname and goal.scheme == "https" and here.scheme == "http":
            return TargetError("it redirects to https", where=self.base, hint=f"use https:{self.base[5:]}")
        return TargetError(
            f"it redirects to {to or 'another page'}", where=self.base, hint="give the address that it redirects to"
        )

    def close(self) -> None:
        self.transport.close()


def _expired(reply: Reply) -> bool:
    """Whether new credentials may help: a 401, and the 403 with which Airflow 3 answers to a token of another key."""
    if reply.status == 401:
        return True
    return reply.status == 403 and b"Invalid JWT token" in reply.body


def _names_an_object(reply: Reply) -> bool:
    """Whether a 404 says that there is no such object, and not that there is no such page.

    v2: `{"detail": "The Variable with key: … was not found"}`, against `{"error": "API route not found"}` and
    `{"detail": "Not Found"}`. v1: a problem document, the title of which names the object or is `Not Found`.
    """
    answer = reply.json()
    if not isinstance(answer, dict) or "error" in answer:
        return False
    detail = answer.get("detail")
    if isinstance(detail, str):
        return "requested URL was not found" not in detail and detail != "Not Found"
    return "title" in answer


def _poison(kind: Kind, v2: bool) -> str:
    """What is behind a 500 on a list, as far as it is known."""
    if kind is Kind.CONNECTIONS and v2:
        return (
            "one connection with an extra that is no JSON object breaks the whole list in Airflow 3; "
            "find it in the server's log, and delete it (airflow connections delete ID)"
        )
    if kind is Kind.POOLS:
        return (
            "before Airflow 3.1 one pool of -1 slots breaks the whole list; "
            "give it a number of slots with: airflow pools set NAME SLOTS DESCRIPTION"
        )
    return "the server's log has the reason"
