"""Sends calls to one Vault or OpenBao server, and puts errors into words."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from airconn.config import Settings
from airconn.errors import UsageError
from airconn.patterns import pattern
from airconn.stores import drivers
from airconn.stores.concurrent_changes import CHANGED
from airconn.stores.http import bodies
from airconn.stores.http.redirects import NamedServers
from airconn.stores.http.retries import Backoff
from airconn.stores.secrets.service import Denied, SecretRefused, Unavailable, Unsure
from airconn.stores.secrets.vault.login import LOG_IN, log_in
from airconn.stores.secrets.vault.options import VaultOptions
from airconn.stores.secrets.vault.session import be_patient, open_session

_LOCAL = ("localhost", "127.0.0.1", "[::1]")
_HOST = pattern(r"([A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?")
_URL = pattern(rf"https?://{_HOST.pattern}(/[\w./~-]*)?", re.IGNORECASE)
_UPGRADE = "non-versioned to versioned data"
"""What a version 2 engine answers with while it is made ready, which it says as if the request were wrong (400)."""
_BACKOFF = Backoff(first=0.25, longest=5.0)
_VERBS = {"get": "read", "list": "list", "post": "write", "put": "write", "delete": "delete"}


def base_url(host: str, url: str | None, tls: bool | None, environ: Mapping[str, str]) -> str:
    """The URL of a server: that of the address, else Airflow's `url`, else `VAULT_ADDR`.

    A host is used with TLS, unless it is this machine, or `VAULT_ADDR` or the option `tls` says otherwise.
    Raises `UsageError` if no server is named, and for an invalid URL.
    """
    if url:
        return _checked(url, "url")
    known = environ.get("VAULT_ADDR", "").strip()
    if not host:
        if not known:
            raise UsageError(
                "no Vault is named",
                hint="write it like vault://vault.example.com/secret, or set VAULT_ADDR",
            )
        return _checked(known, "VAULT_ADDR")
    match = _HOST.fullmatch(host)
    if match is None:
        raise UsageError("the address has no valid host", hint="write it like vault://vault.example.com:8200/secret")
    if tls is None and _URL.fullmatch(known) and urlsplit(known).netloc.lower() == host.lower():
        return _checked(known, "VAULT_ADDR")
    secure = match[1].lower() not in _LOCAL if tls is None else tls
    return f"{'https' if secure else 'http'}://{host}"


def _checked(url: str, name: str) -> str:
    if not _URL.fullmatch(url.strip()):
        raise UsageError(
            f"{name} is not the URL of a Vault",
            hint="write it like https://vault.example.com:8200, without a user name, a password or a query",
        )
    return url.strip().rstrip("/")


class Conflict(SecretRefused):
    """A conditional write that came too late."""


class VaultServer:
    """A client that logs in at its first call, and knows which errors are about one secret."""

    def __init__(self, url: str, chosen: VaultOptions, settings: Settings, address: str) -> None:
        self.url = url
        self.address = address
        self._chosen = chosen
        self._settings = settings
        self._named = NamedServers(address, url, settings.allow_redirect)
        self._client: Any = None
        self._lock = threading.Lock()

    @property
    def namespace(self) -> str | None:
        """The namespace of Vault in which the mount is, if any."""
        return self._chosen.namespace or self._settings.environ.get("VAULT_NAMESPACE") or None

    def call(self, function: Callable[[Any], Any]) -> Any:
        """The result of `function` for the client. None if there is nothing at its path.

        Raises `Unavailable` if the server doesn't answer or refuses the credentials, and `SecretRefused` for an error
        about the path.
        """
        return self._translated(lambda: self._let_in(function))

    def close(self) -> None:
        """Closes its connections."""
        with self._lock:
            if self._client is not None:
                self._client.adapter.close()
                self._client = None

    def _let_in(self, function: Callable[[Any], Any]) -> Any:
        """The result of `function`, for which it logs in again if the token of a login has expired."""
        errors = drivers.load("hvac.exceptions", "vault")
        client = self._logged_in()
        try:
            return self._asked(client, function)
        except errors.Forbidden as error:
            meaning = self._forbidden(client, error)
        if isinstance(meaning, Denied) or self._chosen.auth_type == "token":
            raise meaning
        with self._lock:
            self._client = None if self._client is client else self._client
        client = self._logged_in()
        try:
            return self._asked(client, function)
        except errors.Forbidden as error:
            raise self._forbidden(client, error) from None

    def _asked(self, client: Any, function: Callable[[Any], Any]) -> Any:
        """The result of `function`. Waits for an engine that is new, or just upgraded, and refuses all requests."""
        errors = drivers.load("hvac.exceptions", "vault")
        for number in range(1, self._settings.retries + 1):
            try:
                return function(client)
            except errors.InvalidRequest as error:
                if _UPGRADE not in str(error.text):
                    raise
            time.sleep(_BACKOFF.steady(number))
        return function(client)

    def _logged_in(self) -> Any:
        """The client, which the first of several threads creates."""
        with self._lock:
            if self._client is None:
                self._client = self._log_in()
            return self._client

    def _log_in(self) -> Any:
        errors = drivers.load("hvac.exceptions", "vault")
        session = open_session(self._chosen, self._settings, self._named)
        client = drivers.load("hvac", "vault").Client(
            url=self.url,
            token="",
            # Given again: the driver ignores the `verify` of a session that verifies nothing.
            verify=session.verify,
            timeout=self._settings.timeout,
            session=session,
            namespace=self.namespace,
            strict_http=self._chosen.strict_http,
        )
        try:
            log_in(client, self._chosen, self._settings.environ, self.address)
        except errors.InvalidPath:
            raise Unavailable(
                f"logging in doesn't work with {self._chosen.auth_type} at this path",
                where=self.address,
                hint="set auth_mount_point to the mount of that login",
                topic="vault",
            ) from None
        except errors.InvalidRequest as error:
            if (meaning := self._wrong_protocol(error)) is not None:
                raise meaning from None
            raise self._refused_us() from None
        except (errors.Forbidden, errors.Unauthorized):
            raise self._refused_us() from None
        except (KeyError, TypeError):
            raise self._no_vault() from None
        self._check_engine(client)
        be_patient(session, self._settings, self._named)
        return client

    def _check_engine(self, client: Any) -> None:
        """Raises an error if the mount isn't the engine of the options, as far as the server tells it.

        An engine of the wrong version would take writes that Airflow doesn't find.
        """
        mount, version = (self._chosen.mount_point or "").strip("/"), self._chosen.kv_engine_version
        if not mount:
            return
        found = self._mount(client)
        if not isinstance(found, Mapping) or found.get("type") not in ("kv", "generic"):
            if isinstance(found, Mapping) and isinstance(found.get("type"), str):
                raise UsageError(f"what is mounted at {mount} is not a KV engine", where=self.address)
            return
        options = found.get("options")
        there = 2 if isinstance(options, Mapping) and options.get("version") == "2" else 1
        if there != version:
            raise UsageError(
                f"the engine at {mount} is KV version {there}, and kv_engine_version says {version}",
                where=self.address,
                hint=f"?kv_engine_version={there} here and in Airflow's backend_kwargs",
            )
        true = str(found.get("path", "")).strip("/")
        if version == 2 and true and true != mount:
            raise UsageError(
                f"the engine is mounted at {true}",
                where=self.address,
                hint="write the rest of the path into connections_path and variables_path",
                topic="vault",
            )

    def _mount(self, client: Any) -> Any:
        """The server's data about the mount, which all users of the mount may read.

        None if the server doesn't say.
        """
        errors = drivers.load("hvac.exceptions", "vault")
        mount = (self._chosen.mount_point or "").strip("/")
        try:
            answer = client.adapter.get(f"/v1/sys/internal/ui/mounts/{mount}")
        except (errors.Forbidden, errors.InvalidPath, errors.InvalidRequest, errors.UnexpectedError):
            return None
        return answer.get("data") if isinstance(answer, Mapping) else None

    def _translated(self, function: Callable[[], Any]) -> Any:
        """The result of a call, with its errors translated: those of the drivers may quote values."""
        errors = drivers.load("hvac.exceptions", "vault")
        requests = drivers.load("requests.exceptions", "vault")
        try:
            answer = function()
        except errors.InvalidPath as error:
            self._check_nothing(error)
            # With version 2, a deleted secret has this status, and its metadata is all that is left.
            return None
        except errors.VaultError as error:
            raise self._meaning(error) from None
        except requests.RequestException as error:
            raise self._unreachable(error) from None
        if not isinstance(answer, Mapping) and getattr(answer, "status_code", 0) != 204:
            raise self._no_vault()
        return answer

    def _check_nothing(self, error: Any) -> None:
        """Raises an error unless a 404 is Vault's own for a path without a secret."""
        if not isinstance(error.json, Mapping):
            raise self._no_vault() from None
        if error.errors:
            raise Unavailable(
                "no secrets engine at this path",
                where=self.address,
                hint="the path of the address is the mount (`vault secrets list`); maybe it is in another namespace",
                topic="vault",
            ) from None
        if "versioned" in str(error.json.get("warnings")):
            raise Unavailable(
                "the engine is KV version 2, and kv_engine_version says 1", where=self.address
            ) from None

    def _meaning(self, error: Any) -> SecretRefused | Unavailable:
        errors = drivers.load("hvac.exceptions", "vault")
        said = f"{error.errors} {error.text}"
        if isinstance(error, errors.Unauthorized):
            return self._refused_us()
        if isinstance(error, errors.RateLimitExceeded):
            return Unavailable(
                "it still refuses requests, because there were too many",
                where=self.address,
                hint="try again in a minute",
            )
        if isinstance(error, errors.VaultNotInitialized):
            return self._not_ready("it is not initialized") if error.json is not None else self._no_vault()
        if isinstance(error, errors.VaultDown):
            return self._not_ready("it is sealed" if "sealed" in said else "it is not ready (503)")
        if "not active" in said:
            return self._not_ready("it is a standby without an active node")
        if isinstance(error, errors.UnexpectedError) and "too large" in said.lower():
            return SecretRefused("it is larger than the server, or a proxy in front of it, accepts")
        if isinstance(error, errors.BadGateway | errors.UnexpectedError) and error.json is None:
            return Unsure("a gateway in front of it gets no answer", where=self.address, hint="try again later")
        if isinstance(error, errors.InvalidRequest):
            if "check-and-set parameter did not match" in said:
                return Conflict(CHANGED)
            if _UPGRADE in said:
                return Unavailable(
                    "its engine is being upgraded to version 2", where=self.address, hint="try again in a minute"
                )
            return self._wrong_protocol(error) or SecretRefused("the server refuses it (400)")
        return SecretRefused("the server fails on it; its log has the reason")

    def _wrong_protocol(self, error: Any) -> Unavailable | None:
        if "HTTP request to an HTTPS server" not in str(error.text):
            return None
        return Unavailable("it needs TLS, but the address is without TLS", where=self.address, hint="?tls=true")

    def _forbidden(self, client: Any, error: Any) -> Unavailable | SecretRefused:
        """The error for a refusal of the credentials, or of one path. The server answers the same in both cases."""
        errors = drivers.load("hvac.exceptions", "vault")
        if not self._chosen.mount_point or self._mount(client) is None:
            # A valid token may at least look itself up.
            try:
                client.auth.token.lookup_self()
            except errors.VaultError:
                return Unavailable(
                    "it refuses the credentials",
                    where=self.address,
                    hint=f"{LOG_IN}; a token without any policy for it gets the same answer",
                    topic="vault",
                )
        verb = _VERBS.get(str(error.method).lower(), "reach")
        path = unquote(urlsplit(str(error.url)).path).partition("/v1/")[2]
        return Denied(
            f"the policies of this token don't allow to {verb} {path}",
            hint="reading needs read and list, writing needs create, update and delete",
            topic="vault",
        )

    def _refused_us(self) -> Unavailable:
        return Unavailable("it refuses the credentials", where=self.address, hint=LOG_IN, topic="vault")

    def _not_ready(self, why: str) -> Unavailable:
        return Unavailable(why, where=self.address, hint="`vault status` shows more")

    def _no_vault(self) -> Unavailable:
        return Unavailable(
            f"the server at {self.url} is not a Vault, or something in front of it answers",
            where=self.address,
            hint="check VAULT_ADDR, or the address",
        )

    def _unreachable(self, error: Exception) -> Unavailable:
        requests = drivers.load("requests.exceptions", "vault")
        if isinstance(error, requests.SSLError):
            if "WRONG_VERSION_NUMBER" in str(error) or "record layer" in str(error).lower():
                return Unavailable(
                    "it doesn't use TLS, but the address does",
                    where=self.address,
                    hint="add ?tls=false for a server without TLS; the token is then sent unencrypted",
                )
            return Unavailable(
                "its certificate is not trusted, or it refuses the client certificate",
                where=self.address,
                hint="set VAULT_CACERT, or add --ca-bundle FILE, with the certificates of your authority",
            )
        if isinstance(error, requests.ProxyError):
            return Unavailable("the proxy in front of it can't be reached, or refuses", where=self.address)
        lost = drivers.load("urllib3.exceptions", "vault")
        inner = error.args[0] if error.args else error
        inner = getattr(inner, "reason", None) or inner
        if isinstance(error, requests.Timeout) or isinstance(inner, lost.ReadTimeoutError):
            kind = Unavailable if isinstance(error, requests.ConnectTimeout) else Unsure
            return kind("it doesn't answer in time", where=self.address, hint="--timeout waits longer")
        if bodies.is_cut(inner):
            return Unsure("the connection broke off before the answer was complete", where=self.address)
        hint = "check VAULT_ADDR, or the address"
        if urlsplit(self.url).port is None:
            hint += " It names no port, and most servers listen on 8200"
        kind = Unsure if isinstance(inner, lost.ProtocolError) else Unavailable
        return kind(f"it can't be reached at {self.url}", where=self.address, hint=hint)
