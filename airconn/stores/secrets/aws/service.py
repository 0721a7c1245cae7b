"""What AWS's two places for secrets share: options, one request, and the names that there can be."""

from __future__ import annotations

import re
import threading
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeVar

from airconn.config import Settings
from airconn.errors import AirconnError, UsageError
from airconn.model import AirflowObject, Kind
from airconn.stores.meanwhile import CHANGED
from airconn.stores.secrets import options
from airconn.stores.secrets.aws import session as aws_session
from airconn.stores.secrets.aws.errors import Asked, Denied, KeyFailed, no_aws, told
from airconn.stores.secrets.codec import Codec
from airconn.stores.secrets.service import Held, Refused, Service, Taken, Unavailable
from airconn.stores.secrets.store import SECRET_KINDS, SecretStore


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsOptions:
    """What both of Airflow's backends take: their own, and of the extra of an AWS connection what they use.

    The rest of that (`config_kwargs`) is taken and does nothing, as there.
    """

    connections_prefix: str | None = None
    variables_prefix: str | None = None
    config_prefix: str | None = None
    connections_lookup_pattern: str | None = None
    variables_lookup_pattern: str | None = None
    config_lookup_pattern: str | None = None
    region_name: str | None = None
    profile_name: str | None = None
    role_arn: str | None = None
    assume_role_method: str | None = None
    assume_role_kwargs: dict[str, Any] | None = field(default=None, metadata={"internal": True})
    assume_role_with_saml: dict[str, Any] | None = field(default=None, metadata={"internal": True})
    assume_role_with_web_identity_federation: str | None = None
    assume_role_with_web_identity_federation_audience: str | None = None
    assume_role_with_web_identity_token_file: str | None = None
    endpoint_url: str | None = None
    verify: bool | str | None = None
    use_ssl: bool | None = None
    api_version: str | None = None
    config_kwargs: dict[str, Any] | None = field(default=None, metadata={"internal": True})
    service_config: dict[str, Any] | None = field(default=None, metadata={"internal": True})
    session_kwargs: dict[str, Any] | None = field(default=None, repr=False, metadata={"internal": True})
    aws_access_key_id: str | None = options.secret()
    aws_secret_access_key: str | None = options.secret()
    aws_session_token: str | None = options.secret()
    connection_format: str = "json"
    """airconn's own: how a connection is written, as JSON or as a URI."""
    kms_key_id: str | None = None
    """airconn's own: the key that what is new is encrypted with, if not the account's for the service."""

    def joined(self, prefix: str) -> str:
        """What stands before an id, with a prefix of this text."""
        raise NotImplementedError

    def prefix(self, kind: Kind) -> str | None:
        """What stands before the ids of a kind, or None where Airflow doesn't look for them."""
        given = self.connections_prefix if kind is Kind.CONNECTIONS else self.variables_prefix
        return None if given is None else self.joined(given)

    def others_below(self, kind: Kind) -> tuple[str, ...]:
        """What begins as the names of a kind do, and is of another one."""
        own = self.prefix(kind) or ""
        given = (self.connections_prefix, self.variables_prefix, self.config_prefix)
        joined = {self.joined(prefix) for prefix in given if prefix is not None}
        return tuple(other for other in joined if other != own and other.startswith(own))


Chosen = TypeVar("Chosen", bound=AwsOptions)


def of_address(cls: type[Chosen], address: str, example: str, settings: Settings) -> Chosen:
    """The options of `scheme://REGION?…`. Without a region, it is that of the environment or of the profile."""
    parts = options.split(address, example=example)
    if parts.path:
        raise UsageError(
            "the address goes on behind the region",
            hint=f"prefixes are options: {example}?connections_prefix=…&variables_prefix=…",
        )
    # boto3 doesn't know AWS_REGION, and so doesn't Airflow; all else of AWS does.
    region = parts.host or ("" if "region_name" in parts.query else settings.environ.get("AWS_REGION"))
    given = {"region_name": region} if region else {}
    return _checked(options.from_query(cls, parts.query, **given))


def of_kwargs(cls: type[Chosen], kwargs: Mapping[str, Any], where: str) -> Chosen:
    """The options that Airflow's `backend_kwargs` say."""
    try:
        return _checked(options.from_kwargs(cls, kwargs, where))
    except UsageError as error:
        raise UsageError(error.message, where=error.where or where, hint=error.hint) from None


def _checked(chosen: Chosen) -> Chosen:
    options.check_connection_format(chosen.connection_format)
    for kind in SECRET_KINDS:
        pattern_of(chosen, kind)
    return chosen


def pattern_of(chosen: AwsOptions, kind: Kind) -> re.Pattern[str] | None:
    """What an id has to match for Airflow to look for it. Raises `UsageError`."""
    text = chosen.connections_lookup_pattern if kind is Kind.CONNECTIONS else chosen.variables_lookup_pattern
    try:
        return re.compile(text, re.IGNORECASE) if text else None
    except re.error:
        raise UsageError(
            f"{kind.value}_lookup_pattern is no regular expression",
            hint="it is one of Python, which the beginning of an id has to match",
        ) from None


class AwsStore(SecretStore):
    """What both stores say of an object before it is written."""

    def __init__(self, service: AwsService, codec: Codec, chosen: AwsOptions) -> None:
        kinds = frozenset(kind for kind in SECRET_KINDS if chosen.prefix(kind) is not None)
        super().__init__(service.address, service, codec, kinds)
        self._aws = service

    def problems(self, obj: AirflowObject) -> tuple[str, ...]:
        found = tuple(super().problems(obj))
        if not found and (reason := self._aws.refusal(obj.kind, obj.id)):
            return (reason,)
        if not found and self.size(obj) == 0:
            return ("its value is empty, and AWS keeps no empty ones",)
        return found


class AwsService(Service):
    """One account and region, through boto3. Its own retries take care of throttling and of what comes to grief."""

    service_name: ClassVar[str]
    words: ClassVar[str]
    longest: ClassVar[int]
    """How many characters a name has at most."""

    def __init__(self, chosen: AwsOptions, settings: Settings, scheme: str) -> None:
        region = aws_session.region_of(chosen, settings) or ""
        self.address = f"{scheme}://{region}"
        self._asked = Asked(
            self.address,
            self.service_name,
            region,
            aws_session.endpoint_of(chosen, settings, self.service_name) or "",
        )
        self._chosen = chosen
        self._settings = settings
        self._prefixes = {kind: chosen.prefix(kind) or "" for kind in SECRET_KINDS}
        self._others = {kind: chosen.others_below(kind) for kind in SECRET_KINDS}
        self._patterns = {kind: pattern_of(chosen, kind) for kind in SECRET_KINDS}
        self._key = {"KmsKeyId": chosen.kms_key_id} if chosen.kms_key_id else {}
        self._lock = threading.Lock()
        self._made: Any = None
        self._knows_us = False

    def describe(self) -> str:
        region = self._asked.region or (self._made and self._made.meta.region_name)
        return f"{self.words} in {region or 'the region of the profile'}"

    def account(self) -> object:
        given = ("profile_name", "role_arn", "aws_access_key_id", "session_kwargs", "assume_role_with_saml")
        endpoint = aws_session.endpoint_of(self._chosen, self._settings, self.service_name)
        return self.address, endpoint, *(getattr(self._chosen, name) for name in given)

    def name(self, kind: Kind, id_: str) -> str:
        return f"{self._prefixes[kind]}{id_}"

    def refusal(self, kind: Kind, id_: str) -> str:
        """Why Airflow finds nothing under an id, or AWS has no name for it, if that is so."""
        pattern = self._patterns[kind]
        if pattern is not None and pattern.match(id_) is None:
            return f"the id doesn't match {kind.value}_lookup_pattern, so that Airflow never looks for it"
        if len(self.name(kind, id_)) > self.longest:
            return f"the id and its prefix are longer than the {self.longest} characters that there is room for"
        return ""

    def own(self, kind: Kind, name: str) -> str:
        """The id of an object of a kind by the name of its secret, or nothing if it is none's."""
        prefix = self._prefixes[kind]
        if not name.startswith(prefix) or any(map(name.startswith, self._others[kind])):
            return ""
        id_ = name[len(prefix) :]
        return "" if id_ and self.refusal(kind, id_) else id_

    @abstractmethod
    def first_page(self, kind: Kind) -> Any:
        """The smallest page of the list of names."""

    def knock(self, kind: Kind) -> None:
        if self._knows_us:
            return
        try:
            self.first_page(kind)
        except Denied:
            pass  # then it knows us, and who may not list may well write
        except Refused as error:
            raise self.of_all(error) from None

    def is_there(self, kind: Kind, id_: str, held: Held) -> bool:
        """Whether there still is what was read. AWS has no write that would look itself, so this is right before one.

        Raises `Taken` where somebody else wrote since.
        """
        now = self.get(kind, id_)
        if now is not None and now.version != held.version:
            raise Taken(CHANGED)
        return now is not None

    def call(self, name: str, **arguments: Any) -> Any:
        """One request. Raises `Refused` for what is about the one secret."""
        try:
            answer = getattr(self._client(), name)(**arguments)
        except AirconnError:
            raise
        except Exception as error:  # noqa: BLE001 - boto3's are of many families, and each could quote a value
            ours = told(error, self._asked)
            self._knows_us = self._knows_us or isinstance(ours, Refused)
            raise ours from None
        self._knows_us = True
        return answer

    def pages(self, call: str, part: str, **arguments: Any) -> Iterator[list[Any]]:
        """The pages of a list. Raises `Unavailable` for what would make it a part of the whole, and `KeyFailed`."""
        while True:
            try:
                page = self.call(call, **arguments)
            except KeyFailed:
                raise
            except Refused as error:
                raise self.of_all(error) from None
            if part not in page:
                raise no_aws(self._asked)
            yield page[part]
            if not page.get("NextToken"):
                return
            arguments["NextToken"] = page["NextToken"]

    def of_all(self, error: Refused, name: str = "") -> Unavailable:
        """The error of a place of which one part can't be read: never is the rest given as if it were all."""
        hint = f"{error.hint}; --exclude leaves it out" if name and error.hint else error.hint
        return Unavailable(
            error.message, where=f"{self.address}/{name.lstrip('/')}" if name else self.address, hint=hint
        )

    def _client(self) -> Any:
        with self._lock:
            if self._made is None:
                self._made = aws_session.make_client(
                    self._chosen, self._settings, self.service_name, self.parallel + 2
                )
            return self._made
