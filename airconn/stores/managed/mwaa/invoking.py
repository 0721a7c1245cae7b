"""Carries requests to an Airflow through `InvokeRestApi` of AWS, within its limits.

The limits are those of botocore 1.44.8's service model and of AWS's user guide: a path of 64 characters, 10 s,
answers of 6 MB. About 10 calls a second are let through (apache/airflow#47035).
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Mapping
from io import BytesIO
from typing import TYPE_CHECKING, Any

from airconn.config import Settings
from airconn.credentials import Credentials
from airconn.errors import TargetError
from airconn.stores.airflow_api.access import Access
from airconn.stores.airflow_api.login.authenticator import Authenticator
from airconn.stores.airflow_api.pages import BEYOND
from airconn.stores.http.faults import NoAnswer
from airconn.stores.http.messages import Request
from airconn.stores.http.transport import Transport
from airconn.stores.managed.mwaa.calls import Invoked, MwaaCalls
from airconn.stores.managed.mwaa.faults import code_of, message_of, status_of

if TYPE_CHECKING:
    from urllib3.response import BaseHTTPResponse

LONGEST_PATH = 64
"""The most characters of a path, percent-encoded. botocore checks only that there is one."""
_A_SECOND = 9.0
_NEARLY_10 = 9.0
"""The seconds after which a failure counts as AWS's time-out of 10 s, after which it is unknown what was done."""
_PREFIX = re.compile(r"/api/v[12](?=/)")
_OPERATION = "InvokeRestApi"
_OF_AIRFLOW = {"RestApiClientException": 400, "RestApiServerException": 504}
"""The errors that carry an answer of the Airflow, and its status where they have none."""
_TOO_OFTEN = ("Throttling", "ThrottlingException", "TooManyRequestsException", "RequestLimitExceeded")
_UNKNOWN_FATE = ("InternalServerException", "ServiceUnavailableException", "InternalFailure", "ServiceUnavailable")
_SIZE = re.compile(r"payload|too large|size|limit", re.IGNORECASE)


def invoked_access(calls: MwaaCalls, where: str, settings: Settings) -> Access:
    """Access to the Airflow of an environment by calls that AWS signs and passes on. Nothing is sent yet."""
    carrier = InvokeCarrier(calls, where)
    transport = Transport(where, settings, name="the Airflow", carrier=lambda pool: carrier)
    credentials = Credentials(
        source="your AWS identity; its Airflow role is in its policy for airflow:InvokeRestApi names"
    )
    return Access(transport, credentials, SignedRequests(credentials, transport, settings.timeout))


class SignedRequests(Authenticator):
    """Adds no headers: each request is signed on its way, and AWS logs in for it."""

    @property
    def given(self) -> bool:
        return True

    def secrets(self) -> tuple[str, ...]:
        return ()

    def for_api(self, *, v2: bool) -> Authenticator:
        return self

    def headers(self) -> Mapping[str, str]:
        return {}

    def renew(self, refused: Mapping[str, str], *, late: bool = False) -> bool:
        return False

    def worked(self, headers: Mapping[str, str]) -> None:
        """There is nothing to learn from it."""

    def has_expired(self) -> bool:
        return False

    def close(self) -> None:
        """Does nothing: a request has no session."""


class Pacer:
    """Keeps calls of several threads apart, so that no more than so many begin in a second."""

    def __init__(self, a_second: float) -> None:
        self._pause = 1 / a_second
        self._lock = threading.Lock()
        self._next = 0.0

    def wait(self) -> None:
        """Waits for this call's turn."""
        with self._lock:
            now = time.monotonic()
            turn = max(self._next, now)
            self._next = turn + self._pause
        if turn > now:
            time.sleep(turn - now)


class InvokeCarrier:
    """A carrier of a transport. Threads may share it."""

    def __init__(self, calls: MwaaCalls, where: str, pacer: Pacer | None = None) -> None:
        self._calls = calls
        self._where = where
        self._pacer = pacer or Pacer(_A_SECOND)

    def __call__(self, request: Request, url: str, headers: Mapping[str, str], seconds: float) -> BaseHTTPResponse:
        path = _PREFIX.sub("", request.path)
        query = dict(request.query)
        if path == request.path or len(query) < len(request.query):
            raise TargetError(f"InvokeRestApi can't send {request.method} {path}", where=self._where)
        if len(path) > LONGEST_PATH:
            what = (
                f"InvokeRestApi doesn't accept paths of more than {LONGEST_PATH} characters, and this has {len(path)}"
            )
            raise TargetError(f"{what}: leave ?through=api out", where=self._where)
        self._pacer.wait()
        began = time.monotonic()
        try:
            answer = self._calls.invoke(request.method, path, query, request.body)
        except Exception as error:  # noqa: BLE001 - boto3 raises what its credential processes raise, too
            answer = self._answer_in(error, request, time.monotonic() - began)
        return _response(request, answer)

    def _answer_in(self, error: Exception, request: Request, took: float) -> Invoked:
        """The answer of the Airflow that an error carries, or a status that means the same as the error.

        Raises `NoAnswer` where there isn't one.
        """
        code = code_of(error)
        if code in _OF_AIRFLOW:
            return _of_airflow(error, request, took)
        if code in _TOO_OFTEN or status_of(error) == 429:
            return Invoked(429, None)
        if status_of(error) == 413 or "TooLarge" in code:
            return Invoked(413, None)
        if _is_page(request) and (code in _UNKNOWN_FATE or _is_too_large(error)):
            return Invoked(413, None)
        if code in _UNKNOWN_FATE or status_of(error) >= 500:
            return Invoked(504, None)
        raise self._no_answer(error)

    def _no_answer(self, error: Exception) -> NoAnswer:
        told = self._calls.refusal(error, _OPERATION)
        names = {cls.__name__ for cls in type(error).__mro__}
        unsent = not names.isdisjoint(("EndpointConnectionError", "ConnectTimeoutError", "ProxyConnectionError"))
        broken = not unsent and "HTTPClientError" in names
        found = NoAnswer(
            told.message,
            where=self._where,
            hint=told.hint,
            maybe_done=broken,
            passing=broken and "SSLError" not in names,
        )
        found.timed_out = "ReadTimeoutError" in names
        return found


def _of_airflow(error: Exception, request: Request, took: float) -> Invoked:
    response: Mapping[str, Any] = getattr(error, "response", {})
    status = int(response.get("RestApiStatusCode") or _OF_AIRFLOW[code_of(error)])
    document = response.get("RestApiResponse")
    if status >= 500 and _is_page(request) and (took >= _NEARLY_10 or status != 500):
        return Invoked(413, None)
    if status == 500 and took >= _NEARLY_10:
        return Invoked(504, None)
    return Invoked(status, document)


def _is_page(request: Request) -> bool:
    """Whether a request is for objects of a list, of which it may ask for fewer."""
    query = dict(request.query)
    return request.method == "GET" and "limit" in query and query.get("offset") != str(BEYOND)


def _is_too_large(error: Exception) -> bool:
    """Whether AWS refuses an answer for its size. It isn't documented how it says that."""
    return bool(code_of(error)) and bool(_SIZE.search(message_of(error)))


def _response(request: Request, answer: Invoked) -> BaseHTTPResponse:
    """The answer as it would have come from the Airflow itself."""
    from urllib3 import HTTPResponse

    status, document = answer.status, answer.document
    if request.method == "DELETE" and 200 <= status < 300:
        status, document = 204, None  # an empty body may come as null, {} or '' and with another status
    body = b"" if document is None or document == "" else json.dumps(document).encode()
    headers = {"Content-Type": "application/json", "Content-Length": str(len(body))}
    return HTTPResponse(BytesIO(body), headers, status or 502, preload_content=False)
