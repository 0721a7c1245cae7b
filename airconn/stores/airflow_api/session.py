"""Sends requests to an Airflow with credentials, and puts refusals of them into words."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from airconn.airflow.rest_api import RestDialect
from airconn.credentials import Credentials
from airconn.errors import TargetError
from airconn.model import Kind
from airconn.stores.airflow_api.access import Access
from airconn.stores.airflow_api.error_texts import reason
from airconn.stores.airflow_api.listing_failures import why_it_fails
from airconn.stores.http.faults import NoAnswer
from airconn.stores.http.messages import Reply, Request


class ShowingFailed(TargetError):
    """The server fails to show what it was asked for (500), which may be because of a single object."""


class AnswerTooLarge(ShowingFailed):
    """A page is too large for what carries the answer, so that smaller ones are asked for."""


class Session(Access):
    """Requests with credentials to an Airflow of a known version. Threads may share it."""

    def __init__(self, access: Access, dialect: RestDialect) -> None:
        """It takes over the connections and tokens of `access`."""
        super().__init__(access.transport, access.credentials, access.auth.for_api(v2=dialect.v2), access.front)
        self._dialect = dialect
        self._is_let_in = False
        self._door = threading.Lock()
        self._turned_away: list[Reply] = []
        self._known_good: Request | None = None
        """A request that succeeded, to find out whether these credentials are still accepted."""
        self._refusals = 0
        self._shut: Reply | None = None
        """The answer to credentials that aren't accepted any more, which is given again without a request."""

    @property
    def let_in(self) -> bool:
        """Whether a request with these credentials was answered with what it asked for."""
        return self._is_let_in

    @property
    def is_v2(self) -> bool:
        return self._dialect.v2

    def adopt(self, credentials: Credentials) -> None:
        """Goes on with other credentials, before any were accepted."""
        self.credentials = credentials
        self.auth.adopt(credentials)

    def send(self, request: Request) -> Reply:
        """The answer to a request with credentials, logging in again when they have expired.

        Raises `NoAnswer` where there isn't one, and `TargetError` where logging in is refused.
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
            # One at a time until one is accepted: threads that begin together must not try a wrong password each.
            if len(self._turned_away) > before:
                return self._turned_away[-1]
            reply = self._send(request)
            if reply.status in (401, 403):
                self._turned_away.append(reply)
            return reply

    def _is_out(self, reply: Reply) -> bool:
        """Whether a 403 means that these credentials aren't accepted at all.

        Airflow 2.11 treats wrong ones as the public, which may do nothing. To find out, a request that succeeded
        before is sent again, at the first refusal and then ever more seldom.
        """
        if self._dialect.v2 or self._known_good is None:
            return False
        with self._door:
            if self._shut is not None:
                return True
            self._refusals += 1
            if self._refusals & (self._refusals - 1):
                return False
            return self._send(self._known_good).status in (401, 403)

    def _through_front(self, request: Request, headers: Mapping[str, str]) -> Reply:
        """The answer to a request, with new headers for what is in front of the Airflow when they have expired."""
        sent = self.front.current
        reply = self.transport.send(request, headers)
        if not (self._is_let_in and not reply.doubtful and self.front.may_have_expired(reply)):
            return reply
        return self.transport.send(request, headers) if self.front.renew(sent) else reply

    def _send(self, request: Request) -> Reply:
        headers = self.auth.headers()
        reply = self._through_front(request, headers)
        if _expired(reply, headers):
            try:
                renewed = self.auth.renew(headers, late=request.late)
            except TargetError as error:
                if not reply.doubtful:
                    raise
                raise NoAnswer(error.message, where=self.base, hint=error.hint, maybe_done=True) from None
            if renewed:
                headers, doubtful = self.auth.headers(), reply.doubtful
                try:
                    reply = self.transport.send(request, headers)
                except NoAnswer as error:
                    error.maybe_done |= doubtful
                    raise
                reply = replace(reply, doubtful=reply.doubtful or doubtful)
        if 200 <= reply.status < 300 or (reply.status == 404 and names_an_object(reply)):
            self._is_let_in = True
            self.auth.worked(headers)
            if request.method == "GET" and self._known_good is None:
                self._known_good = request
        return reply

    def get(self, request: Request, kind: Kind) -> Any:
        """The JSON of an answer to a reading request, None where the object is missing.

        Raises `TargetError` for anything else.
        """
        reply = self.send(request)
        if reply.status == 200:
            return self.object_in(reply, request)
        if reply.status == 404 and names_an_object(reply):
            return None
        if reply.status in (401, 403):
            raise self.shut_out(reply.status, f"read {kind.value}")
        error = self.refusal(reply, request)
        if reply.status == 413:
            raise AnswerTooLarge(f"its list of {kind.value} is too large for one answer", where=self.base)
        if reply.status == 500 and not self.let_in and (doubts := self.auth.doubts()):
            raise TargetError("it fails on a token that it has just issued (500)", where=self.base, hint=doubts)
        if reply.status == 500:
            raise ShowingFailed(error.message, where=self.base, hint=why_it_fails(kind, self._dialect))
        raise error

    def said(self, reply: Reply) -> str:
        text = reason(reply, secrets=self.auth.secrets())
        return "" if text.lower() in ("forbidden", "unauthorized", "not found") else text


def _expired(reply: Reply, headers: Mapping[str, str]) -> bool:
    """Whether new credentials may help.

    Beside a 401 these are the 403 with which Airflow 3 answers to a token of another key, and the 403 with which
    Airflow 2 treats a session that has ended as the public. A user who was shut out in the meantime is redirected.
    """
    if "Cookie" in headers:
        return reply.status in (401, 403) or 300 <= reply.status < 400
    return reply.status == 401 or (reply.status == 403 and b"Invalid JWT token" in reply.body)


def names_an_object(reply: Reply) -> bool:
    """Whether a 404 says that the object is missing, and not the page.

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
