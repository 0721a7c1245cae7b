"""One Vault or OpenBao server: its address, who we are for it, one call, and what its errors mean."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from airconn.config import Settings
from airconn.errors import UsageError
from airconn.stores import drivers
from airconn.stores.secrets.service import Refused, Unavailable

if TYPE_CHECKING:
    from airconn.stores.secrets.vault import Options

T = TypeVar("T")

_LOCAL = ("localhost", "127.0.0.1", "[::1]")
_LOG_IN = "set VAULT_TOKEN, log in with `vault login`, or choose another auth_type in the address"
_TOO_OFTEN = (429, 502, 504)
"""What another try may mend. 503 is a server that is sealed."""


def base_url(host: str, url: str | None, tls: bool | None, environ: Mapping[str, str]) -> str:
    """The URL of a server: of the address, else of Airflow's `url`, else `VAULT_ADDR`.

    A host is spoken to with TLS, unless it is this machine, or `VAULT_ADDR` or the option `tls` says otherwise.
    Raises `UsageError` where nothing says which server is meant.
    """
    known = (environ.get("VAULT_ADDR") or "").rstrip("/")
    if url:
        return url.rstrip("/")
    if not host:
        if not known:
            raise UsageError(
                "nothing says which Vault is meant",
                hint="name it like vault://vault.example.com/secret, or set VAULT_ADDR",
            )
        return known
    if tls is None and known.partition("://")[2] == host:
        return known
    name = host if host.startswith("[") and host.endswith("]") else host.rsplit(":", 1)[0]
    secure = name not in _LOCAL if tls is None else tls
    return f"{'https' if secure else 'http'}://{host}"


class Server:
    """A client that is let in at its first call, and knows which of its errors are about one secret."""

    def __init__(self, url: str, chosen: Options, settings: Settings, address: str) -> None:
        self.url = url
        self.address = address
        self._chosen = chosen
        self._settings = settings
        self._client: Any = None
        self._lock = threading.Lock()

    def call(self, function: Callable[[Any], T], path: str) -> T:
        """What `function` makes of the client. `InvalidPath` of hvac, which means that there is nothing, passes.

        Raises `Unavailable` where the server doesn't answer or lets us in nowhere, and `Refused` where it is about
        `path`.
        """
        errors = drivers.load("hvac.exceptions", "vault")
        try:
            return function(self.client())
        except errors.InvalidPath:
            raise
        except errors.Forbidden:
            raise self._forbidden(path) from None
        except errors.Unauthorized:
            raise self._refused_us() from None
        except errors.VaultDown:
            raise Unavailable(
                "it is sealed, or not ready", where=self.address, hint="vault status says why"
            ) from None
        except errors.RateLimitExceeded:
            raise Unavailable("too many requests", where=self.address, hint="try again later") from None
        except errors.InvalidRequest as error:
            if "check-and-set" in str(error):
                raise Conflict("somebody else has written it since it was read") from None
            raise Refused("the server refuses it (400)") from None
        except errors.VaultError:
            raise Refused("the server fails on it; its log has the reason") from None
        except drivers.load("requests", "vault").exceptions.RequestException as error:
            raise self._unreachable(error) from None

    def client(self) -> Any:
        """The client, logged in. The first of several threads makes it."""
        with self._lock:
            if self._client is None:
                self._client = self._logged_in()
            return self._client

    def close(self) -> None:
        if self._client is not None:
            self._client.adapter.close()

    def _logged_in(self) -> Any:
        client = drivers.load("hvac", "vault").Client(
            url=self.url,
            token="",
            timeout=self._settings.timeout,
            session=self._session(),
            namespace=self._chosen.namespace or self._settings.environ.get("VAULT_NAMESPACE") or None,
        )
        errors = drivers.load("hvac.exceptions", "vault")
        try:
            self._log_in(client)
        except (errors.InvalidRequest, errors.Forbidden, errors.Unauthorized):
            raise self._refused_us() from None
        return client

    def _session(self) -> Any:
        """A session that tries again what may be tried again, and trusts whom it is told to."""
        requests = drivers.load("requests", "vault")
        retry = drivers.load("urllib3.util.retry", "vault").Retry(
            total=self._settings.retries,
            status_forcelist=_TOO_OFTEN,
            allowed_methods=None,
            backoff_factor=0.3,
            backoff_jitter=0.2,
            raise_on_status=False,
        )
        environ = self._settings.environ
        session = requests.Session()
        for scheme in ("https://", "http://"):
            session.mount(scheme, requests.adapters.HTTPAdapter(max_retries=retry, pool_maxsize=32))
        given = self._chosen.verify
        bundle = (
            self._settings.ca_bundle or environ.get("VAULT_CACERT") or (given if isinstance(given, str) else None)
        )
        skip = given is False or environ.get("VAULT_SKIP_VERIFY", "").lower() in ("1", "t", "true")
        session.verify = str(bundle) if bundle else not skip
        cert = self._settings.client_cert or environ.get("VAULT_CLIENT_CERT")
        key = self._settings.client_key or environ.get("VAULT_CLIENT_KEY")
        if cert:
            session.cert = (str(cert), str(key)) if key else str(cert)
        return session

    def _log_in(self, client: Any) -> None:
        """Lets us in the way that `auth_type` says, with what Airflow's options or the environment have for it."""
        chosen, environ = self._chosen, self._settings.environ
        where = {"mount_point": chosen.auth_mount_point} if chosen.auth_mount_point else {}
        if chosen.auth_type == "token":
            client.token = self._token()
        elif chosen.auth_type == "approle":
            role = self._need(chosen.role_id or environ.get("VAULT_ROLE_ID"), "role_id or VAULT_ROLE_ID")
            secret = chosen.secret_id or environ.get("VAULT_SECRET_ID")
            client.auth.approle.login(role_id=role, secret_id=secret, **where)
        elif chosen.auth_type == "jwt":
            token = (
                chosen.jwt_token or environ.get("VAULT_JWT") or self._file(chosen.jwt_token_path, "jwt_token_path")
            )
            role = self._need(chosen.jwt_role, "jwt_role")
            client.auth.jwt.jwt_login(role=role, jwt=token, **({"path": chosen.auth_mount_point} if where else {}))
        elif chosen.auth_type == "kubernetes":
            jwt = self._file(chosen.kubernetes_jwt_path, "kubernetes_jwt_path")
            client.auth.kubernetes.login(role=self._need(chosen.kubernetes_role, "kubernetes_role"), jwt=jwt, **where)
        elif chosen.auth_type in ("userpass", "ldap"):
            user = self._need(chosen.username or environ.get("VAULT_USERNAME"), "username or VAULT_USERNAME")
            password = self._need(chosen.password or environ.get("VAULT_PASSWORD"), "VAULT_PASSWORD")
            getattr(client.auth, chosen.auth_type).login(username=user, password=password, **where)
        else:
            raise UsageError(
                f"airconn can't log in to Vault with auth_type {chosen.auth_type}",
                hint="it knows token, approle, jwt, kubernetes, userpass and ldap; VAULT_TOKEN takes any token",
            )

    def _token(self) -> str:
        chosen, environ = self._chosen, self._settings.environ
        if token := chosen.token or environ.get("VAULT_TOKEN"):
            return token
        if chosen.token_path:
            return self._file(chosen.token_path, "token_path")
        home = Path(environ["HOME"]) / ".vault-token" if environ.get("HOME") else None
        if home is not None and home.is_file():
            return self._file(str(home), "~/.vault-token")
        raise Unavailable(
            "it wants a token, and there is none: looked at VAULT_TOKEN, token_path and ~/.vault-token",
            where=self.address,
            hint=_LOG_IN,
        )

    def _file(self, path: str | None, name: str) -> str:
        text = self._need(path, name)
        try:
            return Path(text).expanduser().read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            raise UsageError(f"the file that {name} names can't be read", where=text) from None

    def _need(self, value: str | None, names: str) -> str:
        if not value:
            raise UsageError(f"auth_type {self._chosen.auth_type} needs {names}", where=self.address)
        return value

    def _forbidden(self, path: str) -> Unavailable | Refused:
        """Whether a refusal is about us or about one path, which only the server knows."""
        errors = drivers.load("hvac.exceptions", "vault")
        try:
            self.client().auth.token.lookup_self()
        except (errors.VaultError, Unavailable):
            return self._refused_us()
        return Denied(
            f"the policies of this token don't allow {path}",
            hint="it has to allow read and list, and create, update and delete for what is written",
        )

    def _refused_us(self) -> Unavailable:
        return Unavailable("it refuses the credentials", where=self.address, hint=_LOG_IN)

    def _unreachable(self, error: Exception) -> Unavailable:
        exceptions = drivers.load("requests", "vault").exceptions
        if isinstance(error, exceptions.SSLError):
            return Unavailable(
                "the TLS connection fails",
                where=self.address,
                hint="VAULT_CACERT or --ca-bundle name the authority; ?tls=false speaks plain HTTP",
            )
        if isinstance(error, exceptions.Timeout):
            return Unavailable("it doesn't answer in time", where=self.address, hint="--timeout waits longer")
        return Unavailable(
            f"it can't be reached at {self.url}", where=self.address, hint="is VAULT_ADDR, or the address, right?"
        )


class Conflict(Refused):
    """A conditional write that came too late."""


class Denied(Refused):
    """The token is good, and its policies don't allow this path."""
