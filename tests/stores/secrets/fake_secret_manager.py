"""Google Secret Manager on 127.0.0.1: a gRPC server over TLS that knows the rules of the real one.

Requests are parsed with the published protocol buffers, and one with a field that they don't have is refused. What is
checked beyond that is what the comments of `secretmanager/v1/service.proto` and `resources.proto` and the page on
quotas say. Callers show a JWT that they signed with the key of a service account.
"""

from __future__ import annotations

import itertools
import json
import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import google.auth.jwt
import grpc
import trustme
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.cloud.secretmanager_v1.types import resources, service
from google.protobuf import any_pb2, duration_pb2, empty_pb2, unknown_fields
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status

from airconn.stores.secrets.gcp.crc32c import crc32c

PROJECT = "airflow-prod"
NUMBER = "123456789012"
ACCOUNT = f"mover@{PROJECT}.iam.gserviceaccount.com"
AUDIENCE = "https://secretmanager.googleapis.com/"
LOCATIONS = {"europe-west1", "europe-west3", "us-central1"}
_NAME = re.compile(r"[a-zA-Z0-9_-]{1,255}")
AUTOMATIC = resources.Replication(automatic=resources.Replication.Automatic())
_State = resources.SecretVersion.State
DISABLED, DESTROYED = _State.DISABLED, _State.DESTROYED


class Status(Exception):
    """An answer that is an error, with the details that gRPC carries along."""

    def __init__(self, code: str, message: str = "", *details: Any) -> None:
        super().__init__(code)
        self.code, self.message, self.details = code, message, details


def disabled_api() -> Status:
    """The answer where nobody has turned the API on for the project."""
    return Status("PERMISSION_DENIED", "not enabled", error_details_pb2.ErrorInfo(reason="SERVICE_DISABLED"))


def out_of_quota(seconds: float) -> Status:
    """The answer where a quota is used up, which says when to come again."""
    delay = duration_pb2.Duration()
    delay.FromNanoseconds(int(seconds * 1e9))
    return Status("RESOURCE_EXHAUSTED", "Quota exceeded", error_details_pb2.RetryInfo(retry_delay=delay))


@dataclass
class Version:
    data: bytes
    state: Any = _State.ENABLED


@dataclass
class Secret:
    name: str
    replication: Any
    etag: str
    versions: list[Version] = field(default_factory=list)


@dataclass
class SecretManager:
    """What is in the project, and what goes wrong there. Its methods are those of the service."""

    secrets: dict[str, Secret] = field(default_factory=dict)
    only_locations: frozenset[str] | None = None
    """The places that a rule of the organization allows."""
    damaged: bool = False
    """Whether what is read is changed on its way."""
    before: Callable[[str, Any], None] = lambda method, request: None
    """Is called with each request first, and may raise `Status`."""
    log: list[str] = field(default_factory=list)
    _etags: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def answer(self, method: str, request: Any) -> Any:
        self.log.append(method)
        if len(unknown_fields.UnknownFieldSet(type(request).pb(request))):
            raise Status("INVALID_ARGUMENT", "there is a field that isn't in the schema")
        self.before(method, request)
        with self._lock:
            return METHODS[method][1](self, request)

    def put(self, name: str, *values: bytes) -> Secret:
        """Puts a secret with these versions there as somebody else would."""
        self.secrets[name] = Secret(name, AUTOMATIC, f'"{next(self._etags)}"', [Version(value) for value in values])
        return self.secrets[name]

    def list_secrets(self, request: Any) -> Any:
        self._of_project(request.parent)
        if not request.page_size >= 0:
            raise Status("INVALID_ARGUMENT", "page_size is negative")
        text = ""
        if request.filter:
            found = re.fullmatch(r"name:([a-zA-Z0-9][a-zA-Z0-9_-]*)", request.filter)
            if not found:
                raise Status("INVALID_ARGUMENT", "this fake knows no other filter")
            text = found[1]
        # Newest first, and anywhere in the name, as the real one does.
        names = [name for name in reversed(self.secrets) if text in f"projects/{NUMBER}/secrets/{name}"]
        start = int(request.page_token or 0)
        end = start + min(request.page_size or 25_000, 25_000)
        return service.ListSecretsResponse(
            secrets=[self._shown(self.secrets[name]) for name in names[start:end]],
            next_page_token=str(end) if end < len(names) else "",
            total_size=len(names),
        )

    def create_secret(self, request: Any) -> Any:
        self._of_project(request.parent)
        if not _NAME.fullmatch(request.secret_id):
            raise Status("INVALID_ARGUMENT", "The provided Secret ID does not match the expected format")
        given = request.secret.replication
        replicas = {replica.location for replica in given.user_managed.replicas}
        if "automatic" not in given and not replicas:
            raise Status("INVALID_ARGUMENT", "Field [secret.replication] is required.")
        if replicas - LOCATIONS:
            raise Status("INVALID_ARGUMENT", "no such location")
        if self.only_locations is not None and (not replicas or replicas - self.only_locations):
            raise Status("FAILED_PRECONDITION", "Constraint constraints/gcp.resourceLocations violated")
        if request.secret_id in self.secrets:
            raise Status("ALREADY_EXISTS", f"Secret [{request.secret_id}] already exists.")
        made = Secret(request.secret_id, given, f'"{next(self._etags)}"')
        self.secrets[request.secret_id] = made
        return self._shown(made)

    def add_secret_version(self, request: Any) -> Any:
        secret = self._secret(request.parent)
        if "payload" not in request or not request.payload.data:
            raise Status("INVALID_ARGUMENT", "Secret Payload cannot be empty.")
        if len(request.payload.data) > 65536:
            raise Status("INVALID_ARGUMENT", "The payload is larger than 65536 bytes")
        if "data_crc32c" in request.payload and request.payload.data_crc32c != crc32c(request.payload.data):
            raise Status("INVALID_ARGUMENT", "the checksum is of other data")
        secret.versions.append(Version(request.payload.data))
        return self._version(secret, len(secret.versions))

    def get_secret(self, request: Any) -> Any:
        return self._shown(self._secret(request.name))

    def get_secret_version(self, request: Any) -> Any:
        secret, number = self._numbered(request.name)
        return self._version(secret, number)

    def access_secret_version(self, request: Any) -> Any:
        secret, number = self._numbered(request.name)
        version = secret.versions[number - 1]
        name = f"projects/{NUMBER}/secrets/{secret.name}/versions/{number}"
        if version.state != _State.ENABLED:
            raise Status("FAILED_PRECONDITION", f"Secret Version [{name}] is in {version.state.name} state.")
        sent = version.data + b"?" if self.damaged else version.data
        payload = resources.SecretPayload(data=sent, data_crc32c=crc32c(version.data))
        return service.AccessSecretVersionResponse(name=name, payload=payload)

    def disable_secret_version(self, request: Any) -> Any:
        secret, number = self._numbered(request.name)
        secret.versions[number - 1].state = _State.DISABLED
        return self._version(secret, number)

    def destroy_secret_version(self, request: Any) -> Any:
        secret, number = self._numbered(request.name)
        secret.versions[number - 1] = Version(b"", _State.DESTROYED)
        return self._version(secret, number)

    def delete_secret(self, request: Any) -> Any:
        secret = self._secret(request.name)
        if request.etag and request.etag != secret.etag:
            raise Status("FAILED_PRECONDITION", "the etag is another one")
        del self.secrets[secret.name]
        return empty_pb2.Empty()

    def _of_project(self, parent: str) -> None:
        found = re.fullmatch(r"projects/([^/]+)", parent)
        if not found:
            raise Status("INVALID_ARGUMENT", "Invalid resource field value in the request.")
        if found[1] not in (PROJECT, NUMBER):
            raise Status("PERMISSION_DENIED", "Permission denied, or it may not exist")

    def _secret(self, name: str) -> Secret:
        parent, _, id_ = name.partition("/secrets/")
        self._of_project(parent)
        if not _NAME.fullmatch(id_):
            raise Status("INVALID_ARGUMENT", "Invalid resource field value in the request.")
        if id_ not in self.secrets:
            raise Status("NOT_FOUND", f"Secret [{name}] not found.")
        return self.secrets[id_]

    def _numbered(self, name: str) -> tuple[Secret, int]:
        parent, _, version = name.partition("/versions/")
        secret = self._secret(parent)
        if not secret.versions:
            raise Status("NOT_FOUND", f"Secret [{parent}] not found or has no versions.")
        return secret, len(secret.versions) if version == "latest" else int(version)

    def _shown(self, secret: Secret) -> Any:
        name = f"projects/{NUMBER}/secrets/{secret.name}"
        return resources.Secret(name=name, replication=secret.replication, etag=secret.etag)

    def _version(self, secret: Secret, number: int) -> Any:
        return resources.SecretVersion(
            name=f"projects/{NUMBER}/secrets/{secret.name}/versions/{number}",
            state=secret.versions[number - 1].state,
        )


METHODS: dict[str, tuple[Any, Callable[[SecretManager, Any], Any]]] = {
    "ListSecrets": (service.ListSecretsRequest, SecretManager.list_secrets),
    "CreateSecret": (service.CreateSecretRequest, SecretManager.create_secret),
    "AddSecretVersion": (service.AddSecretVersionRequest, SecretManager.add_secret_version),
    "GetSecret": (service.GetSecretRequest, SecretManager.get_secret),
    "GetSecretVersion": (service.GetSecretVersionRequest, SecretManager.get_secret_version),
    "AccessSecretVersion": (service.AccessSecretVersionRequest, SecretManager.access_secret_version),
    "DisableSecretVersion": (service.DisableSecretVersionRequest, SecretManager.disable_secret_version),
    "DestroySecretVersion": (service.DestroySecretVersionRequest, SecretManager.destroy_secret_version),
    "DeleteSecret": (service.DeleteSecretRequest, SecretManager.delete_secret),
}


@dataclass(frozen=True)
class Fake:
    """A running fake."""

    port: int
    bundle: Path
    """The certificates of its authority."""
    key_file: Path
    """The key of a service account that it lets in."""
    service: SecretManager

    @property
    def endpoint(self) -> str:
        return f"127.0.0.1:{self.port}"


@contextmanager
def running(directory: Path) -> Iterator[Fake]:
    """A fake, with the files that its clients need in `directory`."""
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    bundle = directory / "google-ca.pem"
    authority.cert_pem.write_to_path(str(bundle))
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    key_file = write_key(directory / "mover.json", key)
    secret_manager = SecretManager()
    server = grpc.server(ThreadPoolExecutor(16))
    server.add_generic_rpc_handlers((_Handler(secret_manager, _Door(key)),))
    chain = b"".join(blob.bytes() for blob in certificate.cert_chain_pems)
    port = server.add_secure_port(
        "127.0.0.1:0", grpc.ssl_server_credentials([(certificate.private_key_pem.bytes(), chain)])
    )
    server.start()
    try:
        yield Fake(port, bundle, key_file, secret_manager)
    finally:
        server.stop(None).wait(5)


def write_key(path: Path, key: rsa.RSAPrivateKey, key_id: str = "k1") -> Path:
    """The file that Google gives out for the key of a service account."""
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    info = {
        "type": "service_account",
        "project_id": PROJECT,
        "private_key_id": key_id,
        "private_key": pem.decode(),
        "client_email": ACCOUNT,
        "client_id": "1",
        "token_uri": "https://127.0.0.1:1/token",
    }
    path.write_text(json.dumps(info))
    return path


class _Door:
    """Lets in who shows a token that was signed with the key."""

    def __init__(self, key: rsa.RSAPrivateKey) -> None:
        public = serialization.PublicFormat.SubjectPublicKeyInfo
        self._public = key.public_key().public_bytes(serialization.Encoding.PEM, public)
        self._known: set[str] = set()

    def admit(self, header: str) -> None:
        token = header.removeprefix("Bearer ")
        if token in self._known:
            return
        try:
            claims = google.auth.jwt.decode(token, certs=self._public)  # type: ignore[no-untyped-call]
        except (ValueError, google.auth.exceptions.GoogleAuthError):
            raise Status("UNAUTHENTICATED", "Request had invalid authentication credentials.") from None
        scopes = claims.get("scope", "").split()
        # A token that is signed by its bearer is for a scope or for a service (AIP-4111).
        is_meant = "https://www.googleapis.com/auth/cloud-platform" in scopes or claims.get("aud") == AUDIENCE
        if claims["iss"] != ACCOUNT or not is_meant:
            raise Status("PERMISSION_DENIED", "Request had insufficient authentication scopes.")
        self._known.add(token)


class _Handler(grpc.GenericRpcHandler):  # type: ignore[misc]
    def __init__(self, secret_manager: SecretManager, door: _Door) -> None:
        self._service = secret_manager
        self._door = door

    def service(self, details: Any) -> Any:
        prefix, _, method = details.method.rpartition("/")
        if prefix != "/google.cloud.secretmanager.v1.SecretManagerService" or method not in METHODS:
            return None
        metadata = dict(details.invocation_metadata)

        def call(request: Any, context: Any) -> Any:
            try:
                self._door.admit(metadata.get("authorization", ""))
                return self._service.answer(method, request)
            except Status as status:
                context.abort_with_status(rpc_status.to_status(_rpc(status)))

        return grpc.unary_unary_rpc_method_handler(
            call,
            request_deserializer=METHODS[method][0].deserialize,
            response_serializer=_bytes_of,
        )


def _bytes_of(answer: Any) -> bytes:
    data: bytes = (
        answer.SerializeToString() if isinstance(answer, empty_pb2.Empty) else type(answer).serialize(answer)
    )
    return data


def _rpc(status: Status) -> status_pb2.Status:
    packed = []
    for detail in status.details:
        one = any_pb2.Any()
        one.Pack(detail)
        packed.append(one)
    return status_pb2.Status(code=code_pb2.Code.Value(status.code), message=status.message, details=packed)
