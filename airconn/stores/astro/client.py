"""Asks the Astro API: requests of one organization, whole lists, and refusals in words."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from airconn.config import Settings
from airconn.errors import TargetError, UsageError, with_page
from airconn.stores.astro.identity import AstroIdentity, api_url, find_identity
from airconn.stores.astro.paging import ListedPage, whole_list
from airconn.stores.http import bodies, echoes, gateways
from airconn.stores.http.faults import NoAnswer
from airconn.stores.http.messages import Reply, Request, unknown_fate
from airconn.stores.http.rest_client import RestClient
from airconn.stores.http.transport import Transport

_PAGE = 1000
"""The objects of one page, as Astro's own CLI asks for. A server with a lower limit gives fewer."""
_MOST = 10**9
"""More objects than any list has."""
_TRIES = 3
"""How often a list is read that changes while it is read."""

_TELLING = 4
"""The characters from which on a text that was sent isn't repeated in a message."""
_ID = re.compile(r"[A-Za-z0-9_-]+")

Query = Sequence[tuple[str, str]]


def nothing_watched(done: int, total: int | None) -> None:
    """A watch that does nothing."""


class AstroRefusal(TargetError):
    """The Astro API refuses a request."""

    def __init__(
        self,
        message: str,
        *,
        where: str | None = None,
        hint: str | None = None,
        status: int = 0,
        said: str = "",
        request_id: str = "",
        field_errors: tuple[str, ...] = (),
    ) -> None:
        super().__init__(message, where=where, hint=hint)
        self.status = status
        self.said = said
        """The server's own words, which may quote what was sent: they are for decisions, and not for messages."""
        self.request_id = request_id
        self.field_errors = field_errors
        """The refused fields, each with its code, such as `connection.type (required)`."""


class AstroApi:
    """The Astro API for one organization. Threads may share it. Nothing is read or sent before the first call."""

    def __init__(self, settings: Settings, organization: str | None = None) -> None:
        """`organization` is an id, for a token that doesn't tell its own."""
        self._settings = settings
        self._given = organization
        self._lock = threading.Lock()
        self._identity: AstroIdentity | None = None
        self._client: _AstroClient | None = None
        self._organization = ""

    @property
    def identity(self) -> AstroIdentity:
        """The identity that requests are sent as. Raises `UsageError` and `TargetError` if there isn't one."""
        with self._lock:
            if self._identity is None:
                self._identity = find_identity(self._settings)
            return self._identity

    @property
    def organization(self) -> str:
        """The id of the organization. Asks for it if neither the address nor the token tells it."""
        known = self._given or self._organization or self.identity.organization
        if not known:
            known = self._organization = self._only_organization()
        if not _ID.fullmatch(known):
            raise UsageError("the organization isn't named by an id", hint="see Organization Settings in Astro")
        return known

    @property
    def base(self) -> str:
        """The URL of the API, for messages."""
        return self._connected().base

    def get(self, path: str, query: Query = ()) -> dict[str, Any]:
        """The answer to a GET of a path below that of the organization. Raises `TargetError`."""
        return self._connected().json(Request("GET", self._path(path), query, largest=bodies.OBJECT))

    def pages(
        self, path: str, query: Query, key: str, watch: Callable[[int, int | None], None] = nothing_watched
    ) -> list[dict[str, Any]]:
        """The whole list that `key` of the answers holds, as many pages as there are.

        It is read again if its length changes meanwhile, because a page by number then skips or repeats objects.
        `watch` is called with the objects read so far, and how many there are. Raises `TargetError`.
        """
        client, where = self._connected(), self._path(path)
        for _ in range(_TRIES):
            found = _one_pass(client, where, query, key, watch)
            if found is not None:
                return found
        raise TargetError(
            f"the list {where} changes faster than it can be read", where=client.base, hint="try again in a moment"
        )

    def post(
        self, path: str, body: Mapping[str, Any], *, repeatable: bool = False, late: bool = False
    ) -> dict[str, Any]:
        """The answer to a POST. Raises `TargetError`, which is a `NoAnswer` where the answer was lost.

        `late`: it is also sent after the deadline, because it completes an object.
        """
        request = Request(
            "POST", self._path(path), body=body, repeatable=repeatable, late=late, largest=bodies.OBJECT
        )
        return self._connected().json(request)

    def delete(self, path: str) -> None:
        """Deletes what a path names. One that is gone already counts as deleted. Raises `TargetError`."""
        request = Request("DELETE", self._path(path), repeatable=True, largest=bodies.SMALL)
        client = self._connected()
        reply = client.send(request)
        if 200 <= reply.status < 300:
            if reply.body.strip() and not isinstance(reply.json(), dict):
                raise gateways.instead_of_json(reply, client.server, f"DELETE {request.path}")
            return
        error = client.refusal(reply, request)
        # A 404 that isn't Astro's own comes from something in front, and says nothing about the object.
        if not (reply.status == 404 and isinstance(error, AstroRefusal)):
            raise error

    def close(self) -> None:
        """Closes the connections."""
        if self._client is not None:
            self._client.close()

    def _path(self, path: str) -> str:
        return f"/organizations/{quote(self.organization, safe='')}{path}"

    def _connected(self) -> _AstroClient:
        identity = self.identity
        with self._lock:
            if self._client is None:
                base, named_by = api_url(self._settings, identity)
                settings = replace(self._settings, named_by=named_by)
                self._client = _AstroClient(Transport(base, settings, name="the Astro API"), identity)
            return self._client

    def _only_organization(self) -> str:
        """The organization of a user's token, if there is one only."""
        client = self._connected()
        found = _one_pass(client, "/organizations", (), "organizations", nothing_watched) or []
        if len(found) == 1:
            return str(found[0].get("id"))
        named = ", ".join(sorted(f"{one.get('id')} ({_shown(one.get('name'))})" for one in found))
        raise UsageError(
            f"the token is for {len(found)} organizations, and the address doesn't name one",
            where=client.base,
            hint=f"add ?organization=ID: {named}"
            if found
            else "check that it is a token of a user of an organization",
            topic="astro",
        )


class _AstroClient(RestClient):
    """Sends requests with the token to the Astro API, and to no other host."""

    def __init__(self, transport: Transport, identity: AstroIdentity) -> None:
        super().__init__(transport, {"Authorization": f"Bearer {_one_line(identity)}"})
        self._identity = identity

    def login_hint(self) -> str:
        return f"the token comes from {self._identity.source}"

    def refusal(self, reply: Reply, request: Request) -> TargetError:
        answer = reply.json()
        if not isinstance(answer, dict) or not (reply.status in (401, 403) or "requestId" in answer):
            if reply.status not in (401, 403):
                error = super().refusal(reply, request)
                if isinstance(error, NoAnswer):
                    # A gateway may have passed it on.
                    error.maybe_done = reply.doubtful or unknown_fate(reply)
                return error
            answer = {}
        hidden = (self._identity.token, *_texts(request.body))
        fields = tuple(_field_errors(answer, hidden))
        details = [f"request {id_}"] if (id_ := _shown(answer.get("requestId"), hidden)) else []
        message, hint = self._in_words(reply.status, request, fields)
        return AstroRefusal(
            message + (f" ({'; '.join(details)})" if details else ""),
            where=self.base,
            hint=hint,
            status=reply.status,
            said=str(answer.get("message") or "")[:2000],
            request_id=id_,
            field_errors=fields,
        )

    def _in_words(self, status: int, request: Request, fields: Sequence[str]) -> tuple[str, str | None]:
        source = f"the token comes from {self._identity.source}"
        what = f"{request.method} {request.path}"
        if status == 401:
            return "Astro refuses the token", with_page(source, "astro")
        if status == 403:
            hint = with_page(f"{source}; check its role in the organization", "astro")
            return f"the token may not do this: {what}", hint
        if status == 429:
            return f"Astro gets too many requests with this token: {what}", "try again in a minute"
        if fields:
            return f"Astro refuses the request: {', '.join(fields)}", None
        return f"{what} answers with status {status}", None


def _one_pass(
    client: _AstroClient, path: str, query: Query, key: str, watch: Callable[[int, int | None], None]
) -> list[dict[str, Any]] | None:
    """A list in one pass. None if its length has changed meanwhile."""

    def fetch(offset: int) -> ListedPage:
        page = [*query, ("offset", str(offset)), ("limit", str(_PAGE))]
        answer = client.json(Request("GET", path, page, largest=bodies.LIST))
        items, total = answer.get(key), answer.get("totalCount")
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            items = None
        if items is None or isinstance(total, bool) or not isinstance(total, int) or not 0 <= total <= _MOST:
            raise client.strange(f"GET {path} gives no list of {key} with a totalCount")
        return ListedPage(items, total)

    return whole_list(fetch, watch)


def _field_errors(answer: Mapping[str, Any], hidden: Sequence[str]) -> Iterator[str]:
    """The refused fields of an answer, without its free texts, which may quote a value, and without any that does."""
    errors = answer.get("fieldErrors")
    for error in errors[:5] if isinstance(errors, list) else ():
        if isinstance(error, dict):
            name, code = _shown(error.get("field"), hidden), _shown(error.get("code"), hidden)
            yield f"{name or 'a field'} ({code or 'invalid'})"


def _texts(value: object) -> Iterator[str]:
    """The texts in a body that are long enough to be told from a part of a field's name."""
    if isinstance(value, str):
        yield from [value] if len(value) >= _TELLING else []
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _texts(one)


def _shown(text: object, hidden: Sequence[str] = ()) -> str:
    return echoes.shown(text, hidden)[:80]


def _one_line(identity: AstroIdentity) -> str:
    """The token, if a header can hold it."""
    token = identity.token
    if not token.isascii() or not token.isprintable() or " " in token:
        raise UsageError(
            f"the token in {identity.source} has a character that isn't allowed in a token",
            hint="is it cut off, or quoted?",
        )
    return token
