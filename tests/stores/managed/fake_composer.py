"""Google on 127.0.0.1: its server of tokens, the Cloud Composer API, and the front of an environment's Airflow.

Service accounts show a JWT that they signed with their key, and get an access token for it; so do users and workforce
identities in their ways. The API answers as the REST reference of `projects.locations.environments` says. The front
takes Google's tokens, and sends the request on with a credential of the Airflow behind it. Fields of `FakeGoogle` are
the switches for what goes wrong, and for what isn't documented.
"""

from __future__ import annotations

import base64
import http.client
import itertools
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import google.auth.jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

PROJECT, LOCATION, ENVIRONMENT = "airflow-prod", "europe-west1", "main"
ADDRESS = f"composer://{PROJECT}/{LOCATION}/{ENVIRONMENT}"
MOVER = f"mover@{PROJECT}.iam.gserviceaccount.com"
OTHER = f"other@{PROJECT}.iam.gserviceaccount.com"
SCOPE = "https://www.googleapis.com/auth/cloud-platform"
CANARY = "ya29.canary"
"""The beginning of each access token."""
_WORKFORCE = "//iam.googleapis.com/locations/global/workforcePools/staff/providers/okta"
_FRONT_403 = "<!DOCTYPE html><html lang=en><title>Error 403 (Forbidden)!!1</title><p>No access.</html>"


@dataclass(frozen=True)
class Seen:
    """A request that came in. `server` is `tokens`, `api`, `front`, `external front` or `elsewhere`."""

    server: str
    method: str
    path: str
    headers: dict[str, str]
    body: bytes = field(repr=False)


@dataclass
class FakeGoogle:
    """The state of the fake, and its switches."""

    key: rsa.RSAPrivateKey
    backend: str
    """The URL of the Airflow behind the front."""
    backend_header: Callable[[], str]
    """Gives the `Authorization` that the Airflow takes."""
    state: str = "RUNNING"
    image: str = "composer-3-airflow-3.1.0"
    allowed_ranges: list[str] | None = None
    lifetime: int = 3600
    """The seconds that a token is said to live."""
    uses: int | None = None
    """How many requests the front takes with one token, before it has expired there."""
    expired_answer: int = 401
    """What the front answers to a token that it doesn't accept: 401, or 302 to a login page."""
    shut: bool = False
    """Whether its network access control keeps this machine out."""
    barred: frozenset[str] = frozenset({OTHER})
    """The accounts that the Airflow refuses."""
    blind: frozenset[str] = frozenset()
    """The accounts that may not see the environment."""
    impersonators: frozenset[str] = frozenset({MOVER})
    """The accounts that may impersonate others."""
    api_answer: Callable[[dict[str, Any]], tuple[int, Any, dict[str, str]]] | None = None
    """What the API answers instead of the environment that it is given."""
    tokens_answer: tuple[Any, ...] | None = None
    """What the server of tokens answers: a status, a body, and headers if there are some."""
    config: dict[str, Any] = field(default_factory=dict)
    """Fields of the configuration that differ."""
    log: list[Seen] = field(default_factory=list)
    urls: dict[str, str] = field(default_factory=dict)
    accounts: dict[str, str] = field(default_factory=dict)
    """The account of each token."""
    _spent: dict[str, int] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def reset(self, backend: str = "") -> None:
        """Makes it as it was in the beginning, in front of another Airflow if one is given."""
        fresh = FakeGoogle(self.key, backend or self.backend, self.backend_header, urls=self.urls)
        vars(self).update(vars(fresh))

    @property
    def environ(self) -> dict[str, str]:
        """The environment variables that lead here, beside those for the identity."""
        return {"CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPOSER": self.urls["api"] + "/"}

    def sent(self, server: str) -> list[Seen]:
        return [seen for seen in self.log if seen.server == server]

    def new_token(self, account: str) -> str:
        with self._lock:
            token = f"{CANARY}-{next(self._numbers)}-of-an-account"
            self.accounts[token] = account
            return token

    def forget_tokens(self) -> None:
        """Lets all tokens that were given expire."""
        with self._lock:
            self.accounts.clear()

    # The server of tokens

    def tokens(self, seen: Seen) -> tuple[Any, ...]:
        if self.tokens_answer is not None:
            return self.tokens_answer
        if seen.path.startswith("/iam/"):
            return self._impersonated(seen)
        form = {name: values[0] for name, values in parse_qs(seen.body.decode()).items()}
        kind = form.get("grant_type", "").rpartition(":")[2]
        account = {
            "jwt-bearer": self._of_assertion,
            "refresh_token": lambda form: "user@example.com" if form.get("refresh_token") == "1//refresh" else None,
            "token-exchange": self._of_exchange,
        }.get(kind, lambda form: None)(form)
        if account is None:
            return 400, {"error": "invalid_grant", "error_description": f"Bad Request: {form}"}
        token = self.new_token(account)
        issued = {"issued_token_type": "urn:ietf:params:oauth:token-type:access_token"}
        extra = issued if kind == "token-exchange" else {}
        return 200, {"access_token": token, "expires_in": self.lifetime, "token_type": "Bearer", **extra}

    def _of_assertion(self, form: dict[str, str]) -> str | None:
        certificate = self.key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        try:
            claims = google.auth.jwt.decode(  # type: ignore[no-untyped-call]
                form["assertion"], certs=certificate, audience="https://oauth2.googleapis.com/token"
            )
        except ValueError:
            return None
        return str(claims["iss"]) if claims.get("scope") else None

    def _of_exchange(self, form: dict[str, str]) -> str | None:
        is_ours = form.get("audience") == _WORKFORCE and form.get("subject_token") == "subject-token"
        return "principal://staff/ann" if is_ours and SCOPE in form.get("scope", "") else None

    def _impersonated(self, seen: Seen) -> tuple[int, Any]:
        body = json.loads(seen.body)
        if self._account(seen) not in self.impersonators or body["scope"] != [SCOPE]:
            return 403, {"error": {"code": 403, "status": "PERMISSION_DENIED", "message": "iam.…getAccessToken"}}
        expires = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + self.lifetime))
        account = seen.path.removeprefix("/iam/").partition(":")[0]
        return 200, {"accessToken": self.new_token(account), "expireTime": expires}

    # The API

    def api(self, seen: Seen) -> tuple[int, Any, dict[str, str]]:
        account = self._account(seen)
        if account is None:
            return error(401, "UNAUTHENTICATED", "ACCESS_TOKEN_EXPIRED")
        if account in self.blind or not seen.path.startswith(f"/v1/projects/{PROJECT}/locations/"):
            return error(403, "PERMISSION_DENIED", "IAM_PERMISSION_DENIED")
        if seen.path != f"/v1/{self.environment()['name']}" or seen.method != "GET":
            return error(404, "NOT_FOUND")
        found = self.environment()
        return self.api_answer(found) if self.api_answer else (200, found, {})

    def environment(self) -> dict[str, Any]:
        """The environment as the API shows it."""
        config: dict[str, Any] = {
            "gkeCluster": f"projects/{PROJECT}/locations/{LOCATION}/clusters/gke",
            "dagGcsPrefix": "gs://bucket/dags",
            "softwareConfig": {"imageVersion": self.image, "envVariables": {"A_SECRET": "s3cr3t-of-the-config"}},
            "airflowUri": self.urls["front"],
            "airflowByoidUri": self.urls["external front"],
            "environmentSize": "ENVIRONMENT_SIZE_SMALL",
            "webServerNetworkAccessControl": {
                "allowedIpRanges": [
                    {"value": value, "description": "d"} for value in self.allowed_ranges or ("0.0.0.0/0", "::0/0")
                ]
            },
            **self.config,
        }
        return {
            "name": f"projects/{PROJECT}/locations/{LOCATION}/environments/{ENVIRONMENT}",
            "config": {name: value for name, value in config.items() if value is not None},
            "uuid": "7eca3d3d-2b50-473a-b91f-bf106a0deb91",
            "state": self.state,
            "createTime": "2026-05-01T10:00:00Z",
            "updateTime": "2026-05-01T10:00:00Z",
        }

    # The front

    def front(self, seen: Seen) -> tuple[int, Any, dict[str, str]] | None:
        """The front's own answer. None to send the request on."""
        if self.shut:
            return 403, _FRONT_403, {}
        login = (302, "", {"Location": f"https://accounts.google.com/ServiceLogin?continue=x{seen.path}"})
        if "Authorization" not in seen.headers:
            return login
        with self._lock:
            token = seen.headers["Authorization"].removeprefix("Bearer ")
            account = self.accounts.get(token)
            self._spent[token] = self._spent.get(token, 0) + 1
            if account is None or (self.uses is not None and self._spent[token] > self.uses):
                return login if self.expired_answer == 302 else (self.expired_answer, "<html>x</html>", {})
        external = account.startswith("principal://")
        if external != (seen.server == "external front"):
            return login
        if account in self.barred:
            return 403, {"detail": "Forbidden", "status": 403, "title": "Forbidden"}, {}
        return None

    def _account(self, seen: Seen) -> str | None:
        return self.accounts.get(seen.headers.get("Authorization", "").removeprefix("Bearer "))

    # The files of identities

    def write_key(self, path: Path, account: str = MOVER, key: rsa.RSAPrivateKey | None = None) -> Path:
        """A key file of a service account."""
        pem = (key or self.key).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        info = {
            "type": "service_account",
            "project_id": PROJECT,
            "private_key_id": "k1",
            "private_key": pem.decode(),
            "client_email": account,
            "client_id": "1",
            "token_uri": f"{self.urls['tokens']}/token",
        }
        path.write_text(json.dumps(info))
        return path

    def write_workforce(self, path: Path) -> Path:
        """A credential configuration of a workforce pool, whose identity provider has written its token to a file."""
        subject = path.with_suffix(".subject")
        subject.write_text("subject-token")
        info = {
            "type": "external_account",
            "audience": _WORKFORCE,
            "subject_token_type": "urn:ietf:params:oauth:token-type:id_token",
            "token_url": f"{self.urls['tokens']}/sts",
            "credential_source": {"file": str(subject)},
        }
        path.write_text(json.dumps(info))
        return path

    def write_user(self, path: Path, refresh_token: str = "1//refresh", **others: str) -> Path:
        """The file of `gcloud auth application-default login`."""
        info = {
            "type": "authorized_user",
            "client_id": "c",
            "client_secret": "s",
            "refresh_token": refresh_token,
            **others,
        }
        path.write_text(json.dumps(info))
        return path


def error(status: int, name: str, reason: str = "") -> tuple[int, Any, dict[str, str]]:
    """An error of Google's APIs. Its text quotes what was sent."""
    info = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason, "domain": "googleapis.com"}
    body = {"code": status, "message": f"quoting {CANARY}-1-of-an-account", "status": name}
    return status, {"error": {**body, **({"details": [info]} if reason else {})}}, {}


def basic(username: str, password: str) -> Callable[[], str]:
    """The `Authorization` of an Airflow 2."""
    return lambda: "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


def jwt_of(url: str, username: str, password: str) -> Callable[[], str]:
    """The `Authorization` of an Airflow 3, which gives a token for a password."""

    def ask() -> str:
        address = urlsplit(url)
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=60)
        body = json.dumps({"username": username, "password": password})
        connection.request("POST", "/auth/token", body, {"Content-Type": "application/json"})
        answer = json.loads(connection.getresponse().read())
        connection.close()
        return f"Bearer {answer['access_token']}"

    held: list[str] = []

    def give() -> str:
        if not held:
            held.append(ask())
        return held[0]

    return give


@contextmanager
def running(key: rsa.RSAPrivateKey, backend: str, backend_header: Callable[[], str]) -> Iterator[FakeGoogle]:
    """A fake in front of the Airflow at `backend`."""
    fake = FakeGoogle(key, backend, backend_header)
    with ExitStack() as stack:
        for name in ("tokens", "api", "front", "external front", "elsewhere"):
            server = _Server(("127.0.0.1", 0), _handler(fake, name))
            thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
            thread.start()
            stack.callback(thread.join)
            stack.callback(server.server_close)
            stack.callback(server.shutdown)
            fake.urls[name] = f"http://127.0.0.1:{server.server_address[1]}"
        yield fake


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, *_: object) -> None:
        """A client that gives up is part of some tests."""


def _handler(fake: FakeGoogle, server: str) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def log_message(self, *_: object) -> None:
            pass

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.title(): value for name, value in self.headers.items()}
            seen = Seen(server, self.command, self.path, headers, body)
            fake.log.append(seen)
            if server == "tokens":
                status, answer, *rest = fake.tokens(seen)
                self.give(status, answer, rest[0] if rest else {})
            elif server == "api":
                self.give(*fake.api(seen))
            elif server == "elsewhere":
                self.give(200, {"version": "3.3.2"}, {})
            elif own := fake.front(seen):
                self.give(*own)
            else:
                self.send_on(seen)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815

        def give(self, status: int, body: Any, headers: dict[str, str]) -> None:
            data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
            kind = "text/html; charset=UTF-8" if isinstance(body, str) else "application/json; charset=UTF-8"
            self.relay(status, {"Content-Type": kind, **headers}, data)

        def relay(self, status: int, headers: dict[str, str], data: bytes) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def send_on(self, seen: Seen) -> None:
            address = urlsplit(fake.backend)
            kept = {name: seen.headers[name] for name in ("Accept", "Content-Type") if name in seen.headers}
            connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=60)
            connection.request(
                seen.method, seen.path, seen.body or None, {**kept, "Authorization": fake.backend_header()}
            )
            reply = connection.getresponse()
            data = reply.read()
            connection.close()
            if reply.status == 204:
                data = b""
            self.relay(reply.status, {"Content-Type": reply.getheader("Content-Type") or ""}, data)

    return Handler
