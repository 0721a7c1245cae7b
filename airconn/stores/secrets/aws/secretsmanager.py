"""AWS Secrets Manager (`SecretsManagerBackend` of amazon 9.39.0)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import Any, cast
from urllib.parse import quote, unquote

from airconn.config import Settings
from airconn.errors import AirconnError, InputError, UsageError
from airconn.formats import backend_names, connection_fields, connection_uri, env, secret_values
from airconn.formats.secret_values import AWS_WORDS
from airconn.model import Connection, Kind, Origin, Rules, Variable, jsontext
from airconn.stores.base import Capabilities, Ids
from airconn.stores.concurrent_changes import CHANGED
from airconn.stores.in_parallel import in_order
from airconn.stores.secrets.aws import options
from airconn.stores.secrets.aws.errors import Answered
from airconn.stores.secrets.aws.options import AwsOptions
from airconn.stores.secrets.aws.service import AwsService
from airconn.stores.secrets.aws.store import AwsStore
from airconn.stores.secrets.codec import Payload, stored
from airconn.stores.secrets.service import Foreign, Held, SecretRefused, Taken

SCHEME = "aws-secretsmanager"
EXAMPLE = f"{SCHEME}://eu-west-1"
BATCH = 20
"""The secrets that BatchGetSecretValue gives at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretsManagerOptions(AwsOptions):
    """The options of Airflow's backend."""

    connections_prefix: str | None = backend_names.SECRETS_MANAGER[Kind.CONNECTIONS]
    variables_prefix: str | None = backend_names.SECRETS_MANAGER[Kind.VARIABLES]
    config_prefix: str | None = "airflow/config"
    sep: str = "/"
    extra_conn_words: dict[str, Any] | None = field(default=None, metadata={"internal": True})
    full_url_mode: bool | None = None
    """For providers before 7. It has no effect since."""
    are_secret_values_urlencoded: bool | None = None
    """For providers from 7 to 8, which then decode percent-encoded values of a JSON secret."""

    def joined(self, prefix: str) -> str:
        return backend_names.secrets_manager_beginning(prefix, self.sep)


def open_store(address: str, settings: Settings) -> SecretsManagerStore:
    """The store of `aws-secretsmanager://REGION`."""
    return SecretsManagerStore(options.of_address(SecretsManagerOptions, address, EXAMPLE, settings), settings)


def open_backend(kwargs: Mapping[str, Any], where: str, settings: Settings) -> SecretsManagerStore:
    """The store of Airflow's `backend_kwargs`."""
    return SecretsManagerStore(options.of_kwargs(SecretsManagerOptions, kwargs, where), settings)


class SecretsManagerStore(AwsStore):
    """A store in which a deleted secret can be restored for 30 days, and is when it is created again."""

    _CAPABILITIES = Capabilities(
        # "Name" of CreateSecret in the API reference, and its quotas for what a secret holds.
        ids=Ids("letters a to z, digits and /_+=.@-", re.compile(r"[A-Za-z0-9/_+=.@-]+")),
        largest=65536,
        versions=True,
    )

    def __init__(self, chosen: SecretsManagerOptions, settings: Settings) -> None:
        super().__init__(SecretsManager(chosen, settings, SCHEME), SecretsManagerCodec(chosen), chosen)


class SecretsManagerCodec:
    """Reads and writes a connection as a URI, or as JSON whose keys may have other names, or may be ignored."""

    def __init__(self, chosen: SecretsManagerOptions) -> None:
        self.connection_format = chosen.connection_format
        self._is_quoted = bool(chosen.are_secret_values_urlencoded)
        self._words = dict(AWS_WORDS)
        for name, words in (chosen.extra_conn_words or {}).items():
            known = "login" if name == "user" else name
            if known not in AWS_WORDS or not isinstance(words, list):
                raise UsageError(
                    "extra_conn_words is not a mapping of fields to lists of words",
                    hint=f"the fields are {', '.join(AWS_WORDS)}",
                )
            self._words[known] = (*self._words[known], *words)

    def encode(self, obj: Connection | Variable) -> str:
        if isinstance(obj, Variable):
            return str(connection_fields.shown(obj.value))
        if self.connection_format == "uri":
            return connection_uri.build(obj)
        return jsontext.dumps(self._fields(obj))

    def _fields(self, obj: Connection) -> dict[str, Any]:
        fields = {name: value for name, value in connection_fields.to_json_fields(obj).items() if name in AWS_WORDS}
        if self._is_quoted:
            fields = {
                name: value if isinstance(value, dict) else quote(str(value), safe="")
                for name, value in fields.items()
            }
        return fields

    def kept(self, kind: Kind, payload: Payload) -> str | None:
        """The secret of a connection with keys of its own: `engine` for `conn_type`, or one that Airflow ignores."""
        if kind is not Kind.CONNECTIONS or not isinstance(payload, str) or not payload.lstrip().startswith("{"):
            return None
        try:
            found = jsontext.loads(payload)
        except ValueError:
            return None
        keys = found.keys() - AWS_WORDS.keys()
        if self.connection_format == "uri":  # there a field has only one name
            keys = keys.difference(*self._words.values())
        return payload if keys else None

    def encode_over(self, obj: Connection | Variable, kept: Payload, rules: Rules) -> str:
        if kept is None or isinstance(obj, Variable):
            return self.encode(obj)
        document = jsontext.loads(kept)
        # It stays JSON, with the fields that a URI would have: an import compares with what is read back of a URI.
        wanted = self._fields(
            cast("Connection", stored(self, obj, rules)) if self.connection_format == "uri" else obj
        )
        for name, words in self._words.items():
            value = wanted.get(name)
            key = next((key for key in document if key in words), name)
            old = document.get(key)
            if value is None and key in document:
                document[key] = None  # without it, another name of the field might count instead
            elif value is not None and not self._is_same(name, old, value):
                document[key] = _in_the_form_of(old, value)
        if any(not self._is_same(name, value, wanted.get(name)) for name, value in self._by_name(document).items()):
            raise InputError(
                "a key of its secret stands for several fields: change extra_conn_words, or edit the secret"
            )
        return jsontext.dumps(document)

    def _by_name(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """The value of each field: that of the first key with one of its names, in the order of the secret."""
        return secret_values.by_name(document, self._words)

    def _is_same(self, name: str, one: Any, other: Any) -> bool:
        """Whether Airflow reads two values of a field as the same."""
        if one is None or other is None:
            return one is other
        texts = [value if isinstance(value, str) else jsontext.dumps(value) for value in (one, other)]
        if self._is_quoted:
            texts = [unquote(text) for text in texts]
        if name == "conn_type":
            texts = [connection_uri.normalize_conn_type(text) for text in texts]
        return texts[0] == texts[1]

    def decode(self, kind: Kind, id_: str, payload: Payload, rules: Rules, origin: Origin) -> Connection | Variable:
        if kind is Kind.VARIABLES:
            return env.read_value(kind, id_, payload, rules, origin)
        text = payload.strip()
        if not text.startswith("{"):
            if "://" not in text:
                raise InputError(f"{id_}: this secret is neither a URI nor a JSON object", where=str(origin))
            return env.read_value(kind, id_, payload, rules, origin)
        return secret_values.read_aws_json(id_, text, rules, origin, words=self._words, is_quoted=self._is_quoted)


class SecretsManager(AwsService):
    """The service of the secrets of one account and region below two prefixes."""

    parallel = 8
    """It takes 50 writes a second, and thousands of reads."""
    service_name = "secretsmanager"
    words = "AWS Secrets Manager"
    longest = 512

    def _list(self, kind: Kind) -> dict[str, Any]:
        prefix = self._prefixes[kind]
        return {"Filters": [{"Key": "name", "Values": [prefix]}]} if prefix else {}

    def first_page(self, kind: Kind) -> Any:
        return self.call("list_secrets", MaxResults=1, **self._list(kind))

    def ids(self, kind: Kind) -> Iterator[str]:
        for page in self.pages("list_secrets", "SecretList", MaxResults=100, **self._list(kind)):
            for entry in page:
                if (id_ := self.own(kind, entry["Name"])) and not entry.get("DeletedDate"):
                    yield id_

    def fetch(self, kind: Kind, wanted: Callable[[str], bool]) -> Iterator[Held | Foreign]:
        ids = (id_ for id_ in self.ids(kind) if wanted(id_))
        for found in in_order(partial(self._batch, kind), _batches(ids), self.parallel):
            yield from found

    def _batch(self, kind: Kind, ids: list[str]) -> list[Held | Foreign]:
        """The secrets of these ids that exist. Those that a batch doesn't give are asked for one by one."""
        try:
            names = [self.name(kind, id_) for id_ in ids]
            values = self.call("batch_get_secret_value", SecretIdList=names).get("SecretValues", ())
        except SecretRefused:  # many policies are older than this call
            values = ()
        by_name = {entry["Name"]: entry for entry in values}
        found = (
            _held(id_, by_name[name]) if (name := self.name(kind, id_)) in by_name else self.attempt(kind, id_)
            for id_ in ids
        )
        return [held for held in found if held is not None]

    def get(self, kind: Kind, id_: str) -> Held | None:
        if self.refusal(kind, id_):
            return None
        name = self.name(kind, id_)
        try:
            found = _held(id_, self.call("get_secret_value", SecretId=name))
        except SecretRefused as error:
            if _is_gone(error):
                return None
            raise self.of_all(error, name) from None
        if isinstance(found, Foreign):
            raise found
        return found

    def create(self, kind: Kind, id_: str, payload: Payload) -> None:
        name = self.name(kind, id_)
        try:
            self.call("create_secret", Name=name, SecretString=payload, **self._key)
        except Answered as error:
            if error.code not in ("InvalidRequestException", "ResourceExistsException"):
                raise
            self._create_anew(name, payload, error)

    def _create_anew(self, name: str, payload: Payload, error: Answered) -> None:
        """Fills a secret in which Airflow finds nothing: it is marked for deletion, or has no value."""
        try:
            found = self.call("describe_secret", SecretId=name)
        except Answered:
            raise error from None
        if found.get("DeletedDate"):
            self.call("restore_secret", SecretId=name)
            try:
                self._put(name, payload)
            except AirconnError:
                # The deleted value mustn't stay in place of the new one.
                with suppress(AirconnError):
                    self.call("delete_secret", SecretId=name)
                raise
        elif any("AWSCURRENT" in stages for stages in (found.get("VersionIdsToStages") or {}).values()):
            raise Taken("a secret with this name exists already")
        else:
            self._put(name, payload)

    def update(self, kind: Kind, id_: str, payload: Payload, held: Held) -> None:
        self._put(self.name(kind, id_), payload)

    def _put(self, name: str, payload: Payload) -> None:
        # boto3 adds a token, by which AWS recognizes a request that is sent twice.
        self.call("put_secret_value", SecretId=name, SecretString=payload)

    def delete(self, kind: Kind, id_: str, held: Held) -> None:
        name = self.name(kind, id_)
        try:
            self.call("delete_secret", SecretId=name)
        except Answered as error:
            if not _is_gone(error):
                raise
        else:
            self._restore_other(name, held)

    def _restore_other(self, name: str, held: Held) -> None:
        """Restores what another writer wrote right before the deletion, which AWS can't make conditional."""
        try:
            stages = self.call("describe_secret", SecretId=name).get("VersionIdsToStages") or {}
        except SecretRefused:
            return  # a policy may allow deleting, but not describing
        current = next((version for version, names in stages.items() if "AWSCURRENT" in names), held.version)
        if current == held.version:
            return
        try:
            self.call("restore_secret", SecretId=name)
        except SecretRefused:
            raise SecretRefused(
                "another program's new value was deleted as well; `aws secretsmanager restore-secret` restores it"
            ) from None
        raise Taken(CHANGED)


def _in_the_form_of(old: Any, value: Any) -> Any:
    """The new value, as a text if the old one is a text: other readers of the secret may rely on that."""
    return jsontext.dumps(value) if isinstance(old, str) and not isinstance(value, str) else value


def _batches(ids: Iterable[str]) -> Iterator[list[str]]:
    rest = iter(ids)
    while batch := list(islice(rest, BATCH)):
        yield batch


def _held(id_: str, found: Mapping[str, Any]) -> Held | Foreign:
    if "SecretString" not in found:
        return Foreign("it is binary, which Airflow can't read", id_)
    return Held(id_, found["SecretString"], found.get("VersionId"))


def _is_gone(error: SecretRefused) -> bool:
    """Whether Airflow finds nothing: a secret is missing, has no value, or is marked for deletion."""
    return isinstance(error, Answered) and error.code in ("ResourceNotFoundException", "InvalidRequestException")
