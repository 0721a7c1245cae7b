"""One request and its answer, through the transport of apache-airflow-client: time-outs, repeats, the deadline."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlencode

from airconn import __version__
from airconn.config import Settings
from airconn.errors import TargetError
from airconn.stores.http import bodies
from airconn.stores.http.faults import NoAnswer, OutOfTime, no_answer, proxy_wants_credentials
from airconn.stores.http.pool import check_tls_files, make_client
from airconn.stores.http.retries import Backoff, is_passing, retry_after

if TYPE_CHECKING:
    from airflow_client.client.rest import RESTClientObject

_REPEATABLE = ("GET", "HEAD", "PATCH")
"""What leads to the same when it is done twice. Each PATCH of ours to one object sets fields to given values."""
_NEARLY = 0.05


@dataclass(frozen=True, slots=True)
class Request:
    """What to send. `path` is relative to the base URL, percent-encoded."""

    method: str
    path: str
    query: Sequence[tuple[str, str]] = ()
    body: Mapping[str, Any] | None = field(default=None, repr=False)
    form: Mapping[str, str] | None = field(default=None, repr=False)
    """What to send as the form of a web page, in place of a body."""
    repeatable: bool | None = None
    """Whether doing it twice leads to the same. None is what the method says."""
    timeout: float | None = None
    """Seconds that the server may be silent, if it deserves others than the settings say."""
    once: bool = False
    """Whether it isn't sent again, whatever comes of it."""
    late: bool = False
    """Whether it is sent after the deadline as well, and sent again: it completes what would be half done."""
    largest: int = bodies.OBJECT
    """How many bytes its answer may have."""
    patient: bool = True
    """Whether it is sent again after a time-out, as it is. One of many objects is rather made smaller."""
    divisible: bool = False
    """Whether it is sent in smaller parts where the server fails on it (500), and not again."""

    @property
    def may_be_done_twice(self) -> bool:
        return self.method in _REPEATABLE if self.repeatable is None else self.repeatable


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer. Its body may echo what was sent, secrets included, so it has no part in the repr."""

    status: int
    media_type: str
    location: str | None
    body: bytes = field(repr=False)
    retry_after: float | None = None
    """After how many seconds it may be asked again, if it says so."""
    cookies: Sequence[str] = field(default=(), repr=False)
    """Its `Set-Cookie` headers. Nothing keeps them, or sends them back by itself."""
    doubtful: bool = False
    """Whether the same request was sent before, and may have been carried out then."""

    def json(self) -> Any:
        """The body as JSON, or None where it is none."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None


def unknown_fate(reply: Reply) -> bool:
    """Whether an answer is that of a gateway that doesn't know whether the server did what it was asked.

    503 is one: Envoy gives it when the connection to the server broke. So are those beyond 504 that some gateways
    have (Cloudflare's 520 to 527). Airflow itself has none of them.
    """
    return reply.status >= 502


class Transport:
    """Sends requests to one base URL. Threads may share it. Nothing is imported or opened before the first one."""

    backoff: ClassVar[Backoff] = Backoff()
    """Tests set one that doesn't wait."""

    def __init__(self, base: str, settings: Settings) -> None:
        self.base = base
        self._settings = settings
        self._client: RESTClientObject | None = None
        self._lock = threading.Lock()
        self._answered = False
        """From the first answer on, a refused connection may be a restart. Before it, it is a wrong address."""
        self._closed = threading.Event()
        self._finishing = False
        check_tls_files(settings)

    @contextmanager
    def finishing(self) -> Iterator[None]:
        """Within this block objects are written: what is begun is finished, and the deadline cuts off no request.

        It only keeps one from being sent again. Who sends another one asks `is_late` first.
        """
        self._finishing = True
        try:
            yield
        finally:
            self._finishing = False

    def is_late(self) -> bool:
        """Whether the deadline has passed, so that nothing more is begun."""
        return self._is_beyond(0.0)

    def send(self, request: Request, headers: Mapping[str, str]) -> Reply:
        """The answer, whatever its status. Redirects are not followed: they would take the credentials along.

        Repeats what is safe to repeat. Raises `NoAnswer` where there is none, which is an `OutOfTime` where the
        deadline is why.
        """
        doubtful = False
        allowed = 0 if request.once else self._settings.retries
        repeats = 0
        while True:
            earlier = doubtful
            seconds = self._settings.timeout if request.timeout is None else request.timeout
            if not request.late:
                seconds = self.seconds(seconds, doubtful)
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
            if pause is not None and (request.late or not (self._finishing and self._is_beyond(pause))):
                self._wait(request, pause, result, doubtful)
            elif isinstance(result, Reply):
                return replace(result, doubtful=True) if earlier else result
            else:
                result.maybe_done = doubtful
                raise result

    def seconds(self, most: float, maybe_done: bool = False) -> float:
        """How long something may take that deserves `most` seconds. Raises `OutOfTime` where no time is left."""
        left = self._left()
        if left is None:
            return most
        if left <= 0:
            raise OutOfTime("the deadline has passed", where=self.base, maybe_done=maybe_done)
        return min(most, left)

    def _left(self) -> float | None:
        """The seconds that a request may take at most, if there is a limit."""
        return None if self._finishing else self._settings.seconds_left()

    def _is_beyond(self, pause: float) -> bool:
        """Whether the deadline has passed after so many seconds."""
        left = self._settings.seconds_left()
        return left is not None and left <= pause

    def _wait(self, request: Request, pause: float, result: Reply | NoAnswer, maybe_done: bool) -> None:
        """Waits before a repeat, unless there is no time left for one."""
        if not request.late and self._is_beyond(pause):
            why = result.message if isinstance(result, NoAnswer) else f"it answers with status {result.status}"
            text = f"{why}, and the deadline leaves no time to try again"
            raise OutOfTime(text, where=self.base, maybe_done=maybe_done)
        if self._closed.wait(pause):
            raise NoAnswer("it isn't asked again", where=self.base, maybe_done=maybe_done)

    def _try(self, request: Request, headers: Mapping[str, str], seconds: float) -> Reply | NoAnswer:
        """The answer to a request that is sent once, or why there is none."""
        from airconn.stores.airflow_api import client_parts

        client_parts.prepare()
        from airflow_client.client.exceptions import ApiException
        from urllib3.exceptions import HTTPError, SSLError

        named_by = self._settings.named_by
        try:
            reply = self._once(request, headers, seconds)
        except HTTPError as error:
            left = self._left()
            late = left is not None and left < _NEARLY
            return no_answer(error, self.base, seconds, answered=self._answered, late=late, named_by=named_by)
        except ApiException as error:
            # What the client makes of a TLS failure: its text is the reason.
            fault = SSLError(str(error.reason))
            return no_answer(fault, self.base, seconds, answered=self._answered, named_by=named_by)
        if reply.status == 407:
            return proxy_wants_credentials(self.base)
        self._answered = True
        return reply

    def _once(self, request: Request, headers: Mapping[str, str], seconds: float) -> Reply:
        url = self.base + request.path + ("?" + urlencode(request.query) if request.query else "")
        sent = {"Accept": "application/json", "User-Agent": f"airconn/{__version__}", **headers}
        if request.body is not None:
            sent["Content-Type"] = "application/json"
        if request.form is not None:
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        client, ends = self._get_client(), self._end(request, seconds)
        response = client.request(  # type: ignore[no-untyped-call]
            request.method,
            url,
            headers=sent,
            body=request.body,
            post_params=None if request.form is None else list(request.form.items()),
            _request_timeout=seconds,
        )
        try:
            body = bodies.whole(response.response, request.largest, self.base, ends)
        except bodies.TooLate:
            raise OutOfTime("no whole answer before the deadline", where=self.base, maybe_done=True) from None
        except TargetError as error:
            raise NoAnswer(error.message, where=self.base, hint=error.hint, maybe_done=True) from None
        except (ValueError, OverflowError):  # a length that is none, of which http.client and urllib3 let some pass
            raise NoAnswer("its answer breaks the rules of HTTP", where=self.base, maybe_done=True) from None
        if response.status >= 500:
            # Airflow 3 closes the connection after a 500 without saying so; the next request on it would fail.
            client.pool_manager.clear()
        media_type = (response.headers.get("Content-Type") or "").partition(";")[0].strip().lower()
        asked = retry_after(response.headers.get("Retry-After"))
        location, cookies = response.headers.get("Location"), tuple(response.headers.getlist("Set-Cookie"))
        return Reply(response.status, media_type, location, body, asked, cookies)

    def _end(self, request: Request, seconds: float) -> float | None:
        """When the answer to a request that is sent now has to be whole, on the clock of `time.monotonic`."""
        deadline = self._settings.deadline
        if deadline is None or not (self._finishing or request.late):
            return deadline
        return max(deadline, time.monotonic() + seconds)

    def _get_client(self) -> RESTClientObject:
        with self._lock:
            if self._client is None:
                self._client = make_client(self.base, self._settings)
            return self._client

    def close(self) -> None:
        """Closes the connections, and ends the pauses."""
        self._closed.set()
        with self._lock:
            if self._client is not None:
                self._client.pool_manager.clear()
                self._client = None
