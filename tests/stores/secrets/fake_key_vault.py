"""A Key Vault on 127.0.0.1, and the server that gives tokens for it: HTTPS, and the rules of the real ones.

Requests and answers are checked against Microsoft's own description of the API (`key_vault_2026-04-01.json`), and one
with anything in it that isn't there is refused. What is checked beyond that is what "Azure Key Vault service limits"
and "About secrets" say. Callers log in with a client's secret, as a service principal of an AD FS does: for any other
tenant Microsoft's library asks Microsoft whether it knows the server.
"""

from __future__ import annotations

import itertools
import json
import re
import secrets as randomness
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote

import jsonschema
import trustme

from tests.stores.site import Answer, Received, Site

SPEC = json.loads((Path(__file__).parent / "key_vault_2026-04-01.json").read_text())
CLIENT_ID = "6ca42d8e-0000-4000-8000-000000000001"
CLIENT_SECRET = "th3-client-s3cret"
TENANT = "adfs"
MOST_ON_A_PAGE = 25
_LEVEL = "CustomizedRecoverable+Purgeable"


class Refusal(Exception):
    """An answer that is an error."""

    def __init__(self, status: int, code: str, inner: str = "", headers: dict[str, str] | None = None) -> None:
        super().__init__(code)
        error: dict[str, Any] = {"code": code, "message": "The fake says no."}
        if inner:
            error["innererror"] = {"code": inner}
        self.answer = Answer(status, {"error": error}, headers or {})


def throttled(seconds: str) -> Refusal:
    """The answer to one request too many, which says when to come again."""
    return Refusal(429, "Throttled", headers={"Retry-After": seconds})


@dataclass
class Version:
    id: str
    value: str
    tags: dict[str, str]
    content_type: str | None
    attributes: dict[str, Any]


@dataclass
class Secret:
    """A secret as it was named first: other capitals find it as well."""

    name: str
    versions: list[Version] = field(default_factory=list)
    managed: bool = False
    gone_at: float | None = None
    """When its deletion is or was done, if it was begun."""
    back_at: float = 0.0
    """When it is there again, if it is being brought back."""


@dataclass
class KeyVault:
    """What is in the vault, and what goes wrong there."""

    secrets: dict[str, Secret] = field(default_factory=dict)
    settling: float = 0.0
    """How many seconds it takes to delete a secret, and to bring one back."""
    before: Callable[[str, str], None] = lambda operation, name: None
    """Is called with each operation first, and may raise `Refusal`."""
    tokens: set[str] = field(default_factory=set)
    log: list[str] = field(default_factory=list)
    url: str = ""
    resource: str = ""
    """For what to demand a token, if it is anything but what the client expects."""
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def answer(self, received: Received) -> Answer:
        if received.path.startswith(f"/{TENANT}/"):
            return self._log_in(received)
        try:
            if received.headers.get("Authorization", "").removeprefix("Bearer ") not in self.tokens:
                return self._challenge()
            operation, given = _checked(received)
            name = given.get("secret-name", "")
            self.log.append(operation["operationId"])
            self.before(operation["operationId"], name)
            with self._lock:
                body = OPERATIONS[operation["operationId"]](self, given, received)
        except Refusal as refusal:
            _valid(refusal.answer.body, {"$ref": "#/definitions/KeyVaultError"})
            return refusal.answer
        _valid(body, operation["responses"]["200"]["schema"])
        return Answer(200, body)

    def put(self, name: str, value: str, **version: Any) -> Secret:
        """Puts a secret there as somebody else would."""
        secret = self.secrets.setdefault(name.lower(), Secret(name))
        number = f"{next(self._numbers):032x}"
        given = {"tags": {}, "content_type": None, "attributes": {"enabled": True}, **version}
        secret.versions.append(Version(number, value, **given))
        return secret

    def get_secrets(self, given: dict[str, Any], received: Received) -> Any:
        return self._page([secret for secret in self.secrets.values() if self._is_there(secret)], given, received)

    def get_deleted_secrets(self, given: dict[str, Any], received: Received) -> Any:
        return self._page([secret for secret in self.secrets.values() if self._is_gone(secret)], given, received)

    def get_secret(self, given: dict[str, Any], received: Received) -> Any:
        secret = self._found(given["secret-name"])
        wanted = given.get("secret-version", "")
        version = next((one for one in secret.versions if one.id == wanted), None) if wanted else secret.versions[-1]
        if version is None:
            raise Refusal(404, "SecretNotFound")
        if not version.attributes["enabled"]:
            raise Refusal(403, "Forbidden", "SecretDisabled")
        return self._bundle(secret, version)

    def set_secret(self, given: dict[str, Any], received: Received) -> Any:
        name, body = given["secret-name"], received.body
        attributes = body.get("attributes") or {}
        if (
            len(name) > 127
            or len(body["value"].encode()) > 25 * 1024
            or attributes.keys() - {"enabled", "nbf", "exp"}
        ):
            raise Refusal(400, "BadParameter")
        tags = body.get("tags") or {}
        if len(tags) > 15 or any(len(text) > 256 for pair in tags.items() for text in pair):
            raise Refusal(400, "BadParameter")
        secret = self.secrets.get(name.lower())
        if secret is not None and secret.gone_at is not None:
            done = time.monotonic() >= secret.gone_at
            raise Refusal(409, "Conflict", "ObjectIsDeletedButRecoverable" if done else "ObjectIsBeingDeleted")
        if secret is not None and time.monotonic() < secret.back_at:
            raise Refusal(409, "Conflict", "ObjectIsBeingRecovered")
        content_type = body.get("contentType")
        made = self.put(
            name,
            body["value"],
            tags=tags,
            content_type=content_type,
            attributes={"enabled": True, **{name: value for name, value in attributes.items() if value is not None}},
        )
        return self._bundle(made, made.versions[-1])

    def delete_secret(self, given: dict[str, Any], received: Received) -> Any:
        secret = self._found(given["secret-name"])
        if secret.managed:
            raise Refusal(403, "Forbidden", "SecretManaged")
        secret.gone_at = time.monotonic() + self.settling
        return self._deleted(secret)

    def get_deleted_secret(self, given: dict[str, Any], received: Received) -> Any:
        return self._deleted(self._gone(given["secret-name"]))

    def recover_deleted_secret(self, given: dict[str, Any], received: Received) -> Any:
        secret = self._gone(given["secret-name"])
        secret.gone_at, secret.back_at = None, time.monotonic() + self.settling
        bundle = self._bundle(secret, secret.versions[-1])
        del bundle["value"]
        return bundle

    def _page(self, found: list[Secret], given: dict[str, Any], received: Received) -> Any:
        start = int(dict(received.query).get("$skiptoken", 0))
        end = start + int(given.get("maxresults", MOST_ON_A_PAGE))
        items = []
        for secret in found[start:end]:
            bundle = (
                self._deleted(secret) if secret.gone_at is not None else self._bundle(secret, secret.versions[-1])
            )
            bundle.pop("value", None)
            items.append({**bundle, "id": f"{self.url}/secrets/{secret.name}"})
        link = f"{self.url}{received.path}?api-version=2026-04-01&$skiptoken={end}&maxresults={end - start}"
        # The real one has a null here after the last page, against its description.
        return {"value": items} | ({"nextLink": link} if end < len(found) else {})

    def _is_there(self, secret: Secret) -> bool:
        return secret.gone_at is None and time.monotonic() >= secret.back_at

    def _is_gone(self, secret: Secret) -> bool:
        return secret.gone_at is not None and time.monotonic() >= secret.gone_at

    def _found(self, name: str) -> Secret:
        secret = self.secrets.get(name.lower())
        if secret is None or not self._is_there(secret):
            raise Refusal(404, "SecretNotFound")
        return secret

    def _gone(self, name: str) -> Secret:
        secret = self.secrets.get(name.lower())
        if secret is None or not self._is_gone(secret):
            raise Refusal(404, "SecretNotFound")
        return secret

    def _bundle(self, secret: Secret, version: Version) -> dict[str, Any]:
        bundle: dict[str, Any] = {
            "value": version.value,
            "id": f"{self.url}/secrets/{secret.name}/{version.id}",
            "attributes": {**version.attributes, "created": 1, "updated": 1, "recoveryLevel": _LEVEL},
            "tags": version.tags,
        }
        if version.content_type is not None:
            bundle["contentType"] = version.content_type
        return bundle | ({"managed": True} if secret.managed else {})

    def _deleted(self, secret: Secret) -> dict[str, Any]:
        bundle = self._bundle(secret, secret.versions[-1])
        del bundle["value"]
        return bundle | {"recoveryId": f"{self.url}/deletedsecrets/{secret.name}", "deletedDate": 1}

    def _challenge(self) -> Answer:
        # The client wants the host of the resource to be the end of the one that it talks to.
        resource = self.resource or self.url.replace("127.0.0.1", "0.0.1")
        header = f'Bearer authorization="{self.url}/{TENANT}", resource="{resource}"'
        error = {"error": {"code": "Unauthorized", "message": "AKV10000: Request is missing a Bearer or PoP token."}}
        return Answer(401, error, {"WWW-Authenticate": header})

    def _log_in(self, received: Received) -> Answer:
        if received.path.endswith("/.well-known/openid-configuration"):
            there = f"{self.url}/{TENANT}"
            return Answer(
                200,
                {
                    "issuer": there,
                    "authorization_endpoint": f"{there}/oauth2/authorize",
                    "token_endpoint": f"{there}/oauth2/token",
                },
            )
        form = {name: values[0] for name, values in parse_qs(received.body).items()}
        if form.get("grant_type") != "client_credentials" or not form.get("scope", "").endswith("/.default"):
            return Answer(400, {"error": "invalid_request"})
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
            said = f"AADSTS7000215: Invalid client secret provided: {form.get('client_secret')}"
            return Answer(401, {"error": "invalid_client", "error_description": said})
        token = randomness.token_urlsafe()
        self.tokens.add(token)
        return Answer(200, {"access_token": token, "token_type": "Bearer", "expires_in": 3600})


OPERATIONS: dict[str, Callable[[KeyVault, dict[str, Any], Received], Any]] = {
    "GetSecrets": KeyVault.get_secrets,
    "GetSecret": KeyVault.get_secret,
    "SetSecret": KeyVault.set_secret,
    "DeleteSecret": KeyVault.delete_secret,
    "GetDeletedSecret": KeyVault.get_deleted_secret,
    "GetDeletedSecrets": KeyVault.get_deleted_secrets,
    "RecoverDeletedSecret": KeyVault.recover_deleted_secret,
}


def _checked(received: Received) -> tuple[Any, dict[str, Any]]:
    """The operation that is asked for and what it is given. Raises `Refusal` for what isn't in the description."""
    for template, methods in sorted(SPEC["paths"].items()):
        pattern = re.sub(
            r"\\\{(.+?)\\\}",
            lambda found: f"(?P<{found[1].replace('-', '_')}>[^/]*)",
            re.escape(template).replace(r"\-", "-"),
        )
        path = re.fullmatch(pattern, received.path.rstrip("/") if "version" not in template else received.path)
        operation = methods.get(received.method.lower())
        if path is None or operation is None:
            continue
        given: dict[str, Any] = {name.replace("_", "-"): unquote(text) for name, text in path.groupdict().items()}
        query = dict(received.query)
        query.pop("$skiptoken", None)
        known = {one["name"]: one for one in operation["parameters"]}
        if len(query) < len(received.query) - 1 or query.keys() - known.keys():
            raise Refusal(400, "BadParameter")
        given |= query
        for name, parameter in known.items():
            if parameter["in"] == "body":
                _valid(received.body, parameter["schema"], writing=True)
            elif name in given:
                value = int(given[name]) if parameter["type"] == "integer" else given[name]
                _valid(value, {key: parameter[key] for key in parameter.keys() - {"name", "in", "required"}})
            elif parameter["required"]:
                raise Refusal(400, "BadParameter")
        if "body" not in {one["in"] for one in known.values()} and received.body is not None:
            raise Refusal(400, "BadParameter")
        return operation, given
    raise Refusal(404, "NotFound")


_DEFINITIONS = {
    name: {**definition, "additionalProperties": False} for name, definition in SPEC["definitions"].items()
}


@cache
def _validator(schema: str) -> jsonschema.Draft4Validator:
    return jsonschema.Draft4Validator({**json.loads(schema), "definitions": _DEFINITIONS})


def _valid(value: Any, schema: Any, *, writing: bool = False) -> None:
    fault = next(_validator(json.dumps(schema)).iter_errors(value), None)
    if fault is not None and writing:
        raise Refusal(400, "BadParameter")
    assert fault is None, fault.message


@dataclass(frozen=True)
class Fake:
    """A running fake."""

    site: Site
    bundle: Path
    """The certificates of its authority."""
    vault: KeyVault

    @property
    def address(self) -> str:
        return f"azure-keyvault://127.0.0.1:{self.site.port}"

    @property
    def environ(self) -> dict[str, str]:
        """What a client needs to be let in."""
        return {
            "AZURE_TOKEN_CREDENTIALS": "EnvironmentCredential",
            "AZURE_AUTHORITY_HOST": self.site.url,
            "AZURE_TENANT_ID": TENANT,
            "AZURE_CLIENT_ID": CLIENT_ID,
            "AZURE_CLIENT_SECRET": CLIENT_SECRET,
            "REQUESTS_CA_BUNDLE": str(self.bundle),
        }


@contextmanager
def running(directory: Path) -> Iterator[Fake]:
    """A fake, with the file that its clients need in `directory`."""
    authority = trustme.CA()
    bundle = directory / "azure-ca.pem"
    authority.cert_pem.write_to_path(str(bundle))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    vault = KeyVault()
    with Site(vault.answer, tls=tls) as site:
        vault.url = site.url
        yield Fake(site, bundle, vault)
