"""A Kubernetes API that knows Secrets: lists by labels and in pages, versions, and what a real one refuses.

What it is sent has to be what the published OpenAPI schema of a Secret allows, of which the models of the kubernetes
package are made, and what the validation of the API server allows (apimachinery `validation`, core/v1 `validation`).
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import threading
from collections.abc import Callable
from copy import deepcopy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

import yaml
from kubernetes.client import V1Secret

TOKEN = "the-token-of-the-tests"
_LABEL_VALUE = re.compile(r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?")
_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_KEY = re.compile(r"[-._a-zA-Z0-9]+")
Secret = dict[str, Any]


class Refusal(Exception):
    """The answer to a request that isn't done."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason


class FakeKubernetes:
    """A cluster on 127.0.0.1 with one user, who has `TOKEN`."""

    def __init__(self, *namespaces: str) -> None:
        cluster = self

        class Handler(_Handler):
            owner = cluster

        self.secrets: dict[tuple[str, str], Secret] = {}
        self.namespaces = {"default", "airflow", *namespaces}
        self.requests: list[str] = []
        """The method and path of each request that was let in."""
        self.forbidden: set[str] = set()
        """The methods that the user may not use."""
        self.throttled = 0
        """How many of the next requests are sent away with 429."""
        self.losses = 0
        """How many of the next writes are done without an answer."""
        self.expired = 0
        """How many of the next pages behind a first one are gone."""
        self.before: Callable[[str], None] = lambda method: None
        """Is called before a request is carried out."""
        self.lock = threading.RLock()
        self._version = 100
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> FakeKubernetes:
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def kubeconfig(self, path: Path, token: str = TOKEN, url: str = "", **user: Any) -> Path:
        """Writes a kubeconfig with the contexts `test`, which is the current one, and `admin@other/1`."""
        context = {"cluster": "c", "user": "u", "namespace": "airflow"}
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "c", "cluster": {"server": url or self.url}}],
            "users": [{"name": "u", "user": user or {"token": token}}],
            "contexts": [
                {"name": "test", "context": context},
                {"name": "admin@other/1", "context": {**context, "namespace": "other"}},
            ],
            "current-context": "test",
        }
        path.write_text(yaml.safe_dump(config))
        return path

    def put(self, secret: Secret, namespace: str = "airflow") -> None:
        """Creates or replaces a Secret as somebody else would, who need not obey the API."""
        with self.lock:
            self._version += 1
            metadata = {"namespace": namespace, "resourceVersion": str(self._version), **secret["metadata"]}
            self.secrets[namespace, metadata["name"]] = {
                "apiVersion": "v1",
                "kind": "Secret",
                **secret,
                "metadata": metadata,
            }

    def apply(self, manifest: str, namespace: str = "airflow") -> None:
        """Does with the Secrets of a manifest what `kubectl apply` does with new ones."""
        for document in yaml.safe_load_all(manifest):
            if document["kind"] != "List":
                self.create(document["metadata"].get("namespace", namespace), document)

    def create(self, namespace: str, secret: Secret) -> Secret:
        secret = deepcopy(secret)
        validate(secret)
        name = secret["metadata"]["name"]
        if secret["metadata"].setdefault("namespace", namespace) != namespace:
            raise Refusal(400, "BadRequest", "the namespace of the object is not that of the request")
        if namespace not in self.namespaces:
            raise Refusal(404, "NotFound", f'namespaces "{namespace}" not found')
        with self.lock:
            if (namespace, name) in self.secrets:
                raise Refusal(409, "AlreadyExists", f'secrets "{name}" already exists')
            for key, value in (secret.pop("stringData", None) or {}).items():
                secret.setdefault("data", {})[key] = base64.b64encode(value.encode()).decode()
            secret.setdefault("type", "Opaque")
            self.put(secret, namespace)
            return self.secrets[namespace, name]

    def list(self, namespace: str, query: dict[str, str]) -> dict[str, Any]:
        selects = selector(query.get("labelSelector", ""))
        start = ""
        if following := query.get("continue"):
            if self.expired:
                self.expired -= 1
                raise Refusal(410, "Expired", "The provided continue parameter is too old")
            start = base64.urlsafe_b64decode(following).decode()
        with self.lock:
            found = [
                secret
                for (its_namespace, name), secret in sorted(self.secrets.items())
                if its_namespace == namespace and name >= start and selects(secret["metadata"].get("labels") or {})
            ]
            limit = int(query.get("limit") or 0) or len(found)
            metadata = {"resourceVersion": str(self._version)}
            if len(found) > limit:
                metadata["continue"] = base64.urlsafe_b64encode(found[limit]["metadata"]["name"].encode()).decode()
            # In a list, an object has neither kind nor version of its own.
            items = [{k: v for k, v in each.items() if k not in ("kind", "apiVersion")} for each in found[:limit]]
        return {"apiVersion": "v1", "kind": "SecretList", "metadata": metadata, "items": items}

    def patch(self, namespace: str, name: str, change: Any, content_type: str) -> Secret:
        if content_type not in ("application/merge-patch+json", "application/strategic-merge-patch+json"):
            raise Refusal(415, "UnsupportedMediaType", "the body of the request was in an unknown format")
        with self.lock:
            secret = self._existing(namespace, name, (change.get("metadata") or {}).get("resourceVersion"))
            changed = merged(secret, change)
            validate(changed)
            if secret.get("immutable") and changed.get("data") != secret.get("data"):
                raise Refusal(422, "Invalid", f'Secret "{name}" is invalid: data: Forbidden: field is immutable')
            changed["metadata"].pop("resourceVersion")
            self.put(changed, namespace)
            return self.secrets[namespace, name]

    def delete(self, namespace: str, name: str, options: Any) -> dict[str, Any]:
        with self.lock:
            self._existing(namespace, name, ((options or {}).get("preconditions") or {}).get("resourceVersion"))
            del self.secrets[namespace, name]
        return {"apiVersion": "v1", "kind": "Status", "status": "Success"}

    def _existing(self, namespace: str, name: str, version: str | None) -> Secret:
        secret = self.secrets.get((namespace, name))
        if secret is None:
            raise Refusal(404, "NotFound", f'secrets "{name}" not found')
        if version not in (None, secret["metadata"]["resourceVersion"]):
            raise Refusal(
                409, "Conflict", "the object has been modified; please apply your changes to the latest version"
            )
        return secret


def validate(secret: Any) -> None:
    """Refuses what an API server refuses of a Secret."""
    try:
        V1Secret.model_validate(secret, by_name=False, by_alias=True)
    except ValueError as error:
        raise Refusal(400, "BadRequest", f"strict decoding error: {error}") from None
    if (secret.get("apiVersion"), secret.get("kind")) != ("v1", "Secret"):
        raise Refusal(400, "BadRequest", "this is no v1 Secret")
    metadata = secret["metadata"]
    faults = []
    if not _SUBDOMAIN.fullmatch(metadata["name"]) or len(metadata["name"]) > 253:
        faults.append(
            "metadata.name: a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters"
        )
    for value in (metadata.get("labels") or {}).values():
        if not _LABEL_VALUE.fullmatch(value) or len(value) > 63:
            faults.append(
                "metadata.labels: a valid label must be an empty string or consist of alphanumeric characters"
            )
    size = 0
    for name, value in {**(secret.get("data") or {}), **(secret.get("stringData") or {})}.items():
        if not _KEY.fullmatch(name) or len(name) > 253 or name in (".", ".."):
            faults.append("data: a valid config key must consist of alphanumeric characters, '-', '_' or '.'")
        is_plain = name in (secret.get("stringData") or {})
        try:
            size += len(value.encode()) if is_plain else len(base64.b64decode(value, validate=True))
        except binascii.Error:
            raise Refusal(400, "BadRequest", "illegal base64 data") from None
    if size > 1024 * 1024:
        faults.append("data: Too long: must have at most 1048576 bytes")
    if faults:
        raise Refusal(422, "Invalid", "; ".join(faults))


def selector(text: str) -> Callable[[dict[str, str]], bool]:
    """What a selector of labels selects: `a=b`, `a` and `!a`, joined by commas."""

    def requirement(part: str) -> Callable[[dict[str, str]], bool]:
        key, equals, value = part.partition("=")
        if equals:
            if not _LABEL_VALUE.fullmatch(value) or len(value) > 63:
                raise Refusal(400, "BadRequest", "unable to parse requirement")
            return lambda labels: labels.get(key) == value
        return (lambda labels: key[1:] not in labels) if key.startswith("!") else (lambda labels: key in labels)

    requirements = [requirement(part) for part in text.split(",") if part]
    return lambda labels: all(each(labels) for each in requirements)


def merged(value: Any, change: Any) -> Any:
    """A JSON merge patch (RFC 7396), which is also what a strategic one does with maps."""
    if not isinstance(change, dict):
        return change
    result = dict(value) if isinstance(value, dict) else {}
    for key, new in change.items():
        if new is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), new)
    return result


class _Handler(BaseHTTPRequestHandler):
    owner: ClassVar[FakeKubernetes]
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length)) if length else None
        try:
            status, answer = self._answer(body)
        except Refusal as refusal:
            status = refusal.status
            answer = {
                "apiVersion": "v1",
                "kind": "Status",
                "status": "Failure",
                "reason": refusal.reason,
                "message": str(refusal),
                "code": status,
            }
        if self.command != "GET" and status < 300 and self.owner.losses:
            self.owner.losses -= 1
            self.close_connection = True
            self.connection.close()
            return
        data = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        if status == 429:
            self.send_header("Retry-After", "0")
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_PATCH = do_DELETE = do_PUT = _serve  # noqa: N815

    def _answer(self, body: Any) -> tuple[int, Any]:
        owner = self.owner
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            raise Refusal(401, "Unauthorized", "Unauthorized")
        url = urlsplit(self.path)
        match = re.fullmatch(r"/api/v1/namespaces/([^/]+)/secrets(?:/([^/]+))?", url.path)
        if match is None:
            raise Refusal(404, "NotFound", "the server could not find the requested resource")
        with owner.lock:
            owner.requests.append(f"{self.command} {self.path}")
            if owner.throttled:
                owner.throttled -= 1
                raise Refusal(429, "TooManyRequests", "Too many requests, please try again later.")
        if self.command in owner.forbidden:
            raise Refusal(
                403, "Forbidden", f'secrets is forbidden: User "u" cannot {self.command} resource "secrets"'
            )
        owner.before(self.command)
        namespace, name = match.groups()
        if self.command == "GET" and name is None:
            return 200, owner.list(namespace, {key: values[0] for key, values in parse_qs(url.query).items()})
        if self.command == "POST" and name is None:
            return 201, owner.create(namespace, body)
        if self.command == "PATCH" and name is not None:
            return 200, owner.patch(namespace, name, body, self.headers["Content-Type"].partition(";")[0])
        if self.command == "DELETE" and name is not None:
            return 200, owner.delete(namespace, name, body)
        raise Refusal(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        return
