"""HashiCorp Vault and OpenBao, with a KV secrets engine of either version (`VaultBackend` of hashicorp 4.8.4)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from airconn.config import Settings
from airconn.errors import InputError, UsageError
from airconn.formats import connection_fields, connection_uri, env
from airconn.model import AirflowObject, Connection, Kind, Origin, Rules, Variable, jsontext
from airconn.stores.base import Capabilities, Ids
from airconn.stores.secrets import options
from airconn.stores.secrets.codec import Payload, TextCodec, fields_with_text
from airconn.stores.secrets.store import SECRET_KINDS, SecretStore
from airconn.stores.secrets.vault.login import check_auth_type
from airconn.stores.secrets.vault.server import Server, base_url
from airconn.stores.secrets.vault.service import VaultService

EXAMPLE = "vault://vault.example.com/secret"

_NOBODY_SAYS = "http://localhost:8200"
"""The server of an Airflow that is told none (`DEFAULT_URL` of hvac)."""

_PATH = re.compile(r"(?!.*\.\.)(?!(?:.*/)?\./)(?!(?:.*/)?\.$)[^\x00-\x1f\x7f]*")
"""A path that the server takes, and that is asked for as it stands here."""


@dataclass(frozen=True, slots=True)
class Options:
    """Those of Airflow's backend, and how airconn writes.

    `connections_path` and `variables_path` may be several: all are looked into in their order, and what is new is
    written to the first.
    """

    connections_path: str | tuple[str, ...] | None = "connections"
    variables_path: str | tuple[str, ...] | None = "variables"
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
    # What Airflow hands on to hvac.
    namespace: str | None = None
    verify: bool | str = True
    cert: str | tuple[str, ...] | None = None
    proxies: dict[str, Any] | None = field(default=None, repr=False, metadata={"internal": True})
    timeout: int | float | None = None
    """Not looked at: --timeout says it."""
    allow_redirects: bool = True
    """Not looked at either: a redirect is followed to the same server, and to the hosts of --allow-redirect."""
    strict_http: bool = False
    # airconn's own.
    tls: bool | None = None
    """Whether HOST is spoken to with TLS, which for another machine it is."""
    connection_format: str = "json"
    """How a connection is written, as its fields (json) or as a URI (uri)."""
    # What is a credential.
    token: str | None = options.secret()
    password: str | None = options.secret()
    secret_id: str | None = options.secret()
    jwt_token: str | None = options.secret()
    # What Airflow's other ways to log in take.
    key_id: str | None = options.secret()
    region: str | None = None
    assume_role_kwargs: dict[str, Any] | None = field(default=None, metadata={"internal": True})
    gcp_key_path: str | None = None
    gcp_keyfile_dict: dict[str, Any] | None = options.secret()  # noqa: RUF009 - it makes a field
    gcp_scopes: str | None = None
    azure_tenant_id: str | None = None
    azure_resource: str | None = None
    radius_host: str | None = None
    radius_secret: str | None = options.secret()
    radius_port: int | None = None

    def paths(self, kind: Kind) -> tuple[str, ...]:
        """The paths under which Airflow looks for objects of a kind, in its order."""
        given = self.connections_path if kind is Kind.CONNECTIONS else self.variables_path
        found = () if given is None else (given,) if isinstance(given, str) else given
        if self.global_secrets_path is not None:
            found = (*found, self.global_secrets_path)
        return tuple(dict.fromkeys("/".join(part for part in path.split("/") if part) for path in found))


def open_store(address: str, settings: Settings) -> VaultStore:
    """The engine at `vault://HOST/MOUNT`, or with no HOST at `VAULT_ADDR`."""
    parts = options.split(address, example=EXAMPLE)
    given = {"mount_point": parts.path} if parts.path else {}
    chosen = options.from_query(Options, parts.query, **given)
    # Right at the mount, which isn't the same as no path.
    if parts.query.get("connections_path") == "":
        chosen = replace(chosen, connections_path="")
    if parts.query.get("variables_path") == "":
        chosen = replace(chosen, variables_path="")
    if parts.host and chosen.url is not None:
        raise UsageError("the address names a host, and url another one", hint="keep one of the two")
    return VaultStore(chosen, base_url(parts.host, chosen.url, chosen.tls, settings.environ), settings)


def open_backend(kwargs: Mapping[str, Any], where: str, settings: Settings) -> VaultStore:
    """The engine that Airflow's `backend_kwargs` say."""
    chosen = options.from_kwargs(Options, kwargs, where)
    known = settings.environ.get("VAULT_ADDR", "").strip() or _NOBODY_SAYS
    return VaultStore(chosen, base_url("", chosen.url, chosen.tls, {"VAULT_ADDR": known}), settings)


class VaultStore(SecretStore):
    """A KV engine. With version 2, a write is refused where somebody else wrote since, and old values are kept."""

    capabilities: ClassVar[Capabilities] = Capabilities(
        kinds=SECRET_KINDS,
        # Vault takes no parent references and nothing unprintable in a path, and no request is made with `.` in one.
        ids=Ids("what can be printed, without '..' and with no '/' or blank at the ends", re.compile(
            r"(?!.*\.\.)(?![/\s])(?!(?:.*/)?\./)(?!(?:.*/)?\.$)(?!.*//)[^\x00-\x1f\x7f-\xa0\xad]+(?<![/\s])"
        )),
        # `max_entry_size` of the integrated storage, which any value has to fit into together with what is around it.
        largest=1_000_000,
        versions=True,
        conditional=True,
    )  # fmt: skip

    def __init__(self, chosen: Options, url: str, settings: Settings) -> None:
        _check(chosen)
        paths = {kind: chosen.paths(kind) for kind in SECRET_KINDS}
        mount = (chosen.mount_point or "").strip("/")
        address = f"vault://{url.partition('://')[2]}/{mount}".rstrip("/")
        service = VaultService(Server(url, chosen, settings, address), paths, mount, chosen.kv_engine_version)
        codec = VaultCodec(uri=chosen.connection_format == "uri")
        super().__init__(address, service, codec, frozenset(kind for kind in SECRET_KINDS if paths[kind]))
        self._has_mount = bool(mount)

    def size(self, obj: AirflowObject) -> int:
        return len(self._json_text(obj).encode())

    def problems(self, obj: AirflowObject) -> tuple[str, ...]:
        found = tuple(super().problems(obj))
        if not found and not obj.id.isprintable():
            return ("the id has something in it that can't be printed, which Vault takes for no path",)
        if not found and not self._has_mount and "/" not in obj.id:
            return ("there is no mount_point, and so an id has one in front (MOUNT/ID)",)
        return found

    def _unwritable(self, obj: AirflowObject) -> str:
        try:
            self._json_text(obj).encode()
        except UnicodeEncodeError:
            # The server would put another character in its place, and say nothing.
            return "it has half a character (a lone surrogate) in it, which is no text in UTF-8"
        return ""

    def _json_text(self, obj: AirflowObject) -> str:
        assert isinstance(obj, Connection | Variable)  # noqa: S101 - pools have no place here, which is told before
        return json.dumps(self._codec.encode(obj), ensure_ascii=False)


def _check(chosen: Options) -> None:
    """Raises `UsageError` for options that mean nothing, before anybody is asked."""
    check_auth_type(chosen.auth_type)
    options.check_connection_format(chosen.connection_format)
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
                raise UsageError(f"{name} is no path that Vault takes", hint="it is like secret or team/connections")


class VaultCodec:
    """A secret is a mapping: of a connection its fields, or `conn_uri`; of a variable `value`.

    As `get_conn_value` and `get_variable` of Airflow's backend have it.
    """

    def __init__(self, *, uri: bool) -> None:
        self._text = TextCodec()
        self.connection_format = "uri" if uri else "json"

    def encode(self, obj: Connection | Variable) -> dict[str, Any]:
        if isinstance(obj, Variable):
            return {"value": connection_fields.shown(obj.value)}
        if self.connection_format == "uri":
            return {"conn_uri": connection_uri.build(obj)}
        # The server writes JSON anew, with other blanks and in another order: an extra stays a text.
        return dict(fields_with_text(obj))

    def kept(self, kind: Kind, payload: Payload) -> dict[str, Any] | None:
        """What is beside the `value` of a variable or the `conn_uri` of a connection."""
        text = "value" if kind is Kind.VARIABLES else "conn_uri"
        if not isinstance(payload, Mapping) or (kind is Kind.CONNECTIONS and not payload.get(text)):
            return None  # beside the fields of a connection Airflow takes nothing else
        return {key: item for key, item in payload.items() if key != text} or None

    def encode_over(self, obj: Connection | Variable, kept: Payload, rules: Rules) -> dict[str, Any]:
        encoded = self.encode(obj)
        if not kept:
            return encoded
        if isinstance(obj, Connection) and "conn_uri" not in encoded:
            # Beside its fields nothing can stand, beside its text anything can.
            encoded = {"conn_uri": jsontext.dumps(encoded)}
        return {**kept, **encoded}

    def decode(self, kind: Kind, id_: str, payload: Payload, rules: Rules, origin: Origin) -> Connection | Variable:
        if not isinstance(payload, Mapping):
            raise InputError(f"{id_}: this secret is no mapping", where=str(origin))
        if kind is Kind.VARIABLES:
            value = payload.get("value")
            if not isinstance(value, str):
                raise InputError(f"{id_}: this secret has no text under 'value'", where=str(origin))
            return env.read_value(kind, id_, value, rules, origin)
        uri = payload.get("conn_uri")
        if uri:
            if not isinstance(uri, str):
                raise InputError(f"{id_}: its conn_uri is no text", where=str(origin))
            return self._text.decode(kind, id_, uri, rules, origin)
        # As Airflow writes it anew, numbers and all; what is empty is a connection without a field to it.
        return connection_fields.from_json(id_, json.dumps(payload), rules, origin)


__all__ = ["EXAMPLE", "Options", "VaultCodec", "VaultStore", "open_backend", "open_store"]
