"""Sends requests to one server: time-outs, retries, the deadline."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import urlencode

from airconn import __version__
from airconn.config import Settings
from airconn.errors import TargetError, UsageError
from airconn.stores.http import bodies
from airconn.stores.http.deadline import RunDeadline
from airconn.stores.http.faults import NoAnswer, OutOfTime, no_answer, proxy_wants_credentials
from airconn.stores.http.messages import Reply, Request, unknown_fate
from airconn.stores.http.retries import Backoff, is_passing, retry_after
from airconn.stores.http.server import RestServer
from airconn.stores.http.tls import check_tls_files

if TYPE_CHECKING:
    from urllib3 import PoolManager
    from urllib3.response import BaseHTTPResponse

Carrier = Callable[[Request, str, Mapping[str, str], float], "BaseHTTPResponse"]
"""Sends a request once, to a URL with headers, to a server that may be silent for so many seconds.

Raises errors of urllib3, or `NoAnswer`.
"""


def by_urllib3(pool: PoolManager) -> Carrier:
    """The carrier for a server without a client library of its own."""
    from urllib3 import Timeout

    def carry(request: Request, url: str, headers: Mapping[str, str], seconds: float) -> BaseHTTPResponse:
        body = None if request.body is None else json.dumps(request.body)
        body = body if request.form is None else urlencode(request.form)
        timeout = Timeout(total=seconds)
        return pool.request(request.method, url, body=body, headers=headers, timeout=timeout, preload_content=False)

    return carry


def merged(sent: Mapping[str, str], extra: Mapping[str, str]) -> dict[str, str]:
    """Headers with others added, which win, but that cookies are joined and those of `sent` win by their names."""
    if not extra:
        return dict(sent)
    given = {name.lower(): name for name in extra}
    result = {name: value for name, value in sent.items() if name.lower() not in given} | dict(extra)
    own = next((value for name, value in sent.items() if name.lower() == "cookie"), "")
    if own and "cookie" in given:
        pairs = [pair.strip() for pair in extra[given["cookie"]].split(";")]
        names = {pair.partition("=")[0].strip() for pair in own.split(";")}
        kept = [pair for pair in pairs if pair and pair.partition("=")[0].strip() not in names]
        result[given["cookie"]] = "; ".join([*kept, own])
    return result


def refuse_for_proxy(headers: Mapping[str, str]) -> None:
    """Raises `UsageError` for a header that a proxy would keep to itself, since the request isn't encrypted."""
    if any(name.lower() == "proxy-authorization" for name in headers):
        raise UsageError(
            "the proxy would get the Proxy-Authorization header that is for a gateway behind it",
            hint="use https, or list the host in NO_PROXY",
        )


class Transport:
    """Sends requests to one server. Threads may share it. Nothing is imported or opened before the first one."""

    backoff: ClassVar[Backoff] = Backoff()
    """The pauses before retries. Tests set one that doesn't wait."""

    def __init__(
        self,
        base: str,
        settings: Settings,
        *,
        name: str = "the server",
        way_in: str = "",
        unreached: str = "",
        carrier: Callable[[PoolManager], Carrier] = by_urllib3,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """`name`, `way_in`, `unreached`: for messages, see `RestServer`. `carrier` sends requests over a pool.

        `headers` are sent with each request besides its own, such as those for a gateway in front of the server.
        """
        self.server = RestServer(base, name, settings.named_by, way_in, unreached)
        self.base = base
        self.deadline = RunDeadline(settings, base)
        self._settings = settings
        self._make_carrier = carrier
        self.extra_headers: Mapping[str, str] = headers or {}
        """The headers of each request besides its own. Others may take their place."""
        self._pool: PoolManager | None = None
        self._carrier: Carrier | None = None
        self._lock = threading.Lock()
        self._answered = False
        """Whether there was an answer. After it, a refused connection may be a restart; before, a wrong address."""
        self._closed = threading.Event()
        check_tls_files(settings)

    def send(self, request: Request, headers: Mapping[str, str]) -> Reply:
        """The answer, with any status. Redirects aren't followed: they would take the credentials along.

        Repeats what is safe to repeat. Raises `NoAnswer` where no answer comes, which is an `OutOfTime` where the
        deadline is why.
        """
        doubtful = False
        allowed = 0 if request.once else self._settings.retries
        repeats = 0
        while True:
            earlier = doubtful
            seconds = self._settings.timeout if request.timeout is None else request.timeout
            if not request.late:
                seconds = self.deadline.seconds(seconds, maybe_done=doubtful)
            result = self._try(request, headers, seconds)
            if isinstance(result, Reply):
                passing = is_passing(result.status, result.retry_after, repeatable=request.may_be_done_twice)
                passing = passing and not (request.divisible and result.status == 500)
                doubtful |= unknown_fate(result)
                asked = result.retry_after
            else:
                passing = result.passing and (request.may_be_done_twice or not result.maybe_done)
                passing = passing and (request.patient or not result.timed_out)
                doubtful |= result.maybe_done
                asked = None
            repeats += 1
            pause = self.backoff.pause(repeats, asked) if passing and repeats <= allowed else None
            if pause is not None and (request.late or not self.deadline.forbids(pause)):
                self._wait(request, pause, result, doubtful)
            elif isinstance(result, Reply):
                return replace(result, doubtful=True) if earlier else result
            else:
                result.maybe_done = doubtful
                raise result

    def _wait(self, request: Request, pause: float, result: Reply | NoAnswer, maybe_done: bool) -> None:
        """Waits before a retry. Raises `OutOfTime` if the deadline comes first."""
        if not request.late and self.deadline.has_passed(pause):
            why = result.message if isinstance(result, NoAnswer) else f"it answers with status {result.status}"
            text = f"{why}, and the deadline leaves no time for another try"
            raise OutOfTime(text, where=self.base, maybe_done=maybe_done)
        if self._closed.wait(pause):
            raise NoAnswer("not tried again", where=self.base, maybe_done=maybe_done)

    def _try(self, request: Request, headers: Mapping[str, str], seconds: float) -> Reply | NoAnswer:
        """The answer to a request that is sent once, or the error if there isn't one."""
        from urllib3.exceptions import HTTPError

        try:
            reply = self._once(request, headers, seconds)
        except NoAnswer as error:
            return error
        except HTTPError as error:
            late = self.deadline.cut_off()
            return no_answer(error, self.server, seconds, answered=self._answered, late=late)
        if reply.status == 407:
            return proxy_wants_credentials(self.base)
        self._answered = True
        return reply

    def _once(self, request: Request, headers: Mapping[str, str], seconds: float) -> Reply:
        url = self.base + request.path + ("?" + urlencode(request.query) if request.query else "")
        sent = {"Accept": "application/json", "User-Agent": f"airconn/{__version__}"}
        sent = merged({**sent, **headers}, self.extra_headers)
        if request.body is not None or request.lacks_body:
            sent["Content-Type"] = "application/json"
        if request.form is not None:
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        pool, carry = self._open()
        ends = self.deadline.end_of(seconds, late=request.late)
        response = carry(request, url, sent, seconds)
        try:
            body = bodies.whole(response, request.largest, self.base, ends)
        except bodies.TooLate:
            raise OutOfTime("no complete answer before the deadline", where=self.base, maybe_done=True) from None
        except TargetError as error:
            raise NoAnswer(error.message, where=self.base, hint=error.hint, maybe_done=True) from None
        except (ValueError, OverflowError):  # an invalid length, which http.client and urllib3 don't always notice
            raise NoAnswer("its answer is not valid HTTP", where=self.base, maybe_done=True) from None
        if response.status >= 500:
            # Airflow 3 closes the connection after a 500 without saying so; the next request on it would fail.
            pool.clear()
        media_type = (response.headers.get("Content-Type") or "").partition(";")[0].strip().lower()
        asked = retry_after(response.headers.get("Retry-After"))
        location, cookies = response.headers.get("Location"), tuple(response.headers.getlist("Set-Cookie"))
        date = response.headers.get("Date")
        return Reply(response.status, media_type, location, body, asked, cookies, date=date)

    def _open(self) -> tuple[PoolManager, Carrier]:
        from airconn.stores.http.pool import make_pool

        with self._lock:
            if self._pool is None or self._carrier is None:
                self._pool = make_pool(self.base, self._settings)
                if self._pool.proxy and self.base.startswith("http:"):
                    refuse_for_proxy(self.extra_headers)
                self._carrier = self._make_carrier(self._pool)
            return self._pool, self._carrier

    def rest(self) -> None:
        """Closes the connections until the next request."""
        with self._lock:
            if self._pool is not None:
                self._pool.clear()

    def close(self) -> None:
        """Closes the connections, and ends the pauses."""
        self._closed.set()
        with self._lock:
            if self._pool is not None:
                self._pool.clear()
                self._pool = None
