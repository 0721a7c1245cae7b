"""A stand-in of Amazon MWAA in front of an Airflow, fake or real.

Its AWS takes what boto3 sends, and holds it against botocore's own service model: paths, shapes, patterns, sizes.
Its web server takes web login tokens. `MwaaSwitches` has a switch for each thing that AWS does not document, or that
may differ.
"""

from __future__ import annotations

import http.client
import json
import re
import ssl
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import trustme
from botocore.loaders import Loader

from airconn.config import Settings
from airconn.stores.http.retries import Backoff
from tests.stores.site import Answer, Received, Site

REGION, NAME, ACCOUNT = "eu-west-1", "prod", "123456789012"
KEYS = {
    "AWS_ACCESS_KEY_ID": "AKIACANARYCANARY",
    "AWS_SECRET_ACCESS_KEY": "c4n4ry-s3cr3t-k3y",
    "AWS_SESSION_TOKEN": "c4n4ry-s3ss10n-t0k3n",
}
CANARIES = tuple(KEYS.values())[1:]
"""What goes to no host but AWS's, and is in no message. The session token alone is sent, and only there."""
ADDRESS = f"mwaa://{REGION}/{NAME}"

Behind = Callable[[Received], Answer]
"""Answers as the Airflow behind the door does."""


@dataclass
class MwaaSwitches:
    """What an MWAA may be like. Tests set them, also in mid-run."""

    version: str = "3.3.2"
    status: str = "AVAILABLE"
    access_mode: str = "PUBLIC_ONLY"
    options: dict[str, str] = field(default_factory=dict)
    denied: set[str] = field(default_factory=set)
    """The operations that IAM doesn't allow."""
    broken: dict[str, Answer] = field(default_factory=dict)
    """Answers to operations, in place of the ones that they have."""
    host: str = ""
    """The host that AWS names, if it isn't the one of the web server."""
    login_status: int = 302
    """A login answers with 200 or with a redirect."""
    login_refused: int = 0
    """The status with which the login refuses every token. 0 if it takes them."""
    other_page: int = 404
    """The answer of the login page that this version doesn't have."""
    fronted: int = 0
    """The status with which the front answers requests without a session. 0 if they reach the Airflow."""
    token_life: float = 60.0
    reuse: bool = False
    """Whether a web login token is taken twice."""
    session_lasts: int | None = None
    """The requests after which a session ends. None for a long time."""
    logs_out: bool = True
    """Whether a logout reaches the Airflow. A test that uses sessions again keeps it from doing so."""
    repeated: str = "repeated"
    """What becomes of a list in QueryParameters: it is `repeated`, a `text`, or `refused`."""
    nulls: str = "sent"
    """What becomes of null in a body: it is `sent`, `dropped` or `refused`."""
    empty: str = "none"
    """How an empty body comes back: `none`, `null`, `{}`, `text` or as a `fault`."""
    percent: str = "kept"
    """Whether a percent sign in a path is `kept` or `encoded` again."""
    seconds: float = 10.0
    largest: int = 6_000_000
    a_second: int = 10
    size_fault: str = "InternalServerException"
    slow: Callable[[Received], float] = lambda _: 0.0
    """The seconds that the Airflow takes for a request that comes through InvokeRestApi."""


@cache
def service_model() -> dict[str, Any]:
    model: dict[str, Any] = Loader().load_service_model("mwaa", "service-2")
    return model


@cache
def authority() -> trustme.CA:
    return trustme.CA()


class MwaaDoor:
    """AWS and a web server, until the `with` block ends."""

    def __init__(
        self,
        behind: Behind,
        new_session: Callable[[], str],
        switches: MwaaSwitches | None = None,
        *,
        invoked: Behind | None = None,
    ) -> None:
        """`new_session` makes a session that the Airflow behind takes: a cookie or a JWT.

        `invoked` answers what comes by InvokeRestApi.
        """
        self.switches = switches or MwaaSwitches()
        self.faults: list[str] = []
        """What no client of AWS would send."""
        self.calls: list[tuple[str, dict[str, Any]]] = []
        """The operations that were asked for, with their input."""
        self.invoked: list[Received] = []
        """The requests that reached the Airflow by InvokeRestApi."""
        self.sessions: dict[str, int] = {}
        """The sessions that were made, with the requests that each has had."""
        self._behind, self._new_session = behind, new_session
        self._behind_invoked = invoked or behind
        self._tokens: dict[str, float] = {}
        self._recent: deque[float] = deque()
        self._lock = threading.Lock()
        self._stack = ExitStack()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority().issue_cert("127.0.0.1").configure_cert(context)
        self.aws = Site(self._as_aws)
        self.web = Site(self._as_web, tls=context)

    def __enter__(self) -> MwaaDoor:
        self._stack.enter_context(self.aws)
        self._stack.enter_context(self.web)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()
        if error is None:
            assert self.faults == []
            self.check_canaries()

    def environ(self) -> dict[str, str]:
        return {**KEYS, "AWS_ENDPOINT_URL_MWAA": self.aws.url}

    def settings(self, tmp_path: Path, **others: Any) -> Settings:
        return Settings(
            **{"environ": self.environ(), "ca_bundle": self.bundle(tmp_path), "retries": 1, "timeout": 15.0, **others}
        )

    def bundle(self, tmp_path: Path) -> Path:
        path = tmp_path / "authority.pem"
        path.write_bytes(authority().cert_pem.bytes())
        return path

    def check_canaries(self) -> None:
        """Nothing of AWS's credentials has come to the web server, and the secret key came nowhere."""
        for received in self.web.log:
            assert not any(canary in repr((received, received.headers.items())) for canary in KEYS.values())
        for received in self.aws.log:
            assert KEYS["AWS_SECRET_ACCESS_KEY"] not in repr((received, received.headers.items()))
            assert not any(session in repr((received, received.headers.items())) for session in self.sessions)

    def operations(self) -> list[str]:
        return [operation for operation, _ in self.calls]

    # AWS

    def _as_aws(self, received: Received) -> Answer:
        operation = self._operation(received)
        if operation is None:
            self.faults.append(f"{received.method} {received.path} isn't an operation")
            return refusal("UnknownOperationException", 404)
        self._check_signature(received)
        given = dict(received.body or {}) | {"Name": received.path.rpartition("/")[2]}
        problems = list(_problems(service_model()["operations"][operation]["input"]["shape"], given))
        self.faults += [problem for problem in problems if not problem.startswith("Path is longer")]
        self.calls.append((operation, given))
        if operation in self.switches.broken:
            return self.switches.broken[operation]
        if problems:
            return refusal("ValidationException", 400)
        if operation in self.switches.denied:
            return refusal("AccessDeniedException", 403)
        if given["Name"] != NAME:
            return refusal("ResourceNotFoundException", 404)
        return {"GetEnvironment": self._environment, "CreateWebLoginToken": self._token}.get(
            operation, lambda: self._invoke(given)
        )()

    @staticmethod
    def _operation(received: Received) -> str | None:
        for name, operation in service_model()["operations"].items():
            pattern = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(operation["http"]["requestUri"]))
            if operation["http"]["method"] == received.method and re.fullmatch(pattern, received.path):
                return str(name)
        return None

    def _check_signature(self, received: Received) -> None:
        signed = received.headers.get("Authorization", "")
        form = rf"AWS4-HMAC-SHA256 Credential=[A-Z0-9]+/\d{{8}}/{REGION}/airflow/aws4_request, SignedHeaders=\S+, "
        if not re.fullmatch(form + r"Signature=\w+", signed):
            self.faults.append(f"{received.path} isn't signed as it should be")

    def _environment(self) -> Answer:
        known = self.switches
        return Answer(
            body={
                "Environment": {
                    "Name": NAME,
                    "Status": known.status,
                    "Arn": f"arn:aws:airflow:{REGION}:{ACCOUNT}:environment/{NAME}",
                    "AirflowVersion": known.version,
                    "WebserverUrl": f"127.0.0.1:{self.web.port}",
                    "WebserverAccessMode": known.access_mode,
                    "AirflowConfigurationOptions": known.options,
                }
            }
        )

    def _token(self) -> Answer:
        with self._lock:
            token = f"web-token-{len(self.calls)}-{time.monotonic_ns()}"
            self._tokens[token] = time.monotonic()
        host = self.switches.host or f"127.0.0.1:{self.web.port}"
        return Answer(body={"WebToken": token, "WebServerHostname": host, "IamIdentity": "assumed-role/Admin/me"})

    def _invoke(self, given: Mapping[str, Any]) -> Answer:
        known = self.switches
        with self._lock:
            now = time.monotonic()
            self._recent.append(now)
            while self._recent[0] < now - 1:
                self._recent.popleft()
            if len(self._recent) > known.a_second:
                return refusal("ThrottlingException", 429)
        wanted = self._passed_on(given)
        if isinstance(wanted, Answer):
            return wanted
        self.invoked.append(wanted)
        answer = self._behind_invoked(wanted)
        if known.slow(wanted) > known.seconds:
            return refusal("InternalServerException", 500)
        raw = answer.body if isinstance(answer.body, str | bytes) else json.dumps(answer.body)
        if len(raw) > known.largest:
            return refusal(known.size_fault, 413 if "TooLarge" in known.size_fault else 500)
        told = {"RestApiStatusCode": answer.status, "RestApiResponse": _document(raw)}
        if answer.status >= 400:
            kind = "RestApiClientException" if answer.status < 500 else "RestApiServerException"
            return Answer(400, told, {"x-amzn-errortype": kind})
        if not raw or raw == "null":
            return self._empty(told)
        return Answer(body=told)

    def _passed_on(self, given: Mapping[str, Any]) -> Received | Answer:
        """The request as it reaches the Airflow, or the refusal of AWS."""
        known = self.switches
        query: list[tuple[str, str]] = []
        for name, value in (given.get("QueryParameters") or {}).items():
            if not isinstance(value, list):
                query.append((name, str(value)))
            elif known.repeated == "refused":
                return refusal("ValidationException", 400)
            else:
                query += [(name, str(value))] if known.repeated == "text" else [(name, str(one)) for one in value]
        body = given.get("Body")
        if body is not None and known.nulls != "sent" and _has_null(body):
            if known.nulls == "refused":
                return refusal("ValidationException", 400)
            body = _dropped(body)
        prefix = "/api/v1" if known.version.startswith("2") else "/api/v2"
        path = quote(given["Path"], safe="/") if known.percent == "encoded" else given["Path"]
        return Received(given["Method"], prefix + path, query, http.client.HTTPMessage(), body)

    def _empty(self, told: dict[str, Any]) -> Answer:
        how = self.switches.empty
        if how == "fault":
            return refusal("InternalServerException", 500)
        values = {"null": None, "{}": {}, "text": ""}
        rest = {"RestApiResponse": values[how]} if how in values else {}
        return Answer(body={"RestApiStatusCode": told["RestApiStatusCode"], **rest})

    # The web server

    def _as_web(self, received: Received) -> Answer:
        known = self.switches
        ours = ("/pluginsv2/aws_mwaa/login", "_token")
        if known.version.startswith("2"):
            ours = ("/aws_mwaa/login", "session")
        if received.path in ("/aws_mwaa/login", "/pluginsv2/aws_mwaa/login"):
            if received.path != ours[0] or received.method != "POST":
                self._take(received)
                return Answer(known.other_page, "<html>no such page</html>")
            return self._log_in(received, ours[1])
        if received.path in ("/logout/", "/api/v2/auth/logout") and not known.logs_out:
            return Answer(302, "", {"Location": "/"})
        session = _session_in(received, ours[1])
        if session is not None:
            with self._lock:
                self.sessions[session] = self.sessions.get(session, 0) + 1
                has_ended = known.session_lasts is not None and self.sessions[session] > known.session_lasts
            if has_ended:
                return self._behind(_without_session(received))
        if session is None and known.fronted:
            return Answer(known.fronted, "<html>sign in</html>", {"Location": "/aws_mwaa/aws-console-sso"})
        return self._behind(received)

    def _take(self, received: Received) -> bool:
        """Whether the token of a login is a fresh one. It isn't afterwards."""
        token = parse_qs(received.body or "").get("token", [""])[0]
        with self._lock:
            made = self._tokens.get(token)
            if not self.switches.reuse:
                self._tokens.pop(token, None)
        return made is not None and time.monotonic() - made <= self.switches.token_life

    def _log_in(self, received: Received, cookie: str) -> Answer:
        known = self.switches
        if known.login_refused:
            return Answer(known.login_refused, "<html>no</html>")
        if not self._take(received):
            return Answer(401, "<html>no such token</html>")
        session = self._new_session()
        with self._lock:
            self.sessions[session] = 0
        headers = {"Set-Cookie": f"{cookie}={session}; Path=/; Secure; HttpOnly"}
        if known.login_status != 200:
            headers["Location"] = "https://elsewhere.example/home"
        return Answer(known.login_status, "<html>welcome</html>", headers)


def refusal(code: str, status: int) -> Answer:
    """How AWS says no. Its message could quote anything."""
    return Answer(status, {"message": f"no: {CANARIES[0]}"}, {"x-amzn-errortype": code})


def forwarding(url: str) -> Behind:
    """The Airflow at a URL, which gets requests as they come."""

    def behind(received: Received) -> Answer:
        parts = urlsplit(url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
        try:
            path = received.path + (f"?{urlencode(received.query)}" if received.query else "")
            kept = ("authorization", "cookie", "accept", "content-type", "x-door-login")
            headers = {name: value for name, value in received.headers.items() if name.lower() in kept}
            body = received.body
            if body is not None and not isinstance(body, str):
                body, headers["Content-Type"] = json.dumps(body), "application/json"
            connection.request(received.method, path, body, headers)
            response = connection.getresponse()
            kept = ("content-type", "location")
            sent = {name: value for name, value in response.getheaders() if name.lower() in kept}
            return Answer(response.status, response.read(), sent)
        finally:
            connection.close()

    return behind


def with_headers(behind: Behind, headers: Callable[[], Mapping[str, str]]) -> Behind:
    """The same Airflow, with a login of the door's own where a request has none."""

    def logged_in(received: Received) -> Answer:
        message = http.client.HTTPMessage()
        for name, value in headers().items():
            message[name] = value
        return behind(Received(received.method, received.path, received.query, message, received.body))

    return logged_in


def impatient() -> Backoff:
    return Backoff(first=0)


def _problems(shape_name: str, value: Any, name: str = "") -> list[str]:
    """What a value breaks of a shape of the service model."""
    shape = service_model()["shapes"][shape_name]
    kind = shape["type"]
    if kind == "structure" and shape.get("document"):
        return [] if isinstance(value, dict) else [f"{name} isn't a JSON object"]
    if kind == "structure":
        members = shape["members"]
        if not isinstance(value, dict):
            return [f"{name} isn't a structure"]
        found = [f"{one} is missing" for one in shape.get("required", ()) if one not in value]
        found += [f"{one} is unknown" for one in value if one not in members]
        for one, of in value.items():
            found += _problems(members[one]["shape"], of, one) if one in members else []
        return found
    if kind != "string" or not isinstance(value, str):
        return [f"{name} isn't a string"]
    found = []
    if len(value) < shape.get("min", 0):
        found.append(f"{name} is shorter than {shape['min']}")
    if len(value) > shape.get("max", len(value)):
        found.append(f"{name} is longer than {shape['max']}")
    if "pattern" in shape and not re.fullmatch(shape["pattern"], value):
        found.append(f"{name} doesn't match")
    if "enum" in shape and value not in shape["enum"]:
        found.append(f"{name} is not one of {shape['enum']}")
    return found


def _document(raw: str | bytes) -> Any:
    try:
        return json.loads(raw or "null")
    except ValueError:
        return raw.decode() if isinstance(raw, bytes) else raw


def _has_null(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_has_null(one) for one in value.values())
    return any(_has_null(one) for one in value) if isinstance(value, list) else value is None


def _dropped(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _dropped(one) for name, one in value.items() if one is not None}
    return [_dropped(one) for one in value] if isinstance(value, list) else value


def _session_in(received: Received, cookie: str) -> str | None:
    found = re.search(rf"(?:^|; ){cookie}=([^;]+)", received.headers.get("Cookie", ""))
    if cookie == "session":
        return found[1] if found else None
    bearer = received.headers.get("Authorization", "")
    return bearer.removeprefix("Bearer ") if bearer.startswith("Bearer ") else None


def _without_session(received: Received) -> Received:
    """The request as that of a session that has ended: the cookie means nothing, or the token is refused."""
    message = http.client.HTTPMessage()
    for name, value in received.headers.items():
        if name.lower() == "authorization":
            message[name] = "Bearer ended"
        elif name.lower() == "cookie":
            message[name] = "session=ended"
        else:
            message[name] = value
    return Received(received.method, received.path, received.query, message, received.body)
