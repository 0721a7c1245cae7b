"""Requests with credentials, and answers that aren't the ones that were hoped for, in words."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from airconn.config import Settings
from airconn.errors import TargetError
from airconn.model import AirflowVersion, Kind
from airconn.stores.airflow_api.error_texts import reason
from airconn.stores.airflow_api.listing_failures import why_it_fails
from airconn.stores.airflow_api.login.authenticator import Authenticator
from airconn.stores.http import gateways as between
from airconn.stores.http.faults import NoAnswer
from airconn.stores.http.transport import Reply, Request, Transport

_HOW = "set AIRCONN_TOKEN, or AIRCONN_USERNAME and AIRCONN_PASSWORD"


class ShowingFailed(TargetError):
    """The server fails on what it was asked to show (500), which may be for the sake of one object alone."""


class Session:
    """A server and who we are for it. Threads may share it."""

    def __init__(self, base: str, settings: Settings) -> None:
        self.base = base
        self._settings = settings
        self.named_by = settings.named_by
        """Where the address comes from."""
        self.transport = Transport(base, settings)
        self.auth = Authenticator(settings.credentials, self.transport, settings.timeout)
        self.v2 = True
        self.version: AirflowVersion | None = None
        """The Airflow that answers, from the moment on when it was asked for that."""
        self.let_in = False
        """Whether a request with these credentials was answered with what it asked for."""
        self._door = threading.Lock()
        self._turned_away: list[Reply] = []
        self._known_good: Request | None = None
        """A request that was answered, to try whether these credentials are still let in."""
        self._refusals = 0
        self._shut: Reply | None = None
        """The answer to credentials that were let in once and aren't any more, to whoever comes after it."""

    def send(self, request: Request) -> Reply:
        """The answer to a request with credentials, logging in again when they have expired.

        Raises `NoAnswer` where there is none, and `TargetError` where logging in is refused.
        """
        if self.let_in:
            if self._shut is None:
                reply = self._send(request)
                if reply.status != 401 and not (reply.status == 403 and self._is_out(reply)):
                    return reply
                # A password that was changed in mid-run, sent for each of many objects, gets its user locked out.
                self._shut = replace(reply, status=401)
            return self._shut
        before = len(self._turned_away)
        with self._door:
            # One at a time until one is let in: threads that begin together must not try a wrong password each.
            if len(self._turned_away) > before:
                return self._turned_away[-1]
            reply = self._send(request)
            if reply.status in (401, 403):
                self._turned_away.append(reply)
            return reply

    def _is_out(self, reply: Reply) -> bool:
        """Whether a 403 is for these credentials as such, and not for what was asked.

        Airflow 2.11 treats wrong ones as the public, which may do nothing. What was let in before is asked again, at
        the first refusal, and then ever more seldom.
        """
        if self.v2 or self._known_good is None:
            return False
        with self._door:
            if self._shut is not None:
                return True
            self._refusals += 1
            if self._refusals & (self._refusals - 1):
                return False
            return self._send(self._known_good).status in (401, 403)

    def _send(self, request: Request) -> Reply:
        headers = self.auth.headers(v2=self.v2)
        reply = self.transport.send(request, headers)
        if _expired(reply, headers):
            try:
                renewed = self.auth.renew(headers, v2=self.v2, late=request.late)
            except TargetError as error:
                if not reply.doubtful:
                    raise
                raise NoAnswer(error.message, where=self.base, hint=error.hint, maybe_done=True) from None
            if renewed:
                headers, doubtful = self.auth.headers(v2=self.v2), reply.doubtful
                try:
                    reply = self.transport.send(request, headers)
                except NoAnswer as error:
                    error.maybe_done |= doubtful
                    raise
                reply = replace(reply, doubtful=reply.doubtful or doubtful)
        if 200 <= reply.status < 300 or (reply.status == 404 and names_an_object(reply)):
            self.let_in = True
            self.auth.worked(headers)
            if request.method == "GET" and self._known_good is None:
                self._known_good = request
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
            raise between.instead_of_json(reply, self.base, f"GET {request.path}")
        if reply.status == 404 and names_an_object(reply):
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
        if trouble := between.trouble(reply):
            return NoAnswer(f"it {trouble}", where=self.base, hint="try again when it is well")
        if reply.status == 500:
            text = f"GET {request.path} fails with status 500{told}"
            return ShowingFailed(text, where=self.base, hint=why_it_fails(kind, self.version))
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
        if between.has_run_out(known.token):
            hint = f"{source}: set it to a new one, or AIRCONN_TOKEN_COMMAND to a command that prints one"
            return TargetError("the token has expired", where=self.base, hint=hint)
        if status == 401:
            refuses = "doesn't accept the credentials any more" if self.let_in else "refuses the credentials"
            return TargetError(f"it {refuses}", where=self.base, hint=source)
        if self.let_in:
            return TargetError(f"these credentials may not {wish}", where=self.base, hint=source)
        return TargetError(f"it refuses the credentials, or they may not {wish}", where=self.base, hint=source)

    def redirected(self, reply: Reply) -> TargetError:
        """A redirect, which is not followed: the credentials would go along."""
        hint = "it may want another kind of token" if self.auth.given else f"it may want a token: {_HOW}"
        return between.redirected(reply, self.base, login_hint=hint)

    def close(self) -> None:
        self.auth.close()
        self.transport.close()


def _expired(reply: Reply, headers: Mapping[str, str]) -> bool:
    """Whether new credentials may help.

    Beside a 401 these are the 403 with which Airflow 3 answers to a token of another key, and the 403 with which
    Airflow 2 treats a session that has ended as the public. A user who was shut out in the meantime is redirected.
    """
    if "Cookie" in headers:
        return reply.status in (401, 403) or 300 <= reply.status < 400
    return reply.status == 401 or (reply.status == 403 and b"Invalid JWT token" in reply.body)


def names_an_object(reply: Reply) -> bool:
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
