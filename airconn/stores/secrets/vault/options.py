"""The options of Airflow's backend for Vault, and how airconn writes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from airconn.errors import UsageError
from airconn.formats import backend_names
from airconn.model import Kind
from airconn.patterns import pattern
from airconn.stores import address_options

KNOWN = ("token", "approle", "jwt", "kubernetes", "userpass", "ldap")
_OTHERS = ("aws_iam", "azure", "github", "gcp", "radius")
_PATH = pattern(r"(?!.*\.\.)(?!(?:.*/)?\./)(?!(?:.*/)?\.$)[^\x00-\x1f\x7f]*")
"""A path that the server takes, and that is sent unchanged."""


@dataclass(frozen=True, slots=True)
class VaultOptions:
    """The options of Airflow's backend, and those of airconn.

    `connections_path` and `variables_path` may be several paths. They are searched in order, and new secrets are
    written to the first one.
    """

    TOPIC: ClassVar[str] = "vault"
    connections_path: str | tuple[str, ...] | None = backend_names.VAULT[Kind.CONNECTIONS]
    variables_path: str | tuple[str, ...] | None = backend_names.VAULT[Kind.VARIABLES]
    config_path: str | tuple[str, ...] | None = "config"
    mount_point: str | None = "secret"
    kv_engine_version: int = 2
    use_team_secrets_path: bool = True
    global_secrets_path: str | None = None
    url: str | None = None
    auth_type: str = "token"
    auth_mount_point: str | None = None
    username: str | None = None
    role_id: str | None = None
    kubernetes_role: str | None = None
    kubernetes_jwt_path: str = "/var/run/secrets/kubernetes.io/serviceaccount/token"
    jwt_role: str | None = None
    jwt_token_path: str | None = None
    token_path: str | None = None
    # Options that Airflow passes on to hvac.
    namespace: str | None = None
    verify: bool | str = True
    cert: str | tuple[str, ...] | None = None
    proxies: dict[str, Any] | None = field(default=None, repr=False, metadata={"internal": True})
    timeout: int | float | None = None
    """Ignored: --timeout is used instead."""
    allow_redirects: bool = True
    """Ignored: a redirect is followed to the same server and to the hosts of --allow-redirect."""
    strict_http: bool = False
    # Options of airconn.
    tls: bool | None = None
    """Whether HOST is used with TLS, which is the default for another machine."""
    connection_format: str = "json"
    """How a connection is written, as its fields (json) or as a URI (uri)."""
    # Credentials.
    token: str | None = address_options.secret()
    password: str | None = address_options.secret()
    secret_id: str | None = address_options.secret()
    jwt_token: str | None = address_options.secret()
    # Options of Airflow's other ways to log in.
    key_id: str | None = address_options.secret()
    region: str | None = None
    assume_role_kwargs: dict[str, Any] | None = field(default=None, metadata={"internal": True})
    gcp_key_path: str | None = None
    gcp_keyfile_dict: dict[str, Any] | None = address_options.secret()  # noqa: RUF009 - it makes a field
    gcp_scopes: str | None = None
    azure_tenant_id: str | None = None
    azure_resource: str | None = None
    radius_host: str | None = None
    radius_secret: str | None = address_options.secret()
    radius_port: int | None = None

    def paths(self, kind: Kind) -> tuple[str, ...]:
        """The paths under which Airflow looks for objects of a kind, in its order."""
        given = self.connections_path if kind is Kind.CONNECTIONS else self.variables_path
        found = () if given is None else (given,) if isinstance(given, str) else given
        if self.global_secrets_path is not None:
            found = (*found, self.global_secrets_path)
        return tuple(dict.fromkeys("/".join(part for part in path.split("/") if part) for path in found))


def check(chosen: VaultOptions) -> None:
    """Raises `UsageError` for invalid options, before a request is sent."""
    check_auth_type(chosen.auth_type)
    address_options.check_connection_format(chosen.connection_format)
    if chosen.kv_engine_version not in (1, 2):
        raise UsageError("kv_engine_version is 1 or 2")
    named = {
        "mount_point": (chosen.mount_point,),
        "connections_path": chosen.connections_path,
        "variables_path": chosen.variables_path,
        "global_secrets_path": (chosen.global_secrets_path,),
    }
    for name, paths in named.items():
        for path in (paths,) if isinstance(paths, str) else paths or ():
            if path is not None and (not isinstance(path, str) or not _PATH.fullmatch(path)):
                raise UsageError(
                    f"{name} is not a valid path for Vault", hint="write it like secret or team/connections"
                )


def check_auth_type(auth_type: str) -> None:
    """Raises `UsageError` for an unknown way to log in."""
    if auth_type in KNOWN:
        return
    names = f"{', '.join(KNOWN[:-1])} and {KNOWN[-1]}"
    if auth_type in _OTHERS:
        raise UsageError(
            f"airconn can't log in to Vault with auth_type {auth_type}",
            hint=f"it knows {names}; for another way to log in, set VAULT_TOKEN to the token",
            topic=VaultOptions.TOPIC,
        )
    from difflib import get_close_matches

    near = get_close_matches(auth_type[:80].lower(), KNOWN, n=1)
    did_you = f"did you mean {near[0]!r}? " if near else ""
    raise UsageError(
        "unknown auth_type",
        hint=f"{did_you}airconn knows {names}",
        topic=VaultOptions.TOPIC,
    )
