"""AWS Secrets Manager (`SecretsManagerBackend` of amazon 9.39.0)."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from airconn.config import Settings
from airconn.errors import InputError
from airconn.formats import connection_fields, connection_uri, env
from airconn.model import AirflowObject, Connection, Kind, Origin, Rules, Variable, jsontext
from airconn.stores.base import Capabilities, Ids
from airconn.stores.secrets import aws
from airconn.stores.secrets.codec import Payload, without_description
from airconn.stores.secrets.service import Foreign, Held, Refused, Taken, Unavailable
from airconn.stores.secrets.store import SECRET_KINDS, SecretStore

SCHEME = "aws-secretsmanager"
EXAMPLE = f"{SCHEME}://eu-west-1"

_WORDS = {
    "login": ("login", "user", "username", "user_name"),
    "password": ("password", "pass", "key"),
    "host": ("host", "remote_host", "server"),
    "port": ("port",),
    "schema": ("database", "schema"),
    "conn_type": ("conn_type", "conn_id", "connection_type", "engine"),
    "extra": ("extra",),
}
"""What the keys of a JSON secret may be called (`_standardize_secret_keys`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options(aws.AwsOptions):
    """Those of Airflow's backend."""

    connections_prefix: str | None = "airflow/connections"
    variables_prefix: str | None = "airflow/variables"
    config_prefix: str | None = "airflow/config"
    sep: str = "/"
    extra_conn_words: dict[str, Any] | None = field(default=None, metadata={"internal": True})
    # Of older versions, of which these are the values that change nothing.
    full_url_mode: bool | None = None
    are_secret_values_urlencoded: bool | None = None

    def prefix(self, kind: Kind) -> str | None:
        """What stands before the ids of a kind, or None where Airflow doesn't look for them."""
        given = self.connections_prefix if kind is Kind.CONNECTIONS else self.variables_prefix
        return f"{given.rstrip(self.sep)}{self.sep}" if given else given


def open_store(address: str, settings: Settings) -> SecretsManagerStore:
    """The secrets of `aws-secretsmanager://REGION`."""
    return SecretsManagerStore(aws.of_address(Options, address, EXAMPLE), settings)


def open_backend(kwargs: Mapping[str, Any], where: str, settings: Settings) -> SecretsManagerStore:
    """The secrets that Airflow's `backend_kwargs` say."""
    return SecretsManagerStore(aws.of_kwargs(Options, kwargs, where), settings)


class SecretsManagerStore(SecretStore):
    """A deleted secret can be had back for 30 days, and is when an object of its name is created again."""

    capabilities: ClassVar[Capabilities] = Capabilities(
        kinds=SECRET_KINDS,
        # "Name" of CreateSecret in the API reference, and its quotas for what a secret holds.
        ids=Ids("letters a to z, digits and /_+=.@-", re.compile(r"[A-Za-z0-9/_+=.@-]+"), 490),
        largest=65536,
        versions=True,
    )

    def __init__(self, chosen: Options, settings: Settings) -> None:
        self._aws = SecretsManager(chosen, settings)
        kinds = frozenset(kind for kind in SECRET_KINDS if chosen.prefix(kind) is not None)
        super().__init__(self._aws.address, self._aws, SecretsManagerCodec(chosen), kinds)

    def problems(self, obj: AirflowObject) -> tuple[str, ...]:
        found = tuple(super().problems(obj))
        if not found and self.size(obj) == 0:
            return ("its value is empty, and a secret isn't",)
        if not found and not self._aws.passes(obj.kind, obj.id):
            return (f"the id doesn't match {obj.kind.value}_lookup_pattern, so that Airflow never looks for it",)
        return found


class SecretsManagerCodec:
    """A connection as a URI, or as JSON whose keys may be called otherwise and of which some count for nothing."""

    def __init__(self, chosen: Options) -> None:
        self.connection_format = chosen.connection_format
        more = {
            ("login" if name == "user" else name): tuple(words)
            for name, words in (chosen.extra_conn_words or {}).items()
        }
        self._words = {name: (*words, *more.get(name, ())) for name, words in _WORDS.items()}

    def encode(self, obj: Connection | Variable) -> str:
        if isinstance(obj, Variable):
            return str(connection_fields.shown(obj.value))
        if self.connection_format == "uri":
            return connection_uri.build(obj)
        fields = connection_fields.to_json_fields(obj)
        return jsontext.dumps({name: value for name, value in fields.items() if name in _WORDS})

    def decode(self, kind: Kind, id_: str, payload: Payload, rules: Rules, origin: Origin) -> Connection | Variable:
        if kind is Kind.VARIABLES:
            return env.read_value(kind, id_, payload, rules, origin)
        text = payload.strip()
        if not text.startswith("{"):
            if "://" not in text:
                raise InputError(f"{id_}: this secret is neither a URI nor a JSON object", where=str(origin))
            return env.read_value(kind, id_, payload, rules, origin)
        try:
            found = jsontext.loads(text)
        except ValueError:
            raise InputError(f"{id_}: this secret is no JSON, or has a key twice", where=str(origin)) from None
        # The first key that is one of the words, in the order of the secret.
        fields = {
            name: next((value for key, value in found.items() if key in words), None)
            for name, words in self._words.items()
        }
        return without_description(connection_fields.from_json(id_, jsontext.dumps(fields), rules, origin))


class SecretsManager(aws.AwsService):
    """The secrets of one account and region below two prefixes."""

    service_name = "secretsmanager"
    words = "AWS Secrets Manager"

    def __init__(self, chosen: Options, settings: Settings) -> None:
        super().__init__(chosen, settings, SCHEME)
        self._prefixes = {kind: chosen.prefix(kind) for kind in SECRET_KINDS}

    def name(self, kind: Kind, id_: str) -> str:
        return f"{self._prefixes[kind] or ''}{id_}"

    def ids(self, kind: Kind) -> Iterator[str]:
        self.prepare()
        prefix = self._prefixes[kind] or ""
        others = [
            other for other in self._prefixes.values() if other and other != prefix and other.startswith(prefix)
        ]
        arguments: dict[str, Any] = {"MaxResults": 100}
        if prefix:
            arguments["Filters"] = [{"Key": "name", "Values": [prefix]}]
        while True:
            try:
                page = self.call("list_secrets", **arguments)
            except Refused as error:
                raise Unavailable(error.message, where=self.address, hint=error.hint) from None
            for entry in page["SecretList"]:
                name = entry["Name"]
                is_ours = name.startswith(prefix) and name != prefix and not any(map(name.startswith, others))
                if is_ours and not entry.get("DeletedDate") and self.passes(kind, name[len(prefix) :]):
                    yield name[len(prefix) :]
            if not page.get("NextToken"):
                return
            arguments["NextToken"] = page["NextToken"]

    def get(self, kind: Kind, id_: str) -> Held | None:
        if not self.passes(kind, id_):
            return None
        try:
            found = self.call("get_secret_value", SecretId=self.name(kind, id_))
        except aws.Answered as error:
            if error.code in ("ResourceNotFoundException", "InvalidRequestException"):
                return None  # there is none, or it is marked for deletion, and Airflow finds none
            raise
        except aws.Denied as error:
            raise Unavailable(
                error.message, where=f"{self.address}/{self.name(kind, id_)}", hint=error.hint
            ) from None
        if "SecretString" not in found:
            raise Foreign("it is binary, in which Airflow finds nothing", where=id_)
        return Held(id_, found["SecretString"], found.get("VersionId"))

    def create(self, kind: Kind, id_: str, payload: Payload) -> None:
        name, token = self.name(kind, id_), secrets.token_hex(16)
        try:
            self.call("create_secret", Name=name, SecretString=payload, ClientRequestToken=token)
        except aws.Answered as error:
            if error.code == "InvalidRequestException":  # one of this name is marked for deletion
                self.call("restore_secret", SecretId=name)
                self._put(name, payload)
            elif error.code == "ResourceExistsException":
                if not self._is_marked(name):
                    raise Taken("there is a secret of this name already") from None
                self.call("restore_secret", SecretId=name)
                self._put(name, payload)
            else:
                raise

    def _is_marked(self, name: str) -> bool:
        """Whether a secret is marked for deletion, which not every answer tells."""
        return bool(self.call("describe_secret", SecretId=name).get("DeletedDate"))

    def update(self, kind: Kind, id_: str, payload: Payload, held: Held) -> None:
        self._put(self.name(kind, id_), payload)

    def _put(self, name: str, payload: Payload) -> None:
        token = secrets.token_hex(16)
        self.call("put_secret_value", SecretId=name, SecretString=payload, ClientRequestToken=token)

    def delete(self, kind: Kind, id_: str, held: Held) -> None:
        try:
            self.call("delete_secret", SecretId=self.name(kind, id_))
        except aws.Answered as error:
            if error.code not in ("ResourceNotFoundException", "InvalidRequestException"):
                raise
